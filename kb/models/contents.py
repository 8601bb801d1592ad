"""What a model's folder holds, beside what was written down of it when the model was added."""

import contextlib
from collections.abc import Collection, Iterator, Mapping
from pathlib import Path

import msgspec

from kb.embedding import models
from kb.embedding.places import MANIFEST, KeptFile, ModelManifest, manifest_of
from kb.errors import ConfigurationError


def write_down(folder: Path, manifest: ModelManifest) -> None:
    """Write down each file of a model with its digest."""
    _write(folder, msgspec.structs.replace(manifest, files=files_of(folder)))


def _write(folder: Path, manifest: ModelManifest) -> None:
    models.write_whole(folder / MANIFEST, msgspec.json.format(msgspec.json.encode(manifest)))
    (folder / MANIFEST).chmod(0o644)


def files_of(folder: Path, some: Collection[str] | None = None) -> dict[str, KeptFile]:
    """Every file of a model by its path, or ``some``, read from beginning to end."""
    return {
        name: KeptFile(models.digest_of(file), file.stat().st_size, int(file.stat().st_mtime))
        for name, file in _files(folder)
        if some is None or name in some
    }


def sizes(folder: Path) -> dict[str, int]:
    """The bytes of every file of a model; nothing is read."""
    return {name: file.stat().st_size for name, file in _files(folder)}


def _files(folder: Path) -> Iterator[tuple[str, Path]]:
    for file in sorted(folder.rglob("*")):
        if file.is_file() and file != folder / MANIFEST and not _is_left(file):
            yield file.relative_to(folder).as_posix(), file


def _is_left(file: Path) -> bool:
    """Whether it is a half written file of somebody who was killed."""
    return file.name.startswith(models.HALF_WRITTEN)


def is_whole(folder: Path) -> bool:
    """Whether every file is as it was written down; all of them are read."""
    try:
        manifest = manifest_of(folder)
        there = files_of(folder)
    except (ConfigurationError, OSError):
        return False
    return manifest is not None and digests(there) == digests(manifest.files)


def digests(files: Mapping[str, KeptFile]) -> dict[str, str]:
    """The SHA-256 of each file."""
    return {name: kept.sha256 for name, kept in files.items()}


def looks_changed(folder: Path, manifest: ModelManifest) -> bool:
    """Whether a file has another size or time than it had; nothing is read."""
    for name, kept in manifest.files.items():
        try:
            stat = (folder / name).stat()
        except OSError:
            return True
        if (stat.st_size, int(stat.st_mtime)) != (kept.size, kept.modified):
            return True
    return False


def refresh(folder: Path, manifest: ModelManifest, files: dict[str, KeptFile]) -> None:
    """Write down anew when files were written that are the same (a copy, a restored backup)."""
    if files != manifest.files:
        kept = msgspec.structs.replace(manifest, files=files)
        with contextlib.suppress(OSError):  # a shelf that cannot be written is as sound as before
            _write(folder, kept)


def not_ours(place: Path) -> str:
    """Why what lies at a model's place was not made here, or not all of it; empty: it was."""
    if place.is_symlink() or not place.is_dir():
        return "it is a link" if place.is_symlink() else "it is no folder"
    try:
        manifest = manifest_of(place)
    except ConfigurationError:
        return f"its {MANIFEST} cannot be read"
    if manifest is None:
        return f"it has no {MANIFEST}"
    if manifest.name != place.name:
        return f"its {MANIFEST} is that of {manifest.name}"
    ours = {*manifest.files, MANIFEST}
    folders = {parent.as_posix() for name in ours for parent in Path(name).parents}
    for found in sorted(place.rglob("*")):
        if _is_left(found):
            continue
        name = found.relative_to(place).as_posix()
        if name not in (folders if found.is_dir() and not found.is_symlink() else ours):
            return f"{name} came from elsewhere"
    return ""
