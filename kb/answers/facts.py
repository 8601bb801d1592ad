"""What a sentence claims that can be read off its words: numbers, months, names, and a no.

Pure; English, German, French, Italian and Spanish.
"""

import re

from kb.text import words

NUMBER = re.compile(r"\d+(?:[.,:/]\d+|['’\u00a0\u2009\u202f]\d{3}(?!\d))*")
MARKS = re.compile(r"['’\u00a0\u2009\u202f]")
NAME = re.compile(r"(?<=[\w,;:)»\"'’] )[A-ZÀ-ÖØ-Þ][\w'’-]{2,}")
NAME_STEM = 4
NEGATIONS = re.compile(
    r"\b(?:not|no|never|none|nor|neither|nobody|nothing|cannot|without|\w+n['’]t"
    r"|forbid\w*|forbade|prohibit\w*|bann(?:ed|ing)|refus\w+|impossible|unable|lack(?:s|ed|ing)?"
    r"|disagree\w*|anonym\w*|skip(?:s|ped|ping)|omit\w*|\w+-free"
    r"|nicht|kein\w*|nie|niemals|niemand\w*|nichts|ohne|weder"
    r"|verboten\w*|untersagt\w*|unmöglich|(?:ver)?weiger\w*"
    r"|pas|jamais|aucune?|sans|ni|rien|interdi\w+|refus\w+"
    r"|non|senza|nessun\w*|né|vietat\w+|proibit\w+|rifiut\w+"
    r"|sin|nunca|ning[uú]n\w*|nada|prohibid\w+)\b",
    re.IGNORECASE,
)
"""Words that say no, and words that hold one: «is forbidden» is what «may not» is."""
COMPARED = re.compile(
    r"\b(?:more|less|fewer|later|earlier|longer|shorter|faster|slower|higher|lower|larger|smaller"
    r"|older|younger|heavier|greater|sooner) than\b|\bexceed\w*|\b\w+er als\b|\bmehr als\b"
    r"|\büber(?:schreite|steige)\w+|\b(?:plus|moins) (?:de|d'|que|tard)\b|\bdépass\w+"
    r"|\b(?:più|meno) (?:di|che)\b|\boltre\b|\b(?:más|menos) de\b",
    re.IGNORECASE,
)
BOUNDS = re.compile(
    r"\b(?:at (?:most|least)|up to|maximum|minimum|limit\w*|within|höchstens|mindestens|maximal\w*"
    r"|bis zu|spätestens|innerhalb|au (?:plus|moins)|jusqu'à|al (?:massimo|meno)|almeno|massimo"
    r"|fino a|como (?:máximo|mínimo)|al menos|hasta)\b",
    re.IGNORECASE,
)
"""«Not more than» and «at most» are the same, «more than» and «at most» the opposite."""
CLAUSES = re.compile(
    r"[,;:–] |\s(?:because|since|where|while|but|and|although|whereas|weil|wobei|während|aber|und"
    r"|obwohl|car|où|mais|et|tandis que|perché|dove|ma|mentre|porque|donde|pero|mientras)\s"
)
MONTHS = (
    "jan gen ene|feb fév fev|mar mär|apr avr abr|may mai mag|jun juin giu|jul juil lug|aug août ago"
    "|sep set|oct okt ott|nov|dec dez déc dic"
)
MONTH_STEMS = {
    stem: str(number) for number, stems in enumerate(MONTHS.split("|"), 1) for stem in stems.split()
}
MONTH = re.compile(
    r"\b(january|february|march|april|may|june|july|august|september|october|november|december"
    r"|januar|februar|märz|mai|juni|juli|oktober|dezember"
    r"|janvier|février|mars|avril|juin|juillet|août|septembre|octobre|novembre|décembre"
    r"|gennaio|febbraio|marzo|aprile|maggio|giugno|luglio|agosto|settembre|ottobre|dicembre"
    r"|enero|febrero|abril|mayo|junio|julio|septiembre|octubre|noviembre|diciembre)\b",
    re.IGNORECASE,
)
SPELLED = {
    2: "two zwei deux dos",
    3: "three drei trois tre tres",
    4: "four vier quatre quattro cuatro",
    5: "five fünf cinq cinque cinco",
    6: "six sechs seis",
    7: "seven sieben sept sette siete",
    8: "eight acht huit otto ocho",
    9: "nine neun neuf nove nueve",
    10: "ten zehn dix dieci diez",
    11: "eleven elf onze undici",
    12: "twelve zwölf douze dodici doce",
    13: "thirteen dreizehn treize tredici trece",
    14: "fourteen vierzehn quatorze quattordici catorce",
    15: "fifteen fünfzehn quinze quindici quince",
    16: "sixteen sechzehn seize sedici dieciséis",
    17: "seventeen siebzehn diciassette diecisiete",
    18: "eighteen achtzehn diciotto dieciocho",
    19: "nineteen neunzehn diciannove diecinueve",
    20: "twenty zwanzig vingt venti veinte",
    30: "thirty dreißig trente trenta treinta",
    40: "forty vierzig quarante quaranta cuarenta",
    50: "fifty fünfzig cinquante cinquanta cincuenta",
    60: "sixty sechzig soixante sessanta sesenta",
    70: "seventy siebzig settanta setenta",
    80: "eighty achtzig ottanta ochenta",
    90: "ninety neunzig novanta noventa",
    100: "hundred hundert cento cien",
    1000: "thousand tausend",
}
WORDED = {word: str(n) for n, spellings in SPELLED.items() for word in spellings.split()}
"""Spelled numbers; what means something else in another language (once, due, sei) is left out."""
GENERAL = re.compile(
    r"^(?:jahr|tag|monat|woche|stunde|minute|zeit|frist|ende|anfang|beginn|mensch|person|frau|mann"
    r"|kind|mitarbeiter|beschaftigt|angestellt|arbeitnehmer|personal|kunde|nutzer|burger|teil|zahl"
    r"|anzahl|menge|summe|betrag|hohe|grosse|wert|anteil|halfte|drittel|viertel|schnitt|prozent"
    r"|durchschnitt|art|weise|form|fall|grund|ursache|folge|ziel|zweck|punkt|frage|antwort|problem"
    r"|aufgabe|arbeit|weg|ort|stelle|platz|raum|seite|haus|land|lander|stadt|gebiet|bereich|rahmen"
    r"|regel|recht|pflicht|vertrag|antrag|kosten|preis|geld|gerat|maschine|sache|stuck|moglich"
    r"|beispiel|unterschied|vergleich|thema|inhalt|text|dokument|bericht|wort|satz"
    r"|schule|unterricht|kurs|lehrer|schuler|eltern|familie|fahrt|reise|ausflug|besuch|sitzung"
    r"|treffen|termin|datum|uhr|morgen|mittag|abend|nacht|sommer|winter|woche|firma|betrieb|amt"
    r"|behorde|gemeinde|gruppe|mitglied|gast|patient|arzt|wohnung|mieter|zimmer|auto|fahrzeug|bus"
    r"|zug|strasse|system|programm|projekt|plan|verfahren|produkt|ware|material|wasser|luft|bild"
    r"|zugang|zustand|umfang|vorteil|nachteil|risiko|schaden|fehler|mangel|gesetz|verbot|gebuhr)"
    r"(?:e|n|en|er|ern|s|es|in|innen|nen)?"
    r"|^\w{5,}(?:ung|nis)(?:en|se|s)?|^\w{3,}(?:heit|keit|schaft)(?:en|s)?"
)
"""German nouns (all are capitalised) that name no one thing: folded, with their endings.

Short ones in -ung and -nis are left out: Samsung, Young and Dennis are names."""


