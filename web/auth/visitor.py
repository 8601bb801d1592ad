"""Whose request it is: a session, a token, a proxy's word, or the machine's owner."""

import hashlib
import hmac
from dataclasses import dataclass
from typing import Any

from litestar.connection import ASGIConnection

from kb import access
from kb.accounts.accounts import Client
from kb.accounts.directory import HEADER, Known
from kb.knowledge_base import KnowledgeBase
from kb.types import Principal
from web.auth import cookies
from web.fair_use import Shares
from web.guard import LOOPBACK, hostname

Connection = ASGIConnection[Any, Any, Any, Any]
SESSION, TOKEN, PROXY, OWNER = "session", "token", "proxy", "owner"
FORWARDED = ("forwarded", "x-forwarded-for", "x-forwarded-host", "x-real-ip", "via")


@dataclass(frozen=True, slots=True)
class Visitor:
    """Who asks, and how we know."""

    principal: Principal
    how: str
    session_hash: str = ""
    secret: str = ""
    scope: str = "write"

    @property
    def csrf(self) -> str:
        """What a form of ours carries, and a page of another site cannot know."""
        return csrf_of(self.secret)


def csrf_of(secret: str) -> str:
    """Bound to the session: another session's is worth nothing (S25)."""
    return hmac.new(secret.encode(), b"csrf", hashlib.sha256).hexdigest()[:40]


def client_of(connection: Connection) -> Client:
    """Where a request comes from. A proxy's word on it has been weighed by the server."""
    address = connection.client.host if connection.client else ""
    return Client(address, connection.headers.get("user-agent", "")[:200])


async def identify(connection: Connection) -> Visitor | None:
    """Who it is; None where nobody knows."""
    kb: KnowledgeBase = connection.app.state.kb
    shares: Shares = connection.app.state.shares
    bearer = connection.headers.get("authorization", "")
    if bearer.lower().startswith("bearer "):
        return await shares.look_up(_by_token, kb, bearer[7:].strip())
    if connection.headers.get(kb.settings.auth.header or "-"):
        return await kb.catalog.write(_by_header, kb, connection)
    secret = cookies.session_of(connection)
    if secret:
        found = await _by_session(connection, kb, secret)
        if found is not None:
            return found
    if _is_at_home(connection, kb) and not await shares.look_up(kb.accounts.exist):
        return Visitor(access.owner(), OWNER)
    return None


def _by_token(kb: KnowledgeBase, secret: str) -> Visitor | None:
    found = kb.accounts.of_token(secret)
    if found is None:
        return None
    row, principal = found
    return Visitor(principal, TOKEN, scope=row.scope)


async def _by_session(connection: Connection, kb: KnowledgeBase, secret: str) -> Visitor | None:
    shares: Shares = connection.app.state.shares
    found = await shares.look_up(kb.accounts.of_session, secret)
    if found is not None and kb.accounts.is_outdated(found[2]):
        await shares.directory.run(kb.accounts.refresh, found[2])
        found = await shares.look_up(kb.accounts.of_session, secret)
    if found is None:
        return None
    row, principal, _ = found
    return Visitor(principal, SESSION, row.hash, secret)


def _by_header(kb: KnowledgeBase, connection: Connection) -> Visitor | None:
    """From the addresses that may say so, and no others: the connection's own, not a forwarded."""
    s = kb.settings.auth
    if client_of(connection).address not in s.header_from:
        return None
    name = connection.headers[s.header].strip()[:100]
    listed = connection.headers.get(s.header_groups) if s.header_groups else ""
    groups = tuple(sorted({g.strip() for g in (listed or "").split(",") if g.strip()}))
    known = Known(name, name, f"header:{name}", groups, HEADER, groups_whole=listed is not None)
    principal = kb.accounts.of_header(known)
    return Visitor(principal, PROXY, secret=f"{s.header}:{name}") if principal else None


def _is_at_home(connection: Connection, kb: KnowledgeBase) -> bool:
    """Straight from this machine: loopback on both ends, and no proxy in between that says so."""
    headers = connection.headers
    served_here = kb.settings.server.host in LOOPBACK
    here = client_of(connection).address in LOOPBACK
    return (
        served_here
        and here
        and hostname(headers.get("host", "")) in LOOPBACK
        and not any(name in headers for name in FORWARDED)
    )
