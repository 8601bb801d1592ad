"""What stands before the date of a document in its text, as expressions; en, de, fr, it, es."""

import re

from kb.text import dates

EDITIONS = (
    "version|versione|versión|rev|revision|révision|revisione|revisión|fassung|ausgabe|edition"
    "|édition|edizione|edición|release|v"
)
RECORDS = (
    "minutes|meeting|protokoll|niederschrift|sitzung|besprechung|compte[- ]rendu|procès-verbal"
    "|réunion|séance|verbale|riunione|seduta|acta|reunión|sesión"
)
"""Kinds of texts that are called by the day of which they tell."""
MONTHS = "|".join(dates.MONTHS)
CHANGES = (
    "last (?:updated?|revised|revision|modified|changed?|edited|reviewed)", "updated", "revised",
    "(?:revision|version|issue|release|publication|document) date",
    "date of (?:issue|revision|publication|this (?:document|version))", "status as (?:of|at)",
    "(?:(?:bearbeitungs|redaktions|text|sach))?stand",
    "(?:zuletzt |letzte )?(?:geändert|aktualisiert|überarbeitet)",
    "(?:zuletzt |letzte )?(?:änderung|aktualisierung|überarbeitung)",
    r"[^\W_]{0,40}?(?:änderungs|ausgabe|erstellungs|ausstellungs|veröffentlichungs)datum",
    "(?:brief|berichts|protokoll|rechnungs|revisions|versions|freigabe|beleg|dokument(?:en)?)datum",
    "(?:dernière )?mise?s? à jour", "dernière (?:modification|révision)",
    "date de (?:la )?(?:mise à jour|publication|création|révision|version|facture|rédaction)",
    "date d['’](?:émission|édition|établissement)",
    "(?:ultimo )?aggiornamento", "aggiornat[oa]", "ultima (?:modifica|revisione|versione)",
    "data di (?:emissione|pubblicazione|revisione|aggiornamento|creazione|redazione)",
    "data (?:documento|fattura|versione)",
    "actualizad[oa]", "(?:última )?actualización", "última (?:modificación|revisión|versión)",
    "fecha de(?: la)? (?:emisión|publicación|revisión|actualización|creación)",
    "fecha de(?: la)? (?:versión|factura|redacción)",
    rf"(?:{EDITIONS})\.? ?(?:no\.? |nr\.? )?\d+(?:[._]\d+)*[a-z]?",
)  # fmt: skip
DATES = (
    "date", "dated", "datum", "data", "fecha", "as of", "as at",
    "issued", "published", "created", "approved", "printed",
    "fassung", "ausgabe", "erstellt", "veröffentlicht", "freigegeben", "gedruckt",
    "état", "en date du", "fait", "publiée?", "établie?", "créée?", "édition",
    "in data", "pubblicato", "emesso", "redatto", "creato", "stato", "edizione",
    "con fecha", "publicado", "emitido", "creado", "redactado", "estado", "edición", "edition",
    rf"(?:{RECORDS})(?: (?!(?:{MONTHS})\b)[^\W\d_]+(?:['’][^\W\d_]+)?){{0,8}}",
)  # fmt: skip
BEGINNINGS = (
    "effective(?: date)?", "(?:in|into) (?:force|effect)", "takes effect",
    "valid (?:from|as of|since)",
    r"tritt(?=.{4,40} in kraft)", "in kraft(?: (?:ab|seit|getreten))?",
    "inkrafttreten", "gültig(?:keit)? (?:ab|seit|vom)", "gilt (?:ab|seit)", "wirksam (?:ab|seit)",
    "(?:entrée en|en) vigueur", "date d['’](?:effet|application)", "valable", "applicable",
    "(?:data di )?(?:entrata )?in vigore", "decorrenza", "valid[oa] dal", "efficacia",
    "(?:entrada )?en vigor", "vigente", "vigencia", "válid[oa] desde",
    "fecha de (?:vigencia|efecto)",
)  # fmt: skip
LEADS = (
    "from", "since", "as of", "on", "of", "dated", "the", "with effect from", "date",
    "ab", "seit", "am", "vom", "zum", "den", "dem", "der", "datum",
    "à compter", "à partir", "depuis", "dès", "le", "du", "au", "de", "la", "l['’]",
    "a partire", "dal(?:la)?", "dell['’]", "del(?:la)?", "di", "il", "al",
    "desde", "a partir", "el", "a", "y",
)  # fmt: skip
TO_COME = (
    "next", "due", "planned", "nächste[rsn]?", "geplante[rs]?", "bis", "prochaine?", "prossim[oa]",
    "próxim[oa]",
)  # fmt: skip
WITHIN_PLACES = "am|an|bei|de|del|der|di|en|im|in|la|on|sur|upon"


def _any(phrases: tuple[str, ...]) -> str:
    return f"(?:{'|'.join(phrases)})"


CHANGED = re.compile(rf"(?<![^\W_]){_any(CHANGES)}(?![^\W_])", re.IGNORECASE)
"""What says of its date that the document, or this edition of it, is from then."""
DATED = re.compile(rf"{_any(DATES)}(?![^\W_])", re.IGNORECASE)
"""What says so where nothing but it and its date stands in a line or between two marks."""
EFFECTIVE = re.compile(rf"(?<![^\W_]){_any(BEGINNINGS)}(?![^\W_])", re.IGNORECASE)
"""From when on a document is valid: it is from then where it says nothing else."""
BETWEEN = re.compile(
    rf" *(?:[:.|–—(,=-] *){{0,3}}(?:{_any(LEADS)}[ :|]+(?:[:|] *)?){{0,3}}", re.IGNORECASE
)
"""What may stand between a label and its date."""
ENDED = re.compile(r" {0,20}(?:$|[|·•;)\]–—]|\.(?:\s|$)|/ |- )")
"""What follows a date that has its line, or its part of one, for itself."""
MARKS = re.compile(r"[|·•;–—\n\t]|\s{3,}")
"""What parts a line."""
OTHERS = re.compile(rf"(?<![^\W_]){_any(TO_COME)}\s*$", re.IGNORECASE)
"""What stands before a date that is to come."""
_NAME = r"[^\W\d_a-zà-öø-ÿ][\w.'’()-]{0,40}+"
PLACE = re.compile(
    rf"(?:Fait à )?{_NAME}(?:[ /](?:(?:{WITHIN_PLACES}) )?{_NAME}){{0,3}}, +"
    r"(?:(?:the|den|dem|am|le|li|lì|il|el|a) +)?"
)
"""A place before its date: «Frankfurt am Main, den»."""
