"""Files that people hand in through the page: stored whole or not at all, in a source of their own.

The names that they come with are shown, never trusted: the path in the folder is made here.
"""

import asyncio
import contextlib
import errno
import itertools
import logging
import os
import secrets
import shutil
import time
import unicodedata
from collections.abc import AsyncIterator, Callable, Sequence
from pathlib import Path
from typing import BinaryIO

from kb.audit.log import noted
from kb.catalog import erased, groups, people, sources
from kb.catalog.database import Catalog, Connection
from kb.catalog.people import PERSON
from kb.errors import ConflictError, ForbiddenError, RetryableError, UsageError
from kb.files.places import OWN, imported_folder, uploads_folder
from kb.files.scratch import Scratch
from kb.rights import access
from kb.settings import Settings
from kb.types.library import UPLOADED, Following, Source
from kb.types.people import Principal

SOURCE = "Uploads"
UNFINISHED = ".upload-*"
"""Files left half stored by earlier releases, or on their way to another file system."""
UNFINISHED_SECONDS = 3600.0
"""Age in seconds from which a file that is only half stored is deleted."""
LONGEST_SOURCE = 90
"""Most characters of the name of a source that is made for uploads, without a number behind it."""
LONGEST_NAME = 200
"""Bytes of a file name; file systems allow 255."""
log = logging.getLogger("kb.uploads")


class Uploads:
    """The folder of uploads of one data directory."""

    def __init__(self, catalog: Catalog, scratch: Scratch, settings: Settings) -> None:
        self._catalog = catalog
        self._scratch = scratch.beside or scratch
        self._folder = uploads_folder(settings.data)
        self._imported = imported_folder(settings.data)
        self._limit_mb = settings.ingest.max_file_mb

    def source(self, principal: Principal, named: Sequence[str]) -> Source:
        """The source of uploads with these readers; its first file makes it.

        Its curator is who hands in that file, unless they look after every source.

        Raises:
            ForbiddenError: they look after no source, or may not say that these read it.
            UsageError: nobody was named, and theirs is not the one source of uploads.
            NotFoundError: a group or a person that was named does not exist.
        """
        with self._catalog.writing() as connection:
            may_hand_in(principal)
            mine = [s for s in self._of_uploads(connection) if principal.answers_for(s.id)]
            if not named:
                return _the_only(mine)
            _check_choice(connection, principal, named)
            readers = access.readers(connection, named)
            alike = (s for s in mine if s.rule is None and set(s.readers) == set(readers))
            found = next(alike, None)
            return found or self._new(connection, principal, named, readers)

    def _of_uploads(self, connection: Connection) -> list[Source]:
        """Sources that take files; those of imports have their own, and take no others."""
        found = sources.of_uploads(connection)
        return [source for source in found if Path(source.root).parent != self._imported]

    def _new(
        self,
        connection: Connection,
        principal: Principal,
        named: Sequence[str],
        readers: tuple[str, ...],
    ) -> Source:
        """A source with a folder of its own: what another one left is never read under this."""
        folder = self._folder / secrets.token_hex(16)
        folder.mkdir(parents=True, mode=0o700)
        following = Following(watch=False, uploads=True)
        name = _free_name(connection, named)
        source = sources.add(connection, name, str(folder), readers, following)
        if not principal.manages:
            people.set_curators(connection, source.id, [principal.name])
        return source

    async def store(
        self, source: Source, name: str, chunks: AsyncIterator[bytes], by: Principal
    ) -> str:
        """Store one file durably and ask for it to be read first; returns its path.

        Raises:
            UsageError: it has no name, is empty, or larger than allowed.
            NotFoundError, ConflictError: the source was removed meanwhile.
            RetryableError: the disk is full.
        """
        wanted = file_name(name)
        try:
            with self._scratch.folder("upload-") as room:
                unfinished = room / "content"
                with unfinished.open("wb") as file:
                    await self._copy(chunks, file.write)
                    await asyncio.to_thread(_sync, file)
                return await self._catalog.write(self._hand_in, source, unfinished, wanted, by)
        except OSError as error:
            if error.errno not in {errno.ENOSPC, errno.EDQUOT}:
                raise
            raise RetryableError(
                "There is no room left on the disk; nothing was stored.", code="disk_full"
            ) from error

    async def _copy(self, chunks: AsyncIterator[bytes], write: Callable[[bytes], int]) -> None:
        size = 0
        async for chunk in chunks:
            size += len(chunk)
            if size > self._limit_mb * 1024**2:
                raise UsageError(
                    "The file is larger than {limit} MB.",
                    code="too_large",
                    detail={"limit": self._limit_mb},
                )
            await asyncio.to_thread(write, chunk)
        if not size:
            raise UsageError("The file is empty; nothing was stored.", code="empty")

    def _hand_in(self, source: Source, unfinished: Path, wanted: str, by: Principal) -> str:
        """Move a file to its place while its source cannot be removed; ask for it to be read."""
        folder, path = Path(source.root), ""
        try:
            with self._catalog.writing() as connection:
                if sources.held(connection, source.name).root != source.root:
                    raise ConflictError(
                        "The source of uploads was removed meanwhile; nothing was stored.",
                        code="source_gone",
                    )
                path = _put(unfinished, folder, wanted)
                sources.request_run(connection, source.id, UPLOADED)
                noted(connection, by, "upload", path)
        except BaseException:
            if path:
                (folder / path).unlink(missing_ok=True)
            raise
        return path


