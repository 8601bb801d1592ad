"""What is in a document: its key sentences, and words found on its pages."""

from typing import Any
from urllib.parse import urlencode

from litestar import Request, get

from kb.answers.overviews import KeySentence
from kb.library import finding
from web.asker import knowledge_base, principal_of
from web.auth.who import READER
from web.numbers import Number

LONGEST = 200
"""Characters that are looked for."""


@get("/documents/{document_id:int}/sentences", include_in_schema=False, who=READER)
async def sentences(request: Request[Any, Any, Any], document_id: Number) -> dict[str, Any]:
    """A document's key sentences, each with the address at which it is marked."""
    base, principal = knowledge_base(request), principal_of(request)
    passages = await base.read(base.overviews.passages, principal, document_id)
    found = await base.overviews.key_sentences(passages)
    return {"sentences": [_sentence(one) for one in found]}


def _sentence(one: KeySentence) -> dict[str, Any]:
    chunk = one.passage.chunk
    query: dict[str, Any] = {"passage": one.passage.passage_id, "start": one.start, "end": one.end}
    if chunk.page:
        query["page"] = chunk.page
    return {
        "text": one.text,
        "page": chunk.page,
        "address": f"/documents/{chunk.document_id}?{urlencode(query)}",
    }


@get("/documents/{document_id:int}/find", include_in_schema=False, who=READER)
async def find(
    request: Request[Any, Any, Any], document_id: Number, text: str = ""
) -> dict[str, Any]:
    """Where words stand on the pages of a PDF or scan: boxes as shares of the page."""
    base, principal = knowledge_base(request), principal_of(request)
    row = await base.read(base.documents.one, principal, document_id)
    found = await base.read(_found, base, row, text[:LONGEST])
    return {
        "places": [{"page": place.page, "boxes": place.boxes} for place in found],
        "more": len(found) >= finding.MOST,
    }


def _found(base: Any, row: Any, text: str) -> list[finding.PagePlace]:
    parsed = base.documents.elements(row)
    return finding.places(parsed, text) if parsed else []
