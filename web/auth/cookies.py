"""The session's cookie (S28)."""

from typing import Any

from litestar import Response
from litestar.connection import ASGIConnection

from kb.settings.addresses import root_of
from web import jar

Connection = ASGIConnection[Any, Any, Any, Any]
SESSION, DEVICE = ("kb", "kb_session"), ("kb-device", "kb_device")
"""Names of cookies: over TLS, with a prefix that browsers hold to; and without."""
DEVICE_SECONDS = 365 * 86400
"""Seconds for which a browser is known as somebody's device: a year."""


def is_secure(connection: Connection) -> bool:
    """Whether people reach us over TLS: by the address in the settings, or a proxy's word."""
    public: str = connection.app.state.kb_settings.server.public_url
    return public.startswith("https:") or connection.url.scheme == "https"


def name_of(connection: Connection, names: tuple[str, str]) -> str:
    """What a cookie is called here.

    Browsers take ``__Host-`` for a cookie of the whole host alone; beneath a path the cookie is for
    that path, so that programs beside us are not sent it.
    """
    safe, plain = names
    if not is_secure(connection):
        return plain
    is_whole_host = not root_of(connection.app.state.kb_settings.server)
    return f"{'__Host' if is_whole_host else '__Secure'}-{safe}"


def session_of(connection: Connection) -> str:
    """The session's secret, or nothing."""
    return jar.value_of(connection, name_of(connection, SESSION))


def keep(connection: Connection, response: Response[Any], secret: str, seconds: float) -> None:
    """Give the browser its session."""
    response.set_cookie(
        name_of(connection, SESSION),
        secret,
        max_age=int(seconds),
        path="/",
        secure=is_secure(connection),
        httponly=True,
        samesite="lax",
    )


def forget(connection: Connection, response: Response[Any]) -> None:
    """Take the session's cookie back."""
    keep(connection, response, "", 0)


def device_of(connection: Connection) -> str:
    """The secret of a device that somebody has signed in with before, or nothing."""
    return jar.value_of(connection, name_of(connection, DEVICE))[:100]


def keep_device(connection: Connection, response: Response[Any], secret: str) -> None:
    """Let a browser be known at its next sign-in. It lets nobody in."""
    response.set_cookie(
        name_of(connection, DEVICE),
        secret,
        max_age=DEVICE_SECONDS,
        path="/",
        secure=is_secure(connection),
        httponly=True,
        samesite="lax",
    )
