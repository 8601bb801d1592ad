"""What there is to learn from: questions whose right passages people have named.

They are judged questions, citations that somebody called good, and pins. Of them those count whose
passage stands in the documents at this moment and may be read by everyone, or is of a source that
the administrator has named: what is learned remembers, and answers whoever asks.
"""

from collections.abc import Collection, Iterator, Sequence
from urllib.parse import parse_qs, urlsplit

from kb.catalog import answers, chunks, feedback, judged, keeping, sources
from kb.catalog.database import Connection, current_seq
from kb.errors import UsageError
from kb.rights import access
from kb.types.kept import KeptAnswer
from kb.types.passages import StoredChunk
from kb.types.points import points_of
from kb.types.tunings import Pair, Taught

JUDGED, RATED, PINNED = "judged", "rated", "pinned"
Said = tuple[str, str, Sequence[int], bool]
"""How it became known, the question, the points of its right passage (none: it is gone), and
whether everyone may read what was kept of it."""


def taught(connection: Connection, named: Collection[str] = ()) -> Taught:
    """What there is to learn from, with the passages that are searched.

    Raises:
        NotFoundError: a source that is ``named`` does not exist.
    """
    for name in named:
        sources.by_name(connection, name)
    passages = chunks.standing(connection, access.anybody(), named)
    open_to_all = {one.point for one in passages}
    pairs: dict[tuple[str, int], Pair] = {}
    gone = withheld = 0
    for origin, question, points, is_open in _said(connection, named):
        stored = _standing(connection, points)
        if not stored:
            gone += 1
        elif not is_open or not open_to_all.issuperset(points):
            withheld += 1
        else:
            pair = _pair(origin, question, stored)
            pairs.setdefault((question, pair.points[0]), pair)
    return Taught(tuple(pairs.values()), tuple(passages), gone, withheld)


def _said(connection: Connection, named: Collection[str]) -> Iterator[Said]:
    yield from _judged(connection, named)
    yield from _rated(connection)
    yield from _pinned(connection)


def _judged(connection: Connection, named: Collection[str]) -> Iterator[Said]:
    every = judged.all_of(connection, access.owner())
    for_all = {row.id for row in judged.all_of(connection, access.anybody())}
    texts = _texts(connection, {row.document_id for row in every})
    for row in every:
        found = _run(texts.get(row.document_id, []), row.text)
        yield JUDGED, row.question, found, row.id in for_all or row.name in named


def _run(passages: Sequence[tuple[int, StoredChunk]], text: str) -> list[int]:
    """The points of passages in a row that a text was joined of; none where it stands no more."""
    for start in range(len(passages)):
        joined = ""
        points: list[int] = []
        for point, chunk in passages[start:]:
            joined = f"{joined}\n{chunk.text}" if points else chunk.text
            points.append(point)
            if joined == text:
                return points
            if not text.startswith(joined):
                break
    return []


def _texts(
    connection: Connection, ids: Collection[int]
) -> dict[int, list[tuple[int, StoredChunk]]]:
    """The passages of documents, by the document, in order."""
    points = chunks.points_of_documents(connection, ids)
    found: dict[int, list[tuple[int, StoredChunk]]] = {}
    for point, chunk in sorted(_hydrated(connection, points).items()):
        found.setdefault(chunk.document_id, []).append((point, chunk))
    return found


def _rated(connection: Connection) -> Iterator[Said]:
    for answer in answers.rated_good(connection):
        for points in _good_citations(connection, answer):
            yield RATED, answer.asked_as or answer.question, points, True


def _good_citations(connection: Connection, answer: KeptAnswer) -> Iterator[Sequence[int]]:
    """The points of citations that were called good: by themselves, or with the whole answer."""
    said = feedback.of_answer(connection, answer.id)
    whole = feedback.WHOLE in said and said[feedback.WHOLE].verdict == "good"
    seen = set()
    for citation in answer.citations:
        own = said.get(citation.n)
        good = own.verdict == "good" if own else whole and citation.supported
        if good and citation.points not in seen:
            seen.add(citation.points)
            yield citation.points


def _pinned(connection: Connection) -> Iterator[Said]:
    for pin in keeping.pinned(connection, access.owner()):
        yield PINNED, pin.question, _points_at(pin.address), True


def _points_at(address: str) -> list[int]:
    """The points of the passage that a document's address names."""
    named = parse_qs(urlsplit(address).query).get("passage", [""])
    try:
        return points_of(named[0])
    except UsageError:
        return []


def _standing(connection: Connection, points: Sequence[int]) -> list[StoredChunk]:
    """The passages at these points; none where one of them is not there any more."""
    found = _hydrated(connection, points)
    return [found[p] for p in sorted(found)] if len(found) == len(points) else []


def _hydrated(connection: Connection, points: Sequence[int]) -> dict[int, StoredChunk]:
    return chunks.hydrate(connection, access.owner(), points, current_seq(connection))


def _pair(origin: str, question: str, stored: Sequence[StoredChunk]) -> Pair:
    first = stored[0]
    return Pair(
        origin,
        question,
        first.document_id,
        first.content_hash,
        first.path,
        first.page,
        first.section,
        "\n".join(chunk.text for chunk in stored),
        tuple(chunk.point for chunk in stored),
    )


FEWEST_QUESTIONS, FEWEST_DOCUMENTS = 40, 10
"""With fewer, five rounds of learning and measuring show nothing beyond chance."""


def check_enough(found: Taught, named: Collection[str]) -> None:
    """Raises ``UsageError`` where there is too little to learn from; it says what is missing."""
    questions = {pair.question for pair in found.pairs}
    documents = {pair.document_id for pair in found.pairs}
    if len(questions) >= FEWEST_QUESTIONS and len(documents) >= FEWEST_DOCUMENTS:
        return
    left = [
        f"{found.withheld} right passages are in documents that not everyone may read: --source "
        "NAME takes in those of a source." if found.withheld and not named else "",
        f"{found.gone} right passages are not in the documents any more." if found.gone else "",
    ]  # fmt: skip
    raise UsageError(
        f"There is too little to learn from: {len(questions)} questions with a right passage, in "
        f"{len(documents)} documents; it takes {FEWEST_QUESTIONS} in {FEWEST_DOCUMENTS}. They come "
        "from “This is the right passage” beside a passage, from citations that were called "
        f"helpful, and from pinned answers. {' '.join(filter(None, left))}".strip(),
        code="too_few_questions",
        detail={
            "questions": len(questions),
            "documents": len(documents),
            "gone": found.gone,
            "withheld": found.withheld,
        },
    )