def missing(claim: str, text: str) -> bool:
    """Whether a number, month or name of the sentence does not stand in the text."""
    return bool(
        numbers(claim) - numbers(text) or months(claim) - months(text) or names(claim, text)
    )


def contradict(claim: str, text: str) -> bool:
    """Whether one of both says no and the other does not, in clauses that speak of the same."""
    claimed, said = negations(claim), negations(_common(text, claim))
    more, other = (claim, text) if claimed > said else (text, claim)
    if abs(claimed - said) == 1:
        return not (COMPARED.search(more) and _bounds_alone(other))
    opposite = any(
        COMPARED.search(a) and _bounds_alone(b) for a, b in ((claim, text), (text, claim))
    )
    return claimed != said or (claimed == 0 and opposite)


def _bounds_alone(text: str) -> bool:
    return bool(BOUNDS.search(text)) and not COMPARED.search(text)


def _common(text: str, claim: str) -> str:
    """The clauses of a text that share a word with the sentence."""
    asked = set(words.content(claim))
    return " … ".join(c for c in CLAUSES.split(text) if asked & set(words.content(c)))


def negations(text: str) -> int:
    """How often a text says no. French «ne … pas» is one: only «pas» counts."""
    return len(NEGATIONS.findall(text))


def numbers(text: str) -> set[str]:
    """The numbers of a text by value, spelled ones too."""
    spelled = {WORDED[w] for w in re.findall(r"[^\W\d_]+", text.casefold()) if w in WORDED}
    return {value(n) for n in NUMBER.findall(text)} | spelled


def value(number: str) -> str:
    """``1,200``, ``1.200``, ``1'200`` and ``1200`` are one number; ``1.2`` and ``1,2`` another."""
    parts = re.split(r"[.,]", MARKS.sub("", number))
    if len(parts) > 1 and all(len(p) == 3 for p in parts[1:]):
        return "".join(parts)
    return ".".join([parts[0].lstrip("0") or "0", *parts[1:]])


def months(text: str) -> set[str]:
    """The months that a text names, by number."""
    found = set()
    for name in MONTH.findall(text):
        folded = name.casefold()
        found.add(next(n for stem, n in MONTH_STEMS.items() if folded.startswith(stem)))
    return found


def names(claim: str, text: str) -> set[str]:
    """Capitalised words within the sentence that the text does not have, not even in a compound."""
    folded = words.fold(text)
    return {
        name
        for name in NAME.findall(claim)
        if words.fold(name)[: max(NAME_STEM, len(name) - 3)] not in folded
        and not MONTH.fullmatch(name)
        and not GENERAL.fullmatch(words.fold(name))
    }
