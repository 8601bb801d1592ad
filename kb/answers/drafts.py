"""What an answer is made from, and the three ways in which it ends."""

import time
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from kb.llm.base import Identity
from kb.search.retrieval import Found
from kb.types.answers import Answer, Citation, Notice, Sentence

Checked = tuple[tuple[Sentence, ...], tuple[Citation, ...]]
"""Sentences, and the citations that their numbers name."""


@dataclass(frozen=True, slots=True)
class Draft:
    """A question on its way to an answer. ``begun`` is a moment of the monotonic clock."""

    question: str
    asked_as: str
    found: Found
    begun: float
    settings: dict[str, Any] = field(default_factory=dict)

    def abstained(self, model: Identity | None = None, prompt_hash: str | None = None) -> Answer:
        """The documents do not say."""
        return self._ended("abstained", ((), ()), Notice("not_found"), model, prompt_hash)

    def quoted(
        self, checked: Checked, code: str, detail: Mapping[str, Any] | None = None
    ) -> Answer:
        """The documents' own words; ``code`` and ``detail`` say why no model has written."""
        named = str((detail or {}).get("model") or "")
        told = Notice(code, {"model": named} if named else {})
        return self._ended("quotes", checked, told, None, None)

    def generated(self, checked: Checked, model: Identity, prompt_hash: str) -> Answer:
        """A model's words, each sentence checked."""
        return self._ended("generated", checked, None, model, prompt_hash)

    def _ended(
        self,
        mode: str,
        checked: Checked,
        notice: Notice | None,
        model: Identity | None,
        prompt_hash: str | None,
    ) -> Answer:
        sentences, cited = checked
        return Answer(
            id=uuid.uuid4().hex,
            question=self.question,
            text=with_markers(sentences),
            mode=mode,
            notice=notice,
            sentences=sentences,
            citations=cited,
            passages=self.found.passages,
            model=model.name if model else None,
            seconds=round(time.monotonic() - self.begun, 3),
            asked_as=self.asked_as if self.asked_as != self.question else None,
            model_digest=model.digest if model else None,
            prompt_hash=prompt_hash,
            settings=self.settings,
        )


def with_markers(sentences: tuple[Sentence, ...]) -> str:
    """The answer as one text, each sentence followed by its citations."""
    parts = [s.text + "".join(f" [{n}]" for n in s.citations) for s in sentences]
    return " ".join(parts)
