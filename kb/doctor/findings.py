"""What a look at a part has found."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from gettext import NullTranslations
from typing import Any, Literal

from kb.doctor.words import PARTS, SENTENCES
from kb.errors import KbError, filled
from kb.surface import faults

State = Literal["ok", "better", "wrong"]
ENGLISH = NullTranslations()
RANK: dict[State, int] = {"wrong": 0, "better": 1, "ok": 2}


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """How a part stands.

    ``code`` and ``detail`` say what there is to say of it (:mod:`kb.doctor.words`), or ``error``
    does, where the part itself told one. ``command`` is what somebody types to mend it.
    ``milliseconds`` is how long the part took to answer, where it was asked.
    """

    part: str
    state: State = "ok"
    version: str = ""
    where: str = ""
    code: str = ""
    detail: Mapping[str, Any] = field(default_factory=dict)
    error: KbError | None = None
    command: str = ""
    milliseconds: float | None = None

    def as_json(self) -> dict[str, Any]:
        """What ``kb doctor --json`` prints of it."""
        return {
            "part": self.part,
            "state": self.state,
            "version": self.version,
            "where": self.where,
            "code": self.error.code if self.error else self.code,
            "said": self.said(),
            "command": self.command,
            "milliseconds": self.milliseconds,
        }

    def said(self, words: NullTranslations = ENGLISH) -> str:
        """What there is to say, as a sentence of a language; empty where there is nothing."""
        if self.error is not None:
            english = words is ENGLISH
            return self.error.message if english else faults.sentence(self.error, words)
        return filled(words.gettext(SENTENCES[self.code]), self.detail) if self.code else ""

    def name(self, words: NullTranslations = ENGLISH) -> str:
        """The part's name in a language."""
        return words.gettext(PARTS[self.part])


def worst(found: Iterable[Finding]) -> State:
    """The state of a whole: that of its worst part."""
    return min((one.state for one in found), key=RANK.__getitem__, default="ok")
