"""How an answer is shown: its form, its sources as cards, a verdict in words. For pages of ours.

The answer itself, for whoever builds on it, is in ``kb/surface/shapes.py``.
"""

from collections.abc import Callable, Sequence
from typing import Any

import msgspec

from kb.answers import markdown
from kb.types.answers import Answer, Citation, Sentence
from kb.types.forms import Block, Form, Run, Said

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
    said = [Said((Run(s.text),), at) for at, s in enumerate(answer.sentences)]
    if answer.mode == "quotes":
        return tuple(Block("paragraph", said=(one,)) for one in said)
    return (Block("paragraph", said=tuple(said)),) if said else ()


def verdict(sentences: Sequence[Sentence], translate: Translate = str) -> str:
    """How many sentences the documents hold, in words."""
    count, supported = len(sentences), sum(s.supported for s in sentences)
    if count == 1:
        return translate(ONE if supported else NOT_ONE)
    text = ALL if supported == count else SOME if supported else NONE
    return translate(text).format(count=count, supported=supported)


def shown(answer: Answer, translate: Translate = str) -> dict[str, Any]:
    """What a page needs beside the answer itself; citations are named by their index."""
    form, generated = form_of(answer), answer.mode == "generated"
    return {
        "form": msgspec.to_builtins(form),
        "cited": [list(s.places) for s in answer.sentences],
        "contexts": [_context(c) for c in answer.citations],
        "sources": _sources(answer.citations),
        "verdict": verdict(answer.sentences, translate) if generated and answer.sentences else None,
        "plain": markdown.written(form, answer.sentences, plain=True),
        "markdown": markdown.written(form, answer.sentences),
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


def _sources(citations: Sequence[Citation]) -> list[dict[str, Any]]:
    """A card for each number."""
    found: dict[int, dict[str, Any]] = {}
    for at, cited in enumerate(citations):
        chunk = cited.passage.chunk
        card = {
            "n": cited.n,
            "title": chunk.title,
            "document": chunk.path,
            "document_id": chunk.document_id,
            "source": chunk.source,
            "page": chunk.page,
            "section": chunk.section,
            "modified": chunk.modified,
            "citations": [],
        }
        found.setdefault(cited.n, card)["citations"].append(at)
    return list(found.values())
