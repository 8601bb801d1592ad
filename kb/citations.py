"""Which passage supports which sentence. Pure.

A sentence holds if one of the passages it cites has enough of its words, and all of its numbers
and names. Markers that name no passage are removed. A sentence that cites nothing is checked
against every passage and gets the one that supports it.
"""

import re
from collections.abc import Sequence

from kb import sentences, words
from kb.types import Citation, Passage, Sentence

MARKER = re.compile(
    r"\s*[\[(【]\s*(?:passages?\s*)?(\d{1,2}(?:\s*[,;]\s*\d{1,2})*)\s*[\])】]", re.IGNORECASE
)
NUMBER = re.compile(r"\d+(?:[.,:/]\d+)*")
NAME = re.compile(r"(?<=[\w,;:)] )[A-ZÀ-ÖØ-Þ][\w'’-]{2,}")
MIN_SHARE = 0.5
"""Share of a sentence's content words that its passage must have."""


def verify(
    text: str, passages: Sequence[Passage]
) -> tuple[tuple[Sentence, ...], tuple[Citation, ...]]:
    """An answer's sentences with the citations that hold."""
    cited: list[Citation] = []
    checked: list[Sentence] = []
    for raw in _sentences(text):
        named, plain = _split_markers(raw, len(passages))
        if not plain:
            continue
        holding = [
            n for n in named or range(1, len(passages) + 1) if supports(passages[n - 1].text, plain)
        ]
        holding = holding if named else holding[:1]
        numbers = [
            _cite(cited, passages[n - 1], plain, supported=bool(holding)) for n in holding or named
        ]
        checked.append(Sentence(plain, tuple(numbers), supported=bool(holding)))
    return tuple(checked), tuple(cited)


def _sentences(text: str) -> list[str]:
    """Sentences of an answer, each with the markers that follow it."""
    moved = re.sub(r"([.!?])((?:\s*[\[【]\s*\d[\d,;\s]*[\]】])+)", r"\2\1", text)
    lines = [re.sub(r"^\s*(?:[-*•]|#+|\d+\.)\s+", "", line) for line in moved.split("\n")]
    return [line[s:e] for line in lines for s, e in sentences.spans(line)]


def _split_markers(sentence: str, count: int) -> tuple[list[int], str]:
    numbers: list[int] = []
    for match in MARKER.finditer(sentence):
        numbers += [int(n) for n in re.findall(r"\d+", match.group(1))]
    plain = MARKER.sub("", sentence).strip()
    plain = re.sub(r"\*\*|__|`", "", plain)
    valid = [n for n in dict.fromkeys(numbers) if 1 <= n <= count]
    return valid, plain if any(c.isalnum() for c in plain) else ""


def supports(passage: str, sentence: str) -> bool:
    """Whether a passage holds a sentence: all numbers, all names, half of the words."""
    have_numbers = {_number(n) for n in NUMBER.findall(passage)}
    if any(_number(n) not in have_numbers for n in NUMBER.findall(sentence)):
        return False
    folded = words.fold(passage)
    if any(words.fold(name)[: len(name) - 1] not in folded for name in NAME.findall(sentence)):
        return False
    asked = words.content(sentence)
    return bool(asked) and words.coverage(asked, passage) >= MIN_SHARE


def _number(text: str) -> str:
    """``1,200`` and ``1.200`` and ``1200`` are one number; ``1.2`` and ``1,2`` another."""
    parts = re.split(r"[.,]", text)
    if len(parts) > 1 and all(len(p) == 3 for p in parts[1:]):
        return "".join(parts)
    return ".".join(parts)


def _cite(cited: list[Citation], passage: Passage, sentence: str, *, supported: bool) -> int:
    """The number of the citation of a passage's best stretch for a sentence."""
    start, end = best_stretch(passage.text, sentence)
    for known in cited:
        if known.passage is passage and (known.start, known.end) == (start, end):
            return known.n
    cited.append(Citation(len(cited) + 1, passage, start, end, supported))
    return len(cited)


def best_stretch(passage: str, sentence: str) -> tuple[int, int]:
    """The sentence of a passage that shares most with a sentence of the answer."""
    asked = words.content(sentence)
    numbers = {_number(n) for n in NUMBER.findall(sentence)}
    best, best_score = (0, len(passage)), -1.0
    for start, end in sentences.spans(passage):
        text = passage[start:end]
        shared = len(numbers & {_number(n) for n in NUMBER.findall(text)})
        score = words.coverage(asked, text) + 0.5 * shared
        if score > best_score:
            best, best_score = (start, end), score
    return best
