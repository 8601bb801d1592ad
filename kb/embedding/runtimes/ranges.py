"""What the inputs of a model's products span: measured on the built-in texts, and kept.

Those of the bundled model come with the package, so that everybody's 8-bit integers are the same.
"""

import hashlib
import json
import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kb.embedding.runtimes.bert import Range
from kb.errors import ConfigurationError

SHIPPED = Path(__file__).parent / "ranges.json"
SHIPPED_SHA256 = "2f45a7f2301c9bdf1c33d8738bd904685f25cb37a7e92c01cb2e3ba3fd7d7ccb"
"""Of the file of ranges; ``kb models optimise`` makes it again (docs/adr/0007-runtimes.md)."""
EXACT = 48
"""One input in so many, those that reach farthest, is multiplied exactly."""
Ranges = Mapping[str, Range]


def shipped(digest: str) -> Ranges | None:
    """The ranges that come with the package for a model, by the SHA-256 of its weights.

    Raises:
        ConfigurationError: the file is another one.
    """
    content = SHIPPED.read_bytes()
    if hashlib.sha256(content).hexdigest() != SHIPPED_SHA256:
        raise ConfigurationError(
            f"{SHIPPED} is not the file that came with this release. Install it again.",
            code="ranges_changed",
        )
    found = json.loads(content).get(digest)
    return None if found is None else read(found)


def read(written: Mapping[str, Any]) -> Ranges:
    """Ranges as :func:`written` wrote them."""
    return {name: Range(**one) for name, one in written.items()}


def read_file(file: Path) -> Ranges:
    """Ranges that were measured here.

    Raises:
        ConfigurationError: the file is damaged.
        OSError: it cannot be read.
    """
    try:
        found = read(json.loads(file.read_text(encoding="utf-8")))
        spans = [(one.low, one.high) for one in found.values()]
        if not found or not all(math.isfinite(low + high) and low <= high for low, high in spans):
            raise ValueError("no spans")
    except (ValueError, TypeError, AttributeError, RecursionError) as error:
        raise ConfigurationError(
            f"{file} is damaged ({error}). kb models optimise makes it anew.",
            code="ranges_changed",
            detail={"file": str(file)},
        ) from error
    return found


def written(ranges: Ranges) -> dict[str, Any]:
    """Ranges as JSON."""
    return {name: asdict(one) for name, one in ranges.items()}


def measured(batches: Iterable[Mapping[str, NDArray[Any]]]) -> Ranges:
    """Ranges over batches, each with the products' inputs by name (pieces × inputs)."""
    lowest: dict[str, NDArray[Any]] = {}
    highest: dict[str, NDArray[Any]] = {}
    for batch in batches:
        for name, inputs in batch.items():
            lowest[name] = _of(np.minimum, inputs.min(axis=0), lowest.get(name))
            highest[name] = _of(np.maximum, inputs.max(axis=0), highest.get(name))
    return {name: _range(lowest[name], highest[name]) for name in lowest}


def _of(
    least: Callable[..., NDArray[Any]], found: NDArray[Any], known: NDArray[Any] | None
) -> NDArray[Any]:
    return found if known is None else least(found, known)


def _range(lowest: NDArray[Any], highest: NDArray[Any]) -> Range:
    """Without the inputs that reach farthest, which are left to be exact."""
    reach = np.maximum(np.abs(lowest), np.abs(highest))
    exact = np.sort(np.argsort(-reach, kind="stable")[: len(reach) // EXACT])
    low, high = np.delete(lowest, exact).min(), np.delete(highest, exact).max()
    return Range(_rounded(min(low, 0.0)), _rounded(max(high, 0.0)), tuple(int(i) for i in exact))


def _rounded(value: float) -> float:
    """To three digits: processors differ in the last ones."""
    return float(f"{value:.3g}")
