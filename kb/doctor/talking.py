"""What is talked to, and who talks to us: the language model, a directory, a provider, proxies."""

import asyncio
import ipaddress
import sys
from collections.abc import Iterable
from contextlib import aclosing
from functools import partial
from urllib.parse import urlsplit

import httpx

from kb.accounts.directory import Directory
from kb.doctor.asking import Examined, Patience, Stopwatch, aside
from kb.doctor.findings import Finding
from kb.errors import ConfigurationError, ModelError
from kb.llm.adapters import adapter
from kb.llm.base import Identity, LanguageModel
from kb.llm.chatting import chat
from kb.llm.choosing import is_elsewhere
from kb.llm.problems import RECOMMENDED
from kb.settings import Auth, Llm
from kb.settings.addresses import address_of
from kb.settings.people import Server
from kb.silence.destinations import configured

PROBE = [{"role": "user", "content": "Say yes."}]
LOOPBACK = {"127.0.0.1", "::1", "localhost"}
STARTS = {"model_missing": f"ollama pull {RECOMMENDED}", "model_unavailable": "ollama serve"}
"""What is typed on the model's server, by what went wrong there."""


async def language_model(asked: Examined) -> Iterable[Finding]:
    """Which model answers, whether its window takes what is sent, whether it thinks."""
    settings = asked.settings.llm
    model = adapter(asked.settings)
    if model is None:
        return [Finding(part="model", code="no_model_set")]
    where, watch = getattr(model, "url", settings.url), Stopwatch()
    seconds = asked.patience.answering
    try:
        async with asyncio.timeout(seconds):
            identity = await model.identify()
        spoken = not asked.probing or await _speaks(model, seconds)
    except ModelError as error:
        return [_unanswered(settings, error, where)]
    finally:
        await model.close()
    return [_of_model(settings, identity, model.window(identity.name), spoken, where, watch)]


async def _speaks(model: LanguageModel, seconds: float) -> bool:
    """Whether it says a word in so many seconds; raises ``ModelError`` where it cannot.

    A server that has not loaded the model yet takes longer.
    """
    try:
        async with asyncio.timeout(seconds), aclosing(chat(model, PROBE)) as said:
            async for piece in said:
                if not isinstance(piece, Identity):
                    return True
    except TimeoutError:
        return False
    return False


def _unanswered(settings: Llm, error: ModelError, where: str) -> Finding:
    """A model that is set and does not answer is wrong; without one documents speak themselves."""
    is_set = bool(settings.url or settings.model)
    command = STARTS.get(error.code, "") if settings.provider == "ollama" else ""
    return Finding(
        part="model", state="wrong" if is_set else "better", where=where, error=error,
        command=command,
    )  # fmt: skip


def _of_model(
    settings: Llm,
    identity: Identity,
    window: int | None,
    spoken: bool,
    where: str,
    watch: Stopwatch,
) -> Finding:
    found = partial(
        Finding, part="model", version=identity.name, where=where, milliseconds=watch.milliseconds
    )
    wanted = settings.context_tokens + (settings.thinking_tokens if identity.thinks else 0)
    detail = {"window": window, "wanted": wanted, "seconds": f"{watch.milliseconds / 1000:.0f}"}
    if window is not None and window < wanted:
        less = max(512, window - (wanted - settings.context_tokens))
        return found(
            state="wrong", code="window_small", detail=detail,
            command=f"KB_LLM__CONTEXT_TOKENS={less} kb serve",
        )  # fmt: skip
    if is_elsewhere(identity.name) or identity.name in settings.cloud_models:
        return found(state="better", code="model_elsewhere", command="KB_LLM__MODEL= kb serve")
    if not spoken:
        return found(state="better", code="model_slow", detail=detail)
    if identity.thinks:
        return found(code="model_thinks", detail=detail)
    return found(code="model_window" if window else "", detail=detail)


async def directory(asked: Examined) -> Iterable[Finding]:
    """An LDAP directory: whether it takes our account, and has the place of people."""
    settings = asked.settings.auth
    if not settings.ldap_url:
        return [Finding(part="directory", code="not_set")]
    watch = Stopwatch()
    try:
        await aside(partial(Directory(settings).reach, asked.patience.answering))
    except ConfigurationError as error:
        command = f"{sys.executable} -m pip install 'commonplace-kb[ldap]'"
        return [Finding(part="directory", state="wrong", where=settings.ldap_url, error=error,
                        command=command)]  # fmt: skip
    found = Finding(
        part="directory", where=settings.ldap_url, milliseconds=watch.milliseconds
    )  # fmt: skip
    return [found]


