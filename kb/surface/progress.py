"""How far a first reading is, for pages of ours."""

from dataclasses import dataclass

from kb.surface import shapes
from kb.types.library import FirstReading


@dataclass(frozen=True, slots=True)
class Figures:
    """Files that are done, and in all; seconds that are left, None while nobody knows."""

    done: int
    total: int
    seconds_left: int | None


def figures(found: FirstReading) -> Figures | None:
    """The figures of a reading; None where not all of them are known, or theirs to know."""
    if found.others or not all(run.total for run in found.runs):
        return None
    left = [shapes.run(run)["seconds_left"] for run in found.runs]
    return Figures(
        done=sum(run.done for run in found.runs),
        total=sum(run.total for run in found.runs),
        seconds_left=None if None in left else max(left),
    )
