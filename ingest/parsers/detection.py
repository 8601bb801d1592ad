"""What kind of file it is, by its content; the name only decides between kinds of plain text."""

import re
import tarfile
import zipfile
from functools import partial
from pathlib import Path, PurePosixPath

import olefile

from ingest.parsers import envelopes, main_parts, ooxml
from ingest.parsers.damage import damaged
from ingest.parsers.encoding import unmarked_utf16
from ingest.parsers.kinds import ENDINGS, OF_TEXT, PLAIN
from kb.errors import FileProblem

HEAD = 65536
"""Bytes at a file's beginning that are looked at, and that are read at once."""
BLANK = b"\0 \t\r\n\xef\xbb\xbf\xff\xfe"
PIECES, PIECE = 16, 4096
"""Places of a file that are looked at before it is taken for a text, and bytes of each."""
STRANGE_FURTHER = 0.05
"""The share of bytes of control from which such a place is no text; what is packed has 0.1."""
ROOT_ENTRY = re.compile(
    rb"media-type=[\"'](application/vnd\.oasis\.opendocument\.[\w.-]{1,60})[\"']"
)
"""In OpenDocument's manifest: the first entry of such a kind is the document's own."""
BODY = re.compile(rb"<office:body[^>]*>\s*<office:(text|spreadsheet|presentation)[\s/>]")
BODIES = {b"text": "odt", b"spreadsheet": "ods", b"presentation": "odp"}
"""What stands in OpenDocument's content; what the package calls itself may be another's."""
OLE = bytes.fromhex("d0cf11e0a1b11ae1")
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
    (b"\xfd7zXZ\0", "tar"),
    (b"\x78\x9f\x3e\x22", "tnef"),
)
WIDE = (b"\xff\xfe", b"\xfe\xff")
HEIF = (b"heic", b"heix", b"hevc", b"mif1", b"msf1")
MAIL_HEADERS = re.compile(rb"(?:[!-9;-~]+:[^\n]*\n(?:[ \t][^\n]*\n)*){2,}(?=\n|\Z|[^\n]*\Z)")
"""Nothing but headers, down to the first empty line or the end of what is looked at."""
OF_A_PROGRAM = re.compile(
    rb"^(?:message-id: *<?[^\s<>@]+@|received: *(?:from|by|\()|mime-version: *1|return-path: *<"
    rb"|dkim-signature: *v=|delivered-to: *\S+@|x-mailer: )",
    re.MULTILINE,
)
"""Headers that no person writes."""
OF_A_MAIL = re.compile(rb"^(?:from|to|date|subject|received):", re.MULTILINE)
MBOX_LINE = re.compile(
    rb"from \S+ +(?:mon|tue|wed|thu|fri|sat|sun) +[a-z]{3} +\d+ +\d\d:\d\d[^\n]*\n(?:>?[a-z-]+: )"
)
BZIP2 = re.compile(rb"BZh[1-9](?:1AY&SY|\x17rE8P\x90)")
FOREIGN = (
    (b"7z\xbc\xaf\x27\x1c", "7z"), (b"Rar!\x1a\x07", "rar"), (b"\x28\xb5\x2f\xfd", "zst"),
    (b"\x7fELF", "elf"), (b"GIF8", "gif"), (b"ID3", "mp3"), (b"OggS", "ogg"), (b"RIFF", "riff"),
    (b"SQLite format 3\0", "sqlite"), (b"\xca\xfe\xba\xbe", "class"), (b"AC10", "dwg"),
    (b"%!PS", "ps"), (b"\xe4R\\{\x8c\xd8", "one"), (b"MZ", "exe"), (b"BM", "bmp"),
)  # fmt: skip
"""Kinds that are not read, whatever a file of them is called; the surest signatures first."""
RIFFS = {b"WEBP": "webp", b"WAVE": "wav", b"AVI ": "avi"}
"""What a RIFF file says behind its length that it holds."""
STRANGE, STRANGE_BY_NAME = 0.005, 0.1
"""The share of bytes of control that a text may have, and one that is called a text."""


