"""A folder of backups: a pool of files, and a manifest for each backup.

pool/ab/abcd…           files, by the SHA-256 of their bytes
backups/NAME.json       a manifest, written last: without it there is no such backup
backups/NAME.sha256     the manifest's own checksum, for ``sha256sum -c``
lock                    held while somebody writes or reads
"""

import contextlib
import fcntl
import hashlib
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from kb.backup.manifest import Manifest, damaged, decoded, encoded
from kb.backup.pool import Pool, sync
from kb.errors import ConflictError, KbError, NotFoundError, RetryableError, UsageError
from kb.files import disk

BUSY = "backup_busy"
"""The code of an error that says: somebody else is making one, or reads one."""
NAME = re.compile(r"\d{8}T\d{6}Z(-\d+)?\Z")
OURS = {"pool", "backups", "lock", "README.txt"}
ALLOWED = OURS | {"lost+found"}
README = """This folder holds backups of Commonplace.

backups/NAME.json names the files of one backup, each by the SHA-256 of its bytes; they lie in
pool/. A backup without this manifest is none: it was broken off. Copy the whole folder wherever
you like; leave nothing out.

  kb backup list FOLDER       what is here
  kb backup verify FOLDER     read every file again
  kb restore FOLDER           into an empty data directory
"""


def _age(name: str) -> tuple[str, int]:
    """What orders backups by when they were made: the second, and the number within it."""
    moment, _, number = name.partition("-")
    return moment, int(number or 1)


