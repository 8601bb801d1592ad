"""Turns at the language model that several web processes share."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class TurnBounds:
    """So many turns side by side, ``each`` of them one person's; and so many that wait."""

    at_once: int
    each: int
    waiting: int
    waiting_each: int


@dataclass(frozen=True, slots=True)
class QueuedTurn:
    """A turn that somebody has, or waits for, in one of the web processes."""

    key: str
    number: int
    """Grows with each turn that is asked for."""
    position: int
    """Its person's place among the people who wait: the smallest is next."""
    person: str
    process: str
    """Whose turn it is to give back: an owner of a lease."""
    word: str | None = None
    """By which the asker may stop the answer; None: by none."""
    begun: bool = False
    stopped: bool = False
    """Whether the asker has said that word."""
