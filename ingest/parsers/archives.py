"""ZIP and tar: every file in them is a member, a document of its own; bounded in every direction.

Nothing is written by the names that an archive gives. Declared sizes are not believed: bytes are
counted as they come out.
"""

import bz2
import gzip
import lzma
import tarfile
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import IO, cast

import msgspec

from ingest.parsers import entry_names
from ingest.parsers.damage import damaged
from ingest.parsers.kinds import MEDIA_TYPES
from ingest.parsers.noticing import of_parts
from ingest.parsers.options import Options
from kb.errors import FileProblem
from kb.types.parsed import Member, Parsed

LITTER = ("__MACOSX/", ".DS_Store", "Thumbs.db", "desktop.ini")
LONE = "content"
"""A compressed file that is no archive has one member, which has no name of its own."""
PIECE = 8192
"""Bytes that are expanded at once."""
RATIO = 200
"""A member that expands to more than this many times its size, past ``RATIO_FROM`` bytes, is a
bomb."""
RATIO_FROM = 10 * 1024**2
"""Bytes up to which a member may expand, however small it is packed."""
LARGEST = 100 * 1024**3
"""Bytes of a tar's member of which no more is believed: what is not there is skipped in steps."""
COMPRESSED = ((b"\x1f\x8b", gzip.open), (b"BZh", bz2.open), (b"\xfd7zXZ\0", lzma.open))
DAMAGED = (zipfile.BadZipFile, tarfile.TarError, EOFError, zlib.error, lzma.LZMAError)
NO_HEADER = (tarfile.InvalidHeaderError, tarfile.TruncatedHeaderError)  # type: ignore[attr-defined]
"""What stands where a member of a tar should begin is neither a header nor the archive's end."""
Stream = tuple[str, IO[bytes], int]
"""A member's name, its bytes, and how many bytes it takes in the archive (0: unknown)."""


def name_lone_member(parsed: Parsed, name: str) -> Parsed:
    """Name the one member of a compressed file after the file, without its last ending."""
    if [m.name for m in parsed.members] != [LONE]:
        return parsed
    stem = PurePosixPath(name).stem or LONE
    member = msgspec.structs.replace(parsed.members[0], name=stem)
    return msgspec.structs.replace(parsed, members=(member,))


def parse(path: Path, kind: str, options: Options) -> Parsed:
    """Take the members out.

    Raises:
        FileProblem: damaged, or a bomb before anything was taken out.
    """
    unpacking = ArchiveUnpacking(options)
    try:
        unpacking.take_all(_zip(path, unpacking) if kind == "zip" else _tar(path))
    except (*DAMAGED, OSError) as error:
        if not unpacking.members:
            raise damaged("archive", error) from error
        unpacking.damaged += 1
    return unpacking.parsed(kind)


