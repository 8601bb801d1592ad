"""A question on its way in: in what manner it is taken, and what came before it."""

import asyncio
from dataclasses import dataclass

from kb.types.conversations import Turn
from kb.types.passages import Passage
from kb.types.people import Principal

Stop = asyncio.Event
"""Set when whoever asked wants no more of an answer."""


@dataclass(frozen=True, slots=True)
class Manner:
    """In what manner a question is taken; as people ask, where nothing else is said."""

    noted: bool = True
    """Whether the question goes into the audit log, and the answer is kept with its receipt."""
    alone: bool = False
    """Whatever was asked before it in the conversation."""
    with_model: bool = True
    """The language model may write the answer; else it is quotations."""


AS_PEOPLE_ASK = Manner()


@dataclass(frozen=True, slots=True)
class Begun:
    """A cut answer: its number, and its whole sentences as Markdown without numbers.

    ``sure`` and ``near`` are what its evidence was judged to be (0 to 1).
    """

    id: str
    text: str
    sure: float
    near: float


@dataclass(frozen=True, slots=True)
class Asked:
    """A question that may be answered: checked, with the questions that it may lean on."""

    question: str
    principal: Principal
    conversation: str | None = None
    """The one that it goes on with; None begins one."""
    asked_as: str | None = None
    """The words that it was searched for with before; None: they are made of it and the turns."""
    turns: tuple[Turn, ...] = ()
    manner: Manner = AS_PEOPLE_ASK
    begun: Begun | None = None
    """An answer that was cut, and is to be gone on with."""
    stop: Stop | None = None
    """None: it is written to its end."""
    passages: tuple[Passage, ...] | None = None
    """All of a document that is to be summarised, or those that a cut answer is made from; None:
    they are to be looked for."""