class Store:
    """A folder of backups."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.pool = Pool(folder / "pool")
        self._manifests = folder / "backups"

    def prepare(self, data: Path | None = None) -> None:
        """Make the folder where it is not there, and check that it can be used; 0700.

        ``data`` is the data directory, which it may not be in.

        Raises:
            UsageError: it is no folder for backups.
            RetryableError: it cannot be written.
        """
        if data is not None:
            self._check_apart(data)
        with self._usable():
            self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            if strange := sorted({p.name for p in self.folder.iterdir()} - ALLOWED)[:3]:
                raise UsageError(
                    "{folder} holds other files ({files}). Name an empty folder, or one that holds "
                    "backups.",
                    code="not_for_backups",
                    detail={"folder": str(self.folder), "files": strange},
                )
            self._close_to_others()
            for one in (self._manifests, self.pool.root):
                one.mkdir(exist_ok=True, mode=0o700)
            readme = self.folder / "README.txt"
            if not readme.exists():
                readme.write_text(README, encoding="utf-8")

    def _check_apart(self, data: Path) -> None:
        mine, theirs = self.folder.resolve(), data.resolve()
        if mine == theirs or theirs in mine.parents or mine in theirs.parents:
            raise UsageError(
                "{folder} and the data directory {data} lie one in the other: what destroys the "
                "one destroys the other. Name a folder elsewhere, best on another disk.",
                code="backup_inside",
                detail={"folder": str(self.folder), "data": str(data)},
            )

    def _close_to_others(self) -> None:
        if self.folder.stat().st_mode & 0o077:
            with contextlib.suppress(PermissionError):
                self.folder.chmod(0o700)
        if self.folder.stat().st_mode & 0o077:
            raise UsageError(
                "Others could read {folder}, and its rights cannot be changed from here. Mount it "
                "with umask=077, or name another folder.",
                code="backup_open_to_others",
                detail={"folder": str(self.folder)},
            )

    @contextmanager
    def _usable(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            if error.errno in disk.FULL:
                raise RetryableError(
                    "The disk of the folder for backups {folder} is full. Make room there, or "
                    "lower backup.keep.",
                    code="backup_disk_full",
                    detail={"folder": str(self.folder)},
                ) from error
            raise RetryableError(
                f"The folder for backups {self.folder} cannot be used: "
                f"{error.strerror or error}. Is it mounted, and may this account write there?",
                code="backup_folder_unusable",
                detail={"folder": str(self.folder)},
            ) from error

    @contextmanager
    def alone(self) -> Iterator[None]:
        """Alone in the folder; what its disk says is an error of ours.

        Raises:
            ConflictError: another backup is being made, or one is read.
            RetryableError: the folder cannot be written, or its disk is full.
        """
        with self._usable(), self._locked(fcntl.LOCK_EX, os.O_RDWR | os.O_CREAT):
            yield

    @contextmanager
    def shared(self) -> Iterator[None]:
        """With others who read; raises as :meth:`alone`."""
        if not (self.folder / "lock").exists():  # a copy may come without it
            yield
            return
        with self._locked(fcntl.LOCK_SH, os.O_RDONLY):
            yield

    @contextmanager
    def _locked(self, how: int, flags: int) -> Iterator[None]:
        descriptor = os.open(self.folder / "lock", flags | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(descriptor, how | fcntl.LOCK_NB)
        except BlockingIOError as error:
            os.close(descriptor)
            raise ConflictError(
                f"Somebody else is at work in {self.folder}: a backup is made, verified or "
                "restored there. Try again when it has ended.",
                code=BUSY,
            ) from error
        try:
            yield
        finally:
            os.close(descriptor)

    def names(self) -> list[str]:
        """The whole backups, the oldest first."""
        found = (p.stem for p in self._manifests.glob("*.json"))
        return sorted((name for name in found if NAME.match(name)), key=_age)

    def manifest(self, name: str) -> Manifest:
        """The manifest of a backup.

        Raises:
            DamagedError: it is damaged.
            KbError: it is of a newer format.
        """
        path = self._manifests / f"{name}.json"
        try:
            content = path.read_bytes()
            stated = path.with_suffix(".sha256").read_text(encoding="ascii").split()[0]
        except (OSError, UnicodeDecodeError, IndexError) as error:
            raise damaged(path) from error
        if hashlib.sha256(content).hexdigest() != stated:
            raise damaged(path)
        return decoded(content, path)

    def chosen(self, name: str = "") -> str:
        """The name of a backup: this one, or the newest.

        Raises:
            NotFoundError: there is none.
        """
        names = self.names()
        if not names:
            raise NotFoundError(
                f"There is no whole backup in {self.folder}. A folder of backups holds a folder "
                "backups with files NAME.json.",
                code="no_backup",
            )
        if name and name not in names:
            raise NotFoundError(
                f"There is no whole backup {name} in {self.folder}. There are: {', '.join(names)}.",
                code="no_backup",
            )
        return name or names[-1]

    def newest_of(self, identity: int, schema: str) -> Manifest | None:
        """The newest backup of this catalog and schema, to build on; None where there is none."""
        for name in reversed(self.names()):
            with contextlib.suppress(KbError):  # what cannot be read is no help, and no hindrance
                found = self.manifest(name)
                if (found.identity, found.schema) == (identity, schema):
                    return found
        return None

    def free_name(self, wanted: str) -> str:
        """A name that no backup has, and that is the last in their order."""
        taken = set(self.names())
        later = max([wanted, *taken], key=_age)
        if later == wanted and wanted not in taken:
            return wanted
        stem, _, number = later.partition("-")
        return f"{stem}-{int(number or 1) + 1}"

    def keep(self, manifest: Manifest) -> None:
        """Write the manifest, last of all: from now on there is such a backup."""
        self.pool.sync()
        content = encoded(manifest)
        path = self._manifests / f"{manifest.name}.json"
        stated = f"{hashlib.sha256(content).hexdigest()}  {path.name}\n"
        self._put(path.with_suffix(".sha256"), stated.encode())
        self._put(path, content)

    def _put(self, path: Path, content: bytes) -> None:
        draft = path.with_name(f".{path.name}")
        with open(draft, "wb", opener=lambda p, flags: os.open(p, flags, 0o600)) as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        os.replace(draft, path)
        sync(path.parent)

    def thin_out(self, keep: int) -> list[str]:
        """Remove all but the newest backups, and the files that none has; returns their names.

        Raises:
            DamagedError: a manifest that stays cannot be read, so nobody knows which files it has.
        """
        names = self.names()
        old, stay = (names[:-keep], names[-keep:]) if keep else ([], names)
        wanted = {sha for name in stay for sha in self.manifest(name).pieces()}
        for name in old:
            (self._manifests / f"{name}.json").unlink()
            (self._manifests / f"{name}.sha256").unlink(missing_ok=True)
        self.pool.remove_others(wanted)
        return old
