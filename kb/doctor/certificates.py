"""The certificates of the addresses in the configuration: whether they hold, and for how long."""

import asyncio
import socket
import ssl
import time
from collections.abc import Iterable, Iterator
from functools import partial
from urllib.parse import urlsplit

import httpx

from kb.doctor.asking import Examined, Patience, aside
from kb.doctor.findings import Finding
from kb.settings import Settings

PORTS = {"https": 443, "ldaps": 636}
DAY = 86_400
"""Seconds of a day."""
SOON_DAYS = 21
"""Days before its end from which a certificate should be renewed."""


async def certificates(asked: Examined) -> Iterable[Finding]:
    """Of every address that speaks TLS, the service's public one among them."""
    looks = (aside(partial(_of, asked.patience, *one)) for one in addresses(asked.settings))
    found = await asyncio.gather(*looks)
    return list(found) or [Finding(part="certificates", code="no_certificates")]


def addresses(settings: Settings) -> Iterator[tuple[str, int, bool]]:
    """Host, port, and whether Commonplace itself connects there by httpx, with its authorities."""
    auth = settings.auth
    by_httpx = (settings.llm.url, settings.index.url, auth.oidc_issuer)
    for url, own in (
        *((url, True) for url in by_httpx),
        (auth.ldap_url, False),
        *((url, False) for url in settings.engines.embedder_url),
        (settings.server.public_url, False),
    ):
        parts = urlsplit(url)
        if parts.scheme in PORTS and parts.hostname:
            yield parts.hostname, parts.port or PORTS[parts.scheme], own


def _of(patience: Patience, host: str, port: int, own: bool) -> Finding:
    where, command = f"{host}:{port}", f"openssl s_client -connect {host}:{port} </dev/null"
    found = partial(Finding, part="certificates", where=where)
    context = httpx.create_ssl_context(trust_env=False) if own else ssl.create_default_context()
    try:
        with socket.create_connection((host, port), timeout=patience.connecting) as plain:
            plain.settimeout(patience.answering)
            with context.wrap_socket(plain, server_hostname=host) as secured:
                told = secured.getpeercert() or {}
    except ssl.SSLCertVerificationError as error:
        detail = {"reason": error.verify_message}
        return found(state="wrong", code="certificate_wrong", detail=detail, command=command)
    except OSError as error:
        detail = {"reason": error.strerror or type(error).__name__}
        return found(state="better", code="certificate_unseen", detail=detail, command=command)
    until = ssl.cert_time_to_seconds(str(told["notAfter"]))
    days = int((until - time.time()) // DAY)
    is_soon = days < SOON_DAYS
    return found(
        state="better" if is_soon else "ok",
        version=time.strftime("%Y-%m-%d", time.gmtime(until)),
        code="certificate_ends" if is_soon else "certificate_holds",
        detail={"days": days},
        command=command if is_soon else "",
    )
