"""What an answer is made from, and the three ways in which it ends."""

import time
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from kb.llm.base import Identity
from kb.llm.problems import RECOMMENDED
from kb.search.retrieval import Found
from kb.types.answers import Answer, Citation, Notice, Sentence


def _(text: str) -> str:
    return text


NOTICES = {
    "no_model": _("No language model is connected; these are the documents' own words."),
    "model_unavailable": _(
        "The language model does not answer; these are the documents' own words."
    ),
    "model_missing": _(
        "The language model is not installed (ollama pull {model}); these are the documents' own "
        "words."
    ),
    "model_silent": _("The language model was silent; these are the documents' own words."),
    "model_out_of_memory": _(
        "The language model does not fit into its server's memory; these are the documents' own "
        "words."
    ),
    "model_busy": _("The language model is busy; these are the documents' own words."),
    "model_not_allowed": _(
        "The language model may not be used (key, or it runs elsewhere); these are the documents' "
        "own words."
    ),
    "model_cannot_chat": _(
        "The model that is set does not chat; these are the documents' own words."
    ),
    "model_not_json": _(
        "A web page answers in the language model's place; these are the documents' own words."
    ),
    "model_cut_off": _("The language model broke off; these are the documents' own words."),
    "model_failed": _("The language model failed; these are the documents' own words."),
    "model_prompt_cut": _(
        "The passages did not fit into the language model's window; these are the documents' own "
        "words."
    ),
    "not_found": _("The documents do not say. These passages come nearest."),
}


def notice(code: str, detail: Mapping[str, Any], translate: Callable[[str], str]) -> Notice:
    """A notice in words; of an unknown code the one that fits every failure of a model."""
    text = translate(NOTICES.get(code, NOTICES["model_unavailable"]))
    return Notice(code, text.format(model=detail.get("model") or RECOMMENDED))


Translate = Callable[[str], str]
Checked = tuple[tuple[Sentence, ...], tuple[Citation, ...]]
"""Sentences, and the citations that their numbers name."""


@dataclass(frozen=True, slots=True)
class Draft:
    """A question on its way to an answer. ``begun`` is a moment of the monotonic clock."""

    question: str
    asked_as: str
    found: Found
    begun: float
    translate: Translate
    settings: dict[str, Any] = field(default_factory=dict)

    def abstained(self, model: Identity | None = None, prompt_hash: str | None = None) -> Answer:
        """The documents do not say."""
        told = notice("not_found", {}, self.translate)
        return self._ended("abstained", ((), ()), told, model, prompt_hash)

    def quoted(
        self, checked: Checked, code: str, detail: Mapping[str, Any] | None = None
    ) -> Answer:
        """The documents' own words; ``code`` and ``detail`` say why no model has written."""
        told = notice(code, detail or {}, self.translate)
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
