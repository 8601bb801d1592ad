"""The answer without a language model: the best sentences, verbatim."""

import asyncio
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from kb.answers import rows, stretches
from kb.embedding.client import Embeddings, cosine
from kb.embedding.questions import QueryVector
from kb.search.retrieval import Found
from kb.text import exact, words
from kb.text.exact import Exact
from kb.types.answers import Citation, Sentence
from kb.types.passages import Passage

MOST_SENTENCES = 3
"""Most sentences that are quoted."""
MOST_CHARACTERS = 500
"""Of the quotations of a sure answer together; where it only may answer, of each."""
NEAREST_CHARACTERS = 1000
"""Of quotations that only may answer together."""
CONSIDERED_PASSAGES = 6
"""Passages, the best first, whose sentences are considered."""
MOST_CANDIDATES = 120
"""Most sentences that are embedded and compared for one answer."""
FLOOR = 0.5
"""Share of the best score that a further sentence needs, unless it meets a word of the question
that the best one does not."""
UNRELATED = 0.0
"""The score that no further sentence may be below: two sentences with nothing in common have it."""
COVERED, COVERED_WITH_PLACE, HEADING = 0.15, 0.05, 0.32
"""Weights: of the share of the question's words that a sentence has; of the share that it has with
its place in the document; and, taken off, of being a heading."""
STANDING = 0.8
"""How much a passage's place in the search tells beside its sentence's nearness: the sentence that
is nearest in meaning stands in a wrong passage more often than the passage found first is wrong."""
ABOUT_AS_NEAR = 0.2
"""How far below the best score another passage's best sentence is still shown beside it."""
ASKED_IN_A_ROW = re.compile(r"(?:^|\| )([^|\n]+\?) \| (?=\S)")
"""A question in a cell of a row, before the cell with its answer."""
BEFORE_AN_ANSWER = re.compile(
    r"\A[|\s]*(?:(?:answer|antwort|réponse|risposta|respuesta|a):\s+)?", re.IGNORECASE
)
"""What stands between a question and its answer: the border of a cell, a word."""
EXACT = 1.0
"""What a sentence gets for the exact things of a question: more than likeness can make up for."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """A sentence of a passage; ``answers`` is the question that stands right before it, if any."""

    passage: Passage
    rank: int
    start: int
    end: int
    answers: str = ""

    @property
    def text(self) -> str:
        """The candidate's words, verbatim."""
        return self.passage.text[self.start : self.end]

    @property
    def said(self) -> str:
        """The candidate's words in one line; those of a row with its columns."""
        return rows.said(self.passage.text, self.start, self.end)

    def moved(self, span: stretches.Span) -> "Candidate":
        """Another stretch of its passage."""
        return replace(self, start=span[0], end=span[1])

    def has(self, things: Sequence[Exact]) -> float:
        """Share of some exact things that stand in it, or in the question that it answers."""
        told = f"{self.answers}\n{self.text}"
        return sum(thing.stands(told) for thing in things) / len(things) if things else 0.0


async def quote(
    question: str, found: Found, embeddings: Embeddings, *, sure: bool
) -> tuple[tuple[Sentence, ...], tuple[Citation, ...]]:
    """One to three quotations, each cited.

    Where it is ``sure``, as many sentences as answer, best first: those whose score is near that of
    the best, or that speak of what it leaves. Else the nearest passage and those about as near, as
    they were found, each around its best sentence: which passage answers is known more often than
    which of its sentences.
    """
    candidates = candidates_of(found.passages)
    if not candidates:
        return (), ()
    scores = await _scores(question, candidates, embeddings, found)
    asked = words.content(question)
    chosen = best(scores, candidates, asked) if sure else nearest(scores, candidates)
    quoted = tuple(Sentence(c.said, (n,), supported=True) for n, c in enumerate(chosen, 1))
    cited = tuple(
        Citation(n, c.passage, c.start, c.end, supported=True) for n, c in enumerate(chosen, 1)
    )
    return quoted, cited


def candidates_of(passages: tuple[Passage, ...]) -> list[Candidate]:
    """What may be quoted of passages: no heading and no fragment, while there is a sentence."""
    found = [c for rank, p in enumerate(passages[:CONSIDERED_PASSAGES]) for c in _of(p, rank)]
    found = found[:MOST_CANDIDATES]
    return [c for c in found if not _is_heading(c)] or found


def sentences_of(passage: Passage, rank: int) -> list[Candidate]:
    """The sentences and rows of a passage, without headings and fragments."""
    return [c for c in _of(passage, rank) if not _is_heading(c)]


def _of(passage: Passage, rank: int) -> Iterator[Candidate]:
    """The sentences of a passage, each with the question that it answers."""
    heading = (passage.chunk.section or "").rpartition(" › ")[2]
    asked = heading if heading.endswith("?") else ""
    for start, end in stretches.spans(passage.text):
        said = passage.text[start:end]
        if cell := ASKED_IN_A_ROW.search(said):
            yield Candidate(passage, rank, start + cell.end(), end, cell.group(1))
            asked = ""
            continue
        answer = BEFORE_AN_ANSWER.sub("", said) if asked else said
        yield Candidate(passage, rank, end - len(answer or said), end, asked)
        asked = said if said.endswith("?") else ""


