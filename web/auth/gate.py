"""The one guard in front of every route: who is it, may they, and not too often.

A route that says nothing about who may use it is the owner's alone: forgetting fails closed.
"""

import hmac
from typing import Any

from litestar.connection import ASGIConnection
from litestar.handlers.base import BaseRouteHandler

from kb.errors import ForbiddenError, NotSignedInError
from kb.shares import ASKER
from web.auth.visitor import OWNER, PROXY, SESSION, TOKEN, Visitor, client_of, identify
from web.auth.who import Who
from web.fair_use import Rates

Connection = ASGIConnection[Any, Any, Any, Any]
READING = ("GET", "HEAD", "OPTIONS")
CSRF_HEADER = "x-csrf-token"
WHILE_VIEWING = {"/account/view-as", "/logout"}
"""What an administrator may still do while looking through somebody's eyes."""


async def gate(connection: Connection, handler: BaseRouteHandler) -> None:
    """Let a request in, or raise. What it does from here on is done for whoever asks."""
    wanted = handler.opt.get("who")
    needed = wanted != Who.ANYONE or handler.opt.get("greet")
    alone = bool(handler.opt.get("alone"))
    visitor = await greet(connection, by_name=bool(needed), alone=alone)
    if wanted == Who.ANYONE:
        return
    if visitor is None:
        raise NotSignedInError("Sign in first.")
    if not _may(visitor, wanted):
        raise ForbiddenError("This is not yours to see or do.")
    if connection.scope.get("method") not in READING:
        _check_change(connection, visitor, asks=bool(handler.opt.get("asks")))


async def greet(
    connection: Connection, *, by_name: bool = True, alone: bool = False
) -> Visitor | None:
    """Count a request, and note for whom all is done from here on; who it is, where that is needed.

    ``alone``: it is counted by this process alone, and answered whatever the catalog does.

    Raises:
        TooManyError: there are too many of theirs, or of their address.
    """
    ASKER.set(f"at {client_of(connection).address}")
    visitor = await identify(connection) if by_name else None
    connection.state["visitor"] = visitor
    if visitor is not None:
        ASKER.set(visitor.principal.asker)
    await _count(connection, visitor, alone=alone)
    return visitor


async def _count(connection: Connection, visitor: Visitor | None, *, alone: bool) -> None:
    """Count the request, for its person and its address; the machine's owner is not limited."""
    if is_owner(visitor):
        return
    rates: Rates = connection.app.state.rates
    person = None if visitor is None else visitor.principal.asker
    await rates.count(client_of(connection).address, person, alone=alone)


def _may(visitor: Visitor, wanted: Any) -> bool:
    principal = visitor.principal
    if visitor.how == TOKEN and (visitor.scope == "metrics") != (wanted == Who.METRICS):
        return wanted == Who.METRICS and principal.manages and visitor.scope == "write"
    if wanted == Who.READER:
        return True
    if wanted == Who.CURATOR:
        return principal.manages or bool(principal.curates)
    if wanted in {Who.ADMINISTRATOR, Who.METRICS}:
        return principal.manages
    return principal.owner


def _check_change(connection: Connection, visitor: Visitor, *, asks: bool) -> None:
    """A change: not through another's eyes, not by a reading token, not from another site."""
    path = connection.scope["path"]
    if visitor.principal.viewed_by is not None and path not in WHILE_VIEWING:
        raise ForbiddenError(
            "You are looking through somebody else's eyes; nothing can be changed meanwhile.",
            code="viewing_as",
        )
    if visitor.how == TOKEN and visitor.scope != "write" and not asks:
        raise ForbiddenError("This token may only read.", code="token_reads_only")
    if visitor.how in {SESSION, PROXY} and not _is_our_page(connection, visitor):
        raise ForbiddenError(
            "The request does not come from a page of this address. Open the page anew and try "
            "again.",
            code="foreign_request",
        )


def _is_our_page(connection: Connection, visitor: Visitor) -> bool:
    """The Origin is ours (another one has been refused before), or the session's token is there."""
    given = connection.headers.get(CSRF_HEADER, "")
    if given and hmac.compare_digest(given.encode(), visitor.csrf.encode()):
        return True
    has_origin = connection.headers.get("origin") is not None
    return has_origin or connection.headers.get("sec-fetch-site") == "same-origin"


def is_owner(visitor: Visitor | None) -> bool:
    """Whether it is the machine's owner, since no account exists."""
    return visitor is not None and visitor.how == OWNER
