"""What kind of file it is, by its content; the name only decides between kinds of plain text."""

import re
import zipfile
from pathlib import Path, PurePosixPath

import puremagic

from kb.errors import FileProblem

OLE = bytes.fromhex("d0cf11e0a1b11ae1")
IN_ZIP = {
    "word/": "docx",
    "ppt/": "pptx",
    "xl/": "xlsx",
}
IN_ODF = {"application/vnd.oasis.opendocument.text": "odt"}
TEXT_KINDS = {
    ".md": "md",
    ".markdown": "md",
    ".csv": "csv",
    ".tsv": "csv",
    ".html": "html",
    ".htm": "html",
    ".eml": "eml",
}
MEDIA_TYPES = {
    "pdf": "application/pdf",
    "docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    "pptx": "application/vnd.openxmlformats-officedocument.presentationml.presentation",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "odt": "application/vnd.oasis.opendocument.text",
    "html": "text/html",
    "md": "text/markdown",
    "csv": "text/csv",
    "txt": "text/plain",
    "eml": "message/rfc822",
}


def kind_of(path: Path, name: str) -> str:
    """One of ``MEDIA_TYPES``.

    Raises:
        FileProblem: empty, encrypted, of an old format, or of a kind that is not read.
    """
    with path.open("rb") as file:
        head = file.read(65536)
    if not head.strip(b"\0 \t\r\n\xef\xbb\xbf\xff\xfe"):
        raise FileProblem("empty")
    if b"%PDF-" in head[:1024]:
        return "pdf"
    if head.startswith(b"PK\x03\x04"):
        return _zipped(path)
    if head.startswith(OLE):
        return _ole(path)
    if not _is_text(head):
        raise FileProblem("unknown_type", what=_name_of(path, name))
    return _textual(head, PurePosixPath(name.lower()).suffix)


def _zipped(path: Path) -> str:
    try:
        with zipfile.ZipFile(path) as archive:
            names = archive.namelist()
            if "mimetype" in names:
                kind = IN_ODF.get(archive.read("mimetype")[:100].decode("ascii", "replace").strip())
                if kind and b"manifest:encryption-data" in archive.read("META-INF/manifest.xml"):
                    raise FileProblem("encrypted")
                if kind:
                    return kind
    except (zipfile.BadZipFile, KeyError, RuntimeError, NotImplementedError) as error:
        raise FileProblem("damaged", what=f"ZIP: {error}") from error
    for prefix, kind in IN_ZIP.items():
        if "[Content_Types].xml" in names and any(n.startswith(prefix) for n in names):
            return kind
    raise FileProblem("unknown_type", what="ZIP archive")


def _ole(path: Path) -> str:
    content = path.read_bytes()
    if "EncryptedPackage".encode("utf-16-le") in content:
        raise FileProblem("encrypted")
    for marker, what in (
        ("WordDocument", "doc"),
        ("Workbook", "xls"),
        ("Book", "xls"),
        ("PowerPoint Document", "ppt"),
    ):
        if marker.encode("utf-16-le") in content:
            raise FileProblem("old_format", what=what)
    raise FileProblem("unknown_type", what="OLE container")


def _is_text(head: bytes) -> bool:
    if head.startswith((b"\xff\xfe", b"\xfe\xff")):
        return True
    strange = sum(1 for b in head[:4096] if b < 9 or 13 < b < 27 or 27 < b < 32)
    return strange <= len(head[:4096]) * 0.005


def _textual(head: bytes, suffix: str) -> str:
    start = head.replace(b"\0", b"").lstrip(b"\xef\xbb\xbf\xff\xfe \t\r\n")[:2000].lower()
    if start.startswith(b"{\\rtf"):
        raise FileProblem("unknown_type", what="RTF")
    if start.startswith((b"<!doctype html", b"<html")) or (
        b"<html" in start and suffix in {".html", ".htm"}
    ):
        return "html"
    if suffix in TEXT_KINDS:
        return TEXT_KINDS[suffix]
    if start.startswith(b"<?xml") or suffix == ".xml":
        raise FileProblem("unknown_type", what="XML")
    if (
        re.match(rb"(?:[a-z-]+: [^\n]*\n(?:[ \t][^\n]*\n)*){3}", start)
        and b"\nfrom: " in b"\n" + start
    ):
        return "eml"
    return "txt"


def _name_of(path: Path, name: str) -> str:
    try:
        found = puremagic.magic_file(str(path))
    except (puremagic.PureError, ValueError, OSError):
        found = []
    return found[0].name if found else PurePosixPath(name).suffix.lstrip(".") or "unknown"
