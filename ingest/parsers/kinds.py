"""The kinds of files that are read, and which parser reads each."""

from collections.abc import Iterable
from pathlib import PurePosixPath

MEDIA_TYPES = {
    "csv": "text/csv",
    "doc": "application/msword",
    "docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    "eml": "message/rfc822",
    "epub": "application/epub+zip",
    "html": "text/html",
    "ics": "text/calendar",
    "mbox": "application/mbox",
    "md": "text/markdown",
    "mhtml": "multipart/related",
    "msg": "application/vnd.ms-outlook",
    "odp": "application/vnd.oasis.opendocument.presentation",
    "ods": "application/vnd.oasis.opendocument.spreadsheet",
    "odt": "application/vnd.oasis.opendocument.text",
    "p7m": "application/pkcs7-mime",
    "pdf": "application/pdf",
    "picture": "image/*",
    "ppt": "application/vnd.ms-powerpoint",
    "pptx": "application/vnd.openxmlformats-officedocument.presentationml.presentation",
    "rtf": "application/rtf",
    "tar": "application/x-tar",
    "tnef": "application/ms-tnef",
    "txt": "text/plain",
    "xls": "application/vnd.ms-excel",
    "xlsb": "application/vnd.ms-excel.sheet.binary.macroenabled.12",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "xml": "application/xml",
    "zip": "application/zip",
}
"""The media type of each kind. Templates and files with macros are of their plain kind."""

FAMILIES = {
    "office": ("docx", "pptx", "odt", "rtf", "html", "md", "txt"),
    "books": ("epub",),
    "sheets": ("xlsx", "xls", "ods", "csv"),
    "slides": ("odp",),
    "old": ("doc", "ppt", "xlsb"),
    "pdf": ("pdf",),
    "pictures": ("picture",),
    "mail": ("eml", "mhtml"),
    "outlook": ("msg",),
    "mailbox": ("mbox",),
    "tnef": ("tnef",),
    "envelopes": ("p7m",),
    "calendars": ("ics",),
    "markup": ("xml",),
    "archives": ("zip", "tar"),
}
"""The module of this folder that reads each kind."""

FAMILY_OF = {kind: family for family, kinds in FAMILIES.items() for kind in kinds}

_OFFICE = ("ingest.parsers.office",)
_HTML = (*_OFFICE, "unstructured.partition.html")
_MARKDOWN = (
    *(f"markdown.extensions.{n}" for n in ("attr_list", "codehilite", "fenced_code", "tables")),
    "pygments.lexers",
    "pygments.formatters",
)
LOADED = {
    ".txt": (*_OFFICE, "unstructured.partition.text"),
    ".md": (*_HTML, "unstructured.partition.md", *_MARKDOWN),
    ".html": _HTML,
    ".htm": _HTML,
    ".docx": (*_OFFICE, "unstructured.partition.docx"),
    ".pptx": (*_OFFICE, "unstructured.partition.pptx"),
    ".xlsx": ("ingest.parsers.sheets",),
    ".xls": ("ingest.parsers.sheets",),
    ".csv": ("ingest.parsers.sheets",),
    ".pdf": ("ingest.parsers.pdf",),
}
"""Modules that take seconds to load, by the ending of the file that needs them. A file with another
ending may be of any kind."""
EVERYTHING = (*dict.fromkeys(m for some in LOADED.values() for m in some), "ingest.parsers.mail")


def modules_for(names: Iterable[str]) -> tuple[str, ...]:
    """Modules worth loading once, before each file of these names is read in a child of its own."""
    suffixes = {PurePosixPath(name).suffix.lower() for name in names}
    if suffixes <= LOADED.keys():
        return tuple(dict.fromkeys(m for s in sorted(suffixes) for m in LOADED[s]))
    return EVERYTHING


OF_TEXT = {
    ".md": "md",
    ".markdown": "md",
    ".csv": "csv",
    ".tsv": "csv",
    ".tab": "csv",
    ".html": "html",
    ".htm": "html",
    ".xhtml": "html",
    ".eml": "eml",
    ".mht": "mhtml",
    ".mhtml": "mhtml",
    ".ics": "ics",
}
"""The kind of a plain text, by the ending of its name. Such texts have no signature, so the name
decides where the content does not contradict."""
PLAIN = frozenset(
    {
        ".asc", ".cfg", ".conf", ".csv", ".ini", ".json", ".jsonl", ".log", ".markdown", ".md",
        ".org", ".properties", ".rst", ".srt", ".sql", ".tab", ".tex", ".toml", ".tsv", ".txt",
        ".vtt", ".yaml", ".yml",
    }
)  # fmt: skip
"""Names of files that people read as they are: nothing in them is marks for a program."""
ENDINGS = frozenset(
    {
        *MEDIA_TYPES, *(ending[1:] for ending in (*OF_TEXT, *PLAIN)),
        "bz2", "docm", "dotx", "gz", "heic", "jpeg", "jpg", "png", "ppsx", "pptm", "tgz", "tif",
        "tiff", "xlsm", "xltx", "xz",
    }
)  # fmt: skip
"""How the names of files end that are read."""
