"""Every look at something of the knowledge base is noted before it goes out.

A route that shows something stands in ``LOOKS``, with how the audit log calls it. Where the log
cannot take the look, the answer is not sent (``audit_unavailable``).
"""

from typing import Any
from urllib.parse import parse_qsl

from litestar import Request
from litestar.exceptions import LitestarException
from litestar.types import ASGIApp, Message, Receive, Scope, Send

from kb.errors import KbError
from kb.knowledge_base import KnowledgeBase
from web import errors

LOOKS = {
    "/": "home.view",
    "/account": "account.view",
    "/administration": "administration.view",
    "/administration/erasings/{number}/{kind}": "erasure.download",
    "/answers/{answer_id}": "receipt.view",
    "/api/v1/answers/{answer_id}": "answer.view",
    "/api/v1/answers/{answer_id}/receipt": "receipt.view",
    "/api/v1/conversations": "conversations.list",
    "/api/v1/conversations/{number}": "conversation.view",
    "/api/v1/facets": "facets.view",
    "/api/v1/files": "documents.list",
    "/api/v1/folders": "folder.view",
    "/api/v1/pins": "pins.view",
    "/api/v1/searches": "searches.view",
    "/api/v1/suggest": "suggest",
    "/audit": "audit.view",
    "/audit.jsonl": "audit.export",
    "/conversations": "conversations.list",
    "/conversations/{number}": "conversation.view",
    "/conversations/{number}/export": "conversation.export",
    "/documents": "documents.list",
    "/documents.csv": "documents.export",
    "/documents/{document_id}/find": "document.find",
    "/documents/{document_id}/sentences": "document.sentences",
    "/documents/{document_id}/pages/{number}": "document.picture",
    "/evaluation": "evaluation.view",
    "/evaluation/compare": "evaluation.view",
    "/evaluation/questions": "evaluation.view",
    "/evaluation/{number}": "evaluation.view",
    "/glossary": "glossary.view",
    "/models": "models.view",
    "/people": "people.view",
    "/review": "review.view",
    "/source/{name}": "source.view",
    "/sources": "sources.list",
    "/sources/folders": "folder.view",
}
WORDS = {"q", "text", "question"}
"""Parameters with what somebody typed; the log may have to keep without."""
MOST_PARAMETERS, LONGEST = 20, 300
"""Most parameters of an address that are noted, and most characters of a name or a value."""


def noting(app: ASGIApp) -> ASGIApp:
    """Stand between the routes and the wire."""

    async def noted(scope: Scope, receive: Receive, send: Send) -> None:
        action = LOOKS.get(str(scope.get("path_template", ""))) if _is_read(scope) else None
        if action is None:
            await app(scope, receive, send)
            return

        refused: KbError | None = None

        async def out(message: Message) -> None:
            nonlocal refused
            if message["type"] == "http.response.start" and message["status"] < 300:
                try:
                    threads = scope["litestar_app"].state.shares
                    await threads.looks.run(_note, scope, action)
                except KbError as error:
                    refused = error
                    raise
            await send(message)

        try:
            await app(scope, receive, out)
        except LitestarException:
            if refused is None:
                raise
        if refused is not None:  # the framework takes its response for begun; nothing has gone out
            request: Request[Any, Any, Any] = Request(scope, receive, send)
            response = errors.answer(request, refused).to_asgi_response(app=None, request=request)
            await response(scope, receive, send)

    return noted


def _is_read(scope: Any) -> bool:
    return scope["type"] == "http" and scope["method"] in {"GET", "HEAD"}


def _note(scope: Scope, action: str) -> None:
    visitor = scope["state"].get("visitor")
    if visitor is None:  # the first start: nobody is there, and nothing to be seen
        return
    base: KnowledgeBase = scope["litestar_app"].state.kb
    detail: dict[str, Any] = {}
    pairs = parse_qsl(scope["query_string"].decode("latin-1"))[:MOST_PARAMETERS]
    for name, value in pairs:
        detail[name[:LONGEST]] = (base.audit.words(value) if name in WORDS else value)[:LONGEST]
    path = scope["path"]
    base.audit.looked(visitor.principal, action, path, **({"query": detail} if detail else {}))
