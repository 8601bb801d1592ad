"""One exception, one error shape; a page where a person asked for a page."""

import logging
from typing import Any
from urllib.parse import urlencode

from litestar import Litestar, MediaType, Request, Response
from litestar.exceptions import HTTPException
from litestar.response import Redirect
from litestar.types import Receive, Scope, Send

from kb.errors import FileProblem, KbError, TooManyError
from kb.surface import reasons
from web.auth.gate import greet
from web.guard import wants_page
from web.rendering import render

log = logging.getLogger("kb.web")
HTTP_CODES = {
    400: "bad_request",
    401: "not_signed_in",
    403: "forbidden",
    404: "not_found",
    405: "method_not_allowed",
    413: "too_large",
    415: "wrong_media_type",
}
STATUS_OF_FILES = {"no_such_page": 404, "parser_timeout": 503}
"""HTTP status by code of a file's problem; 422 for any other: the file is there, and unusable."""
VAGUE = "This cannot be done right now. Try again later; the log of the service says more."


def answer(request: Request[Any, Any, Any], error: Exception) -> Response[Any]:
    """Any exception as a response; what is unexpected is logged, and told to nobody."""
    if isinstance(error, KbError) and request.state.get("visitor") is None:
        error = for_strangers(error)
    status, shape = _shape(error)
    headers = _headers(error, status)
    if status == 401 and _wants_page(request) and request.method == "GET":
        there = request.url.path + (f"?{request.url.query}" if request.url.query else "")
        return Redirect(f"/login?{urlencode({'next': there})}", status_code=303)
    if status == 404 and _wants_page(request) and "visitor" not in request.state:
        return _Lost(error)
    if _wants_page(request):
        page = render(request, "error.html", {"status": status, "error": shape["error"]})
        return Response(page, status_code=status, media_type=MediaType.HTML, headers=headers)
    return Response(shape, status_code=status, media_type=MediaType.JSON, headers=headers)


class _Lost(Response[Any]):
    """The page for an address that is none, with the navigation of whoever asks for it.

    There is no route, so no gate was passed: who it is, is found out here.
    """

    def __init__(self, error: Exception) -> None:
        super().__init__(None, status_code=404)
        self._error = error

    def to_asgi_response(
        self, app: Litestar | None, request: Request[Any, Any, Any], **_: Any
    ) -> Any:
        """An application that greets whoever asks, and then sends the page."""

        async def sent(scope: Scope, receive: Receive, send: Send) -> None:
            try:
                await greet(request)
                page = answer(request, self._error)
            except KbError as error:
                page = answer(request, error)
            await page.to_asgi_response(app, request)(scope, receive, send)

        return sent


def for_strangers(error: KbError) -> KbError:
    """What somebody who is not signed in is told: of our own troubles the code alone.

    The sentence of such an error may hold addresses and paths of this machine; it is logged.
    """
    if error.status < 500 or isinstance(error, TooManyError):
        return error
    log.warning("not told to a stranger: %s (%s)", error.message, error.code)
    plain = KbError(VAGUE, code=error.code)
    plain.status = error.status
    return plain


def _headers(error: Exception, status: int) -> dict[str, str]:
    if isinstance(error, TooManyError):
        return {"Retry-After": str(error.seconds)}
    if status == 401:
        return {"WWW-Authenticate": 'Bearer realm="Commonplace"'}
    return {"Retry-After": "5"} if status == 503 else {}


def _shape(error: Exception) -> tuple[int, dict[str, Any]]:
    if isinstance(error, FileProblem):
        status = STATUS_OF_FILES.get(error.code, 422)
        return status, _named(error.code, reasons.render(error.code, error.detail), error.detail)
    if isinstance(error, KbError):
        return error.status, error.as_json()
    if isinstance(error, HTTPException):
        code = HTTP_CODES.get(error.status_code, "http_error")
        detail = error.extra if isinstance(error.extra, list | dict) else {}
        return error.status_code, _named(code, str(error.detail), detail)
    log.error("unexpected error", exc_info=error)
    return 500, _named(
        "internal", "Something went wrong here; the log of the service says what.", {}
    )


def _named(code: str, message: str | None, detail: Any) -> dict[str, Any]:
    return {"error": {"code": code, "message": message, "detail": detail}}


def _wants_page(request: Request[Any, Any, Any]) -> bool:
    return wants_page(request.headers.get("accept", ""), request.url.path)
