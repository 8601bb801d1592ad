"""What is kept: the data directory, the catalog, backups."""

import contextlib
import os
import pwd
import shlex
import shutil
import stat
import time
from collections.abc import Iterable
from datetime import timedelta
from functools import partial
from pathlib import Path

from kb.backup.store import Store
from kb.catalog import looking
from kb.catalog.looking import Looked
from kb.clock import local_now, nearest
from kb.doctor.asking import Examined, Stopwatch, aside
from kb.doctor.findings import Finding
from kb.errors import KbError
from kb.files.places import SIGNING
from kb.proof.stating import public_key
from kb.settings import Settings
from kb.types.backups import Backup

SHARED = {"nfs", "nfs4", "cifs", "smb3", "smbfs", "9p", "fuse.sshfs", "fuse.rclone", "davfs"}
"""File systems of other machines: their locks are not what SQLite and the index need."""
FLEETING = {"tmpfs", "ramfs"}
ROOMY = 10
"""So many times ``ingest.min_free_mb`` are enough for a while."""
MEGABYTE = 1024**2
"""Bytes of what ``ingest.min_free_mb`` counts in."""
DAY = 86_400.0
"""Seconds of a day."""
OLD_DAYS = 7
"""After which a backup is old, where no schedule says otherwise."""


async def data_directory(asked: Examined) -> Iterable[Finding]:
    """Owner, mode, room, file system."""
    return await aside(partial(_data_directory, asked))


def _data_directory(asked: Examined) -> list[Finding]:
    folder = asked.settings.data
    if not folder.exists():
        return [Finding(part="data", where=str(folder), code="data_not_yet")]
    return [_belonging(folder), _room(folder, asked.settings.ingest.min_free_mb), _system(folder)]


def _belonging(folder: Path) -> Finding:
    about = folder.stat()
    where, named = str(folder), shlex.quote(str(folder))
    if about.st_uid != os.geteuid():
        return Finding(
            part="data", state="wrong", where=where, code="data_of_another",
            detail={"owner": _name(about.st_uid)},
            command=f"chown -R {_name(os.geteuid())} {named}",
        )  # fmt: skip
    mode = stat.S_IMODE(about.st_mode)
    if mode & 0o077:
        return Finding(
            part="data", state="wrong", where=where, code="data_open",
            detail={"mode": f"{mode:04o}"}, command=f"chmod 700 {named}",
        )  # fmt: skip
    if not os.access(folder, os.W_OK | os.X_OK):
        return Finding(
            part="data", state="wrong", where=where, code="data_shut",
            detail={"mode": f"{mode:04o}"}, command=f"chmod 700 {named}",
        )  # fmt: skip
    return Finding(part="data", version=f"{_name(about.st_uid)}, {mode:04o}", where=where)


def _name(user: int) -> str:
    try:
        return pwd.getpwuid(user).pw_name
    except KeyError:
        return str(user)


