"""Who is next at the model, among the people of every web process. Pure.

The rules are those of ``kb.shares.FairQueue``: one turn each, then the next of each.
"""

from collections import Counter
from collections.abc import Sequence

from kb.errors import BusyError, TooManyError
from kb.types.turns import QueuedTurn, TurnBounds


def may_begin(turns: Sequence[QueuedTurn], bounds: TurnBounds, person: str) -> bool:
    """Whether one more turn of a person could begin now."""
    having = Counter(turn.person for turn in turns if turn.begun)
    return having.total() < bounds.at_once and having[person] < bounds.each


def next_one(turns: Sequence[QueuedTurn], bounds: TurnBounds) -> QueuedTurn | None:
    """Whose turn begins next, of turns in their order; None: nobody's can."""
    waiting = (turn for turn in turns if not turn.begun)
    return next((one for one in waiting if may_begin(turns, bounds, one.person)), None)


def check_room(turns: Sequence[QueuedTurn], bounds: TurnBounds, person: str) -> None:
    """Check that one more of theirs could begin, or wait.

    Raises:
        TooManyError: they have enough in the queue.
        BusyError: the queue is full.
    """
    if may_begin(turns, bounds, person):
        return
    waiting = Counter(turn.person for turn in turns if not turn.begun)
    if waiting[person] >= bounds.waiting_each:
        raise TooManyError(
            "Your earlier requests are still waiting for an answer.", code="rate_limited"
        )
    if waiting.total() >= bounds.waiting:
        raise BusyError("Very many people want this right now. Try again shortly.")


def position_of(turns: Sequence[QueuedTurn], person: str, number: int) -> int:
    """The position of one more turn of a person: theirs, or behind everybody else's."""
    theirs = (turn.position for turn in turns if turn.person == person and not turn.begun)
    return next(theirs, number)
