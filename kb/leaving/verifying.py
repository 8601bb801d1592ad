"""A bag is checked before anything of it is used: every hash, every size, every name."""

import hashlib
import os
import re
import stat
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from kb.errors import UsageError
from kb.leaving.bag import BAGIT, INFO, MANIFEST, TAGS, UNFINISHED
from kb.leaving.problems import damaged
from kb.types.leaving import NAME, VERSION

PART = 1 << 20
"""Bytes that are read at once."""
MOST_TAG_BYTES = 1 << 30
"""A manifest of ten million files has as many."""
_DECLARED = re.compile(r"BagIt-Version: (0\.9[67]|1\.0)\nTag-File-Character-Encoding: UTF-8\n*")
_LINE = re.compile(r"([0-9a-fA-F]{64})[ \t]+\*?(.+)")
_ESCAPED = re.compile(r"%(0[AaDd]|25)")
_FORMAT = re.compile(rf"{NAME} (\d{{1,9}})")
Told = Callable[[int, int], None]
"""Hears how many bytes are checked, and how many there are."""


@dataclass(frozen=True, slots=True)
class VerifiedExport:
    """``mark`` tells an export apart from any other; ``hashes`` are those of its files by path."""

    mark: str
    hashes: Mapping[str, str]


def verify(folder: Path, told: Told = lambda _done, _total: None) -> VerifiedExport:
    """Check that a folder is a whole export that this release reads.

    Raises:
        UsageError: it is not, and why.
    """
    try:
        return _verified(folder, told)
    except OSError as error:
        where = str(error.filename or folder)
        raise damaged(f"it cannot be read ({error.strerror}: {where})", where) from error


def _verified(folder: Path, told: Told) -> VerifiedExport:
    files = _files(folder)
    _check_declared(folder, files)
    tags = _manifest(folder, TAGS)
    _compare(tags, {f for f in files if not f.startswith("data/")} - {TAGS}, "tags")
    _check_hashes(folder, tags, files, lambda _done, _total: None)
    info = _info(folder)
    _check_format(info)
    payload = _manifest(folder, MANIFEST)
    inside = {f: size for f, size in files.items() if f.startswith("data/")}
    _compare(payload, set(inside), "payload")
    _check_oxum(info, inside)
    _check_hashes(folder, payload, files, told)
    return VerifiedExport(hashlib.sha256((folder / TAGS).read_bytes()).hexdigest(), payload)


def _files(folder: Path) -> dict[str, int]:
    """The size of every file, by its path; links and what is no file are refused."""
    try:
        if not stat.S_ISDIR(os.lstat(folder).st_mode):
            raise damaged("it is not a folder")
    except FileNotFoundError as error:
        raise damaged("there is no such folder") from error
    found: dict[str, int] = {}
    for path, entry in _walk(folder):
        mode = entry.stat(follow_symlinks=False)
        if not stat.S_ISREG(mode.st_mode):
            raise damaged("there is a link, or something that is no file, in it", path)
        found[path] = mode.st_size
    return found


def _walk(folder: Path, above: str = "") -> Iterator[tuple[str, os.DirEntry[str]]]:
    with os.scandir(folder) as listed:
        entries = sorted(listed, key=lambda entry: entry.name)
    for entry in entries:
        path = f"{above}{entry.name}"
        if entry.is_dir(follow_symlinks=False):
            yield from _walk(Path(entry.path), f"{path}/")
        else:
            yield path, entry


def _check_declared(folder: Path, files: Mapping[str, int]) -> None:
    if UNFINISHED in files or BAGIT not in files:
        raise damaged("it was broken off, or was never one", BAGIT)
    if not _DECLARED.fullmatch(_text(folder, BAGIT)):
        raise damaged("it is of a kind of bag that is not known here", BAGIT)


def _text(folder: Path, name: str) -> str:
    """A tag file as text, whatever its line ends."""
    try:
        with (folder / name).open("rb") as file:
            content = file.read(MOST_TAG_BYTES)
    except FileNotFoundError as error:
        raise damaged("a file of it is missing", name) from error
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise damaged("a file of it is no text", name) from error
    return text.replace("\r\n", "\n").replace("\r", "\n")


def _manifest(folder: Path, name: str) -> dict[str, str]:
    """Hashes by path. A path that leads out of the folder is refused."""
    found: dict[str, str] = {}
    for line in _text(folder, name).split("\n"):
        if not line.strip():
            continue
        matched = _LINE.fullmatch(line)
        if matched is None:
            raise damaged("a line of its list of files is none", name)
        path = _ESCAPED.sub(lambda m: chr(int(m[1], 16)), matched[2])
        if not _stays_within(path, payload=name == MANIFEST):
            raise damaged("its list of files names one elsewhere", path[:200])
        if path in found:
            raise damaged("its list of files names one twice", path[:200])
        found[path] = matched[1].lower()
    return found


def _stays_within(path: str, *, payload: bool) -> bool:
    parts = path.split("/")
    within = not PurePosixPath(path).is_absolute() and not {"", ".", ".."} & set(parts)
    return within and "\0" not in path and (parts[0] == "data") == payload


def _compare(listed: Mapping[str, str], there: set[str], what: str) -> None:
    """What is listed is there, and nothing else is: also no tag file, which a bag may have."""
    missing, more = sorted(set(listed) - there), sorted(there - set(listed))
    if missing:
        raise damaged(f"a file of it is missing ({missing[0][:200]})", missing[0])
    if more:
        raise damaged(f"a file is in it that is not listed ({more[0][:200]})", more[0])
    if what == "tags" and not {BAGIT, INFO, MANIFEST} <= set(listed):
        raise damaged("its list of files is not whole", TAGS)


def _check_hashes(
    folder: Path, hashes: Mapping[str, str], files: Mapping[str, int], told: Told
) -> None:
    total, done = sum(files[path] for path in hashes), 0
    for path, wanted in hashes.items():
        with (folder / path).open("rb") as file:
            hashed = hashlib.file_digest(file, "sha256")
        if hashed.hexdigest() != wanted:
            raise damaged(f"a file of it is not as it was ({path[:200]})", path)
        done += files[path]
        told(done, total)


def _info(folder: Path) -> dict[str, str]:
    lines = [line for line in _text(folder, INFO).split("\n") if line and line[0] not in " \t"]
    pairs = (line.partition(":") for line in lines)
    return {name.strip(): value.strip() for name, _, value in pairs}


def _check_format(info: Mapping[str, str]) -> None:
    matched = _FORMAT.fullmatch(info.get("Export-Format", ""))
    if matched is None:
        raise damaged("it is a bag, but not one that Commonplace exported", INFO)
    if int(matched[1]) > VERSION:
        raise UsageError(
            "This export was made by a newer Commonplace (format {version}, this one knows "
            "{known}). Import it with that release, or a newer one.",
            code="export_too_new",
            detail={"version": int(matched[1]), "known": VERSION},
        )


def _check_oxum(info: Mapping[str, str], inside: Mapping[str, int]) -> None:
    if info.get("Payload-Oxum") != f"{sum(inside.values())}.{len(inside)}":
        raise damaged("its files have another size than it says", INFO)
