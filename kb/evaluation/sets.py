"""Sets of questions as they lie on the disk: BEIR collections, and documents with questions."""

import json
import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from kb.errors import UsageError
from kb.search.limits import MAX_QUESTION
from kb.types.opinions import JudgedQuestion

T = TypeVar("T")
OUTSIDE = "outside"
"""The ``kind`` of a question that documents do not answer and that has nothing to do with them."""


@dataclass(frozen=True, slots=True)
class CollectionText:
    """A text of a collection."""

    id: str
    title: str
    text: str

    @property
    def whole(self) -> str:
        """Title and text."""
        return f"{self.title} {self.text}".strip()


@dataclass(frozen=True, slots=True)
class Query:
    """A question put to a collection."""

    id: str
    text: str
    language: str
    cut: bool = False
    """Whether the set's own question is longer than questions may be."""


@dataclass(frozen=True, slots=True)
class Collection:
    """Texts, questions, and which text is relevant to which question, by how much."""

    name: str
    texts: tuple[CollectionText, ...]
    queries: tuple[Query, ...]
    relevant: dict[str, dict[str, int]]


@dataclass(frozen=True, slots=True)
class AnswerPlace:
    """Where an answer stands: a page or slide (1-based), or a section or sheet; and its words."""

    document: str
    page: int | None
    section: str | None
    text: str


@dataclass(frozen=True, slots=True)
class EvaluationQuestion:
    """A question put to a folder of documents, with what is known of its answer."""

    id: str
    text: str
    language: str
    answers: tuple[str, ...]
    documents: tuple[str, ...]
    evidence: tuple[AnswerPlace, ...]
    unanswerable: bool
    cut: bool = False
    """Whether the set's own question is longer than questions may be."""
    outside: bool = False
    """Nobody asks this of these documents: they do not speak of its matter at all."""


def fitted(text: str) -> tuple[str, bool]:
    """A question as it can be asked, and whether its end had to be cut off.

    Raises:
        UsageError: it is empty.
    """
    stripped = " ".join(text.split())
    if not stripped:
        raise UsageError("A question of the set is empty.", code="empty_question")
    return stripped[:MAX_QUESTION].rstrip(), len(stripped) > MAX_QUESTION


def read_collection(folder: Path) -> Collection:
    """A folder in BEIR's layout (Thakur et al., 2021): corpus, queries, qrels.

    Questions without a relevant text take no part.

    Raises:
        UsageError: a file is missing or a line cannot be read; it is named.
    """
    texts = tuple(
        CollectionText(str(r["_id"]), str(r.get("title") or ""), str(r["text"]))
        for r in _records(folder / "corpus.jsonl", ("_id", "text"))
    )
    relevant = _relevant(_qrels(folder))
    queries = tuple(
        _query(r)
        for r in _records(folder / "queries.jsonl", ("_id", "text"))
        if str(r["_id"]) in relevant
    )
    if not texts or not queries:
        raise UsageError(f"{folder} has no texts, or no questions with a relevant text.")
    return Collection(folder.name, texts, queries, relevant)


def _query(record: dict[str, Any]) -> Query:
    text, cut = fitted(str(record["text"]))
    return Query(str(record["_id"]), text, str(record.get("lang") or ""), cut)


def _qrels(folder: Path) -> Path:
    """``qrels.tsv``, or where BEIR's own archives keep it."""
    places = (folder / "qrels.tsv", folder / "qrels" / "test.tsv", folder / "qrels" / "dev.tsv")
    return next((p for p in places if p.is_file()), places[0])


def _relevant(path: Path) -> dict[str, dict[str, int]]:
    found: dict[str, dict[str, int]] = {}
    for number, line in enumerate(_lines(path), 1):
        parts = line.rstrip("\n").split("\t")
        if len(parts) != 3:
            raise UsageError(f"{path}, line {number}: three columns are expected.")
        query, text, score = parts
        if number == 1 and not _is_number(score):
            continue
        if not _is_number(score):
            raise UsageError(f"{path}, line {number}: {score!r} is no number.")
        if float(score) > 0:
            found.setdefault(query, {})[text] = round(float(score))
    return found


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def read_questions(folder: Path) -> tuple[EvaluationQuestion, ...]:
    """``questions.jsonl`` beside a folder ``docs``.

    Raises:
        UsageError: one of both is missing or a line cannot be read; it is named.
    """
    if not (folder / "docs").is_dir():
        raise UsageError(f"{folder} has no folder docs.", detail={"path": str(folder)})
    found = tuple(_question(r) for r in _records(folder / "questions.jsonl", ("id", "question")))
    if not found:
        raise UsageError(f"{folder / 'questions.jsonl'} has no questions.")
    return found


