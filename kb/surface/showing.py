"""How an answer is shown: its form, its sources as cards, a verdict in words. For pages of ours.

The answer itself, for whoever builds on it, is in ``kb/surface/shapes.py``.
"""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec

from kb.answers import markdown
from kb.text import editions, exact
from kb.text.editions import Edition
from kb.types.answers import Answer, Citation
from kb.types.forms import Block, Form, Said, TextRun
from kb.types.passages import Passage

AROUND = 160
"""Characters of a passage that are shown before and after the quoted words."""


Translate = Callable[[str], str]
"""A text in the reader's language."""


def _(text: str) -> str:
    return text


ALL = _("All {count} sentences are in the documents.")
ONE = _("The sentence is in the documents.")
SOME = _("{supported} of {count} sentences are in the documents.")
NONE = _("None of the {count} sentences is in the documents.")
NOT_ONE = _("The sentence is not in the documents.")


def form_of(answer: Answer) -> Form:
    """An answer's form; quotations, and what has none, have a paragraph each."""
    if answer.form:
        return answer.form
    said = [Said((TextRun(s.text),), at) for at, s in enumerate(answer.sentences)]
    if answer.mode == "quotes":
        return tuple(Block("paragraph", said=(one,)) for one in said)
    return (Block("paragraph", said=tuple(said)),) if said else ()


def plain(answer: Answer) -> str:
    """An answer as plain text, with its sources' numbers."""
    return markdown.written(form_of(answer), answer.sentences, plain=True).strip()


def verdict(answer: Answer, translate: Translate = str) -> str | None:
    """How many sentences of a model the documents hold, in words; None where none was judged."""
    sentences = answer.sentences
    if answer.model is None or not sentences:  # quotations, and what somebody has pinned
        return None
    count, supported = len(sentences), sum(s.supported for s in sentences)
    if count == 1:
        return translate(ONE if supported else NOT_ONE)
    text = ALL if supported == count else SOME if supported else NONE
    return translate(text).format(count=count, supported=supported)


def shown(answer: Answer, translate: Translate = str) -> dict[str, Any]:
    """What a page needs beside the answer itself; citations are named by their index."""
    form = form_of(answer)
    return {
        "form": msgspec.to_builtins(form),
        "cited": [list(s.places) for s in answer.sentences],
        "contexts": [_context(c) for c in answer.citations],
        "sources": _cards(answer.citations),
        "verdict": verdict(answer, translate),
        "plain": markdown.written(form, answer.sentences, plain=True),
        "markdown": markdown.written(form, answer.sentences),
    }


def hits(passages: Sequence[Passage], question: str) -> list[dict[str, Any]]:
    """What a page needs beside each hit: what of it is the question's, and its other editions."""
    return [_hit(passage, question) for passage in passages]


def _edition(passage: Passage) -> Edition:
    chunk = passage.chunk
    own = chunk.dated, chunk.date_source, chunk.date_precision
    return editions.of(chunk.path, chunk.title, passage.text, *own)


def _called(edition: Edition) -> dict[str, Any]:
    """What an edition is called, and the date that it is called by where nothing else tells it."""
    period = edition.dated
    date = None if period is None else {"date": period.moment, "precision": period.precision}
    return {"edition": edition.label if edition.is_marked else None, "label": edition.label,
            "called_by": date}  # fmt: skip


def _hit(passage: Passage, question: str) -> dict[str, Any]:
    """``marks`` are dates and sums that the question has, as the passage writes them."""
    own = _edition(passage)
    today = editions.day_of(time.time())
    return {
        "marks": exact.alike(question, passage.text),
        **_called(own),
        "editions": [
            {
                **_called(_edition(other)),
                "newer": _edition(other).order(today) > own.order(today),
                "document_id": other.chunk.document_id,
                "passage_id": other.passage_id,
                "document": other.chunk.path,
                "title": other.chunk.title,
                "page": other.chunk.page,
                "text": other.text,
            }
            for other in passage.others
        ],
    }


def _context(cited: Citation) -> dict[str, str]:
    """The words before and after the quoted ones, cut between words."""
    text = cited.passage.text
    before, after = text[: cited.start][-AROUND:], text[cited.end :][:AROUND]
    if cited.start > AROUND:
        before = "… " + before.partition(" ")[2]
    if len(text) - cited.end > AROUND:
        after = after.rpartition(" ")[0] + " …"
    return {"before": before, "after": after}


@dataclass(frozen=True, slots=True)
class CitedSource:
    """A document and page, with all that an answer cites of it."""

    n: int
    citations: tuple[Citation, ...]


def by_source(citations: Sequence[Citation]) -> list[CitedSource]:
    """Citations with one number together, in the order of their numbers."""
    numbers = sorted({c.n for c in citations})
    return [CitedSource(n, tuple(c for c in citations if c.n == n)) for n in numbers]


def _cards(citations: Sequence[Citation]) -> list[dict[str, Any]]:
    return [_card(source, citations) for source in by_source(citations)]


def _card(source: CitedSource, citations: Sequence[Citation]) -> dict[str, Any]:
    """A source as its card shows it; its citations by their index."""
    passage = source.citations[0].passage
    chunk, edition = passage.chunk, _edition(passage)
    return {
        "n": source.n,
        **_called(edition),
        "title": chunk.title,
        "document": chunk.path,
        "document_id": chunk.document_id,
        "source": chunk.source,
        "page": chunk.page,
        "section": chunk.section,
        "language": chunk.language,
        "date": chunk.dated,
        "precision": chunk.date_precision,
        "citations": [at for at, cited in enumerate(citations) if cited.n == source.n],
    }
