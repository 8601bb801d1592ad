"""The languages of points, kept in memory: hits come again, and reading them takes long."""

from collections.abc import Awaitable, Callable, Sequence

MOST_KNOWN = 20_000
"""Points of a generation whose languages are kept, about."""
Read = Callable[[str, Sequence[int]], Awaitable[dict[int, str]]]
"""Reads the languages (ISO 639-1; empty: unknown) of the points of a generation that are there."""


class Spoken:
    """Languages by generation and point. Whoever writes to a generation has it forgotten."""

    def __init__(self) -> None:
        self._known: dict[str, dict[int, str]] = {}

    async def of(self, generation: str, ids: Sequence[int], read: Read) -> dict[int, str]:
        """The language of each of these points that is there; ``read`` gives what is not known."""
        known = self._known.setdefault(generation, {})
        missing = [point for point in ids if point not in known]
        if missing:
            if len(known) > MOST_KNOWN:
                known = self._known[generation] = {}  # who reads meanwhile keeps what there was
                missing = list(ids)
            known |= await read(generation, missing)
        return {point: known[point] for point in ids if point in known}

    def forget(self, generation: str) -> None:
        """Forget a generation whose points have been written, deleted, or given other languages."""
        self._known.pop(generation, None)

    def forget_all(self) -> None:
        """Forget every generation: others are searched from now on."""
        self._known.clear()
