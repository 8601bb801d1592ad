"""The verbs on backups of one knowledge base, and how it stands with them."""

from collections.abc import Callable
from contextlib import closing, suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from kb.audit.log import noted
from kb.backup.saving import MadeBackup, Saver, busy
from kb.backup.store import BUSY, Store
from kb.backup.verifying import VerifiedBackups, verify
from kb.catalog import backups, leases, migrating
from kb.catalog.database import Catalog, open_catalog, schema_of
from kb.clock import nearest
from kb.errors import KbError, UsageError
from kb.settings import Settings
from kb.types.backups import BackupStanding
from kb.types.people import Principal

Progress = Callable[[int, int], None]
AGAIN_SECONDS = 3600.0
"""After which a backup by the schedule that failed is tried again."""


@dataclass(frozen=True, slots=True)
class Backups:
    """Backups of one knowledge base."""

    catalog: Catalog
    settings: Settings

    def make(
        self, by: Principal, folder: str, on_progress: Progress, *,
        with_secrets: bool = False, keep: int | None = None,
    ) -> MadeBackup:  # fmt: skip
        """Make one in ``folder``; without one, where the settings say.

        ``keep``: all but so many are removed, the oldest; None: as the settings say, in the folder
        that they name, and elsewhere all stay.

        Raises:
            UsageError: nobody has said where, or not there.
            ConflictError, RetryableError, LeaseLost: as :meth:`kb.backup.saving.Saver.save`.
        """
        place = folder_of(self.settings, folder)
        with self.catalog.writing() as connection:
            number = backups.begin(connection, str(place))
        if not number:
            raise busy()
        try:
            store = Store(place)
            store.prepare(self.settings.data)
            saver = Saver(
                self.catalog, self.settings, store, with_secrets=with_secrets,
                on_progress=on_progress,
            )  # fmt: skip
            made = saver.save(self._keep(place) if keep is None else keep)
        except BaseException as error:
            self._failed(number, error)
            raise
        with self.catalog.writing() as connection:
            backups.end(
                connection, number, name=made.name, files=made.files, bytes=made.bytes,
                new_bytes=made.new_bytes, missing=len(made.missing),
            )  # fmt: skip
            noted(connection, by, "backup", made.name, folder=made.folder, secrets=with_secrets)
        return made

    def _failed(self, number: int, error: BaseException) -> None:
        """Note why; what stops it otherwise is a process that ends."""
        if isinstance(error, KbError):
            shape = error.as_json()["error"]
        else:
            shape = {"code": "backup_interrupted", "message": f"The backup ended: {error!r}."}
        with suppress(KbError), self.catalog.writing() as connection:
            if shape["code"] == BUSY:
                backups.take_back(connection, number)
            else:
                backups.end(connection, number, error=shape)

    def _keep(self, place: Path) -> int:
        mine = self.settings.backup
        return mine.keep if mine.folder and place == _absolute(mine.folder) else 0

    def is_due(self, at: datetime) -> bool:
        """Whether the schedule has asked for one since the last was begun.

        One that failed is tried again after ``AGAIN_SECONDS``.
        """
        mine = self.settings.backup
        last = nearest(mine.schedule, at, past=True) if mine.schedule and mine.folder else None
        if last is None:
            return False
        with self.catalog.reading() as connection:
            if leases.is_held(connection, backups.LEASE):
                return False
            newest = backups.newest_in(connection, str(folder_of(self.settings)))
        if newest is None:
            return True
        if newest.error is not None and newest.began_at < at.timestamp() - AGAIN_SECONDS:
            return True
        return newest.began_at < last

    def next_time(self, at: datetime) -> float | None:
        """When the schedule asks for the next backup (Unix seconds); None: never."""
        mine = self.settings.backup
        if not (mine.schedule and mine.folder):
            return None
        return nearest(mine.schedule, at, past=False)

    def standing(self) -> BackupStanding:
        """How it stands with them."""
        with self.catalog.reading() as connection:
            return BackupStanding(
                backups.newest(connection), backups.last_whole(connection),
                backups.last_verified(connection),
            )  # fmt: skip


def folder_of(settings: Settings, folder: str = "") -> Path:
    """The folder that is meant.

    Raises:
        UsageError: nobody has named one.
    """
    named = folder or settings.backup.folder
    if not named:
        raise UsageError(
            "Say where: kb backup FOLDER, or name it in backup.folder (KB_BACKUP__FOLDER).",
            code="no_folder",
        )
    return _absolute(named)


def verify_in(
    settings: Settings, folder: str, at: str, on_progress: Progress, *, newest: bool
) -> VerifiedBackups:
    """Read every file of the backups in a folder again, of one, or of the newest.

    It needs no knowledge base; where there is one, that is noted there.

    Raises:
        NotFoundError: there is none.
        DamagedError: a file is damaged.
    """
    store = Store(folder_of(settings, folder))
    with store.shared():
        wanted = store.chosen(at)
        names = [wanted] if newest or at else store.names()
        found = verify(store, names, on_progress)
    if schema_of(settings) == migrating.HEAD:
        with closing(open_catalog(settings)) as catalog, catalog.writing() as connection:
            for name in names:
                backups.verified(connection, str(store.folder), name)
    return found


def _absolute(folder: str) -> Path:
    return Path(folder).expanduser().absolute()
