"""A model's graph in 8-bit integers, as files: made once from its weights and ranges, and checked.

They lie in a folder whose name says what they were made from. It appears as a whole: it is made
beside its place, and renamed. Whoever finds it made, meanwhile, by somebody else takes that one.
"""

import contextlib
import hashlib
import json
import logging
import os
import shutil
import tempfile
import time
from dataclasses import asdict
from pathlib import Path
from typing import Any

from kb.embedding import models
from kb.embedding.models import ModelFiles
from kb.embedding.runtimes import compiled
from kb.embedding.runtimes.bert import Shape
from kb.embedding.runtimes.ranges import Ranges, shipped, written

RELEASE = 2
"""Of what is made here: another one is made anew."""
PREFIX = "int8-"
GRAPH = "int8.xml"
PARTS = (GRAPH, "int8.bin")
MADE_FROM = "made-from.json"
LOCK = "int8.lock"
FORGOTTEN_SECONDS = 3600.0
"""Making takes seconds: what is older belongs to nobody."""
UNREADABLE = (OSError, ValueError, KeyError, TypeError, RecursionError)
"""What reading a folder that holds something else may raise."""
log = logging.getLogger("kb.embedding")


def graph_file(files: ModelFiles, ranges: Ranges, kept_in: Path) -> Path:
    """The file of a model's graph in 8-bit integers; made where it is not there, or is damaged.

    That the weights are those that are pinned is the caller's to have checked.

    Raises:
        ConfigurationError: only torch can run this model.
        OSError: it cannot be written (a full disk).
    """
    made_from = _made_from(files, ranges)
    folder = kept_in / _short(made_from)
    if not _is_whole(folder, made_from):
        kept_in.mkdir(parents=True, exist_ok=True, mode=0o700)
        with models.alone(kept_in / LOCK):
            _make_anew(files, ranges, made_from, folder)
    return folder / GRAPH


def _make_anew(
    files: ModelFiles, ranges: Ranges, made_from: dict[str, object], folder: Path
) -> None:
    """Make it, unless somebody else has while we waited: theirs may be in use already."""
    if _is_whole(folder, made_from):
        return
    if folder.exists():
        log.warning("%s is damaged, and made anew", folder)
        _set_aside(folder)
    _make(files, ranges, made_from, folder)


def compared(folder: Path, digest: str, own: Ranges | None) -> tuple[bool, bool]:
    """Whether the files in a folder are those that were written, and of these ``own`` ranges.

    What was made of other weights than those with this ``digest``, or by another release, counts
    for nothing. Without ranges of its own a model has those that come with the program.
    """
    try:
        said = json.loads((folder / MADE_FROM).read_text(encoding="utf-8"))
        if said["weights"] != digest or said["release"] != RELEASE:
            return True, True
        whole = said["files"] == _digests(folder)
        return whole, own is None or said["ranges"] == _digest_of_ranges(own)
    except UNREADABLE:
        return False, True


def _made_from(files: ModelFiles, ranges: Ranges) -> dict[str, object]:
    return {
        "release": RELEASE,
        "weights": files.digest,
        "shape": asdict(Shape.of(files.folder)),
        "ranges": _digest_of_ranges(ranges),
    }


def _digest_of_ranges(ranges: Ranges) -> str:
    spans = json.dumps(written(ranges), sort_keys=True)
    return hashlib.sha256(spans.encode()).hexdigest()


def _short(made_from: dict[str, object]) -> str:
    """A folder's name by what it was made from."""
    return PREFIX + hashlib.sha256(json.dumps(made_from).encode()).hexdigest()[:16]


def _is_whole(folder: Path, made_from: dict[str, object]) -> bool:
    """Whether the files are those that were written, from what they should be made from."""
    try:
        said = json.loads((folder / MADE_FROM).read_text(encoding="utf-8"))
        return bool(said == made_from | {"files": _digests(folder)})
    except UNREADABLE:
        return False


def _digests(folder: Path) -> dict[str, str]:
    return {name: models.digest_of(folder / name) for name in PARTS}


def _make(files: ModelFiles, ranges: Ranges, made_from: dict[str, object], folder: Path) -> None:
    _clear_up(folder.parent)
    if shipped(files.digest) is not None:
        clear_earlier(folder, files, FORGOTTEN_SECONDS)
    beside = Path(tempfile.mkdtemp(prefix=".making-", dir=folder.parent))
    try:
        _write(compiled.graph_of(files, ranges), beside / GRAPH)
        said = made_from | {"files": _digests(beside)}
        (beside / MADE_FROM).write_text(json.dumps(said), encoding="utf-8")
        _keep(beside, folder)
    finally:
        shutil.rmtree(beside, ignore_errors=True)


def _write(graph: Any, file: Path) -> None:
    try:
        compiled.library().save_model(graph, file, compress_to_fp16=False)
    except RuntimeError as error:  # as which OpenVINO says that the disk is full
        megabytes = shutil.disk_usage(file.parent).free // 1_000_000
        where = f"{file.parent.parent}, where {megabytes} MB are free"
        raise OSError(f"{file.name} cannot be written to {where}: {error}") from error


def _clear_up(kept_in: Path) -> None:
    """Delete what those have left that were killed while they made or replaced something."""
    for left in [*kept_in.glob(".making-*"), *kept_in.glob(".damaged-*")]:
        with contextlib.suppress(OSError):
            if time.time() - left.stat().st_mtime > FORGOTTEN_SECONDS:
                shutil.rmtree(left)


def clear_earlier(folder: Path, files: ModelFiles, seconds: float = 0.0) -> None:
    """Delete what other folders have of this model, by other ranges or another release.

    Nobody reads it any more but an earlier release beside this one, which would make it anew; what
    is no older than so many ``seconds`` stays, so that these two do not delete each other's. The
    ranges of a model's own may be damaged, and an earlier folder shows it (:func:`compared`):
    its folders are deleted only where somebody has measured them anew.
    """
    shape = asdict(Shape.of(files.folder))
    for made in folder.parent.glob(f"{PREFIX}*"):
        with contextlib.suppress(*UNREADABLE):  # it is no such folder
            said = json.loads((made / MADE_FROM).read_text(encoding="utf-8"))
            is_old = time.time() - made.stat().st_mtime >= seconds
            is_ours = said["weights"] == files.digest and said.get("shape", shape) == shape
            if made != folder and is_ours and is_old:
                _set_aside(made)


def _keep(beside: Path, folder: Path) -> None:
    """Give what was made its name, once it is on the disk."""
    for name in (*PARTS, MADE_FROM):
        with (beside / name).open("rb") as file:
            os.fsync(file.fileno())
    try:
        beside.rename(folder)
    except OSError:
        if not folder.exists():  # nobody else has made it meanwhile
            raise


def _set_aside(folder: Path) -> None:
    """Out of the way in one step: a damaged folder is never half there."""
    gone = Path(tempfile.mkdtemp(prefix=".damaged-", dir=folder.parent))
    with contextlib.suppress(FileNotFoundError):  # somebody else has
        folder.rename(gone / folder.name)
    shutil.rmtree(gone, ignore_errors=True)