def read_asked(file: Path) -> tuple[EvaluationQuestion, ...]:
    """Questions in a file: lines of JSON as in ``questions.jsonl``, or a question a line.

    Raises:
        UsageError: there are none, or a line cannot be read; it is named.
    """
    lines = [line.strip() for line in _lines(file) if line.strip()]
    if lines and not lines[0].startswith("{"):
        records: list[dict[str, Any]] = [
            {"id": str(number), "question": line} for number, line in enumerate(lines, 1)
        ]
    else:
        records = list(_records(file, ("id", "question")))
    if not records:
        raise UsageError(f"{file} has no questions.", detail={"path": str(file)})
    return tuple(_question(record) for record in records)


def _question(record: dict[str, Any]) -> EvaluationQuestion:
    evidence = tuple(_evidence(e) for e in record.get("evidence") or ())
    documents = record.get("docs") or [e.document for e in evidence]
    text, cut = fitted(str(record["question"]))
    return EvaluationQuestion(
        id=str(record["id"]),
        text=text,
        language=str(record.get("lang") or ""),
        answers=tuple(str(a) for a in record.get("answers") or ()),
        documents=tuple(dict.fromkeys(str(d) for d in documents)),
        evidence=evidence,
        unanswerable=bool(record.get("unanswerable")),
        cut=cut,
        outside=record.get("kind") == OUTSIDE,
    )


def _evidence(record: dict[str, Any]) -> AnswerPlace:
    page = record.get("page") or record.get("slide")
    section = record.get("section") or record.get("sheet")
    return AnswerPlace(
        document=str(record.get("doc") or ""),
        page=int(page) if page else None,
        section=str(section) if section else None,
        text=str(record.get("text") or ""),
    )


def of_judged(rows: Sequence[JudgedQuestion]) -> list[EvaluationQuestion]:
    """The organisation's own questions, each with every passage that was named for it."""
    places: dict[str, list[JudgedQuestion]] = {}
    for row in rows:
        places.setdefault(row.question, []).append(row)
    return [
        EvaluationQuestion(
            id=str(min(r.id for r in found)),
            text=text,
            language=str(found[0].language or ""),
            answers=(),
            documents=tuple(dict.fromkeys(r.path for r in found)),
            evidence=tuple(AnswerPlace(r.path, r.page, r.section, r.text) for r in found),
            unanswerable=False,
        )
        for text, found in places.items()
    ]


def read_outside(path: Path) -> tuple[str, list[tuple[str, str]]]:
    """Questions from elsewhere: a folder of either layout, or a file of one; name, and id and text.

    Raises:
        UsageError: there are none; it says what is expected.
    """
    names = ("questions.jsonl", "queries.jsonl")
    files = [path] if path.is_file() else [path / n for n in names if (path / n).is_file()]
    if not files:
        raise UsageError(f"{path} has neither questions.jsonl nor queries.jsonl.")
    found = [
        (str(r.get("id") or r.get("_id")), str(r.get("question") or r.get("text") or ""))
        for r in _records(files[0], ())
        if not r.get("unanswerable")
    ]
    if not any(text.strip() for _, text in found):
        raise UsageError(f"{files[0]} has no questions.")
    return path.name, [(number, fitted(text)[0]) for number, text in found if text.strip()]


def read_near_misses(folder: Path) -> list[tuple[str, str]]:
    """``unanswerable_queries.json`` of a collection: questions that its texts do not answer."""
    path = folder / "unanswerable_queries.json"
    if not path.is_file():
        return []
    try:
        records = json.loads("\n".join(_lines(path)))
        return [(str(r["id"]), fitted(str(r["text"]))[0]) for r in records]
    except (ValueError, TypeError, KeyError) as error:
        raise UsageError(f"{path} is no list of questions ({error!r}).") from error


def _records(path: Path, needed: Sequence[str]) -> Iterator[dict[str, Any]]:
    for number, line in enumerate(_lines(path), 1):
        if not line.strip():
            continue
        try:
            record = json.loads(line)
        except ValueError as error:
            raise UsageError(f"{path}, line {number}: not JSON ({error}).") from error
        if not isinstance(record, dict) or any(key not in record for key in needed):
            raise UsageError(
                f"{path}, line {number}: an object with {' and '.join(needed)} is expected."
            )
        yield record


def _lines(path: Path) -> list[str]:
    try:
        return path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"{path} cannot be read: {error}.", detail={"path": str(path)}) from error


def sample(items: Sequence[T], limit: int | None, seed: int) -> list[T]:
    """``limit`` of the items, drawn by chance, the same ones for the same seed, in their order."""
    if limit is None or limit >= len(items):
        return list(items)
    chosen = sorted(random.Random(seed).sample(range(len(items)), limit))  # noqa: S311 - no secret
    return [items[i] for i in chosen]
