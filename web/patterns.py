"""Patterns for files in a form: a line each. What a line cannot show stays as it is."""

import unicodedata
from collections.abc import Sequence
from typing import Any

from kb.errors import UsageError
from kb.types.library import Following

MOST = 200
"""Most patterns that a field takes, where there were not more before."""


def in_form(following: Following) -> dict[str, Any]:
    """The patterns that the fields show, and how many they cannot."""
    include, exclude = _shown(following.include), _shown(following.exclude)
    kept = len(following.include) + len(following.exclude) - len(include) - len(exclude)
    return {"include": include, "exclude": exclude, "kept": kept}


def of_form(form: Any, name: str, before: tuple[str, ...]) -> tuple[str, ...]:
    """The patterns of a field, and behind them those that it did not show.

    Raises:
        UsageError: there are too many, and more than there were.
    """
    if name not in form:
        return before
    shown = _shown(before)
    lines = str(form[name]).replace("\r\n", "\n").replace("\r", "\n").split("\n")
    wanted = [_typed(line, shown) for line in lines if line.strip()]
    if wanted == shown:
        return before
    if len(wanted) > max(MOST, len(shown)):
        raise UsageError(
            "These are {count} patterns; {most} are the most. Nothing was changed.",
            code="too_many_patterns",
            detail={"most": MOST, "count": len(wanted)},
        )
    return (*wanted, *(pattern for pattern in before if not _is_shown(pattern)))


def _shown(patterns: Sequence[str]) -> list[str]:
    return [pattern for pattern in patterns if _is_shown(pattern)]


def _is_shown(pattern: str) -> bool:
    """Whether a form's line brings a pattern back as it was: no line's end, no undecodable byte."""
    odd = any(unicodedata.category(c) in {"Cc", "Cs"} for c in pattern if c != "\t")
    return not odd and bool(pattern.strip())


def _typed(line: str, shown: Sequence[str]) -> str:
    """A line without spaces around it, unless it was shown with them or the last one is meant."""
    return line if line in shown or line.rstrip().endswith("\\") else line.strip()
