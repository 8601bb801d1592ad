"""What a sentence claims that can be read off its words: values, names, and a no.

Pure; English, German, French, Italian and Spanish.
"""

import re

from kb.answers import values
from kb.text import dates, units, words

NAME = re.compile(r"(?<=[\w,;:)»\"'’] )[A-ZÀ-ÖØ-Þ][\w'’-]{2,}")
NAME_STEM, COMPOUND = 4, 6
"""Letters that a name is known by, and of the first part of a compound."""
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
LEAD = re.compile(
    r"\A\s*(?:yes|no|ja|jawohl|nein|doch|oui|non|si|sì|sí)\s*(?:[,:;!–—]|\.(?=\s+\D)|\s-)\s*(?=\w)",
    re.IGNORECASE,
)
"""A yes or no that a sentence begins with."""
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
    r"|nummer|rufnummer|telefon|behorde|gemeinde|gruppe|mitglied|gast|patient|arzt|wohnung|mieter|zimmer|auto|fahrzeug|bus"
    r"|zug|strasse|system|programm|projekt|plan|verfahren|produkt|ware|material|wasser|luft|bild"
    r"|zugang|zustand|umfang|vorteil|nachteil|risiko|schaden|fehler|mangel|gesetz|verbot|gebuhr)"
    r"(?:e|n|en|er|ern|s|es|in|innen|nen)?"
    r"|^\w{5,}(?:ung|nis)(?:en|se|s)?|^\w{3,}(?:heit|keit|schaft)(?:en|s)?"
)
"""German nouns (all are capitalised) that name no one thing: folded, with their endings.

Short ones in -ung and -nis are left out: Samsung, Young and Dennis are names."""


def missing(claim: str, text: str) -> bool:
    """Whether a number, date or name of the sentence does not stand in the text."""
    return values.missing(claim, text) or bool(names(claim, text))


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


def unled(claim: str) -> str:
    """A sentence without the yes or no that it begins with: that answers the question."""
    return LEAD.sub("", claim, count=1)


def _bounds_alone(text: str) -> bool:
    return bool(BOUNDS.search(text)) and not COMPARED.search(text)


def _common(text: str, claim: str) -> str:
    """The clauses of a text that share a word with the sentence."""
    asked = set(words.content(claim))
    return " … ".join(c for c in CLAUSES.split(text) if asked & set(words.content(c)))


def negations(text: str) -> int:
    """How often a text says no. French «ne … pas» is one: only «pas» counts."""
    return len(NEGATIONS.findall(text))


def names(claim: str, text: str) -> set[str]:
    """Capitalised words within the sentence that the text does not have, not even in a compound."""
    folded = words.fold(text)
    return {
        name
        for name in NAME.findall(claim)
        if words.fold(name)[: max(NAME_STEM, len(name) - 3)] not in folded
        and not _begins_with_one_of(words.fold(name), folded)
        and name.casefold() not in dates.MONTHS
        and name.casefold() not in dates.WEEKDAYS
        and not units.is_name(name)
        and not GENERAL.fullmatch(words.fold(name))
    }


def _begins_with_one_of(name: str, text: str) -> bool:
    """Whether a compound begins with a word of a text: «Telefonnummer» with «Telefon»."""
    return any(len(w) >= COMPOUND and name.startswith(w) for w in re.findall(r"[^\W\d_]+", text))