def may_hand_in(principal: Principal) -> None:
    """Check that somebody looks after a source, or all of them.

    Raises:
        ForbiddenError: they do not.
    """
    if not principal.curates:
        access.must_manage(principal)


def choice(connection: Connection, principal: Principal) -> list[str]:
    """For whom they may hand in files: everyone, their groups (an administrator: all), self."""
    every = groups.tokens(connection)
    own = [name for token, name in every.items() if principal.manages or token in principal.tokens]
    oneself = [] if principal.owner else [f"{PERSON}{principal.name}"]
    return [access.EVERYONE, *sorted(own), *oneself]


def _check_choice(connection: Connection, principal: Principal, named: Sequence[str]) -> None:
    """Raises ``ForbiddenError`` where they are not an administrator, and name others' groups."""
    if not principal.manages and not set(named) <= set(choice(connection, principal)):
        raise ForbiddenError(
            "You hand files in for everyone, for groups of yours, or for yourself.",
            code="not_your_readers",
        )


def _the_only(mine: Sequence[Source]) -> Source:
    """Raises ``UsageError`` where there is none, or a choice."""
    if len(mine) != 1:
        raise UsageError(
            "Say who may read the files that are handed in: everyone, or groups.",
            code="readers_needed",
        )
    return mine[0]


def _free_name(connection: Connection, named: Sequence[str]) -> str:
    """A name for a source of uploads: that of the first, or one that says who reads it."""
    taken = {source.name for source in sources.all_of(connection, counted=False)}
    readers = " + ".join(named).replace(PERSON, "")
    wanted = f"{SOURCE} ({readers})"[:LONGEST_SOURCE]
    numbered = (f"{wanted} {number}" for number in itertools.count(2))
    return next(n for n in itertools.chain([SOURCE, wanted], numbered) if n not in taken)


def clear_up(catalog: Catalog) -> int:
    """Delete what is nobody's any more: see :func:`left`. Returns how much of it went."""
    gone = 0
    for path in left(catalog):
        try:
            _delete(path)
        except OSError as error:  # it stays in the list, and the check counts it
            log.warning("%s cannot be deleted: %s", path, error.strerror)
            continue
        with catalog.writing() as connection:
            erased.folder_is_gone(connection, str(path))
        gone += 1
    return gone


def left(catalog: Catalog) -> list[Path]:
    """Folders whose source is gone, and files that were left half stored in the others."""
    with catalog.reading() as connection:
        folders = [Path(folder) for folder in erased.folders(connection)]
        known = sources.all_of(connection, counted=False)
    roots = [Path(source.root) for source in known if source.following.uploads]
    return folders + [half for root in roots for half in root.glob(UNFINISHED) if _is_old(half)]


def _is_old(path: Path) -> bool:
    with contextlib.suppress(FileNotFoundError):
        return time.time() - path.stat().st_mtime > UNFINISHED_SECONDS
    return False


def _delete(path: Path) -> None:
    """A file, or a folder with its files; earlier releases kept uploads where folders are now."""
    if not path.is_dir():
        path.unlink(missing_ok=True)
        return
    if OWN.fullmatch(path.name):
        shutil.rmtree(path)
        return
    for entry in path.iterdir():
        if entry.is_symlink() or not entry.is_dir():
            entry.unlink(missing_ok=True)
    with contextlib.suppress(OSError):  # other folders of uploads lie in it
        path.rmdir()


def _sync(file: BinaryIO) -> None:
    """Bring a file's bytes to disk."""
    file.flush()
    os.fsync(file.fileno())


def file_name(given: str) -> str:
    """A name that can stand in one folder, as near to the given one as is safe.

    Raises:
        UsageError: nothing is left of it.
    """
    last = unicodedata.normalize("NFC", given).replace("\\", "/").rsplit("/", 1)[-1]
    name = "".join(c for c in last if c.isprintable()).strip().lstrip(".~ ")
    stem, dot, suffix = name.rpartition(".")
    if not stem:
        stem, dot, suffix = name, "", ""
    while len(f"{stem}{dot}{suffix}".encode("utf-8", "replace")) > LONGEST_NAME and len(stem) > 1:
        stem = stem[:-1]
    name = f"{stem}{dot}{suffix}".encode("utf-8", "replace").decode()
    if not name or len(name.encode()) > LONGEST_NAME:
        raise UsageError("The file needs a name.", code="bad_name")
    return name


def _put(unfinished: Path, folder: Path, name: str) -> str:
    """Put a file into a folder, whole or not at all; returns the name that it has there."""
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    try:
        return _link_unused(unfinished, folder, name)
    except OSError as error:
        if error.errno != errno.EXDEV:
            raise
    copy = folder / f".upload-{secrets.token_hex(8)}"  # the folder is on another file system
    try:
        with copy.open("xb") as file, unfinished.open("rb") as content:
            shutil.copyfileobj(content, file)
            _sync(file)
        return _link_unused(copy, folder, name)
    finally:
        copy.unlink(missing_ok=True)


def _link_unused(unfinished: Path, folder: Path, name: str) -> str:
    """Give the finished file its name, or the next free one; never in place of another file."""
    stem, dot, suffix = name.rpartition(".")
    stem, ending = (stem, dot + suffix) if stem else (name, "")
    candidate, number = name, 2
    while True:
        try:
            os.link(unfinished, folder / candidate)
        except FileExistsError:
            candidate, number = f"{stem} ({number}){ending}", number + 1
        else:
            return candidate
