"""Titles that say nothing: what programs write where nobody gave one. Pure."""

import re

GENERIC = re.compile(
    r"(?:untitled|unbenannt|ohne titel|namenlos|sans titre|sans nom|senza titolo|senza nome"
    r"|sin título|sin nombre|no title|title|titel|titre|titolo|título"
    r"|document[eo]?|dokument|presentation|präsentation|présentation|presentazione|presentación"
    r"|workbook|book|mappe|arbeitsmappe|classeur|cartel|libro|sheet|tabelle|feuil|foglio|hoja"
    r"|slide|folie|diapositive|diapositiva|scan|scanned document|image|img|bild|page|seite|print"
    r"|drucken|(?:microsoft )?(?:power ?point|word|excel)[ -](?:presentation|präsentation|document"
    r"|dokument|folien)|présentation powerpoint|presentazione (?:standard di )?powerpoint"
    r"|presentación de powerpoint|about:blank)[ _-]*\d*",
    re.IGNORECASE,
)
PRINTED = re.compile(
    r"(?:microsoft (?:office )?(?:word|excel|powerpoint)|(?:writer|calc)) - ", re.IGNORECASE
)
"""What printers put before a file's name."""
ADDRESS = re.compile(
    r"(?:[a-z][a-z0-9+.-]{1,20}://|www\.|[a-z]:[\\/]|[\\/]{1,2}[\w.-]+[\\/])", re.IGNORECASE
)
FILE = re.compile(
    r"\S.{0,250}\.(?:docx?|docm|dotx?|xlsx?|xlsm|pptx?|pdf|rtf|odt|ods|odp|indd|qxd|pub|tiff?|jpe?g|png"
    r"|txt|html?|eps|ps|tmp|dvi|tex)",
    re.IGNORECASE,
)
IDENTITY = re.compile(r"[{(]?[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}[)}]?", re.IGNORECASE)
LONGEST = 300


def is_generic(title: str) -> bool:
    """Whether a title says nothing of its document: a program's word, an address, a file's name."""
    plain = " ".join(title[:LONGEST].split())
    if sum(c.isalpha() for c in plain) < 2:
        return True
    if PRINTED.match(plain) or ADDRESS.match(plain):
        return True
    return any(pattern.fullmatch(plain) for pattern in (GENERIC, FILE, IDENTITY))
