"""What somebody sees before the first question."""

from dataclasses import dataclass

from kb.types.library import Document


@dataclass(frozen=True, slots=True)
class Topic:
    """A document's title, and a heading in it: what a question can be made of."""

    title: str
    section: str | None


@dataclass(frozen=True, slots=True)
class Beginning:
    """What somebody may read, for whoever has not asked yet.

    ``questions`` are those that came with the samples, ``topics`` are of other documents.
    """

    questions: tuple[str, ...]
    topics: tuple[Topic, ...]
    newest: tuple[Document, ...]
    only_samples: bool
