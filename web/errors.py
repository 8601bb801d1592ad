"""One exception, one error shape; a page where a person asked for a page."""

import logging
from gettext import NullTranslations
from typing import Any
from urllib.parse import urlencode

from litestar import Litestar, MediaType, Request, Response
from litestar.exceptions import HTTPException
from litestar.response import Redirect
from litestar.types import Receive, Scope, Send

from kb.errors import FileProblem, KbError, TooManyError
from kb.surface import faults
from web.auth.gate import greet
from web.guard import wants_page
from web.i18n import language_of, translations
from web.refusing import Refusing
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
FORMS = {"application/x-www-form-urlencoded", "multipart/form-data"}
STATUS_OF_FILES = {"no_such_page": 404, "parser_timeout": 503}
"""HTTP status by code of a file's problem; 422 for any other: the file is there, and unusable."""


def answer(request: Request[Any, Any, Any], error: Exception) -> Response[Any]:
    """Any exception as a response; what is unexpected is logged, and told to nobody."""
    if isinstance(error, KbError) and request.state.get("visitor") is None:
        error = for_strangers(error)
    status, shape = _shape(error, translations(language_of(request)))
    headers = _headers(error, status)
    if status == 401 and _wants_page(request) and request.method == "GET":
        there = request.url.path + (f"?{request.url.query}" if request.url.query else "")
        return Redirect(f"/login?{urlencode({'next': there})}", status_code=303)
    if status == 404 and _wants_page(request) and "visitor" not in request.state:
        return _Lost(error)
    if _wants_page(request) and _is_form(request) and status != 401:
        return Refusing(error, shape["error"], status, headers)
    if _wants_page(request):
        page = render(
            request, "error.html", {"status": status, "error": shape["error"], "typed": None}
        )
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
    plain = KbError(faults.VAGUE, code=error.code)
    plain.status = error.status
    return plain


def _headers(error: Exception, status: int) -> dict[str, str]:
    if isinstance(error, TooManyError):
        return {"Retry-After": str(error.seconds)}
    if status == 401:
        return {"WWW-Authenticate": 'Bearer realm="Commonplace"'}
    return {"Retry-After": "5"} if status == 503 else {}


def _shape(error: Exception, words: NullTranslations) -> tuple[int, dict[str, Any]]:
    """Its status, and the one shape of errors, in the reader's language."""
    if isinstance(error, HTTPException):
        code = HTTP_CODES.get(error.status_code, "http_error")
        detail = error.extra if isinstance(error.extra, list | dict) else {}
        said = faults.by_code(code, str(error.detail), words)
        return error.status_code, {"error": {"code": code, "message": said, "detail": detail}}
    if not isinstance(error, KbError):
        log.error("unexpected error", exc_info=error)
        error = KbError(faults.INTERNAL, code="internal")
    status = error.status
    if isinstance(error, FileProblem):
        status = STATUS_OF_FILES.get(error.code, 422)
    return status, faults.told(error, words)


def _is_form(request: Request[Any, Any, Any]) -> bool:
    kind = request.headers.get("content-type", "").partition(";")[0]
    return request.method == "POST" and kind in FORMS


def _wants_page(request: Request[Any, Any, Any]) -> bool:
    return wants_page(request.headers.get("accept", ""), request.url.path)
