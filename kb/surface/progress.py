"""How far a first reading is, for pages of ours."""

from kb.surface import shapes
from kb.types.library import FirstReading


def standing(found: FirstReading | None) -> dict[str, int | None] | None:
    """How far a first reading is: files, and seconds left; None of what nobody knows yet."""
    if found is None:
        return None
    if found.others or not all(run.total for run in found.runs):
        return {"done": None, "total": None, "seconds_left": None}
    left = [shapes.run(run)["seconds_left"] for run in found.runs]
    return {
        "done": sum(run.done for run in found.runs),
        "total": sum(run.total for run in found.runs),
        "seconds_left": None if None in left else max(left),
    }
