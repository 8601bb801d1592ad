"""An index on its way from some embedding models to others."""

from dataclasses import dataclass, field
from typing import Any

ASKED, EMBEDDING, GRAPH, COMPARING = "asked", "embedding", "graph", "comparing"
PAUSING, PAUSED, FAILED, REFUSED = "pausing", "paused", "failed", "refused"
SWITCHED, GIVEN_UP = "switched", "given_up"
AT_WORK = (EMBEDDING, GRAPH, COMPARING, PAUSING)
"""States in which a process is at it, or was when it ended."""
OPEN = (ASKED, *AT_WORK, PAUSED, FAILED, REFUSED)
"""States that are no end: it may go on. There is one such swap at most."""


@dataclass(frozen=True, slots=True)
class Swap:
    """A swap, asked for by somebody, with how far it is. Times are Unix seconds.

    ``wanted`` and ``used`` are the models' names: those to come and those of before. ``by_worker``:
    a worker does it, not a command. ``began_at`` and ``began_with`` are when the process at hand
    began, and how many passages were there then. ``done`` of ``total`` passages are in the new
    generation. ``too_long`` are passages of which the new models read the beginning alone.
    ``gate`` is how old and new compare (``kb.swapping.gate``), ``error`` why it stopped.
    """

    id: int
    wanted: tuple[str, ...]
    used: tuple[str, ...]
    generation: int | None
    state: str
    force: bool
    by_worker: bool
    asked_by: str
    asked_at: float
    began_at: float | None = None
    began_with: int = 0
    seen_at: float | None = None
    done: int = 0
    total: int = 0
    too_long: int | None = None
    gate: dict[str, Any] | None = None
    error: dict[str, Any] | None = None
    ended_at: float | None = None

    @property
    def is_open(self) -> bool:
        """Whether it may go on."""
        return self.state in OPEN

    @property
    def rate(self) -> float:
        """Passages a second since the process at hand began; 0: nobody can tell yet."""
        seconds = (self.seen_at or 0.0) - (self.began_at or 0.0)
        return (self.done - self.began_with) / seconds if seconds > 0 else 0.0

    @property
    def seconds_left(self) -> float | None:
        """Seconds until all passages are embedded, at this rate; None: nobody can tell."""
        return (self.total - self.done) / self.rate if self.rate > 0 else None

    def as_json(self) -> dict[str, Any]:
        """The JSON of commands and pages."""
        left = self.seconds_left if self.state == EMBEDDING else None
        return {
            "id": self.id,
            "models": list(self.wanted),
            "replaced": list(self.used),
            "state": self.state,
            "generation": f"g{self.generation}" if self.generation else None,
            "passages": {"done": self.done, "total": self.total, "too_long": self.too_long},
            "rate": round(self.rate, 2),
            "seconds_left": None if left is None else round(left),
            "forced": self.force,
            "gate": self.gate,
            "error": self.error,
        }


@dataclass(frozen=True, slots=True)
class Followed:
    """A generation beside the live one, which is kept current.

    ``state`` is ``ready`` (to go live), ``kept`` (it was live) or ``building``. ``current_to`` is
    the tick of the catalog's clock up to which it has what is published; 0: nobody has noted it.
    ``left_at``: since when it is beside.
    """

    id: int
    fingerprint: str
    state: str
    description: dict[str, Any] = field(default_factory=dict)
    current_to: int = 0
    left_at: float = 0.0
