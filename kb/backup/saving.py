"""Saving: the catalog at one moment, then what it refers to, last the manifest.

The catalog is read in one transaction, which sees one moment on either database while others write.
Stored values are written once and never changed, so they may be copied later; that none of them
goes meanwhile is what the lease is for, which the collector looks at (``kb/upkeep/collecting.py``).
"""

import contextlib
import os
import shutil
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import chain
from pathlib import Path
from urllib.parse import quote_from_bytes

from kb import __version__, failpoints
from kb.backup.manifest import FORMAT, File, Manifest, Rows, TablePart
from kb.backup.packing import Counted, packed
from kb.backup.pool import blocks_of
from kb.backup.store import BUSY, Store
from kb.catalog import backups, leases, migrating, rows
from kb.catalog.database import Catalog, Connection, now
from kb.errors import ConflictError, KbError, RetryableError
from kb.files.blobs import ELEMENTS, ORIGINAL, Blobs
from kb.files.places import PUBLIC, SECRET, SIGNING, imported_folder, uploads_folder
from kb.settings import Settings
from kb.settings.writing import as_toml

LEASE = backups.LEASE
BEAT_SECONDS = leases.SECONDS / 4
"""Seconds between two renewals of the lease."""
COPIES = 4
"""Files that are copied side by side: each waits for the disk."""
UNFINISHED = (".unfinished", ".upload-")
"""Beginnings of names of what is being handed in."""
Progress = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class MadeBackup:
    """A backup that was made: its size in bytes, of which ``new_bytes`` were not there before.

    ``missing`` are stored values that the catalog refers to and that are not on the disk,
    ``removed`` the backups that went because newer ones are enough.
    """

    name: str
    folder: str
    moment: float
    documents: int
    files: int
    bytes: int
    new_bytes: int
    missing: list[str]
    removed: list[str]
    seconds: float


@dataclass(frozen=True, slots=True)
class _Moment:
    """The catalog as it was, and what it refers to."""

    at: float
    schema: str
    identity: int
    numbers: dict[str, int]
    tables: list[Rows]
    referred: rows.Referred
    before: Manifest | None


