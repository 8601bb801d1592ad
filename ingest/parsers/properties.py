"""What Office files say of themselves: title and author. A name that no person has is none."""

import zipfile
from pathlib import Path

import msgspec
import olefile

from ingest.parsers.encoding import decode
from ingest.parsers.ooxml import UNREADABLE, parsed
from ingest.parsers.opendocument import DC
from kb.types.parsed import Parsed

OFFICE = {"docx", "pptx", "xlsx", "xlsb"}
OPEN = {"odt", "ods", "odp"}
OLD = {"doc", "ppt", "xls"}
META = "{urn:oasis:names:tc:opendocument:xmlns:meta:1.0}"
TITLE, CREATOR, FIRST = f"{DC}title", f"{DC}creator", f"{META}initial-creator"
NOBODY = {
    "admin", "administrator", "author", "benutzer", "microsoft office user", "openpyxl", "owner",
    "python-docx", "unknown", "user", "utente", "utilisateur", "windows user", "windows-benutzer",
    "windows-gebruiker", "xlsxwriter", "steve canny",
}  # fmt: skip
"""Who programs name where nobody was asked."""
LONGEST = 500
MOST = 1024**2
Said = tuple[str | None, str | None]
"""A title and an author."""


def filled(read: Parsed, kind: str, path: Path) -> Parsed:
    """What was read, with the title and author that the file has beside its text."""
    if kind in OLD:
        title, author = _of_old(path)
    elif kind in OFFICE | OPEN:
        title, author = _of_package(path, "meta.xml" if kind in OPEN else "docProps/core.xml")
    else:
        return read
    return msgspec.structs.replace(
        read, title=read.title or title, author=read.author or _person(author)
    )


def _of_package(path: Path, name: str) -> Said:
    """They are in a part of their own; one that is damaged costs no text."""
    try:
        with zipfile.ZipFile(path) as package, package.open(name) as part:
            root = parsed(part.read(MOST))
    except UNREADABLE:
        return None, None
    texts = {tag: _line(root.findtext(f".//{tag}")) for tag in (TITLE, CREATOR, FIRST)}
    return texts[TITLE], texts[FIRST] or texts[CREATOR]


def _of_old(path: Path) -> Said:
    try:
        with olefile.OleFileIO(path) as container:
            said = container.get_metadata()
    except (OSError, ValueError, IndexError, AttributeError):
        return None, None
    page = f"cp{said.codepage % 65536}" if isinstance(said.codepage, int) else None
    label = "utf-8" if page == "cp65001" else page
    found = (value if isinstance(value, bytes) else b"" for value in (said.title, said.author))
    title, author = (_line(decode(value.rstrip(b"\0"), label)) for value in found)
    return title, author


def _line(text: str | None) -> str | None:
    return " ".join((text or "").split())[:LONGEST] or None


def _person(name: str | None) -> str | None:
    return None if name is None or name.casefold() in NOBODY else name
