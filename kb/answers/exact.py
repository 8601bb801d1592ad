"""What an exact thing, as a serial number that hardly any other passage has, is worth as evidence.

Pure.

Whoever asks "Where is SN-012345 stored?" is answered from the passage with that number, however far
a model of language has the two apart: the passage may answer. Where it has all else that is asked
for too, each exact thing and each word, it does.
"""

from dataclasses import replace

from kb.answers.evidence import EVERY, Evidence, in_context
from kb.search import pointing
from kb.search.retrieval import Found
from kb.text import exact, words
from kb.types.passages import Passage


def raised(given: Evidence, question: str, found: Found) -> Evidence:
    """Evidence with what exact things tell: the matter is spoken of, or the answer is there."""
    having = [p for p in found.passages if all(t.stands(pointing.told(p)) for t in found.exact)]
    if not found.exact or not having:
        return given
    has_all = any(_has_all(question, passage) for passage in having)
    return replace(given, near=1.0, sure=1.0 if has_all else given.sure)


def _has_all(question: str, passage: Passage) -> bool:
    """Whether a passage has each exact thing of a question, and all its other words."""
    asked = exact.of_question(question)
    other = exact.rest(question)
    return all(thing.stands(pointing.told(passage)) for thing in asked) and (
        not other or words.coverage(other, in_context(passage)) >= EVERY
    )
