"""Which requests are let in at all, and the headers that every answer carries.

A page of another site, open in the same browser, reaches us too, with the reader's cookies: so the
Host must be ours, and so must the Origin. (With a referrer policy of no-referrer browsers would
send "null" as the Origin of our own forms: no page of ours may have it.)
"""

import json
from typing import Any
from urllib.parse import urlsplit

from litestar.connection import ASGIConnection
from litestar.enums import ScopeType
from litestar.types import ASGIApp, HTTPScope, Message, Receive, Scope, Send

from kb.errors import ForbiddenError, KbError, NotFoundError
from kb.surface import faults
from web import incoming
from web.i18n import preferred, translations
from web.rendering import page

LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})
HEADERS = {
    "content-security-policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; "
        "connect-src 'self'; font-src 'self'; frame-src 'self'; form-action 'self'; "
        "base-uri 'none'; frame-ancestors 'self'"
    ),
    "x-content-type-options": "nosniff",
    "referrer-policy": "same-origin",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "permissions-policy": "camera=(), microphone=(), geolocation=()",
}


class RequestGuard:
    """ASGI middleware: refuses what is not meant for us, and puts our headers on answers."""

    def __init__(
        self,
        app: ASGIApp,
        allowed_hosts: frozenset[str],
        public_url: str = "",
        provider: str = "",
        language: str = "",
    ) -> None:
        self._app = app
        self._language = language
        self._headers = dict(HEADERS)
        if provider:  # browsers hold a form's redirects to this too: logging out leads there
            own = urlsplit(provider)
            self._headers["content-security-policy"] = HEADERS["content-security-policy"].replace(
                "form-action 'self'", f"form-action 'self' {own.scheme}://{own.netloc}"
            )
        public = urlsplit(public_url)
        self._public = public.netloc
        self._allowed = allowed_hosts | LOOPBACK | ({public.hostname} if public.hostname else set())

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Refuse, or pass on with our headers."""
        if scope["type"] != ScopeType.HTTP:
            await self._app(scope, receive, send)
            return
        refusal = self._refusal(scope)
        if refusal is not None:
            await self._refuse(scope, send, refusal)
            return
        if _is_disguised(scope):
            await self._refuse(scope, send, NotFoundError("There is no such address."))
            return
        unreadable = incoming.refusal(scope)
        if unreadable is not None:
            await self._refuse(scope, send, unreadable)
            return

        async def with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                present = {name for name, _ in message["headers"]}
                extra = [
                    (n.encode(), v.encode())
                    for n, v in self._headers.items()
                    if n.encode() not in present
                ]
                message["headers"] = [*message["headers"], *extra]
            await send(message)

        await self._app(scope, receive, with_headers)

    def _refusal(self, scope: HTTPScope) -> ForbiddenError | None:
        headers = {name: value.decode("latin-1") for name, value in scope["headers"]}
        host = headers.get(b"host", "")
        if hostname(host) not in self._allowed:
            return _foreign_host()
        origin = headers.get(b"origin")
        if origin is not None and _netloc(origin) not in {host, self._public} - {""}:
            # A proxy may put its own Host in; what people use is in the settings.
            return _foreign_origin()
        if headers.get(b"sec-fetch-site") == "cross-site" and not _is_navigation(scope, headers):
            return _foreign_origin()
        return None

    async def _refuse(self, scope: HTTPScope, send: Send, error: KbError) -> None:
        connection: ASGIConnection[Any, Any, Any, Any] = ASGIConnection(scope)
        language, status = preferred(connection, self._language), error.status
        told = faults.told(error, translations(language))
        if wants_page(connection.headers.get("accept", ""), scope["path"]):
            values = {"status": status, "error": told["error"], "typed": None}
            text = page("error.html", language, scope["path"], values)
            body, kind = text.encode(), b"text/html; charset=utf-8"
        else:
            body, kind = json.dumps(told).encode(), b"application/json"
        headers = [(n.encode(), v.encode()) for n, v in self._headers.items()]
        headers += [(b"content-type", kind), (b"content-length", str(len(body)).encode())]
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": body, "more_body": False})


def _foreign_host() -> ForbiddenError:
    return ForbiddenError(
        "This service does not know itself by the name in the address. Whoever runs it can add "
        "the name (server.public_url or server.allowed_hosts).",
        code="foreign_host",
    )


def _foreign_origin() -> ForbiddenError:
    return ForbiddenError(
        "The request does not come from a page of this address. Open the page anew and try "
        "again. Behind a reverse proxy server.public_url has to be the address that people use.",
        code="foreign_origin",
    )


def wants_page(accept: str, path: str) -> bool:
    """Whether an answer is for somebody's eyes: a browser asks for HTML, programs do not."""
    return "text/html" in accept and not path.startswith("/api/")


def _is_disguised(scope: HTTPScope) -> bool:
    """A slash, a backslash or a NUL written so that it is one only after decoding."""
    raw = scope["raw_path"].lower()
    return any(sign in raw for sign in (b"%2f", b"%5c", b"%00"))


def _is_navigation(scope: HTTPScope, headers: dict[bytes, str]) -> bool:
    return scope["method"] == "GET" and headers.get(b"sec-fetch-mode") == "navigate"


def _netloc(origin: str) -> str:
    """Host and port of an Origin; of one that is malformed ``?``, which is nobody's."""
    try:
        return urlsplit(origin).netloc
    except ValueError:
        return "?"


def hostname(host: str) -> str:
    """The name in a Host header, without its port."""
    try:
        return (urlsplit(f"//{host}").hostname or "").lower()
    except ValueError:
        return ""