@dataclass(slots=True)
class Saver:
    """Makes one backup.

    ``alone``: nobody else is at work on the catalog, and nothing may be written there (it is about
    to be migrated). ``link``: files get a second name instead of a copy, where the disk allows it.
    """

    catalog: Catalog
    settings: Settings
    store: Store
    with_secrets: bool = False
    alone: bool = False
    link: bool = False
    on_progress: Progress = lambda _done, _total: None
    _owner: str = field(default_factory=leases.new_owner)

    def save(self, keep: int = 0) -> MadeBackup:
        """Make it, and remove all but the ``keep`` newest; 0: none is removed.

        Raises:
            ConflictError: another one is being made.
            RetryableError: the folder or the disk does not take it.
            LeaseLost: this process was silent for so long that what it needed may be gone.
        """
        begun = time.monotonic()
        with self.store.alone(), self._held() as still_held:
            failpoints.reached("backup_begun")
            moment = self._moment()
            failpoints.reached("catalog_saved")
            files = self._files(moment)
            failpoints.reached("files_saved")
            still_held()
            manifest = self._manifest(moment, files)
            self.store.keep(manifest)
            failpoints.reached("manifest_written")
            removed = self.store.thin_out(keep) if keep else []
        return self._made(manifest, removed, time.monotonic() - begun)

    @contextmanager
    def _held(self) -> Iterator[Callable[[], None]]:
        """Hold the collector; gives a check that it was held all the time."""
        if self.alone:
            yield lambda: None
            return
        with self.catalog.writing() as connection:
            fence = leases.take(connection, LEASE, self._owner)
        if not fence:
            raise busy()
        ended = threading.Event()
        beating = threading.Thread(target=self._beat, args=(ended, fence), daemon=True)
        beating.start()
        try:
            yield lambda: self._still(fence)
        finally:
            ended.set()
            beating.join()
            with contextlib.suppress(KbError), self.catalog.writing() as connection:
                leases.release(connection, LEASE, self._owner)  # else it ends with this process

    def _beat(self, ended: threading.Event, fence: int) -> None:
        while not ended.wait(BEAT_SECONDS):
            with contextlib.suppress(KbError):  # that it was lost is seen at the end
                self._still(fence)

    def _still(self, fence: int) -> None:
        with self.catalog.writing() as connection:
            leases.hold_or_raise(connection, LEASE, self._owner, fence)

    def _moment(self) -> _Moment:
        identity = self._identity()
        with self.catalog.reading() as connection:
            at = now()
            schema = migrating.schema_of(connection) or migrating.HEAD
            before = self.store.newest_of(identity, schema)
            tables = [self._table(connection, one, before) for one in rows.kept(connection)]
            return _Moment(
                at, schema, identity, rows.numbers(connection), tables, rows.referred(connection),
                before,
            )  # fmt: skip

    def _identity(self) -> int:
        if self.alone:
            with self.catalog.reading() as connection:
                return backups.known_identity(connection)
        with self.catalog.writing() as connection:
            return backups.identity(connection)

    def _table(self, connection: Connection, one: rows.KeptTable, before: Manifest | None) -> Rows:
        old = before.tables if before else []
        there = {p.mark: p for t in old if t.name == one.name for p in t.parts if p.mark}
        parts: list[TablePart] = []
        for part in rows.parts(connection, one):
            known = there.get(part.mark) if part.mark else None
            if known is not None and self.store.pool.holds(known):
                parts.append(known)
            else:
                parts += self._parts(connection, one, part)
        return Rows(one.name, list(one.columns), parts)

    def _parts(
        self, connection: Connection, one: rows.KeptTable, part: rows.RowRange
    ) -> Iterator[TablePart]:
        for run in rows.rows(connection, one, part):
            counted = Counted(run)
            piece = self.store.pool.add(packed(one.name, one.columns, counted))
            yield TablePart(piece.sha256, piece.bytes, counted.count, part.mark)

    def _files(self, moment: _Moment) -> list[File]:
        """Copy every file that the catalog refers to, and all that was handed in or imported."""
        found = list(chain(self._values(moment.referred), self._uploads(), self._keys()))
        old = {file.path: file for file in moment.before.files} if moment.before else {}
        sizes = [(path, *_stated(path)) for path in found]
        self._check_room(
            sum(size for path, size, at in sizes if not self._same(path, size, at, old))
        )
        kept: list[File] = []
        with ThreadPoolExecutor(COPIES) as threads:
            for file in threads.map(lambda one: self._file(one[0], one[1], one[2], old), sizes):
                kept += [file] if file else []
                self.on_progress(len(kept), len(sizes))
        return kept

    def _same(self, path: Path, size: int, mtime_ns: int, old: dict[str, File]) -> File | None:
        """The file as the backup before has it, where it was not written since."""
        known = old.get(self._place(path))
        if known is None or (known.bytes, known.mtime_ns) != (size, mtime_ns):
            return None
        return known if self.store.pool.holds(known) else None

    def _file(self, path: Path, size: int, mtime_ns: int, old: dict[str, File]) -> File | None:
        if known := self._same(path, size, mtime_ns, old):
            return known
        pool = self.store.pool
        try:
            piece = pool.adopt(path) if self.link else pool.add(blocks_of(path))
        except FileNotFoundError:  # erased meanwhile
            return None
        failpoints.reached("file_saved")
        return File(piece.sha256, piece.bytes, self._place(path), mtime_ns)

    def _place(self, path: Path) -> str:
        return quote_from_bytes(os.fsencode(path.relative_to(self.settings.data)))

    def _values(self, referred: rows.Referred) -> Iterator[Path]:
        blobs = Blobs(self.settings.data / "blobs")
        for path in blobs.files():
            if path.name[:1] != "." and blobs.key_of(path) in referred.keys:
                yield path

    def _uploads(self) -> Iterator[Path]:
        """What lies nowhere but in the data directory: files of people, and those of imports."""
        data = self.settings.data
        for above, unfinished in ((uploads_folder(data), UNFINISHED), (imported_folder(data), ())):
            for folder, inner, names in os.walk(above):
                inner[:] = [name for name in inner if not name.startswith(unfinished)]
                for name in names:
                    path = Path(folder, name)
                    is_half = name.startswith(unfinished)
                    if not is_half and path.is_file() and not path.is_symlink():
                        yield path

    def _keys(self) -> Iterator[Path]:
        """The key that statements are signed with: a secret."""
        for name in (SECRET, PUBLIC) if self.with_secrets else ():
            if (path := self.settings.data / SIGNING / name).is_file():
                yield path

    def _check_room(self, needed: int) -> None:
        free = shutil.disk_usage(self.store.folder).free
        if not self.link and needed > free:
            raise RetryableError(
                "The backup needs {needed_mb} MB more in {folder}, and {free_mb} are free. Make "
                "room there, or lower backup.keep.",
                code="backup_no_room",
                detail={
                    "folder": str(self.store.folder),
                    "needed_mb": needed // 1024**2 + 1,
                    "free_mb": free // 1024**2,
                },
            )

    def _manifest(self, moment: _Moment, files: list[File]) -> Manifest:
        toml = as_toml(self.settings, with_secrets=self.with_secrets)
        wanted = datetime.fromtimestamp(moment.at, UTC).strftime("%Y%m%dT%H%M%SZ")
        return Manifest(
            format=FORMAT, name=self.store.free_name(wanted), program=__version__,
            moment=moment.at, ended_at=now(), schema=moment.schema,
            database=self.settings.catalog_url.partition(":")[0].partition("+")[0],
            data_dir=self.settings.data_dir, identity=moment.identity, numbers=moment.numbers,
            tables=moment.tables, files=files, missing=_missing(moment.referred, files),
            configuration=self.store.pool.add([toml.encode()]), secrets=self.with_secrets,
        )  # fmt: skip

    def _made(self, manifest: Manifest, removed: list[str], seconds: float) -> MadeBackup:
        pieces = manifest.pieces()
        return MadeBackup(
            manifest.name, str(self.store.folder), manifest.moment, manifest.rows("documents"),
            len(manifest.files), sum(pieces.values()), self.store.pool.new_bytes,
            manifest.missing, removed, round(seconds, 2),
        )  # fmt: skip


def busy() -> ConflictError:
    """The error where somebody else is making a backup."""
    return ConflictError(
        "Another backup of this knowledge base is being made. Try again when it has ended.",
        code=BUSY,
    )


def _stated(path: Path) -> tuple[int, int]:
    """Size and time of a file; of one that is gone meanwhile, none."""
    try:
        found = path.stat()
    except FileNotFoundError:
        return 0, 0
    return found.st_size, found.st_mtime_ns


def _missing(referred: rows.Referred, files: list[File]) -> list[str]:
    there = {Path(file.path).name for file in files if file.path.startswith("blobs/")}
    wanted = {f"{key}.{ORIGINAL if original else ELEMENTS}" for key, original in referred.needed}
    return sorted(wanted - there)
