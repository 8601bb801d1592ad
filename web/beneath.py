"""The service under a path of its host: at ``https://example.org/kb`` beside other programs.

Inside, every address is as if the service stood at ``/``. This border takes the path off what comes
in, and puts it before what goes out: links of pages, redirects, the paths of cookies. Scripts know
it by their own address (``static/addresses.js``), programs by the address that they were given.
"""

import re
from urllib.parse import urlsplit

from litestar.enums import ScopeType
from litestar.types import ASGIApp, HTTPScope, Message, Receive, Scope, Send

TAG = re.compile(rb'<[a-zA-Z][^<>"]*(?:"[^"]*"[^<>"]*)*>')
"""A tag as our templates write it: within quotation marks stands no quotation mark."""
ADDRESS = re.compile(rb'(\s(?:href|src|action|formaction|data-href|data-at)=")/(?!/)')


class Beneath:
    """ASGI middleware: an application under a path. ``root`` is empty, or as ``/kb``."""

    def __init__(self, app: ASGIApp, root: str) -> None:
        self._app = app
        self._root, self._raw = root, root.encode()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on as the application knows it, and its answer as people reach it."""
        if scope["type"] != ScopeType.HTTP or not self._root:
            await self._app(scope, receive, send)
            return
        await self._app(self._without(scope), receive, _Rooted(self._raw, send).send)

    def _without(self, scope: HTTPScope) -> Scope:
        """The request without the path. One that is without it already stays as it is."""
        headers = [
            (name, self._cut_referer(value) if name == b"referer" else value)
            for name, value in scope["headers"]
        ]
        path = _cut(scope["path"], self._root)
        raw = _cut(scope["raw_path"].decode("latin-1"), self._root).encode("latin-1")
        return {**scope, "path": path, "raw_path": raw, "headers": headers}

    def _cut_referer(self, value: bytes) -> bytes:
        try:
            parts = urlsplit(value.decode("latin-1"))
        except ValueError:
            return value
        return parts._replace(path=_cut(parts.path, self._root)).geturl().encode("latin-1")


class _Rooted:
    """One answer on its way out. A page waits until it is whole: its length is told before it."""

    def __init__(self, root: bytes, send: Send) -> None:
        self._root, self._send = root, send
        self._start: Message | None = None
        self._parts: list[bytes] = []

    async def send(self, message: Message) -> None:
        """Pass a part of the answer on, with the path in it."""
        if message["type"] == "http.response.start":
            headers = [
                (name, self._header(name.lower(), value)) for name, value in message["headers"]
            ]
            message = {**message, "headers": headers}
            if _is_page(message):
                self._start = message
                return
        elif self._start is not None and message["type"] == "http.response.body":
            self._parts.append(message["body"])
            if not message.get("more_body"):
                await self._send_page(self._start)
            return
        await self._send(message)

    def _header(self, name: bytes, value: bytes) -> bytes:
        if name == b"location" and value.startswith(b"/"):
            return self._root + value
        if name == b"set-cookie":
            return re.sub(rb"(?i)(;\s*path=)/(?=;|$)", rb"\1" + self._root, value)
        return value

    async def _send_page(self, start: Message) -> None:
        body = TAG.sub(self._in_tag, b"".join(self._parts))
        kept = [one for one in start["headers"] if one[0].lower() != b"content-length"]  # type: ignore[typeddict-item]
        headers = [*kept, (b"content-length", str(len(body)).encode())]
        await self._send({**start, "headers": headers})  # type: ignore[arg-type]
        await self._send({"type": "http.response.body", "body": body, "more_body": False})

    def _in_tag(self, tag: re.Match[bytes]) -> bytes:
        return ADDRESS.sub(rb"\1" + self._root + b"/", tag[0])


def _cut(path: str, root: str) -> str:
    if path == root:
        return "/"
    return path.removeprefix(root) if path.startswith(root + "/") else path


def _is_page(start: Message) -> bool:
    """A page of ours; a file that somebody takes along is passed on as it is."""
    headers = {name.lower(): value for name, value in start["headers"]}  # type: ignore[typeddict-item]
    is_html = headers.get(b"content-type", b"").startswith(b"text/html")
    return is_html and not {b"content-encoding", b"content-disposition"} & headers.keys()
