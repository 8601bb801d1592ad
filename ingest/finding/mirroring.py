"""What the file system says of who may read a file: modes, POSIX ACLs, and every folder above.

The way begins at the source's folder itself: what is above it is this machine's business, not the
share's.
"""

import errno
import grp
import os
import pwd
import re
import struct
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from kb.errors import UsageError
from kb.files.originals import beneath
from kb.posix import UNRESOLVED, Step, Steps

ACL = "system.posix_acl_access"
ENTRY = struct.Struct("<HHI")
VERSION = struct.Struct("<I")
USER_OBJ, USER, GROUP_OBJ, GROUP, MASK, OTHER = 0x01, 0x02, 0x04, 0x08, 0x10, 0x20
"""Tags of entries (linux/posix_acl_xattr.h)."""
READ, TRAVERSE = 4, 1
"""Bits of a mode or an ACL's entry: reading a file, going through a folder."""
TRUSTED = frozenset(
    """
    ext2 ext3 ext4 xfs btrfs zfs f2fs jfs reiserfs bcachefs tmpfs ramfs overlay nfs nfs4 ceph gfs2
    ocfs2 lustre glusterfs virtiofs squashfs erofs
    """.split()
)
"""File systems whose owners and modes are kept, not made up at mounting."""
WITH_ACLS = {
    "cifs": ("cifsacl", "modefromsid", "posix"),
    "smb3": ("cifsacl", "modefromsid", "posix"),
}
MOUNTS = Path("/proc/self/mountinfo")
ESCAPED = re.compile(rb"\\([0-3][0-7]{2})")
MOST_LINKS = 40
"""Most symbolic links that the kernel follows on the way to one file."""
OVERFLOW = 65534
"""The id that the kernel shows for an owner who has none on this machine (``nobody``)."""


@dataclass(frozen=True, slots=True)
class Mount:
    """A mounted file system."""

    point: str
    kind: str
    options: tuple[str, ...]


class Way:
    """The ways to files beneath a folder, each folder looked at once.

    A link is followed as the kernel follows it (path_resolution(7)): every folder on the way to it
    and on the way from it to its target has to let somebody through.
    """

    def __init__(self, root: str) -> None:
        self._base = os.path.realpath(os.fsencode(root))
        self._folders: dict[bytes, Step | None] = {}

    def steps_to(self, path: bytes) -> Steps | None:
        """The steps to a file by its raw path; None where one of them cannot be read."""
        walked = self._walk(path)
        if walked is None:
            return None
        passed, last = walked
        steps = [self._through(folder) for folder in passed]
        steps.append(_step(last, READ))
        return None if None in steps else tuple(s for s in steps if s is not None)

    def _walk(self, path: bytes) -> tuple[list[bytes], bytes] | None:
        """Every folder beneath the root that is passed, once each; and where the way ends.

        None: a step cannot be looked at, or there are too many links.
        """
        at, left, links = self._base, path.split(b"/")[::-1], 0
        passed = {at: None}
        while left:
            part = left.pop()
            if part in {b"", b"."}:
                continue
            if part == b"..":
                at = os.path.dirname(at)
            else:
                inner = os.path.join(at, part)
                try:
                    led = _link(inner)
                except OSError:
                    return None
                if led is None:
                    at = inner
                else:
                    links += 1
                    if links > MOST_LINKS:
                        return None
                    at = b"/" if led.startswith(b"/") else at
                    left += led.split(b"/")[::-1]
            if left and beneath(at, self._base):
                passed[at] = None
        return list(passed), at

    def _through(self, folder: bytes) -> Step | None:
        if folder not in self._folders:
            self._folders[folder] = _step(folder, TRAVERSE)
        return self._folders[folder]


def _link(path: bytes) -> bytes | None:
    """What a link says; None where it is none.

    Raises:
        OSError: it cannot be looked at, so that neither is known.
    """
    try:
        return os.readlink(path)
    except OSError as error:
        if error.errno != errno.EINVAL:  # readlink(2): it is no link
            raise
        return None


def steps_of(root: str, paths: Iterable[bytes]) -> dict[bytes, Steps]:
    """The steps to each file beneath ``root``, by its raw path. What cannot be read is left out."""
    way = Way(root)
    found = {path: way.steps_to(path) for path in paths}
    return {path: steps for path, steps in found.items() if steps is not None}


