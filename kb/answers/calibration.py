"""The constants of evidence: fitted to a model and a corpus, and where they are kept.

Those of the bundled models come with the program; ``kb eval calibrate`` fits others and keeps them
beside what else is derived from the models (``models`` in the data directory). A model without
constants of its own is read by the first ones that come with the program: the readings have been
brought to one scale (docs/retrieval.md, Evidence).
"""

import hashlib
import logging
import math
from collections.abc import Mapping, Sequence
from pathlib import Path

import msgspec

from kb.embedding import models

SHIPPED = Path(__file__).parent / "calibrations.json"
log = logging.getLogger("kb.answers")


class Weighed(msgspec.Struct, frozen=True, kw_only=True):
    """A logistic function of readings: from .5 on it says yes."""

    weights: dict[str, float]
    bias: float

    def value(self, readings: Mapping[str, float]) -> float:
        """From 0 to 1."""
        total = self.bias + sum(w * readings[name] for name, w in self.weights.items())
        return 1 / (1 + math.exp(-max(-30.0, min(30.0, total))))


class Calibration(msgspec.Struct, frozen=True, kw_only=True):
    """What readings make of a question.

    ``models`` are the fingerprints of the embedding models, in order; ``corpora`` the sets of
    questions that it was fitted to. ``sure``: the best quotation answers; ``near``: the documents
    speak of the matter at all.
    """

    models: tuple[str, ...]
    corpora: tuple[str, ...]
    questions: int
    sure: Weighed
    near: Weighed
    figures: dict[str, float] = {}

    @property
    def name(self) -> str:
        """How a receipt names it: by its corpora, and by a digest of its numbers."""
        digest = hashlib.sha256(msgspec.json.encode(self)).hexdigest()[:8]
        return f"{', '.join(self.corpora)} ({digest})"


def shipped() -> list[Calibration]:
    """The constants that come with the program; the first stand for every other model."""
    return msgspec.json.decode(SHIPPED.read_bytes(), type=list[Calibration])


def known(fingerprints: Sequence[str], folder: Path) -> Calibration:
    """The constants for these models: as they were fitted here, or as they come."""
    wanted = tuple(fingerprints)
    own = _kept(wanted, folder)
    if own is not None:
        return own
    there = shipped()
    return next((one for one in there if one.models == wanted), there[0])


def keep(calibration: Calibration, folder: Path) -> Path:
    """Keep constants; whoever reads finds all of them, or what was there before.

    Raises:
        OSError: they cannot be written.
    """
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    file = file_of(calibration.models, folder)
    models.write_whole(file, msgspec.json.format(msgspec.json.encode(calibration)))
    return file


def forget(fingerprints: Sequence[str], folder: Path) -> bool:
    """Go back to those that come with the program; whether there were others."""
    file = file_of(fingerprints, folder)
    was = file.exists()
    file.unlink(missing_ok=True)
    return was


def file_of(fingerprints: Sequence[str], folder: Path) -> Path:
    """Where the constants for some models are kept."""
    digest = hashlib.sha256("\0".join(fingerprints).encode()).hexdigest()[:16]
    return folder / f"evidence-{digest}.json"


def changed_at(fingerprints: Sequence[str], folder: Path) -> int:
    """When the constants for some models were kept, in nanoseconds; 0: none were."""
    try:
        return file_of(fingerprints, folder).stat().st_mtime_ns
    except OSError:
        return 0


def _kept(fingerprints: Sequence[str], folder: Path) -> Calibration | None:
    file = file_of(fingerprints, folder)
    if not file.exists():
        return None
    try:
        found = msgspec.json.decode(file.read_bytes(), type=Calibration)
        _check(found)
    except (OSError, msgspec.MsgspecError) as error:
        log.warning("%s cannot be read (%s); kb eval calibrate writes it anew", file, error)
        return None
    return found


def _check(found: Calibration) -> None:
    """Raises ``msgspec.MsgspecError``: it weighs what this release does not read."""
    read = {name for one in shipped() for w in (one.sure, one.near) for name in w.weights}
    other = {*found.sure.weights, *found.near.weights} - read
    if other:
        raise msgspec.ValidationError(f"no reading is called {min(other)}")