async def provider(asked: Examined) -> Iterable[Finding]:
    """A provider of OpenID Connect: whether it is the one that is configured."""
    settings = asked.settings.auth
    issuer = settings.oidc_issuer.rstrip("/")
    if not issuer:
        return [Finding(part="provider", code="not_set")]
    watch, told = Stopwatch(), f"{issuer}/.well-known/openid-configuration"
    problem = await _provider_problem(settings, issuer, told, asked.patience)
    return [
        Finding(
            part="provider",
            state="wrong" if problem else "ok",
            where=issuer,
            code="provider_away" if problem else "",
            detail={"reason": problem},
            command=f"curl {told}" if problem else "",
            milliseconds=watch.milliseconds,
        )
    ]


async def _provider_problem(settings: Auth, issuer: str, address: str, patience: Patience) -> str:
    """Why nobody can sign in there; empty: they can."""
    if not settings.oidc_client_id:
        return "auth.oidc_client_id is not set"
    try:
        async with httpx.AsyncClient(timeout=patience.of_http(), trust_env=False) as client:
            answer = (await client.get(address)).raise_for_status().json()
        found = str(answer["issuer"]).rstrip("/")
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        return f"{type(error).__name__}: {error}"[:200]
    except (ValueError, KeyError, TypeError):
        return "no description of a provider"
    return "" if found == issuer else f"it calls itself {found}"


async def proxies(asked: Examined) -> Iterable[Finding]:
    """Whether what a reverse proxy says is believed from it, and from nobody else."""
    s = asked.settings.server
    trusted = ", ".join(s.trusted_proxies)
    state, code, command = _of_proxies(s, asked.settings.auth)
    return [
        Finding(
            part="proxy", state=state, where=s.public_url or trusted, code=code,  # type: ignore[arg-type]
            detail={"trusted": trusted, "host": s.socket or s.host}, command=command,
        )
    ]  # fmt: skip


def _of_proxies(s: Server, auth: Auth) -> tuple[str, str, str]:
    proxy = "unix" if s.socket else "127.0.0.1"
    name = f"KB_SERVER__TRUSTED_PROXIES={proxy}"
    if auth.header and not auth.header_from:
        return "wrong", "header_from_nobody", f"KB_AUTH__HEADER_FROM={proxy} kb serve"
    if any(_is_anybody(one) for one in (*s.trusted_proxies, *auth.header_from)):
        return "wrong", "proxy_anybody", f"{name} kb serve"
    public = urlsplit(s.public_url)
    is_local = s.host in LOOPBACK and not s.socket
    if public.scheme == "http" and public.hostname not in LOOPBACK:
        return "better", "plain_http", f"KB_SERVER__PUBLIC_URL=https://{public.hostname} kb serve"
    if public.scheme == "https" and not s.trusted_proxies:
        return "better", "proxy_unnamed", f"{name} kb serve"
    if not is_local and not s.public_url:
        return "better", "no_public_url", "KB_SERVER__PUBLIC_URL=https://kb.example.org kb serve"
    return "ok", "proxy_named" if s.trusted_proxies else "no_proxy", ""


def _is_anybody(named: str) -> bool:
    """Whether an address that is trusted is every address there is."""
    if named == "*":
        return True
    try:
        return ipaddress.ip_network(named, strict=False).prefixlen == 0
    except ValueError:
        return False


async def service(asked: Examined) -> Iterable[Finding]:
    """Whether the web service runs at its address."""
    server, watch = asked.settings.server, Stopwatch()
    address, path = (server.socket or address_of(server)), (server.socket or None)
    way = httpx.AsyncHTTPTransport(uds=path)
    try:
        async with httpx.AsyncClient(timeout=asked.patience.of_http(), transport=way) as client:
            answer = await client.get(f"{address_of(server)}/health")
        is_ours = answer.status_code == httpx.codes.OK and answer.json() == {"status": "ok"}
    except ValueError:
        is_ours = False
    except (httpx.HTTPError, httpx.InvalidURL):
        return [Finding(part="service", state="better", where=address, code="service_down",
                        command="kb serve")]  # fmt: skip
    if not is_ours:
        return [Finding(part="service", state="wrong", where=address, code="service_other",
                        command="ss -ltnp")]  # fmt: skip
    return [Finding(part="service", where=address, milliseconds=watch.milliseconds)]


async def destinations(asked: Examined) -> Iterable[Finding]:
    """What is connected to, and whether anything else was tried."""
    looked = await asked.catalog()
    refused = 0 if looked is None else looked.refused
    named = ", ".join(f"{one.setting} {one.host}:{one.port}" for one in configured(asked.settings))
    return [
        Finding(
            part="destinations", state="better" if refused else "ok", where=named,
            code="refused" if refused else "nothing_refused", detail={"n": refused},
            command="kb audit list --action connection.refused" if refused else "",
        )
    ]  # fmt: skip