def check(root: str, mounts: list[Mount] | None = None) -> None:
    """Check that the modes beneath a folder are the share's own, not made up at mounting.

    Raises:
        UsageError: a file system there makes them up; the mount is named.
    """
    known = _mounts() if mounts is None else mounts
    real = os.path.realpath(root)
    above = [m for m in known if _is_beneath(real, m.point)]
    beneath = [m for m in known if _is_beneath(m.point, real) and m.point != real]
    concerned = sorted(above, key=lambda m: len(m.point))[-1:] + beneath
    if not concerned:
        raise UsageError(
            "Which file system this folder is on cannot be told, so its rights cannot be mirrored.",
            code="rights_unknown",
        )
    for mount in concerned:
        if not _keeps_rights(mount):
            raise UsageError(
                "The rights of {mount} ({type}) are made up when it is mounted; they do not say "
                "who may read a file. Mount it with its ACLs (for CIFS: cifsacl), or give the "
                "source another rule.",
                code="rights_made_up",
                detail={"mount": mount.point, "type": mount.kind},
            )


def _is_beneath(path: str, folder: str) -> bool:
    return path == folder or path.startswith(folder.rstrip("/") + "/")


def _keeps_rights(mount: Mount) -> bool:
    wanted = WITH_ACLS.get(mount.kind)
    if wanted is not None:
        return any(option in mount.options for option in wanted)
    return mount.kind in TRUSTED


def _mounts() -> list[Mount]:
    """Mounts as the kernel lists them (proc(5)); the later ones lie on top."""
    try:
        lines = MOUNTS.read_text(encoding="utf-8", errors="surrogateescape").splitlines()
    except OSError:
        return []
    found: dict[str, Mount] = {}
    for line in lines:
        left, _, right = line.partition(" - ")
        point = _unescaped(left.split()[4])
        kind, _, options = right.split(" ", 2)
        found[point] = Mount(point, kind, tuple(options.split(",")))
    return list(found.values())


def _unescaped(text: str) -> str:
    """A mount point as it is: blanks and the like are listed as octal numbers."""
    raw = os.fsencode(text)
    return os.fsdecode(ESCAPED.sub(lambda found: bytes([int(found[1], 8)]), raw))


def _step(path: bytes, needed: int) -> Step | None:
    try:
        status = os.stat(path)
        acl = _acl(path)
    except (OSError, struct.error):  # what cannot be read is nobody's
        return None
    owner, group = user_name(status.st_uid), group_name(status.st_gid)
    mode = status.st_mode
    if acl is None:
        return Step(
            (owner, _has(mode >> 6, needed)),
            (),
            ((group, _has(mode >> 3, needed)),),
            _has(mode, needed),
        )
    return _from_acl(acl, owner, group, needed)


def _from_acl(entries: list[tuple[int, int, int]], owner: str, group: str, needed: int) -> Step:
    mask = next((bits for tag, bits, _ in entries if tag == MASK), 7)

    def granted(wanted: int, name: Callable[[int], str]) -> list[tuple[str, bool]]:
        return [
            (name(number), _has(bits & mask, needed))
            for tag, bits, number in entries
            if tag == wanted
        ]

    own = next(bits for tag, bits, _ in entries if tag == USER_OBJ)
    other = next(bits for tag, bits, _ in entries if tag == OTHER)
    of_group = next(bits for tag, bits, _ in entries if tag == GROUP_OBJ)
    groups = [(group, _has(of_group & mask, needed)), *granted(GROUP, group_name)]
    return Step(
        (owner, _has(own, needed)),
        tuple(granted(USER, user_name)),
        tuple(groups),
        _has(other, needed),
    )


def _acl(path: bytes) -> list[tuple[int, int, int]] | None:
    """Entries (tag, bits, id) of a file's ACL; None where it has none beside its mode."""
    try:
        raw = os.getxattr(path, ACL)
    except OSError as error:
        if error.errno not in {errno.ENODATA, errno.EOPNOTSUPP}:
            raise  # it may have one that cannot be read now
        return None
    return list(ENTRY.iter_unpack(raw[VERSION.size :]))


def _has(bits: int, needed: int) -> bool:
    return bool(bits & needed)


def _named(name: str) -> str:
    """A name that the catalog can hold.

    Raises:
        UnicodeEncodeError: it is not UTF-8.
    """
    name.encode()
    return name


@lru_cache(maxsize=4096)
def user_name(number: int) -> str:
    """A user's name; where the system knows none, ``#`` and the number."""
    try:
        known = number != OVERFLOW
        return _named(pwd.getpwuid(number).pw_name) if known else f"{UNRESOLVED}{number}"
    except (KeyError, UnicodeEncodeError):
        return f"{UNRESOLVED}{number}"


@lru_cache(maxsize=4096)
def group_name(number: int) -> str:
    """A group's name; where the system knows none, ``#`` and the number."""
    try:
        known = number != OVERFLOW
        return _named(grp.getgrgid(number).gr_name) if known else f"{UNRESOLVED}{number}"
    except (KeyError, UnicodeEncodeError):
        return f"{UNRESOLVED}{number}"


def forget_names() -> None:
    """Ask the system for names anew: every run does, since people come and go."""
    user_name.cache_clear()
    group_name.cache_clear()