def _room(folder: Path, least_mb: int) -> Finding:
    disk = shutil.disk_usage(folder)
    free = disk.free // MEGABYTE
    detail = {"free": free, "least": least_mb, "all": disk.total // MEGABYTE}
    command = f"du -xh --max-depth=2 {shlex.quote(str(folder))} | sort -h | tail"
    if free < least_mb:
        return Finding(part="room", state="wrong", code="room_gone", detail=detail, command=command)
    if free < ROOMY * least_mb:
        return Finding(part="room", state="better", code="room_low", detail=detail, command=command)
    return Finding(part="room", code="room", detail=detail)


def _system(folder: Path) -> Finding:
    kind = _kind_of(folder)
    if kind in SHARED:
        return Finding(part="file_system", state="wrong", version=kind, code="shared_disk",
                       command="KB_DATA_DIR=/var/lib/commonplace kb serve")  # fmt: skip
    if kind in FLEETING:
        return Finding(part="file_system", state="better", version=kind, code="fleeting_disk",
                       command="KB_DATA_DIR=/var/lib/commonplace kb serve")  # fmt: skip
    return Finding(part="file_system", version=kind)


def _kind_of(folder: Path) -> str:
    """The kind of file system a folder is on: of the mount whose point is the longest above it."""
    mounts = Path("/proc/self/mountinfo")
    if not mounts.exists():
        return ""
    real = folder.resolve()
    best, kind = -1, ""
    for line in mounts.read_text(encoding="utf-8", errors="surrogateescape").splitlines():
        fields = line.split()
        point = Path(fields[4].replace("\\040", " "))
        if real.is_relative_to(point) and len(point.parts) >= best:
            best, kind = len(point.parts), fields[fields.index("-") + 1]
    return kind


async def catalog(asked: Examined) -> Iterable[Finding]:
    """Whether it answers, and its schema is this release's."""
    watch, where = Stopwatch(), looking.address(asked.settings)
    looked = await asked.catalog()
    if looked is None or looked.schema is None:
        version = "" if looked is None else looked.version
        return [Finding(part="catalog", version=version, where=where, code="catalog_not_yet")]
    state, code, command = "ok", "", ""
    if looked.schema > looked.newest:
        state, code = "wrong", "catalog_newer"
    elif looked.schema < looked.newest:
        state, code, command = "better", "catalog_older", "kb status"
    return [
        Finding(
            part="catalog",
            state=state,  # type: ignore[arg-type]
            version=f"{looked.version}, {looked.schema}",
            where=where,
            code=code,
            detail={"schema": looked.schema, "newest": looked.newest},
            command=command,
            milliseconds=watch.milliseconds,
        )
    ]


async def erasings(asked: Examined) -> Iterable[Finding]:
    """The key that statements are signed with, and erasings that have none yet."""
    looked: Looked | None = None
    with contextlib.suppress(KbError):  # the catalog's own line says it
        looked = await asked.catalog()
    return [await aside(partial(_erasings, asked.settings, looked))]


def _erasings(settings: Settings, looked: Looked | None) -> Finding:
    where = str(settings.data / SIGNING)
    waiting = None if looked is None else looked.unstated
    if waiting is not None and waiting.count:
        error = waiting.error
        return Finding(
            part="erasings", state="better", where=where, command="kb purge resume",
            code="erasing_waits" if error else "erasings_wait",
            detail={"reason": error["message"]} if error else {"n": waiting.count},
        )  # fmt: skip
    try:
        key = public_key(settings.data)
    except KbError as error:
        return Finding(part="erasings", state="wrong", where=where, error=error)
    if key is None:
        return Finding(part="erasings", where=where, code="no_key_yet")
    return Finding(part="erasings", where=where, code="signs", detail={"key": key.name})


async def backups(asked: Examined) -> Iterable[Finding]:
    """The newest backup: how old it is, whether it was read again, and where it is."""
    looked: Looked | None = None
    with contextlib.suppress(KbError):  # its own line says it; backups are still there
        looked = await asked.catalog()
    return [await aside(partial(newest_backup, asked.settings, looked))]


def newest_backup(settings: Settings, looked: Looked | None) -> Finding:
    """By the catalog, and by the folder that it names; without a catalog by ``backup.folder``."""
    newest = None if looked is None else looked.backup
    if newest is not None and newest.error is not None:
        return Finding(
            part="backups", state="wrong", where=newest.folder, code="backup_failed",
            detail={"reason": newest.error["message"]},
            command=f"kb backup {shlex.quote(newest.folder)}",
        )  # fmt: skip
    whole = None if looked is None else looked.whole_backup
    if whole is not None:
        return _backup_made(settings.backup.schedule, whole)
    folder = settings.backup.folder
    found = partial(Finding, part="backups", state="better", where=folder)
    names = Store(Path(folder).expanduser()).names() if folder else []
    if not names:
        return found(code="no_backup", command="kb backup" if folder else "kb backup FOLDER")
    verify = f"kb backup verify {shlex.quote(folder)}"
    return found(version=names[-1], code="backup_unverified", command=verify)


def _backup_made(schedule: str, whole: Backup) -> Finding:
    named = shlex.quote(whole.folder)
    found = partial(
        Finding, part="backups", version=whole.name or "", where=whole.folder,
        detail={"days": int((time.time() - whole.began_at) // DAY)},
    )  # fmt: skip
    if whole.name not in Store(Path(whole.folder)).names():
        return found(state="wrong", code="backup_gone", command=f"kb backup {named}")
    if whole.began_at < _wanted_since(schedule):
        return found(state="better", code="backup_old", command=f"kb backup {named}")
    if whole.verified_at is None:
        return found(
            state="better", code="backup_unverified", command=f"kb backup verify {named} --newest"
        )
    return found(code="backup_verified")


def _wanted_since(schedule: str) -> float:
    """When the newest backup should have been begun, at the latest (Unix seconds).

    The schedule's last time, which has a day to be followed; without a schedule a week ago.
    """
    scheduled = nearest(schedule, local_now() - timedelta(days=1), past=True) if schedule else None
    return time.time() - OLD_DAYS * DAY if scheduled is None else scheduled
