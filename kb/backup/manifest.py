"""The manifest: what one backup is made of. docs/adr/0012-backups.md says why it is as it is."""

from typing import Any

import msgspec

from kb.errors import DamagedError, KbError

FORMAT = 1
"""The format that this release writes; it reads this one and those before it."""


class PoolFile(msgspec.Struct, frozen=True, forbid_unknown_fields=False):
    """A file of the pool, by the SHA-256 of its bytes."""

    sha256: str
    bytes: int


class TablePart(PoolFile, frozen=True):
    """Rows of a table; ``mark`` tells without reading them whether they are still the same."""

    rows: int
    mark: str = ""


class Rows(msgspec.Struct, frozen=True):
    """A table with its parts, in the order of its key."""

    name: str
    columns: list[tuple[str, str]]
    parts: list[TablePart]


class File(PoolFile, frozen=True):
    """A file of the data directory; ``path`` is relative to it, and percent-encoded."""

    path: str
    mtime_ns: int


class Manifest(msgspec.Struct, frozen=True, kw_only=True):
    """One backup. ``moment`` is that of the catalog (Unix seconds), ``ended_at`` that of the end.

    ``identity`` tells the catalog from any other. ``numbers`` are the last ones that tables gave to
    their rows. ``missing`` are stored values that the catalog refers to and that were not there.
    """

    format: int
    name: str
    program: str
    moment: float
    ended_at: float
    schema: str
    database: str
    data_dir: str
    identity: int
    numbers: dict[str, int]
    tables: list[Rows]
    files: list[File]
    missing: list[str]
    configuration: PoolFile
    secrets: bool

    def pieces(self) -> dict[str, int]:
        """Every file of the pool that belongs to it, with its size."""
        parts = [part for table in self.tables for part in table.parts]
        return {p.sha256: p.bytes for p in (*parts, *self.files, self.configuration)}

    def rows(self, table: str) -> int:
        """How many rows of a table it has."""
        return sum(p.rows for one in self.tables if one.name == table for p in one.parts)


class _Stated(msgspec.Struct):
    format: int


def encoded(manifest: Manifest) -> bytes:
    """A manifest as it stands in its file."""
    return msgspec.json.format(msgspec.json.encode(manifest), indent=1) + b"\n"


def decoded(content: bytes, where: Any) -> Manifest:
    """The manifest in a file.

    Raises:
        KbError: its format is newer than this release.
        DamagedError: it is none.
    """
    try:
        stated = msgspec.json.decode(content, type=_Stated).format
        if stated > FORMAT:
            raise KbError(
                f"The backup {where} is of format {stated}, and this release reads formats up to "
                f"{FORMAT}. Restore it with the release that made it, or a newer one.",
                code="backup_too_new",
            )
        return msgspec.json.decode(content, type=Manifest)
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise damaged(where) from error


def damaged(where: Any) -> DamagedError:
    """The error for a manifest that cannot be read."""
    return DamagedError(
        f"The manifest {where} is damaged, so this backup cannot be restored. Look at the others "
        "with: kb backup list FOLDER",
        code="backup_damaged",
        detail={"manifest": str(where)},
    )