def kind_of(path: Path, name: str) -> str:
    """One of ``kinds.MEDIA_TYPES``.

    Raises:
        FileProblem: empty, encrypted, or of a kind that is not read.
    """
    with path.open("rb") as file:
        head = file.read(HEAD)
        if not head.strip(BLANK) and not any(
            p.strip(BLANK) for p in iter(partial(file.read, HEAD), b"")
        ):
            raise FileProblem("empty")
    suffix = PurePosixPath(name.lower()).suffix
    is_named = suffix in PLAIN or suffix in OF_TEXT or suffix == ".xml"
    is_plain = suffix in PLAIN and is_text(head, STRANGE_BY_NAME)
    kind = None if is_plain and not _is_marked(head) else _by_signature(path, head)
    if kind is None and suffix == ".zip" and zipfile.is_zipfile(path):
        kind = _zipped(path)  # a program that unpacks itself, or a mail's end, stands before it
    if kind is None and is_text(head, STRANGE_BY_NAME if is_named else STRANGE):
        kind = _textual(head, suffix) if _goes_on(path, head) else None
    if kind is None:
        raise _unread(head, _ending(name))
    return kind


def _goes_on(path: Path, head: bytes) -> bool:
    """Whether most of a file is as its beginning: text, and not what is packed behind some."""
    size = path.stat().st_size
    if size <= len(head) or head.startswith(WIDE) or unmarked_utf16(head):
        return True
    texts = 0
    with path.open("rb") as file:
        for number in range(PIECES):
            file.seek((size - PIECE) * number // (PIECES - 1))
            texts += is_text(file.read(PIECE), STRANGE_FURTHER)
    return texts > PIECES // 2


def _unread(head: bytes, ending: str) -> FileProblem:
    """Of a kind that is not read; or called one that is, and something else."""
    foreign = next((kind for signature, kind in FOREIGN if head.startswith(signature)), None)
    if foreign == "riff":
        foreign = RIFFS.get(head[8:12], foreign)
    if foreign is None and ending.lower() in ENDINGS:
        return FileProblem("damaged", what=f"it does not begin as {ending} files do")
    return FileProblem("unknown_type", what=foreign or ending)


def _by_signature(path: Path, head: bytes) -> str | None:
    if b"%PDF-" in head[:1024]:
        return "pdf"
    if head.startswith((b"PK\x03\x04", b"PK\x05\x06", b"PK\x07\x08PK")):
        return _zipped(path)
    if head.startswith(OLE):
        return _ole(path)
    if envelopes.is_envelope(head):
        return "p7m"
    if head[4:8] == b"ftyp" and head[8:12] in HEIF:
        return "picture"
    if BZIP2.match(head):
        return "tar"
    if head[257:262] == b"ustar" or _is_old_tar(path, head):
        return "tar"
    return next((kind for signature, kind in SIGNATURES if head.startswith(signature)), None)


def _is_old_tar(path: Path, head: bytes) -> bool:
    return b"\0" in head[:100] and len(head) >= 512 and tarfile.is_tarfile(path)


def _zipped(path: Path) -> str:
    try:
        with zipfile.ZipFile(path) as archive, ooxml.Package(path) as package:
            is_locked = any(info.flag_bits & 1 for info in archive.infolist())
            manifest = ooxml.beginning(archive, "META-INF/manifest.xml", 1_000_000)
            kind = _declared(archive, manifest) or _package(package)
    except (zipfile.BadZipFile, NotImplementedError, EOFError, OSError) as error:
        raise damaged("ZIP", error) from error
    if kind and (is_locked or b"encryption-data" in manifest):
        raise FileProblem("encrypted")
    return kind or "zip"


def _package(package: ooxml.Package) -> str | None:
    """What a package is by its main part, else by the names of its parts."""
    names = package.names
    if "xl/workbook.bin" in names:
        return "xlsb"
    told = main_parts.kind_of(package)
    if told:
        return told
    is_office = "[Content_Types].xml" in names or "_rels/.rels" in names
    for main, kind in ooxml.MAIN.items():
        folder = main.partition("/")[0] + "/"
        if main in names or (is_office and any(n.startswith(folder) for n in names)):
            return kind
    return "epub" if "META-INF/container.xml" in names else None


def _declared(archive: zipfile.ZipFile, manifest: bytes) -> str | None:
    """OpenDocument and EPUB say what they are; where the mark is damaged, the manifest does."""
    mark = ooxml.beginning(archive, "mimetype", 100).decode("ascii", "replace").strip()
    if mark in BY_MIMETYPE:
        body = BODY.search(ooxml.beginning(archive, "content.xml", 1_000_000))
        return BODIES[body[1]] if body else BY_MIMETYPE[mark]
    said = ROOT_ENTRY.search(manifest) if "content.xml" in archive.NameToInfo else None
    return BY_MIMETYPE.get(said[1].decode("ascii", "replace")) if said else None


def _ole(path: Path) -> str | None:
    try:
        with olefile.OleFileIO(path) as container:
            streams = {"/".join(s).casefold() for s in container.listdir()}
    except (OSError, ValueError, IndexError) as error:
        raise damaged("OLE", error) from error
    if any("drmcontent" in s or "dataspaces" in s for s in streams):
        raise FileProblem("encrypted")
    kind = next((kind for stream, kind in STREAMS if stream in streams), None)
    if kind == "encrypted":
        raise FileProblem("encrypted")
    return kind


def _is_marked(head: bytes) -> bool:
    """Whether what is called a text begins as nobody begins one."""
    return head.startswith((b"%PDF-", b"PK\x03\x04", OLE, *(s for s, _ in SIGNATURES)))


def is_text(head: bytes, most: float, always: int = 0) -> bool:
    """Whether of the first 4,096 bytes few are of control.

    ``most`` is their share at most (0 to 1), ``always`` how many a text may have however short.
    """
    if head.startswith(WIDE) or unmarked_utf16(head):
        return True
    strange = sum(1 for b in head[:4096] if b < 9 or 13 < b < 27 or 27 < b < 32)
    return strange <= max(always, len(head[:4096]) * most)


def _textual(head: bytes, suffix: str) -> str:
    start = head.replace(b"\0", b"").lstrip(b"\xef\xbb\xbf\xff\xfe \t\r\n")[:16384].lower()
    start = start.replace(b"\r\n", b"\n")
    if suffix in PLAIN:
        return "eml" if suffix == ".txt" and _is_mail(start) else OF_TEXT.get(suffix, "txt")
    if start.startswith((b"<!doctype html", b"<html")) or (
        b"<html" in start[:4000] and suffix in {".html", ".htm", ".xhtml", ".xml"}
    ):
        return "html"
    if start.startswith(b"begin:vcalendar"):
        return "ics"
    if MBOX_LINE.match(start) or (suffix == ".mbox" and start.startswith(b"from ")):
        return "mbox"
    is_mail = _is_mail(start)
    if is_mail and b"multipart/related" in start and suffix in {".mht", ".mhtml"}:
        return "mhtml"
    if suffix in OF_TEXT:
        return OF_TEXT[suffix]
    if start.startswith((b"<?xml", b"<svg")) or suffix in {".xml", ".svg"}:
        return "xml"
    return "eml" if is_mail else "txt"


def _is_mail(start: bytes) -> bool:
    """A block of headers with one that a program wrote: people write lines with colons, too."""
    block = MAIL_HEADERS.match(start)
    if block is None:
        return False
    headers = block.group(0)
    return bool(OF_A_PROGRAM.search(headers) and OF_A_MAIL.search(headers))


def _ending(name: str) -> str:
    return PurePosixPath(name).suffix.lstrip(".") or "unknown"
