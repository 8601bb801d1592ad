"""Addresses of this service, as people reach it."""

from typing import Any
from urllib.parse import SplitResult, urlsplit

from litestar import Request

from web.asker import knowledge_base


def here(request: Request[Any, Any, Any], path: str) -> str:
    """The whole address of a path: by ``server.public_url``, or else as this request came in."""
    base = knowledge_base(request).settings.server.public_url or str(request.base_url)
    return base.rstrip("/") + path


def local(address: str) -> str:
    """An address of this service, or the start page: nobody is sent elsewhere."""
    is_here = address.startswith("/") and not address.startswith(("//", "/\\"))
    return address if is_here and not any(ord(c) < 32 for c in address) else "/"


def split(address: str) -> SplitResult:
    """An address in its parts; of one that is malformed, as a browser never sends it, all empty."""
    try:
        return urlsplit(address)
    except ValueError:
        return urlsplit("")
