"""What is stored of documents beside the catalog: files, and values (blobs) by their key."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class StoredDocument:
    """A document with its file, and the keys of what is stored of it.

    ``blob`` is the key of its elements, ``content_hash`` that of its original (a member's alone is
    stored), ``pending`` that of an original which is still to be read.
    """

    id: int
    source_id: int
    parent_id: int | None
    raw_path: bytes
    path: str
    blob: str | None
    content_hash: str | None
    pending: str | None
