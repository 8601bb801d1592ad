"""What erasing does not reach, by kind: where it is, and until when, as far as that is known."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

from kb.backup.backups import folder_of
from kb.backup.store import Store
from kb.catalog import audit, backups, erased, sources, tunings
from kb.catalog.database import Connection
from kb.catalog.rewriting import Rewritten
from kb.clock import local_now, nearest
from kb.proof.planning import path_sha256
from kb.settings import Settings
from kb.text.pathnames import shown
from kb.types.purges import Erased, Remaining

MEDIUM = (
    Remaining(
        "medium", "the disks of this machine",
        "Files were deleted and written anew, not overwritten in place. Blocks that a disk has put "
        "aside (wear levelling), a file system's journal or snapshots, and swap may hold old bytes "
        "until they are used again. Encrypt the disks, and discard the key with them.",
    ),
    Remaining(
        "memory", "running processes",
        "kb serve may hold pictures of pages and passages in memory until others take their place, "
        "or until it is started again. Nobody is shown them: each look asks the catalog first.",
    ),
    Remaining(
        "people", "their own machines",
        "What people downloaded, printed, copied, had written into reports (kb eval --output) or "
        "were shown in a browser is theirs. The audit log says who opened and downloaded which "
        "document, by its number.",
    ),
)  # fmt: skip


def remaining(
    connection: Connection, settings: Settings, found: Erased, rewritten: Rewritten
) -> list[Remaining]:
    """All that is to be named, for these settings at this moment."""
    since = min((d.added_at for d in found.documents), default=0.0)
    return [
        *_files(connection, found),
        *_backups(connection, settings, since),
        *_exports(connection, since),
        *_audit(),
        *_tunings(connection),
        *_in_flight(settings, found),
        *_database(rewritten),
        *_index(settings),
        *MEDIUM,
    ]


def _files(connection: Connection, found: Erased) -> Iterator[Remaining]:
    """Files in folders that are followed: they are somebody else's to delete."""
    theirs = {one.source for one in found.documents if one.file == "folder"}
    for source in sources.all_of(connection, counted=False):
        if source.name not in theirs:
            continue
        raws = {path_sha256(shown(r)): r for r in erased.paths_of(connection, source.id)}
        for one in found.documents:
            if (one.source, one.file) == (source.name, "folder"):
                said = _file(source.root, raws.get(one.path_sha256))
                yield Remaining("file", f"folder of {one.source}, document {one.document}", said)


def _file(root: str, raw: bytes | None) -> str:
    if raw is None:
        return "It is not left out of its folder: if it is there, it is read again."
    is_there = (Path(root) / Path(raw.decode("utf-8", "surrogateescape"))).exists()
    left = "It is left out, and not read again unless somebody lifts that (kb source change)."
    if is_there:
        return f"The file is still in the folder. {left} Its name stays in the list of such files."
    return f"The file is not in the folder now. {left} Its name stays in the list of such files."


def _backups(connection: Connection, settings: Settings, since: float) -> Iterator[Remaining]:
    mine = str(folder_of(settings)) if settings.backup.folder else ""
    for begun in backups.not_whole(connection):
        yield Remaining(
            "backup", begun.folder,
            "A backup was begun here and had not ended, or was broken off. It may hold what there "
            "was in that moment, until a whole one is made there.", iso(begun.began_at),
        )  # fmt: skip
    for folder in sorted({*backups.folders(connection), *([mine] if mine else [])}):
        store, known = Store(Path(folder)), backups.names_in(connection, folder)
        is_here = store.folder.is_dir()
        names = store.names() if is_here else sorted(known)
        for n, name in enumerate(names):
            moment = known.get(name) or _moment(name)
            if moment >= since:
                newer = len(names) - n - 1
                expires = _expiry(settings, newer) if folder == mine else None
                yield Remaining(
                    "backup", f"{folder}: {name}", _kept(is_here, expires), iso(moment), expires
                )


def _kept(is_here: bool, expires: str | None) -> str:
    said = "The backup holds what there was in that moment."
    if not is_here:
        said += " Its folder is not here now."
    if expires is None:
        return f"{said} Nothing removes it: kb backup FOLDER --keep 1 does, after a new one."
    return f"{said} It is removed when so many newer ones are there as backup.keep says."


def _expiry(settings: Settings, newer: int) -> str | None:
    """When a backup goes that has so many newer ones, if each is made by the schedule."""
    mine, at = settings.backup, local_now()
    if not (mine.schedule and mine.keep):
        return None
    for _ in range(max(1, mine.keep - newer)):
        following = nearest(mine.schedule, at, past=False)
        if following is None:
            return None
        at = datetime.fromtimestamp(following, at.tzinfo) + timedelta(seconds=1)
    return iso(at.timestamp())


def _moment(name: str) -> float:
    return datetime.strptime(name[:16], "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC).timestamp()


def _exports(connection: Connection, since: float) -> Iterator[Remaining]:
    for entry in audit.page(connection, action="export", limit=1000):
        if entry.at >= since and entry.action == "export":
            yield Remaining(
                "export", entry.target,
                "Somebody exported into this folder while the document was here. It may hold it; "
                "delete the folder and its copies.", iso(entry.at),
            )  # fmt: skip


def _audit() -> Iterator[Remaining]:
    yield Remaining(
        "audit log", "the catalog",
        "Who opened, downloaded and erased which document, by its number, and when. Its name, and "
        "the words of questions that were answered from it, are taken out. A copy that somebody "
        "exported (kb audit export) has them still.",
    )  # fmt: skip


def _tunings(connection: Connection) -> Iterator[Remaining]:
    for one in tunings.all_of(connection):
        yield Remaining(
            "learned numbers", one.name,
            "What kb tune learned is numbers without any text, which keep a trace of the documents "
            "that they were learned from. kb models remove takes them away.",
        )  # fmt: skip


def _in_flight(settings: Settings, found: Erased) -> Iterator[Remaining]:
    if found.in_flight:
        hours = max(settings.retention.removed_hours, settings.retention.vectors_hours)
        yield Remaining(
            "reading", "a worker",
            f"{found.in_flight} of the files were being read in that moment. It is not published; "
            "what the worker stored after this statement is referred to by nothing, and deleted "
            f"after {hours:g} hours.",
        )  # fmt: skip


def _database(rewritten: Rewritten) -> Iterator[Remaining]:
    if rewritten.database != "postgresql":
        return
    yield Remaining(
        "write-ahead log", "PostgreSQL (pg_wal)",
        "Files of the log are used again, and hold old rows until they are written over. Archives "
        "of the log, replicas, base backups and the server's own log are kept as you set them up.",
    )  # fmt: skip
    for what in rewritten.refused:
        yield Remaining(
            "database", f"PostgreSQL ({what})",
            "This account may not do that. Have a superuser run, in this database: VACUUM (FULL) "
            "pg_catalog.pg_statistic; SELECT pg_switch_wal(); CHECKPOINT.",
        )  # fmt: skip


def _index(settings: Settings) -> Iterator[Remaining]:
    if settings.index.backend != "edge":
        yield Remaining(
            "index server", settings.index.url,
            "Its collections were made anew, and the old ones deleted. Snapshots of them, if "
            "somebody made any, are kept by the server.",
        )  # fmt: skip


def iso(moment: float) -> str:
    """A moment as ISO 8601 writes it, in UTC."""
    return datetime.fromtimestamp(moment, UTC).isoformat(timespec="seconds")
