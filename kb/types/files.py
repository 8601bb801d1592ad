"""Files as the ledger has them, whoever may read them: for ingestion and upkeep, not for people."""

from dataclasses import astuple, dataclass

import msgspec


@dataclass(frozen=True, slots=True)
class Stat:
    """What the file system says of a file: its size in bytes, its times in nanoseconds."""

    bytes: int
    mtime_ns: int
    ctime_ns: int


class Recognition(msgspec.Struct, frozen=True, kw_only=True):
    """How the scanned pages of a document were read.

    ``had`` are the languages that tesseract had here, of those that were ``wanted`` (``eng+deu``).
    A page is ``sure`` from this confidence on (0 to 100).
    """

    had: tuple[str, ...]
    wanted: str
    sure: float


class ReadWith(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What a document depends on of the host that read it, and of its settings.

    What it does not depend on is None, and no part of the JSON that the ledger and an export have.
    ``members`` are the most files of a container and the most megabytes they may expand to;
    ``seconds`` those that reading might take; ``office``: LibreOffice was there.
    """

    ocr: Recognition | None = None
    members: tuple[int, int] | None = None
    seconds: float | None = None
    office: bool | None = None


@dataclass(frozen=True, slots=True)
class KnownDocument:
    """What telling changes needs of a document; there may be a hundred thousand of them.

    ``target`` is where a link leads, ``settings`` and ``used`` say what the document was read with
    (see ``ingest/reading/needs.py``), ``held``: its file is away, and the document stays for now.
    Size and times are those of :class:`Stat`; the times are None until the file has been read once.
    """

    id: int
    raw_path: bytes
    target: bytes | None
    state: str
    code: str | None
    settings: str | None
    used: ReadWith | None
    content_hash: str | None
    held: bool
    bytes: int
    mtime_ns: int | None
    ctime_ns: int | None

    def is_as(self, stat: Stat) -> bool:
        """Whether size and times are these."""
        return (self.bytes, self.mtime_ns, self.ctime_ns) == astuple(stat)


@dataclass(frozen=True, slots=True)
class LedgerEntry(KnownDocument):
    """A document's entry in the ledger: also where it belongs, and what is published of it.

    ``parent_id`` is the container that it came out of, ``version`` the published one's number,
    ``blob`` the key of its parsed elements, ``pending`` the hash of a member's bytes that wait to
    be read, ``rights`` the set of its own readers (None: its source's).
    """

    source_id: int
    parent_id: int | None
    path: str
    version: int | None
    blob: str | None
    pending: str | None
    rights: str | None


@dataclass(frozen=True, slots=True)
class DocumentPlace:
    """Where a document lies, and who may read what is published of it.

    ``target`` is where a link leads; ``rights`` and ``version`` are those of :class:`LedgerEntry`.
    """

    id: int
    raw_path: bytes
    target: bytes | None
    rights: str | None
    version: int | None

    @property
    def outer(self) -> bytes:
        """The path of the file that the document is, or came out of."""
        return self.raw_path.split(b"\0", 1)[0]
