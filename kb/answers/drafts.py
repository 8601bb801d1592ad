"""What an answer is made from, and the three ways in which it ends."""

import time
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cache
from typing import Any

from kb.answers import links, markdown, sources
from kb.answers.addresses import KnownAddresses
from kb.answers.evidence import SURE, Band
from kb.llm.base import Identity
from kb.search import latest
from kb.search.pins import Met
from kb.search.retrieval import Found
from kb.types.answers import Answer, AnswerNotice, Citation, Sentence
from kb.types.forms import Form
from kb.types.passages import Passage

Checked = tuple[tuple[Sentence, ...], tuple[Citation, ...]]
"""Sentences, and the citations that their numbers name."""


@dataclass(frozen=True, slots=True)
class Written:
    """What a model wrote: its form, and the sentences of it with their citations."""

    form: Form
    checked: Checked


@dataclass(frozen=True, slots=True)
class Draft:
    """A question on its way to an answer. ``begun`` is a moment of the monotonic clock.

    ``band`` says how the evidence has an answer presented.
    """

    question: str
    asked_as: str
    found: Found
    begun: float
    settings: dict[str, Any] = field(default_factory=dict)
    band: Band = SURE

    def far(self) -> Answer:
        """Nothing comes near: nobody was asked."""
        return self._ended("abstained", ((), ()), AnswerNotice("not_found"), None, None)

    def refused(self, model: Identity, prompt_hash: str) -> Answer:
        """The model says that the passages do not answer."""
        return self._ended("abstained", ((), ()), AnswerNotice("model_says_no"), model, prompt_hash)

    def pinned(self, met: Met) -> Answer:
        """What somebody who answers for a document has pinned for the question, in their words.

        It cites the pinned passage; of a document that has changed since, the nearest one.
        """
        cited = _whole(met.passage) if met.passage else ()
        numbers = tuple(citation.n for citation in cited)
        told = (Sentence(" ".join(met.pin.answer.split()), numbers, supported=True),)
        parameters = {"author": met.pin.author, "question": met.pin.question}
        notice = AnswerNotice("pinned" if met.exact else "pinned_alike", parameters)
        return self._ended("generated", (told, cited), notice, None, None)

    def quoted(
        self, checked: Checked, code: str, detail: Mapping[str, Any] | None = None
    ) -> Answer:
        """The documents' own words; ``code`` and ``detail`` say why no model has written."""
        named = str((detail or {}).get("model") or "")
        parameters = {"model": named} if named else {}
        if self.band == SURE:
            return self._ended("quotes", checked, AnswerNotice(code, parameters), None, None)
        told = AnswerNotice("may_answer", parameters | {"because": code})
        return self._ended("quotes", checked, told, None, None)

    def generated(
        self, written: Written, model: Identity, prompt_hash: str, ended: str | None = None
    ) -> Answer:
        """A model's words, each sentence checked. ``ended``: why they end too soon, as a notice."""
        unsure = None if self.band == SURE else AnswerNotice("unsure")
        notice = AnswerNotice(ended) if ended else unsure
        answer = self._ended("generated", written.checked, notice, model, prompt_hash)
        text = markdown.written(written.form, answer.sentences)
        return replace(answer, text=text, form=written.form)

    def _ended(
        self,
        mode: str,
        checked: Checked,
        notice: AnswerNotice | None,
        model: Identity | None,
        prompt_hash: str | None,
    ) -> Answer:
        sentences, cited = sources.numbered(*checked)
        notice = _with_edition(notice, cited)
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


def _with_edition(notice: AnswerNotice | None, cited: Sequence[Citation]) -> AnswerNotice | None:
    """What is said of an answer, with that it is from an earlier edition of a document."""
    earlier = [c.passage for c in cited if c.supported and c.passage.newest]
    if not earlier:
        return notice
    told = {"edition": latest.label(earlier[0]), "newest": earlier[0].newest}
    if notice is None:
        return AnswerNotice("earlier_edition", told)
    return AnswerNotice(notice.code, {**notice.parameters, **told})


def _whole(passage: Passage) -> tuple[Citation, ...]:
    """A citation of all that a passage says."""
    return (Citation(1, passage, 0, len(passage.text), supported=True),)


def showable(form: Form, checked: Checked) -> Written:
    """What a model wrote without addresses that no passage which it cites has."""
    sentences, cited = checked
    passages = {citation.n: citation.passage for citation in cited}

    @cache
    def of(numbers: tuple[int, ...]) -> KnownAddresses:
        return KnownAddresses.of(passages[n] for n in numbers)

    def known(sentence: int | None) -> KnownAddresses:
        return of(tuple(passages) if sentence is None else sentences[sentence].citations)

    clean = [
        replace(one, text=links.without_foreign(one.text, known(at)))
        for at, one in enumerate(sentences)
    ]
    return Written(links.cleaned(form, known), (tuple(clean), cited))


def with_markers(sentences: tuple[Sentence, ...]) -> str:
    """The answer as one text, each sentence followed by its citations."""
    parts = [s.text + "".join(f" [{n}]" for n in s.citations) for s in sentences]
    return " ".join(parts)
