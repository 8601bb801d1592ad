"""Restoring: a backup becomes a data directory and a catalog that were not there.

First every file of the backup is read, then a mark is written, then stored values and uploads come
back, last the catalog, all of it or nothing. Whatever ends it on the way, the same command goes on.
"""

import os
import secrets
import shutil
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote_to_bytes

import msgspec

from kb import failpoints
from kb.audit.log import noted
from kb.backup import marking
from kb.backup.manifest import File, Manifest, Rows, TablePart
from kb.backup.marking import DATA, INDEX, RestoreMark
from kb.backup.packing import unpacked
from kb.backup.pool import sync
from kb.backup.store import Store
from kb.backup.verifying import verify
from kb.catalog import migrating, restoring
from kb.catalog.database import RESTORING, Connection
from kb.errors import ConflictError, DamagedError, KbError, RetryableError
from kb.files import disk
from kb.rights import access
from kb.settings import Settings

COPIES = 4
"""Files that are copied side by side."""
MAY_STAND = {RESTORING, f".{RESTORING}", "models", "lost+found"}
"""What may lie in a data directory into which something is restored: models may be there before."""
Progress = Callable[[str, int, int], None]
"""Hears what is being done, how far it is, and of how much."""


@dataclass(frozen=True, slots=True)
class RestoredSource:
    """A source of the restored knowledge base; ``is_here``: its folder is, on this machine."""

    name: str
    folder: str
    is_here: bool


@dataclass(frozen=True, slots=True)
class Restored:
    """What was restored. ``missing`` are stored values that the backup itself had not."""

    backup: str
    moment: float
    data_dir: str
    documents: int
    people: int
    answers: int
    files: int
    sources: list[RestoredSource]
    missing: list[str]
    configuration: str


