"""Titles that say nothing: what programs write where nobody gave one. Pure; en, de, fr, it, es."""

import re

KINDS = frozenset(
    """
    document documento documenti dokument dokumente doc presentation präsentation présentation
    presentazione presentación workbook book mappe arbeitsmappe classeur cartel cartella libro
    sheet worksheet spreadsheet tabelle blatt arbeitsblatt tabellenblatt feuil feuille calcul
    foglio lavoro calcolo hoja cálculo tabellendokument textdokument slide folie folien
    foliensatz diapositive diapositiva drawing zeichnung dessin disegno dibujo publication
    publikation publicación pubblicazione page seite pagina página print drucken druck
    impression stampa impresión image img bild photo foto immagine imagen dsc pict scan
    scanned scanner gescannt numérisation numérisé scansione escaneo escaneado digitalisierung
    camscanner text texte testo texto file datei fichier archivo note notes notiz report form
    formular vorlage template modèle modello plantilla memo memoformat memostil style title
    titel titre titolo título folientitel untertitel subtitle layout model design
    """.split()
)
"""Words for what any file is."""
NOTHING = frozenset(
    """
    untitled unbenannt unbenanntes unbenannte namenlos unnamed anonymous unspecified unknown
    unbekannt inconnu sconosciuto desconocido notitle new neu neue neues neuer nouveau
    nouvelle nuovo nuova nuevo nueva blank leer leeres leere vierge vuoto vacío vuota copy
    kopie copie copia default standard temp tmp kein keine aucun aucune nessun nessuno ningún
    sans senza sin ohne no
    """.split()
)
"""Words that say that there is none."""
PROGRAMS = frozenset(
    "microsoft office word excel powerpoint power point publisher visio outlook adobe acrobat"
    " openoffice libreoffice writer calc impress google".split()
)
BETWEEN = frozenset("de di du des of von del della des der die das nom nome nombre name".split())
"""Words that join the others."""
MASTERS = re.compile(
    r"(?:mastertitel|titelmaster|mastertext|textmaster)\w* (?:durch klicken )?bearbeiten"
    r"|titelmasterformat durch klicken bearbeiten|titel durch klicken hinzufügen"
    r"|click to (?:edit|add)\b.{0,40}|klicken sie.{0,60}"
    r"|(?:cliquez|modifiez) (?:pour|le style).{0,60}"
    r"|fare clic per.{0,60}|haga clic para.{0,60}|about:blank",
    re.IGNORECASE,
)
"""What masters of slides ask for."""
PRINTED = re.compile(
    r"(?:microsoft (?:office )?(?:word|excel|powerpoint|outlook|publisher|visio)"
    r"|writer|calc|impress|crystal reports(?: activex designer)?) - ",
    re.IGNORECASE,
)
"""What printers put before a file's name."""
ADDRESS = re.compile(
    r"(?:[a-z][a-z0-9+.-]{1,20}://|www\.|mailto:|[a-z]:[\\/]|[\\/]{1,2}[\w.-]+[\\/])", re.IGNORECASE
)
FILE = re.compile(
    r"\S.{0,250}\.(?:docx?|docm|dotx?|xlsx?|xlsm|xlsb|pptx?|ppsx|pdf|rtf|odt|ods|odp|odg|indd|qxd|pub"
    r"|vsdx?|tiff?|jpe?g|png|heic|txt|csv|md|html?|eps|ps|tmp|dvi|tex|dwg|eml|msg)",
    re.IGNORECASE,
)
IDENTITY = re.compile(r"[{(]?[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}[)}]?", re.IGNORECASE)
WORD = re.compile(r"[^\W\d_]+")
LONGEST = 300
"""Characters of a title that are looked at."""


def is_generic(title: str) -> bool:
    """Whether a title says nothing of its document: words of programs, an address, a file."""
    plain = " ".join(title[:LONGEST].split())
    if sum(c.isalpha() for c in plain) < 2:
        return True
    if PRINTED.match(plain) or ADDRESS.match(plain):
        return True
    if any(pattern.fullmatch(plain) for pattern in (MASTERS, FILE, IDENTITY)):
        return True
    return _says_only_what_it_is(WORD.findall(plain.casefold()))


def _says_only_what_it_is(words: list[str]) -> bool:
    """«Nouveau Document Microsoft Word», «Folie 12», «[Titel des Dokuments]»."""
    kinds = [word for word in words if {word, word.removesuffix("s")} & KINDS]
    others = set(words) - set(kinds)
    if not others <= NOTHING | PROGRAMS | BETWEEN:
        return False
    return bool(kinds) or bool(others & NOTHING and not others & PROGRAMS)
