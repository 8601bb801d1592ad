"""``GET /api/v1/search``, its facets and suggestions, pinned answers, and saved searches."""

from dataclasses import dataclass
from typing import Annotated, Any

from litestar import Request, Response, delete, get, post
from litestar.params import Parameter

from kb.audit.log import noted
from kb.catalog import answers, chunks, filtering, keeping, ledger
from kb.catalog.database import current_seq
from kb.errors import ForbiddenError, NotFoundError, UsageError
from kb.search.limits import check_question
from kb.surface import shapes
from kb.text import queries
from kb.text.queries import Wanted
from kb.types.library import LedgerFilter
from kb.types.points import points_of
from web.asker import knowledge_base, principal_of
from web.auth.who import CURATOR, READER
from web.numbers import Number

Several = Annotated[list[str] | None, Parameter(description="Any of these; may be repeated.")]
Day = Annotated[str | None, Parameter(description="A year, month (2025-03) or day (2025-03-31).")]
LONGEST_ANSWER, LONGEST_NAME = 2000, 200
LONGEST_ADDRESS = 4000


def wanted_of(request: Request[Any, Any, Any]) -> Wanted:
    """The filters in a request's address.

    Raises:
        UsageError: one of them cannot be.
    """
    given = request.query_params
    return queries.wanted(
        source=given.getall("source", []),
        type=given.getall("type", []),
        language=given.getall("language", []),
        author=given.getall("author", []),
        after=given.get("after"),
        before=given.get("before"),
    )


@get("/api/v1/search", summary="Find passages", who=READER)
async def search(
    request: Request[Any, Any, Any],
    q: Annotated[str, Parameter(description="The question.")] = "",
    limit: Annotated[int, Parameter(description="How many passages, 1 to 100.")] = 10,
    source: Several = None,  # noqa: ARG001 - read by wanted_of; named here for the description
    type: Several = None,  # noqa: A002, ARG001
    language: Several = None,  # noqa: ARG001
    author: Several = None,  # noqa: ARG001
    after: Day = None,  # noqa: ARG001
    before: Day = None,  # noqa: ARG001
) -> dict[str, Any]:
    """The best passages for a question that the asker may read."""
    kb, principal = knowledge_base(request), principal_of(request)
    found = await kb.search(q, principal, limit, wanted_of(request))
    return shapes.hits(found.passages)


@get("/api/v1/facets", summary="What can be filtered by", who=READER)
async def facets(request: Request[Any, Any, Any], q: str = "") -> dict[str, Any]:
    """How many documents that the asker may read have each value, under the filters chosen."""
    kb, principal = knowledge_base(request), principal_of(request)
    _, own = queries.parse(q[:2000])
    wanted = queries.both(wanted_of(request), own)

    def look() -> dict[str, Any]:
        with kb.catalog.reading() as connection:
            found = filtering.facets(connection, principal, wanted)
        return {n: [{"value": v, "count": c} for v, c in values] for n, values in found.items()}

    return {"facets": await kb.read(look)}


@get("/api/v1/suggest", summary="Suggest titles and earlier questions", who=READER)
async def suggest(request: Request[Any, Any, Any], q: str = "") -> dict[str, Any]:
    """Titles that contain the text, and the asker's own earlier questions."""
    kb, principal, text = knowledge_base(request), principal_of(request), q.strip()[:100]

    def look() -> dict[str, Any]:
        with kb.catalog.reading() as connection:
            asked = answers.recent_questions(connection, principal, 40)
            rows = ledger.rows(connection, principal, LedgerFilter(text=text), limit=5)
        earlier = [a for a in asked if text.casefold() in a.casefold()][:5]
        return {"questions": earlier, "titles": [r.title or r.path for r in rows]}

    return await kb.read(look) if text else {"questions": [], "titles": []}


@dataclass(frozen=True, slots=True)
class Pin:
    """The body of a pin: an answer for a question, and the passage that says so."""

    question: str
    answer: str
    passage_id: str


