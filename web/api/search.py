"""``GET /api/v1/search``, its facets and suggestions, pinned answers, and saved searches."""

from dataclasses import dataclass
from typing import Annotated, Any

from litestar import Request, Response, delete, get, post
from litestar.params import Parameter

from kb.surface import shapes, showing
from kb.text import queries
from kb.text.queries import Wanted
from web.asker import knowledge_base, principal_of
from web.auth.who import CURATOR, READER
from web.numbers import Number

Several = Annotated[list[str] | None, Parameter(description="Any of these; may be repeated.")]
Day = Annotated[str | None, Parameter(description="A year, month (2025-03) or day (2025-03-31).")]
LONGEST = 2000
"""Characters of a question that are looked at beside searching."""


def wanted_of(request: Request[Any, Any, Any]) -> Wanted:
    """The filters in a request's address.

    Raises:
        UsageError: one of them is not valid.
    """
    given = request.query_params
    return queries.wanted(
        source=given.getall("source", []),
        type=given.getall("type", []),
        language=given.getall("language", []),
        author=given.getall("author", []),
        name=given.getall("name", []),
        year=given.getall("year", []),
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
    name: Several = None,  # noqa: ARG001
    year: Several = None,  # noqa: ARG001
    after: Day = None,  # noqa: ARG001
    before: Day = None,  # noqa: ARG001
    shown: Annotated[
        bool, Parameter(description="Also what this service's own page shows of each hit.")
    ] = False,
) -> dict[str, Any]:
    """The best passages for a question that the asker may read."""
    base, principal = knowledge_base(request), principal_of(request)
    found = await base.search.passages(q, principal, limit, wanted_of(request))
    hits = shapes.hits(found.passages)
    return hits | {"shown": showing.hits(found.passages, q)} if shown else hits


@get("/api/v1/facets", summary="What can be filtered by", who=READER)
async def facets(request: Request[Any, Any, Any], q: str = "") -> dict[str, Any]:
    """How many documents that the asker may read have each value, under the filters chosen."""
    base, principal = knowledge_base(request), principal_of(request)
    found = await base.read(base.search.facets, principal, q[:LONGEST], wanted_of(request))
    shown = {n: [{"value": v, "count": c} for v, c in values] for n, values in found.items()}
    return {"facets": shown}


@get("/api/v1/suggest", summary="Suggest titles and earlier questions", who=READER)
async def suggest(request: Request[Any, Any, Any], q: str = "") -> dict[str, Any]:
    """Titles that contain the text, and the asker's own earlier questions."""
    base, principal, text = knowledge_base(request), principal_of(request), q.strip()[:100]
    if not text:
        return {"questions": [], "titles": []}
    found = await base.read(base.search.suggestions, principal, text)
    return {"questions": list(found.questions), "titles": list(found.titles)}


@dataclass(frozen=True, slots=True)
class Pin:
    """The body of a pin: an answer for a question, and the passage that says so."""

    question: str
    answer: str
    passage_id: str


@get("/api/v1/pins", summary="Answers pinned for a question", who=READER)
async def pinned(request: Request[Any, Any, Any], q: str = "") -> dict[str, Any]:
    """Pins whose document the asker may read."""
    base, principal = knowledge_base(request), principal_of(request)
    pins = await base.read(base.pins.of_question, principal, q[:LONGEST])
    return {
        "pins": [
            {
                "id": pin.id,
                "question": pin.question,
                "answer": pin.answer,
                "document": pin.path,
                "title": pin.title or pin.path,
                "address": pin.address,
                "author": pin.author,
            }
            for pin in pins
        ]
    }


@post("/api/v1/pins", status_code=201, summary="Pin an answer", who=CURATOR)
async def pin(request: Request[Any, Any, Any], data: Pin) -> dict[str, Any]:
    """Pin an answer to a question, in place of an earlier pin of that question.

    Only whoever answers for the document's source may.
    """
    base, principal = knowledge_base(request), principal_of(request)
    number = await base.write(base.pins.add, principal, data.question, data.answer, data.passage_id)
    return {"id": number}


@dataclass(frozen=True, slots=True)
class Saved:
    """The body of a saved search: a name, and the address of the page that shows it."""

    name: str
    address: str


@get("/api/v1/searches", summary="Saved searches, and what was opened last", who=READER)
async def saved(request: Request[Any, Any, Any]) -> dict[str, Any]:
    """The asker's own saved searches, and the documents that they opened last."""
    base, principal = knowledge_base(request), principal_of(request)
    kept = await base.read(base.searches.remembered, principal)
    return {
        "searches": [{"id": s.id, "name": s.name, "address": s.address} for s in kept.searches],
        "opened": [
            {"id": d.id, "title": d.title or d.path, "source": d.source} for d in kept.opened
        ],
    }


@post("/api/v1/searches", status_code=201, summary="Save a search", who=READER)
async def save(request: Request[Any, Any, Any], data: Saved) -> dict[str, Any]:
    """Keep a search under a name."""
    base, principal = knowledge_base(request), principal_of(request)
    return {"id": await base.write(base.searches.save, principal, data.name, data.address)}


@delete("/api/v1/searches/{number:int}", summary="Forget a saved search", who=READER)
async def forget(request: Request[Any, Any, Any], number: Number) -> Response[None]:
    """Forget one of the asker's own saved searches."""
    base, principal = knowledge_base(request), principal_of(request)
    await base.write(base.searches.forget, principal, number)
    return Response(None, status_code=204)