@dataclass(frozen=True, slots=True)
class Restorer:
    """Restores one backup into the data directory and catalog that the settings name.

    ``moved``: folders of sources, or folders above them, that lie elsewhere now.
    """

    settings: Settings
    store: Store
    name: str
    moved: Mapping[str, str]
    on_progress: Progress = lambda _what, _done, _total: None

    def restore(self) -> Restored:
        """Restore everything but the index, or go on where an earlier try ended.

        Raises:
            ConflictError: something stands there already, or is there of another restore.
            DamagedError: a file of the backup is damaged.
            KbError: the backup is of a newer release.
            RetryableError: the disk does not take it.
        """
        manifest = self.store.manifest(self.name)
        migrating.check_known(manifest.schema)
        mark = self._begun()
        if mark is None or mark.stage == DATA:
            verify(self.store, [self.name], lambda d, t: self.on_progress("verifying", d, t))
            mark = mark or self._begin()
            failpoints.reached("restore_begun")
            with disk.translated():
                self._files(manifest)
            failpoints.reached("files_restored")
            if not restoring.is_restored(self.settings, mark.ticket):
                self._catalog(manifest, mark)
            failpoints.reached("catalog_restored")
            marking.write(self.settings.data, RestoreMark(mark.ticket, mark.backup, INDEX))
        failpoints.reached("index_begun")
        return self._restored(manifest)

    def finish(self) -> None:
        """The index is there too, or somebody was told how it comes to be: the mark goes."""
        marking.remove(self.settings.data)

    def _begun(self) -> RestoreMark | None:
        """The mark of an earlier try; None: nothing is there.

        Raises:
            ConflictError: something else is.
        """
        data, mark = self.settings.data, marking.read(self.settings.data)
        if mark is not None:
            if mark.backup != self.name:
                raise ConflictError(
                    f"The backup {mark.backup} is being restored into {data}. Go on with --at "
                    f"{mark.backup}, or empty the folder and begin anew.",
                    code="restoring_another",
                )
            return mark
        there = sorted({p.name for p in data.iterdir()} - MAY_STAND) if data.exists() else []
        if there:
            raise ConflictError(
                f"{data} is not empty: it holds {', '.join(there[:3])}. A backup is restored into "
                "an empty data directory: name one in KB_DATA_DIR.",
                code="not_empty",
            )
        if self.settings.catalog.url and restoring.is_there(self.settings):
            raise ConflictError(
                "The database that catalog.url names holds a catalog already. A backup is restored "
                "into an empty database: make one, and name it in KB_CATALOG__URL.",
                code="not_empty",
            )
        return None

    def _begin(self) -> RestoreMark:
        data = self.settings.data
        with disk.translated():
            data.mkdir(parents=True, exist_ok=True, mode=0o700)
            data.chmod(0o700)
            mark = RestoreMark(secrets.token_hex(8), self.name, DATA)
            marking.write(data, mark)
        return mark

    def _files(self, manifest: Manifest) -> None:
        self._check_room(manifest)
        with ThreadPoolExecutor(COPIES) as threads:
            for done, _ in enumerate(threads.map(self._file, manifest.files), 1):
                self.on_progress("files", done, len(manifest.files))

    def _check_room(self, manifest: Manifest) -> None:
        needed = sum(f.bytes for f in manifest.files if not self._place(f).exists())
        free = shutil.disk_usage(self.settings.data).free
        if needed > free:
            raise RetryableError(
                f"Restoring needs {needed // 1024**2 + 1} MB in {self.settings.data}, and "
                f"{free // 1024**2} are free.",
                code="disk_full",
            )

    def _file(self, file: File) -> None:
        place = self._place(file)
        if place.exists() and place.stat().st_size == file.bytes:
            return  # it gets its name when all of it is there
        place.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        draft = place.with_name(f".restoring-{secrets.token_hex(6)}")
        try:
            with open(draft, "xb", opener=lambda p, flags: os.open(p, flags, 0o600)) as out:
                out.writelines(self.store.pool.read(file))
                out.flush()
                os.fsync(out.fileno())
            os.utime(draft, ns=(file.mtime_ns, file.mtime_ns))
            os.replace(draft, place)
        finally:
            draft.unlink(missing_ok=True)
        sync(place.parent)
        failpoints.reached("file_restored")

    def _place(self, file: File) -> Path:
        """Where a file comes: in the data directory, whatever the manifest says."""
        relative = Path(os.fsdecode(unquote_to_bytes(file.path)))
        if relative.is_absolute() or ".." in relative.parts or len(relative.parts) < 2:
            raise DamagedError(
                f"The manifest names a file outside the data directory: {file.path}. It was not "
                "made by kb backup.",
                code="backup_damaged",
            )
        return self.settings.data / relative

    def _catalog(self, manifest: Manifest, mark: RestoreMark) -> None:
        """Load the rows into the schema they were kept of, bring that to today's, settle in."""
        with restoring.new_catalog(self.settings) as connection:
            migrating.upgrade(connection, manifest.schema)
            restoring.empty(connection)
            with restoring.in_any_order(connection):
                for done, table in enumerate(manifest.tables, 1):
                    self._table(connection, table)
                    self.on_progress("tables", done, len(manifest.tables))
            restoring.go_on_counting(connection, manifest.numbers)
            restoring.index_words(connection)
            migrating.upgrade(connection, "head")
            restoring.settle(connection, self._roots(connection, manifest))
            detail = {"ticket": mark.ticket, "made_at": round(manifest.moment, 3)}
            noted(connection, access.owner(), restoring.ACTION, manifest.name, **detail)
            failpoints.reached("catalog_loaded")

    def _table(self, connection: Connection, table: Rows) -> None:
        for part in table.parts:
            found = restoring.load(connection, table.name, table.columns, self._rows(table, part))
            if found != part.rows:
                raise DamagedError(
                    f"A part of the table {table.name} has {found} rows instead of {part.rows}.",
                    code="backup_damaged",
                )

    def _rows(self, table: Rows, part: TablePart) -> Iterator[list[object]]:
        lines = unpacked(self.store.pool.read(part))
        head = msgspec.json.decode(next(lines))
        if head != {"table": table.name, "columns": [list(c) for c in table.columns]}:
            raise DamagedError(
                f"A part of the table {table.name} says that it is of {head.get('table')}.",
                code="backup_damaged",
            )
        decode = msgspec.json.Decoder(list[object]).decode
        return (decode(line) for line in lines)

    def _roots(self, connection: Connection, manifest: Manifest) -> dict[str, str]:
        """Folders that lie elsewhere: those of uploads, and those that somebody named."""
        found: dict[str, str] = {}
        inside = {manifest.data_dir: self.settings.data_dir}
        for _, root, uploads in restoring.roots(connection):
            for old, new in (*self.moved.items(), *(inside.items() if uploads else ())):
                if root == old or root.startswith(old.rstrip("/") + "/"):
                    found[root] = new.rstrip("/") + root[len(old.rstrip("/")) :]
                    break
        return found

    def _restored(self, manifest: Manifest) -> Restored:
        roots = restoring.sources_of(self.settings)
        return Restored(
            backup=manifest.name,
            moment=manifest.moment,
            data_dir=self.settings.data_dir,
            documents=manifest.rows("documents"),
            people=manifest.rows("people"),
            answers=manifest.rows("answers"),
            files=len(manifest.files),
            sources=[RestoredSource(name, root, Path(root).is_dir()) for name, root, _ in roots],
            missing=manifest.missing,
            configuration=str(self.store.pool.path(manifest.configuration.sha256)),
        )


def checked_moves(told: tuple[str, ...]) -> dict[str, str]:
    """``OLD=NEW`` of folders, as a command has them.

    Raises:
        KbError: one is no such pair.
    """
    found = {}
    for one in told:
        old, equals, new = one.partition("=")
        if not (equals and old.startswith("/") and new.startswith("/")):
            raise KbError(
                f"--moved wants OLD=NEW, two absolute paths, and not {one}.", code="usage"
            )
        found[old] = new
    return found
