"""What kind of file it is, by its content; the name only decides between kinds of plain text."""

import re
import tarfile
import zipfile
from pathlib import Path, PurePosixPath

import olefile

from ingest.parsers.encoding import unmarked_utf16
from ingest.parsers.kinds import OF_TEXT
from kb.errors import FileProblem

HEAD = 65536
OLE = bytes.fromhex("d0cf11e0a1b11ae1")
PACKAGES = {"word/": "docx", "ppt/": "pptx", "xl/": "xlsx"}
"""Office Open XML: the folder of the main part."""
BY_MIMETYPE = {
    "application/vnd.oasis.opendocument.text": "odt",
    "application/vnd.oasis.opendocument.text-template": "odt",
    "application/vnd.oasis.opendocument.spreadsheet": "ods",
    "application/vnd.oasis.opendocument.spreadsheet-template": "ods",
    "application/vnd.oasis.opendocument.presentation": "odp",
    "application/vnd.oasis.opendocument.presentation-template": "odp",
    "application/epub+zip": "epub",
}
"""OpenDocument and EPUB: the ZIP member ``mimetype``."""
STREAMS = (
    ("encryptedpackage", "encrypted"),
    ("worddocument", "doc"),
    ("workbook", "xls"),
    ("book", "xls"),
    ("powerpoint document", "ppt"),
    ("__properties_version1.0", "msg"),
)
"""OLE containers: a stream that only this kind has, the telling ones first."""
SIGNATURES = (
    (b"\x89PNG\r\n\x1a\n", "picture"),
    (b"\xff\xd8\xff", "picture"),
    (b"II*\0", "picture"),
    (b"MM\0*", "picture"),
    (b"{\\rtf", "rtf"),
    (b"\x1f\x8b", "tar"),
    (b"BZh", "tar"),
    (b"\xfd7zXZ\0", "tar"),
)
HEIF = (b"heic", b"heix", b"hevc", b"mif1", b"msf1")
MAIL_HEADERS = re.compile(rb"(?:[a-z][a-z0-9-]*:[^\n]*\n(?:[ \t][^\n]*\n)*){2}")
MBOX_LINE = re.compile(rb"from \S+ [^\n]*\d\d:\d\d[^\n]*\n(?:>?[a-z-]+: )")


def kind_of(path: Path, name: str) -> str:
    """One of ``kinds.MEDIA_TYPES``.

    Raises:
        FileProblem: empty, encrypted, or of a kind that is not read.
    """
    with path.open("rb") as file:
        head = file.read(HEAD)
    if not head.strip(b"\0 \t\r\n\xef\xbb\xbf\xff\xfe"):
        raise FileProblem("empty")
    kind = _by_signature(path, head)
    if kind is None and _is_text(head):
        kind = _textual(head, PurePosixPath(name.lower()).suffix)
    if kind is None:
        raise FileProblem("unknown_type", what=_ending(name))
    return kind


def _by_signature(path: Path, head: bytes) -> str | None:
    if b"%PDF-" in head[:1024]:
        return "pdf"
    if head.startswith((b"PK\x03\x04", b"PK\x05\x06")):
        return _zipped(path)
    if head.startswith(OLE):
        return _ole(path)
    if head[4:8] == b"ftyp" and head[8:12] in HEIF:
        return "picture"
    if head[257:262] == b"ustar" or _is_old_tar(path, head):
        return "tar"
    return next((kind for signature, kind in SIGNATURES if head.startswith(signature)), None)


def _is_old_tar(path: Path, head: bytes) -> bool:
    return b"\0" in head[:100] and len(head) >= 512 and tarfile.is_tarfile(path)


def _zipped(path: Path) -> str:
    try:
        with zipfile.ZipFile(path) as archive:
            names = archive.namelist()
            declared = _read(archive, "mimetype", 100).decode("ascii", "replace").strip()
            kind = BY_MIMETYPE.get(declared)
            manifest = _read(archive, "META-INF/manifest.xml", 1_000_000)
            if kind and b"encryption-data" in manifest:
                raise FileProblem("encrypted")
    except (zipfile.BadZipFile, RuntimeError, NotImplementedError, EOFError, OSError) as error:
        raise FileProblem("damaged", what=f"ZIP: {error}") from error
    if kind:
        return kind
    if "[Content_Types].xml" in names:
        if "xl/workbook.bin" in names:
            return "xlsb"
        for prefix, package in PACKAGES.items():
            if any(n.startswith(prefix) for n in names):
                return package
    return "zip"


def _read(archive: zipfile.ZipFile, name: str, most: int) -> bytes:
    try:
        with archive.open(name) as member:
            return member.read(most)
    except KeyError:
        return b""


def _ole(path: Path) -> str | None:
    try:
        with olefile.OleFileIO(path) as container:
            streams = {"/".join(s).casefold() for s in container.listdir()}
    except (OSError, ValueError, IndexError) as error:
        raise FileProblem("damaged", what=f"OLE: {error}") from error
    if any("drmcontent" in s or "dataspaces" in s for s in streams):
        raise FileProblem("encrypted")
    kind = next((kind for stream, kind in STREAMS if stream in streams), None)
    if kind == "encrypted":
        raise FileProblem("encrypted")
    return kind


def _is_text(head: bytes) -> bool:
    if head.startswith((b"\xff\xfe", b"\xfe\xff")) or unmarked_utf16(head):
        return True
    strange = sum(1 for b in head[:4096] if b < 9 or 13 < b < 27 or 27 < b < 32)
    return strange <= len(head[:4096]) * 0.005


def _textual(head: bytes, suffix: str) -> str:
    start = head.replace(b"\0", b"").lstrip(b"\xef\xbb\xbf\xff\xfe \t\r\n")[:4000].lower()
    start = start.replace(b"\r\n", b"\n")
    if start.startswith((b"<!doctype html", b"<html")) or (
        b"<html" in start and suffix in {".html", ".htm", ".xhtml", ".xml"}
    ):
        return "html"
    if start.startswith(b"begin:vcalendar"):
        return "ics"
    if MBOX_LINE.match(start):
        return "mbox"
    is_mail = MAIL_HEADERS.match(start) and b"\nfrom:" in b"\n" + start
    if is_mail and b"multipart/related" in start and suffix in {".mht", ".mhtml"}:
        return "mhtml"
    if suffix in OF_TEXT:
        return OF_TEXT[suffix]
    if start.startswith(b"<?xml") or suffix == ".xml":
        return "xml"
    return "eml" if is_mail else "txt"


def _ending(name: str) -> str:
    return PurePosixPath(name).suffix.lstrip(".") or "unknown"
