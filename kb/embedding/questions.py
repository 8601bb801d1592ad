"""A question as the models embed it, and which of them are to be heard."""

from dataclasses import dataclass

from kb.embedding.scale import Scale


@dataclass(frozen=True, slots=True)
class QueryVector:
    """A question's vector (float32 bytes, normalised), and how well the model knows its words.

    ``fertility`` is word pieces per word, ``scale`` the model's. ``as_passage``: it embeds a
    question as it does a passage, with the same prompt. ``computed_by`` names model, runtime and
    number format.
    """

    vector: bytes
    fertility: float
    scale: Scale
    as_passage: bool = True
    computed_by: str = ""

    @property
    def familiar(self) -> bool:
        """Whether the model knows the words. It does not know rare names, in whatever language."""
        return self.scale.multilingual or self.fertility < self.scale.fertility

    def understood(self, language: str) -> bool:
        """Whether the model knows the question's language (ISO 639-1, as it was detected)."""
        return self.familiar or language in self.scale.languages


@dataclass(frozen=True, slots=True)
class QuestionVectors:
    """A question's vectors, by the fingerprint of the model; at least one."""

    by: dict[str, QueryVector]

    @property
    def computed_by(self) -> str:
        """The models, each with its runtime and number format."""
        return "; ".join(one.computed_by for one in self.by.values())

    def understood(self, language: str) -> bool:
        """Whether some model knows the question's language."""
        return any(one.understood(language) for one in self.by.values())

    def knowing(self, language: str) -> dict[str, QueryVector]:
        """The vectors of the models that know the question's language; all, where none does.

        The first is the one by which similarities, evidence and citations are read
        (docs/adr/0008-two-models.md): one that knows every language, where there is one.
        """
        known = {key: one for key, one in self.by.items() if one.understood(language)} or self.by
        return dict(sorted(known.items(), key=lambda item: not item[1].scale.multilingual))

    def reading(self, language: str) -> tuple[str, QueryVector]:
        """The model by which similarities are read, for a question in a language."""
        return next(iter(self.knowing(language).items()))