@get("/api/v1/pins", summary="Answers pinned for a question", who=READER)
async def pinned(request: Request[Any, Any, Any], q: str = "") -> dict[str, Any]:
    """Pins whose document the asker may read."""
    kb, principal = knowledge_base(request), principal_of(request)

    def look() -> list[dict[str, Any]]:
        with kb.catalog.reading() as connection:
            return [
                {
                    "id": row.id,
                    "question": row.question,
                    "answer": row.answer,
                    "document": row.path,
                    "title": row.title or row.path,
                    "address": row.address,
                    "author": row.author,
                }
                for row in keeping.pinned(connection, principal, q[:2000])
            ]

    return {"pins": await kb.read(look)}


@post("/api/v1/pins", status_code=201, summary="Pin an answer", who=CURATOR)
async def pin(request: Request[Any, Any, Any], data: Pin) -> dict[str, Any]:
    """For whoever answers for the document's source; it replaces an earlier pin of the same."""
    kb, principal = knowledge_base(request), principal_of(request)
    question, text = check_question(data.question), data.answer.strip()
    if not text or len(text) > LONGEST_ANSWER:
        raise UsageError(f"A pinned answer has 1 to {LONGEST_ANSWER} characters.")
    points = points_of(data.passage_id)

    def keep() -> int:
        with kb.catalog.writing() as connection:
            stored = chunks.hydrate(connection, principal, points, current_seq(connection))
            if len(stored) != len(points):
                raise NotFoundError("There is no such passage, for you.", code="passage_gone")
            chunk = stored[points[0]]
            if not principal.answers_for(kb.sources.named(chunk.source).id):
                raise ForbiddenError(f"You do not answer for {chunk.source}.")
            noted(connection, principal, "pin.add", question, document=chunk.document_id)
            return keeping.pin(
                connection,
                principal,
                {
                    "question": question,
                    "answer": text,
                    "document_id": chunk.document_id,
                    "address": f"/documents/{chunk.document_id}?passage={data.passage_id}",
                },
            )

    return {"id": await kb.write(keep)}


@dataclass(frozen=True, slots=True)
class Saved:
    """The body of a saved search: a name, and the address of the page that shows it."""

    name: str
    address: str


@get("/api/v1/searches", summary="Saved searches, and what was opened last", who=READER)
async def saved(request: Request[Any, Any, Any]) -> dict[str, Any]:
    """The asker's own."""
    kb, principal = knowledge_base(request), principal_of(request)

    def look() -> dict[str, Any]:
        with kb.catalog.reading() as connection:
            return {
                "searches": [
                    {"id": r.id, "name": r.name, "address": r.address}
                    for r in keeping.searches(connection, principal)
                ],
                "opened": [
                    {"id": r.id, "title": r.title or r.path, "source": r.source}
                    for r in keeping.recently_opened(connection, principal, 8)
                ],
            }

    return await kb.read(look)


@post("/api/v1/searches", status_code=201, summary="Save a search", who=READER)
async def save(request: Request[Any, Any, Any], data: Saved) -> dict[str, Any]:
    """Keep a search under a name."""
    kb, principal = knowledge_base(request), principal_of(request)
    name, address = " ".join(data.name.split()), data.address
    if not name or len(name) > LONGEST_NAME or len(address) > LONGEST_ADDRESS:
        raise UsageError("A saved search has a name and an address of this service.")
    if not address.startswith("/?"):
        raise UsageError("Only searches of this service can be saved.", code="foreign_address")

    def keep() -> int:
        with kb.catalog.writing() as connection:
            noted(connection, principal, "search.save")
            return keeping.save_search(connection, principal, name, address)

    return {"id": await kb.write(keep)}


@delete("/api/v1/searches/{number:int}", summary="Forget a saved search", who=READER)
async def forget(request: Request[Any, Any, Any], number: Number) -> Response[None]:
    """One of one's own."""
    kb, principal = knowledge_base(request), principal_of(request)

    def remove() -> int:
        with kb.catalog.writing() as connection:
            noted(connection, principal, "search.forget", str(number))
            return keeping.forget_search(connection, principal, number)

    if not await kb.write(remove):
        raise NotFoundError("There is no such search.", detail={"search": number})
    return Response(None, status_code=204)