class ArchiveUnpacking:
    """Members taken out so far, and how many were left out."""

    def __init__(self, options: Options) -> None:
        self._options = options
        self._room = options.max_expanded
        self._most = 0
        self.members: list[Member] = []
        self.left_out = 0
        self.encrypted = 0
        self.damaged = 0
        self.torn = 0

    def take_all(self, streams: Iterator[Stream]) -> None:
        """Take members out until the bounds are met; what is beyond them is counted."""
        for name, stream, packed in streams:
            if len(self.members) >= self._options.max_members:
                self.left_out += 1
                continue
            try:
                content = self._read(name, stream, packed)
            except DAMAGED:
                self.damaged += 1  # the next one may be whole
                continue
            if content is None:
                self.left_out += 1
            elif content:
                self.members.append(Member(name=_clean(name), content=content))

    def fits(self, size: int, packed: int) -> bool:
        """Whether there is room for a member that is said to be so large; else it is counted."""
        most = self._room_for(packed)
        if size <= most:
            return True
        self.left_out += 1
        self._most = max(self._most, most)
        return False

    def _room_for(self, packed: int) -> int:
        """Bytes that a member of a packed size may expand to; 0: that is not known."""
        return self._room if not packed else min(self._room, max(RATIO_FROM, packed * RATIO))

    def _read(self, name: str, stream: IO[bytes], packed: int) -> bytes | None:
        most = self._room_for(packed)
        content = self._as_far_as_it_goes(stream, most) if name == LONE else stream.read(most + 1)
        if len(content) > most:
            self._most = max(self._most, most)
            return None
        self._room -= len(content)
        return content

    def _as_far_as_it_goes(self, stream: IO[bytes], most: int) -> bytes:
        """What is whole of a compressed file; that there is more, and damaged, is counted."""
        content = bytearray()
        try:
            while len(content) <= most and (piece := stream.read1(PIECE)):  # type: ignore[attr-defined]
                content += piece
        except (*DAMAGED, OSError):
            if not content:
                raise
            self.torn += 1
        return bytes(content)

    def parsed(self, kind: str) -> Parsed:
        """The archive as a document without text, with its members.

        Raises:
            FileProblem: nothing could be taken out.
        """
        if not self.members:
            self._raise_if_nothing()
        lost = self.left_out + self.encrypted + self.damaged
        return Parsed(
            parser="archive",
            media_type=MEDIA_TYPES[kind],
            elements=(),
            members=tuple(self.members),
            problem="members_left_out" if lost else None,
            problem_parameters={"members": lost} if lost else {},
            notices=of_parts(self.torn),
        )

    def _raise_if_nothing(self) -> None:
        if self.encrypted:
            raise FileProblem("encrypted")
        if self.damaged:
            raise FileProblem("damaged", what="archive: none of its files is whole")
        if self.left_out:
            raise FileProblem("expands_too_far", limit=self._most // 1024**2)
        raise FileProblem("empty")


def _zip(path: Path, unpacking: ArchiveUnpacking) -> Iterator[Stream]:
    with zipfile.ZipFile(path) as archive:
        infos = archive.infolist()
        names = entry_names.of_zip(infos)
        for info in infos:
            name = names[info.header_offset]
            if info.is_dir() or _is_litter(name):
                continue
            if info.flag_bits & 1:
                unpacking.encrypted += 1
                continue
            packed = max(1, info.compress_size)
            if not unpacking.fits(info.file_size, packed):
                continue
            try:
                with archive.open(info) as stream:
                    yield name, stream, packed
            except (NotImplementedError, RuntimeError, zipfile.BadZipFile):
                unpacking.damaged += 1  # a method of packing that is not known, or no header


def _tar(path: Path) -> Iterator[Stream]:
    with path.open("rb") as file:
        head = file.read(6)
    opener = next((o for signature, o in COMPRESSED if head.startswith(signature)), None)
    if opener is not None and not _holds_tar(path):
        with opener(path, "rb") as unpacked:
            yield LONE, cast("IO[bytes]", unpacked), path.stat().st_size
        return
    with tarfile.open(path, "r|*", tarinfo=_Header) as archive:
        most = LARGEST if opener else path.stat().st_size
        for info in archive:
            if info.size > most:
                raise tarfile.ReadError("a member is longer than the file")
            if info.isreg() and not _is_litter(info.name):
                stream = archive.extractfile(info)
                if stream is not None:
                    yield entry_names.of_tar(info.name), stream, 0


class _Header(tarfile.TarInfo):
    """A member's header. A damaged one is an error; to tarfile it is the end, but for the first."""

    @classmethod
    def fromtarfile(cls, archive: tarfile.TarFile) -> "_Header":
        try:
            return super().fromtarfile(archive)
        except NO_HEADER as error:
            raise tarfile.ReadError("a member's header is damaged") from error


def _holds_tar(path: Path) -> bool:
    try:
        with tarfile.open(path, "r|*") as archive:
            return archive.next() is not None
    except (tarfile.TarError, EOFError, zlib.error, lzma.LZMAError, OSError):
        return False


def _is_litter(name: str) -> bool:
    return any(part in name for part in LITTER)


def _clean(name: str) -> str:
    """A member's path for people: no drive, no root, no way up, no control characters."""
    parts = [p for p in name.replace("\\", "/").split("/") if p not in {"", ".", ".."}]
    shown = "/".join("".join(c for c in p if c.isprintable()).strip() for p in parts)
    return shown[-400:].lstrip("/") or "member"
