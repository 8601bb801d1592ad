"""An answer as it is kept: references to passages, never their texts; and how it came to be."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import msgspec

from kb.types.answers import Answer
from kb.types.forms import Form
from kb.types.opinions import Opinion
from kb.types.passages import Passage

CURRENT, CHANGED, GONE = "current", "changed", "gone"
"""A passage is as it was; its document is another version by now; it is not there, or not for
the asker."""


class KeptNotice(msgspec.Struct, frozen=True):
    """What the answer's reader has to know, as code and parameters."""

    code: str
    parameters: dict[str, str] = {}


class KeptSentence(msgspec.Struct, frozen=True):
    """A sentence; ``text`` is None where it is the cited words themselves."""

    text: str | None
    citations: tuple[int, ...]
    supported: bool
    places: tuple[int, ...] = ()


class KeptCitation(msgspec.Struct, frozen=True, array_like=True):
    """Citation ``n``: characters ``start`` to ``end`` of the passage at these points."""

    n: int
    points: tuple[int, ...]
    start: int
    end: int
    supported: bool


class KeptPassage(msgspec.Struct, frozen=True, array_like=True):
    """A passage that went into the answer: its document's version then, and its points.

    ``newest`` is what the newest edition of the document was called then, where it is another one:
    the prompt said so.
    """

    version: int
    points: tuple[int, ...]
    newest: str = ""


class KeptAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """An answer in the catalog. Moments are Unix seconds, ``seconds`` is how long it took."""

    id: str
    asker: str
    conversation_id: str | None = None
    question: str
    asked_as: str | None = None
    """What was searched for, where that is something else."""
    text: str
    mode: str
    notice: KeptNotice | None = None
    sentences: tuple[KeptSentence, ...] = ()
    citations: tuple[KeptCitation, ...] = ()
    passages: tuple[KeptPassage, ...] = ()
    model: str | None = None
    model_digest: str | None = None
    prompt_hash: str | None = None
    settings: dict[str, Any] = {}
    form: Form | None = None
    """None where the sentences are quotations, and in answers of earlier releases."""
    asked_at: float
    seconds: float
    settled_at: float | None = None
    """When somebody took it off the list to be reviewed."""


@dataclass(frozen=True, slots=True)
class UsedDocument:
    """The document that a passage was taken from."""

    id: int
    path: str


@dataclass(frozen=True, slots=True)
class UsedPassage:
    """A passage that an answer was made from. ``document`` is None where nobody may know.

    ``read_at``: when that version was read (since the epoch); None where nothing is known of it.
    """

    state: str
    version: int
    read_at: float | None
    passage: Passage | None
    document: UsedDocument | None


@dataclass(frozen=True, slots=True)
class Receipt:
    """How an answer came to be. ``answer`` is None where a passage of it may not be read."""

    row: KeptAnswer
    answer: Answer | None
    used: tuple[UsedPassage, ...]
    verdicts: Mapping[int, Opinion]
    messages: tuple[dict[str, str], ...] | None
    """The prompt, built again; None where its passages are not all there any more."""
    intact: bool | None
    """Whether that prompt is the one that was sent; None where none was or none can be built."""
