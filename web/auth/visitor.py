"""Whose request it is: a session, a token, a proxy's word, or the machine's owner."""

import hashlib
import hmac
import os
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from litestar.connection import ASGIConnection

from kb.accounts.directory import HEADER, KnownPerson
from kb.knowledge_base import KnowledgeBase
from kb.rights import access
from kb.types.accounts import ApiToken, Client, Recognised, Session
from kb.types.people import Principal
from web.auth import cookies
from web.auth.kernel import user_at
from web.auth.peer import peer_of
from web.fair_use import Shares
from web.guard import LOOPBACK, hostname

Connection = ASGIConnection[Any, Any, Any, Any]
Find = Callable[[str], Recognised | None]
SESSION, TOKEN, PROXY, OWNER = "session", "token", "proxy", "owner"
FORWARDED = (
    "forwarded", "via", "x-forwarded", "x-real-ip", "x-client-ip", "true-client-ip", "cf-",
    "x-original-", "x-cluster-client-ip", "x-envoy-", "x-scheme", "x-remote-",
)  # fmt: skip
"""How the names of headers begin by which proxies say that they are there."""


@dataclass(frozen=True, slots=True)
class Visitor:
    """Who asks, and how we know."""

    principal: Principal
    how: str
    session_hash: str = ""
    secret: str = ""
    scope: str = "write"
    token: ApiToken | None = None

    @property
    def csrf(self) -> str:
        """What a form of ours carries, and a page of another site cannot know."""
        return csrf_of(self.secret)


def csrf_of(secret: str) -> str:
    """A token against forged requests, bound to the session: another session's fails (S25)."""
    return hmac.new(secret.encode(), b"csrf", hashlib.sha256).hexdigest()[:40]


def client_of(connection: Connection) -> Client:
    """Where a request comes from. A proxy's word on it has been weighed by the server."""
    address = connection.client.host if connection.client else ""
    agent = connection.headers.get("user-agent", "")[:200]
    return Client(address, agent, cookies.device_of(connection))


async def identify(connection: Connection) -> Visitor | None:
    """Who sent a request; None where nobody knows."""
    base: KnowledgeBase = connection.app.state.kb
    bearer = connection.headers.get("authorization", "")
    if bearer.lower().startswith("bearer "):
        return await _by_token(connection, base, bearer[7:].strip())
    if connection.headers.get(base.settings.auth.header or "-"):
        return await _by_header(connection, base)
    secret = cookies.session_of(connection)
    if secret:
        found = await _by_session(connection, base, secret)
        if found is not None:
            return found
    if _may_be_at_home(connection, base) and await base.look_up(_is_owner, connection, base):
        return Visitor(access.owner(), OWNER)
    return None


async def _asked(
    connection: Connection, base: KnowledgeBase, find: Find, secret: str
) -> Recognised | None:
    """Whose a secret is, after their directory was asked where what is known of them is old."""
    shares: Shares = connection.app.state.shares
    found = await base.look_up(find, secret)
    if found is not None and base.accounts.is_outdated(found.person):
        await shares.directory.run(base.accounts.refresh, found.person)
        found = await base.look_up(find, secret)
    return found


async def _by_token(connection: Connection, base: KnowledgeBase, secret: str) -> Visitor | None:
    found = await _asked(connection, base, base.accounts.of_token, secret)
    if found is None or not isinstance(found.by, ApiToken):
        return None
    return Visitor(found.principal, TOKEN, scope=found.by.scope, token=found.by)


async def _by_session(connection: Connection, base: KnowledgeBase, secret: str) -> Visitor | None:
    found = await _asked(connection, base, base.accounts.of_session, secret)
    if found is None or not isinstance(found.by, Session):
        return None
    return Visitor(found.principal, SESSION, found.by.hash, secret)


async def _by_header(connection: Connection, base: KnowledgeBase) -> Visitor | None:
    """From the addresses that may say so, and no others: the connection's own, not a forwarded."""
    s = base.settings.auth
    peer = peer_of(connection)
    if peer is None or peer[0] not in s.header_from:
        return None
    name = _as_sent(connection.headers[s.header]).strip()
    listed = connection.headers.get(s.header_groups) if s.header_groups else ""
    named = _as_sent(listed or "").split(",")
    groups = tuple(sorted({g.strip() for g in named if g.strip()}))
    known = KnownPerson(
        name, name, f"header:{name}", groups, HEADER, groups_whole=listed is not None
    )
    is_known, principal = await base.look_up(base.accounts.recalled, known)
    if not is_known:
        principal = await base.write(base.accounts.of_header, known)
    return Visitor(principal, PROXY, secret=f"{s.header}:{name}") if principal else None


def _as_sent(value: str) -> str:
    """A header's bytes are read as Latin-1; proxies send names in UTF-8."""
    try:
        return value.encode("latin-1").decode()
    except UnicodeError:
        return value


def _may_be_at_home(connection: Connection, base: KnowledgeBase) -> bool:
    """Straight from this machine: loopback on both ends, and no sign of a proxy in between."""
    peer, server = peer_of(connection), base.settings.server
    public = urlsplit(server.public_url).hostname
    return (
        server.host in LOOPBACK
        and not server.trusted_proxies
        and (public is None or public in LOOPBACK)
        and peer is not None
        and peer[0] in LOOPBACK
        and hostname(connection.headers.get("host", "")) in LOOPBACK
        and _is_spoken_by_no_proxy(connection)
    )


def _is_spoken_by_no_proxy(connection: Connection) -> bool:
    """No header of a proxy, and not as nginx speaks by its own defaults: HTTP/1.0, closing."""
    headers = connection.headers
    return (
        not any(name.startswith(FORWARDED) for name in headers)
        and connection.scope.get("http_version") != "1.0"
        and "close" not in headers.get("connection", "").lower()
    )


def _is_ours(connection: Connection) -> bool:
    """The kernel says that the process at the other end runs as the user that this one runs as."""
    peer, here = peer_of(connection), connection.scope.get("server")
    if peer is None or here is None or here[1] is None:
        return False
    return user_at((peer[0], peer[1]), (here[0], here[1])) == os.geteuid()


def _is_owner(connection: Connection, base: KnowledgeBase) -> bool:
    return not base.accounts.exist() and _is_ours(connection)
