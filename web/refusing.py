"""A form that is refused comes back as its page, with what was typed and what is wrong with it.

The page is asked for as the browser would ask for it, by a request within this process with the
same cookies; so it is what its reader may see now, and no form needs a page of its own for errors.
"""

from collections.abc import Mapping
from typing import Any, cast
from urllib.parse import urlsplit

from litestar import Litestar, MediaType, Request, Response
from litestar.exceptions import LitestarException
from litestar.types import (
    HTTPReceiveMessage,
    HTTPResponseStartEvent,
    Message,
    Receive,
    Scope,
    Send,
)

from kb.errors import KbError
from web.addresses import local, split
from web.auth.peer import PEER
from web.filling import AT, RefusedForm, filled
from web.rendering import render

OURS = {AT, "action", "back", "count", "next", "number", "document", "state"}
SECRETS = {"password", "old", "new", "again", "code", "secret"}
"""Fields that nobody types, and those whose content is never shown."""
OF_CODE: dict[str, tuple[str, ...]] = {
    "bad_pattern": ("exclude", "include"),
    "bad_rule": ("paths",),
    "bad_schedule": ("schedule",),
    "bad_time": ("time",),
    "bad_size": ("max_file_mb",),
    "bad_token": ("days", "name"),
    "empty_abbreviation": ("short", "meaning"),
    "empty_title": ("title",),
    "no_readers": ("readers",),
    "not_a_folder": ("path",),
    "not_allowed": ("path",),
    "not_confirmed": ("confirm",),
    "not_the_same": ("again",),
    "outlives_its_maker": ("days",),
    "password_too_common": ("new", "password"),
    "password_too_long": ("new", "password"),
    "password_too_short": ("new", "password"),
    "pin_too_long": ("answer",),
    "rights_made_up": ("path",),
    "rights_unknown": ("path",),
    "too_many_patterns": ("exclude", "include"),
    "wrong_code": ("code",),
    "wrong_password": ("old", "password"),
}
"""By code of an error: the fields that it may be about, the likeliest first."""
OF_DETAIL: dict[str, tuple[str, ...]] = {
    "group": ("groups", "readers", "paths", "name"),
    "name": ("name",),
    "source": ("name",),
    "user": ("curators", "readers", "paths", "name"),
}
"""By what an error names in its detail, where the code does not say it."""


class Refusing(Response[Any]):
    """The answer to a form that was refused: its page, or else the page of errors."""

    def __init__(
        self, error: Exception, shape: dict[str, Any], status: int, headers: dict[str, str]
    ) -> None:
        super().__init__(None, status_code=status, headers=headers)
        self._error, self._shape, self._status = error, shape, status
        self._more = headers

    def to_asgi_response(
        self, app: Litestar | None, request: Request[Any, Any, Any], **_: Any
    ) -> Any:
        """An application that looks for the form's page, and sends it filled."""

        async def sent(scope: Scope, receive: Receive, send: Send) -> None:
            page = await self._page(request)
            answer = Response(
                page, status_code=self._status, media_type=MediaType.HTML, headers=self._more
            )
            await answer.to_asgi_response(app, request)(scope, receive, send)

        return sent

    async def _page(self, request: Request[Any, Any, Any]) -> str:
        typed = await _typed(request)
        at = _stands_at(request, typed)
        standing = await _got(request, at, typed) if at else None
        if standing is not None:
            message = str(self._shape["message"])
            fields, about = _meant(self._error)
            refused = RefusedForm(request.url.path, typed, message, fields, about, at)
            again = filled(standing, refused)
            if again is not None:
                return again
        shown = [value for name, value in typed if name not in OURS | SECRETS and value.strip()]
        values = {"status": self._status, "error": self._shape, "typed": shown}
        return render(request, "error.html", values)


async def _typed(request: Request[Any, Any, Any]) -> list[tuple[str, str]]:
    """What the form held; nothing where it cannot be read, which then is what is refused."""
    try:
        form = await request.form()
    except (KbError, LitestarException):
        return []
    return [(name, value) for name, value in form.multi_items() if isinstance(value, str)]


def _stands_at(request: Request[Any, Any, Any], typed: list[tuple[str, str]]) -> str:
    """The page on which the form stands: as it says itself, or the browser; never elsewhere."""
    said = next((value for name, value in typed if name == AT), "")
    if said:
        return local(said)
    came_from = split(request.headers.get("referer", ""))
    if came_from.netloc != request.headers.get("host", "") or not came_from.path:
        first = request.url.path.split("/")[1]
        return f"/{first}"
    return local(came_from.path + (f"?{came_from.query}" if came_from.query else ""))


def _meant(error: Exception) -> tuple[list[str], list[str]]:
    """The fields that an error may be about, and what it names."""
    if not isinstance(error, KbError):
        return [], []
    by_detail = [name for key in error.detail for name in OF_DETAIL.get(key, ())]
    about = [value for value in error.detail.values() if isinstance(value, str)]
    return [*OF_CODE.get(error.code, by_detail)], about


async def _got(
    request: Request[Any, Any, Any], address: str, typed: list[tuple[str, str]]
) -> str | None:
    """A page of ours, as whoever sends this request would get it; None where it is none."""
    is_page = False
    parts: list[bytes] = []

    async def receive() -> HTTPReceiveMessage:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: Message) -> None:
        nonlocal is_page
        if message["type"] == "http.response.start":
            is_page = _is_page(message)
        elif is_page and message["type"] == "http.response.body":
            parts.append(message["body"])

    await request.app(cast("Scope", _asking(request, address, typed)), receive, send)
    return b"".join(parts).decode() if is_page else None


def _is_page(start: HTTPResponseStartEvent) -> bool:
    """Whether an answer is a page; a file may be larger than memory, and is not kept."""
    kinds = [value for name, value in start["headers"] if name.lower() == b"content-type"]
    return start["status"] == 200 and any(kind.startswith(b"text/html") for kind in kinds)


def _asking(
    request: Request[Any, Any, Any], address: str, typed: list[tuple[str, str]]
) -> Mapping[str, Any]:
    """The scope of a request for a page, by the same client with the same cookies."""
    before = request.scope
    there = urlsplit(address)
    left_out = {b"content-type", b"content-length", b"transfer-encoding", b"origin"}
    kept = ("type", "asgi", "http_version", "scheme", "server", "client", "root_path", "extensions")
    return {name: before[name] for name in kept if name in before} | {  # type: ignore[literal-required]
        "method": "GET",
        "path": there.path,
        "raw_path": there.path.encode(),
        "query_string": there.query.encode(),
        "headers": [(n, v) for n, v in before["headers"] if n not in left_out],
        "state": {PEER: before["state"].get(PEER), "typed": dict(typed)},
    }
