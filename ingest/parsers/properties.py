"""What files say of themselves beside their text: title, author, when they were made and changed.

A name that no person has is none. Of each kind a reader; a part that is damaged costs no text.
"""

import zipfile
from collections.abc import Callable
from pathlib import Path

import msgspec
import olefile
from lxml import etree

from ingest.parsers import dates, page_properties, rich_properties
from ingest.parsers.encoding import decode
from ingest.parsers.ooxml import UNREADABLE, parsed
from ingest.parsers.opendocument import DC
from ingest.parsers.said import NOTHING, DocumentProperties, line
from kb.types.parsed import Parsed

DCTERMS = "{http://purl.org/dc/terms/}"
META = "{urn:oasis:names:tc:opendocument:xmlns:meta:1.0}"
CORE = "docProps/core.xml"
RELATIONS = "_rels/.rels"
CORE_TYPE = "/metadata/core-properties"
MOST = 1024**2
"""Most bytes of a part with properties that are read."""
NOBODY = {
    "(anonymous)", "admin", "administrador", "administrateur", "administrator", "amministratore",
    "anonym", "anonymous", "auteur", "author", "autor", "autore", "benutzer", "inconnu",
    "libreoffice", "microsoft", "microsoft office user", "microsoft office-benutzer",
    "openpyxl", "owner", "python-docx", "sconosciuto", "steve canny", "unbekannt", "unknown",
    "unspecified", "(unspecified)", "user", "usuario", "usuario de microsoft office",
    "usuario de windows", "utente", "utente di microsoft office", "utente windows", "utilisateur",
    "utilisateur microsoft office", "utilisateur windows", "windows user", "windows-benutzer",
    "windows-gebruiker", "xlsxwriter",
}  # fmt: skip
"""Who programs name where nobody was asked."""


def filled(read: Parsed, kind: str, path: Path) -> Parsed:
    """What was read, with what the file says beside its text where the parser has not told it."""
    said = READERS[kind](path) if kind in READERS else NOTHING
    return msgspec.structs.replace(
        read,
        title=read.title or said.title,
        author=_person(read.author or said.author),
        created=read.created if read.created is not None else said.created,
        changed=read.changed if read.changed is not None else said.changed,
    )


def _person(name: str | None) -> str | None:
    return None if name is None or name.strip().casefold() in NOBODY else name


def _of_office(path: Path) -> DocumentProperties:
    try:
        with zipfile.ZipFile(path) as package:
            root = _part(package, _core(package))
    except UNREADABLE:
        return NOTHING
    return DocumentProperties(
        line(root.findtext(f".//{DC}title")),
        line(root.findtext(f".//{DC}creator")),
        dates.of_text(root.findtext(f".//{DCTERMS}created")),
        dates.of_text(root.findtext(f".//{DCTERMS}modified")),
    )


def _core(package: zipfile.ZipFile) -> str:
    """The part with the properties; programs other than Office call it otherwise."""
    if CORE in package.namelist():
        return CORE
    for relation in _part(package, RELATIONS):
        if relation.get("Type", "").endswith(CORE_TYPE):
            return str(relation.get("Target", "")).lstrip("/")
    return CORE


def _of_opendocument(path: Path) -> DocumentProperties:
    try:
        with zipfile.ZipFile(path) as package:
            root = _part(package, "meta.xml")
    except UNREADABLE:
        return NOTHING
    first = line(root.findtext(f".//{META}initial-creator"))
    return DocumentProperties(
        line(root.findtext(f".//{DC}title")),
        first or line(root.findtext(f".//{DC}creator")),
        dates.of_text(root.findtext(f".//{META}creation-date")),
        dates.of_text(root.findtext(f".//{DC}date")),
    )


def _part(package: zipfile.ZipFile, name: str) -> etree._Element:
    with package.open(name) as part:
        return parsed(part.read(MOST))


def _of_old(path: Path) -> DocumentProperties:
    """The summary information of Word, Excel and PowerPoint before 2007."""
    try:
        with olefile.OleFileIO(path) as container:
            said = container.get_metadata()
    except (OSError, ValueError, IndexError, AttributeError):
        return NOTHING
    page = f"cp{said.codepage % 65536}" if isinstance(said.codepage, int) else None
    label = "utf-8" if page == "cp65001" else page
    found = (value if isinstance(value, bytes) else b"" for value in (said.title, said.author))
    title, author = (line(decode(value.rstrip(b"\0"), label)) for value in found)
    made, saved = dates.of_moment(said.create_time), dates.of_moment(said.last_saved_time)
    return DocumentProperties(title, author, made, saved)


READERS: dict[str, Callable[[Path], DocumentProperties]] = {
    **dict.fromkeys(("docx", "pptx", "xlsx", "xlsb"), _of_office),
    **dict.fromkeys(("odt", "ods", "odp"), _of_opendocument),
    **dict.fromkeys(("doc", "ppt", "xls"), _of_old),
    "rtf": rich_properties.of,
    "html": page_properties.of,
}
