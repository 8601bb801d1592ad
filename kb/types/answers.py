"""An answer, and what happens until it is there."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from kb.types.forms import Form
from kb.types.passages import Passage


@dataclass(frozen=True, slots=True)
class Citation:
    """A claim that characters ``start`` to ``end`` of a passage support a sentence.

    ``n`` is its source's number, a document and page: several citations share it.
    """

    n: int
    passage: Passage
    start: int
    end: int
    supported: bool

    @property
    def quote(self) -> str:
        """The cited words, verbatim."""
        return self.passage.text[self.start : self.end]


@dataclass(frozen=True, slots=True)
class Sentence:
    """One sentence of an answer, its sources by number, and whether they hold it."""

    text: str
    citations: tuple[int, ...]
    supported: bool
    places: tuple[int, ...] = ()
    """The sentence's citations, by their index in the answer."""


@dataclass(frozen=True, slots=True)
class AnswerNotice:
    """Something the reader of an answer has to know about how it came to be.

    A code with parameters: ``kb/surface/notices.py`` has the words.
    """

    code: str
    parameters: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Answer:
    """A finished answer."""

    id: str
    question: str
    text: str
    mode: str
    notice: AnswerNotice | None
    sentences: tuple[Sentence, ...]
    citations: tuple[Citation, ...]
    passages: tuple[Passage, ...]
    model: str | None
    seconds: float
    asked_as: str | None = None
    """What was searched for, where a follow-up had to be written out."""
    conversation: str | None = None
    model_digest: str | None = None
    prompt_hash: str | None = None
    settings: dict[str, Any] = field(default_factory=dict)
    form: Form = ()
    """The sentences in their paragraphs, lists and tables; empty: each is a quotation by itself."""


@dataclass(frozen=True, slots=True)
class PassagesFound:
    """Event: these passages were found; the answer follows."""

    passages: tuple[Passage, ...]


@dataclass(frozen=True, slots=True)
class Token:
    """Event: the next piece of the answer, not yet checked."""

    text: str


@dataclass(frozen=True, slots=True)
class Forming:
    """Event: what is written so far, not yet checked: from block ``first`` on it is these."""

    first: int
    blocks: Form


@dataclass(frozen=True, slots=True)
class Thinking:
    """Event: the model thinks, and has done so for so many seconds. Its thoughts are not told."""

    seconds: float


@dataclass(frozen=True, slots=True)
class AnswerFinished:
    """Event: the answer, checked; replaces what was streamed."""

    answer: Answer


AnswerEvent = PassagesFound | Token | Forming | Thinking | AnswerFinished