def best(
    scores: list[float], candidates: list[Candidate], asked: Sequence[str] = ()
) -> list[Candidate]:
    """One to three, best first: those whose score is near that of the best.

    And those with a word that was ``asked`` for and that the best one does not have; the word alone
    is not enough, since it may stand in a sentence about anything.
    """
    ranked = sorted(zip(scores, candidates, strict=True), key=lambda scored: -scored[0])
    least = min(ranked[0][0], ranked[0][0] * FLOOR)  # a heading's score may be below nothing
    left = [word for word in asked if not words.coverage([word], ranked[0][1].text)]
    near = [
        c
        for score, c in ranked
        if score >= least or (score >= UNRELATED and words.coverage(left, c.text))
    ]
    return [_with_named(c) for c in _choose(near, MOST_CHARACTERS)]


def nearest(scores: list[float], candidates: list[Candidate]) -> list[Candidate]:
    """Each passage that is about as near as the nearest, around its best sentence, as found."""
    ranked = sorted(zip(scores, candidates, strict=True), key=lambda scored: -scored[0])
    least = ranked[0][0] - ABOUT_AS_NEAR
    first: dict[int, Candidate] = {}
    for score, candidate in ranked:
        if score >= least:
            first.setdefault(candidate.rank, candidate)
    chosen = _choose([_around(c) for c in first.values()], NEAREST_CHARACTERS)
    return sorted(chosen, key=lambda candidate: candidate.rank)


def _with_named(candidate: Candidate) -> Candidate:
    span = stretches.with_named(candidate.passage.text, (candidate.start, candidate.end))
    return candidate.moved(span)


def _around(candidate: Candidate) -> Candidate:
    span = stretches.around(
        candidate.passage.text, (candidate.start, candidate.end), MOST_CHARACTERS,
        lambda other: _is_heading(replace(candidate.moved(other), answers="")),
    )  # fmt: skip
    return _with_named(candidate.moved(span))


async def _scores(
    question: str, candidates: list[Candidate], embeddings: Embeddings, found: Found
) -> list[float]:
    embedded, vectors = await asyncio.gather(
        embeddings.query(question),
        embeddings.texts([with_place(c) for c in candidates], found.model),
    )
    by = embedded.by[found.model] if found.model else next(iter(embedded.by.values()))
    first = found.passages[0].score
    scores = likeness(question, by, candidates, vectors)
    return [
        score + STANDING * (candidate.passage.score - first)
        for score, candidate in zip(scores, candidates, strict=True)
    ]


def likeness(
    question: str, by: QueryVector, candidates: Sequence[Candidate], vectors: Sequence[bytes]
) -> list[float]:
    """How well each sentence answers a question by itself: by its vector, and by its words.

    0 as an unrelated one; ``vectors`` are those of the sentences with their places.
    """
    asked, things = words.content(question), exact.of_question(question)
    return [
        by.scale.near(cosine(by.vector, vector))
        + COVERED * words.coverage(asked, f"{candidate.answers} {candidate.text}")
        + COVERED_WITH_PLACE * words.coverage(asked, with_place(candidate))
        - HEADING * _is_heading(candidate)
        + EXACT * candidate.has(things)
        for candidate, vector in zip(candidates, vectors, strict=True)
    ]


def with_place(candidate: Candidate) -> str:
    """A sentence as it is embedded: behind the question that it answers, or its heading."""
    section = (candidate.passage.chunk.section or "").rpartition(" › ")[2]
    return f"{candidate.answers or section}: {candidate.said}"[:600]


def _is_heading(candidate: Candidate) -> bool:
    """A question, or a line without an end that is short or stands over others; a lone cell.

    A cell behind its question is none, however short: «How many days? | 25».
    """
    if candidate.answers and candidate.passage.text.endswith(rows.BAR, 0, candidate.start):
        return candidate.text.endswith("?")
    if rows.BAR in candidate.text:
        return rows.is_lone(candidate.passage.text, candidate.start, candidate.end)
    text = " ".join(candidate.text.split())
    if text.endswith(("?", ".", "!")):
        return text.endswith("?")
    return len(text.split()) < 4 or text == (candidate.passage.chunk.section or "")


def _choose(ranked: list[Candidate], most: int) -> list[Candidate]:
    chosen: list[Candidate] = []
    used = 0
    seen: set[str] = set()
    for candidate in ranked:
        key = " ".join(candidate.text.casefold().split())
        if key in seen or used + len(key) > most:
            continue
        seen.add(key)
        chosen.append(candidate)
        used += len(key)
        if len(chosen) == MOST_SENTENCES:
            break
    return chosen
