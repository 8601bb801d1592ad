"""Where a file lies in an export. Pure.

A file keeps its path, beneath a folder with its source's name, so that people find it. A path that
BagIt's readers, other file systems or a line of a manifest would read differently is none: such a
file is named by the hash of its bytes. ``documents.jsonl`` says which file is where in any case.
"""

import re
import unicodedata

FILES, BY_HASH = "data/files", "data/files-by-hash"
LONGEST, LONGEST_PART = 400, 200
"""Bytes of a path beneath ``data/files``, and of a part of it: the folder lies deep in another
place, and some file systems count letters of two bytes."""
_ENDING = re.compile(r"\.[A-Za-z0-9]{1,8}$")
_UNSAFE = re.compile(r'[%\\:*?"<>|]')
"""``%`` is escaped in manifests by some readers only; the others stand for something elsewhere."""
_DEVICE = re.compile(r"(con|prn|aux|nul|com\d|lpt\d)(\..*)?", re.IGNORECASE)
"""Names that are no file's on some systems."""


def is_plain(path: str) -> bool:
    """Whether every system and every reader of bags reads a path as this one."""
    parts = path.split("/")
    return len(path.encode()) <= LONGEST and all(map(_is_plain_part, parts))


def _is_plain_part(part: str) -> bool:
    return (
        bool(part)
        and part == part.strip(" ")
        and not part.endswith(".")
        and not part.startswith("~")
        and len(part.encode()) <= LONGEST_PART
        and part.isprintable()
        and unicodedata.is_normalized("NFC", part)
        and not _UNSAFE.search(part)
        and not _DEVICE.fullmatch(part)
    )


class Places:
    """Gives out places, none of them twice, however a file system compares letters."""

    def __init__(self) -> None:
        self._files: set[str] = set()
        self._folders: set[str] = set()

    def of_file(self, source: str, raw_path: bytes, content_hash: str) -> str:
        """The place of a file that lies in its source's folder."""
        path = _text(raw_path)
        named = f"{source}/{path}"
        if path is not None and is_plain(named) and self._is_free(named):
            return f"{FILES}/{named}"
        return self.of_bytes(path or "", content_hash)

    @staticmethod
    def of_bytes(name: str, content_hash: str) -> str:
        """The place of bytes that have no path of their own: the same bytes, the same place."""
        ending = _ENDING.search(name)
        return f"{BY_HASH}/{content_hash[:2]}/{content_hash}{ending[0].lower() if ending else ''}"

    def _is_free(self, path: str) -> bool:
        """Whether no other file or folder would be taken for it; it is taken from now on."""
        folded = unicodedata.normalize("NFKC", path).casefold()
        parts = folded.split("/")
        above = {"/".join(parts[:n]) for n in range(1, len(parts))}
        if folded in self._files or folded in self._folders or above & self._files:
            return False
        self._files.add(folded)
        self._folders |= above
        return True


def _text(raw_path: bytes) -> str | None:
    try:
        return raw_path.decode()
    except UnicodeDecodeError:
        return None
