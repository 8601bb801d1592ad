"""OpenID Connect: the code flow with PKCE (RFC 7636), discovery, groups, logout from both ends.

The only file that knows Authlib and joserfc. Every address of the provider has to be on the
issuer's own host: what is not in the configuration is not talked to.
"""

import asyncio
import json
import secrets
import time
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode, urlsplit

import httpx
from litestar import MediaType, Request, Response, get, post
from litestar.response import Redirect

from kb import access
from kb.accounts.directory import OIDC, Known
from kb.auditing import noted
from kb.catalog import people, signing_in
from kb.errors import NotFoundError, NotSignedInError, RetryableError
from kb.settings import Auth
from web.asker import knowledge_base
from web.auth import cookies
from web.auth.visitor import client_of
from web.auth.who import ANYONE
from web.pages.signing_in import local

ALGORITHMS = ["RS256", "RS384", "RS512", "PS256", "ES256", "ES384", "EdDSA"]
"""Signatures with the provider's own key; never ``none``, never one with our secret (S47)."""
METADATA_SECONDS = 3600.0
FLOW_SECONDS = 600
LEEWAY_SECONDS = 60
TIMEOUT_SECONDS = 10.0
BACK_CHANNEL = "http://schemas.openid.net/event/backchannel-logout"


@dataclass(frozen=True, slots=True)
class Provider:
    """What a provider says of itself, and its keys."""

    metadata: dict[str, Any]
    keys: Any
    read_at: float


_known: dict[str, Provider] = {}


async def provider(settings: Auth, *, anew: bool = False) -> Provider:
    """The configured provider's metadata and keys, read once an hour.

    Raises:
        NotFoundError: none is configured.
        RetryableError: it does not answer, or is not the one that was configured.
    """
    issuer = settings.oidc_issuer.rstrip("/")
    if not issuer:
        raise NotFoundError("No provider is configured.", code="no_provider")
    found = _known.get(issuer)
    if found and not anew and time.monotonic() - found.read_at < METADATA_SECONDS:
        return found
    from joserfc.jwk import KeySet

    try:
        async with httpx.AsyncClient(timeout=TIMEOUT_SECONDS, trust_env=False) as client:
            answer = await client.get(f"{issuer}/.well-known/openid-configuration")
            metadata = answer.raise_for_status().json()
            _check(metadata, issuer)
            keys = (await client.get(metadata["jwks_uri"])).raise_for_status().json()
            found = Provider(metadata, KeySet.import_key_set(keys), time.monotonic())
    except (httpx.HTTPError, ValueError, KeyError) as error:
        raise RetryableError(
            f"The provider {issuer} does not answer as it should: {type(error).__name__}.",
            code="provider_unavailable",
        ) from error
    _known[issuer] = found
    return found


def _check(metadata: dict[str, Any], issuer: str) -> None:
    host = urlsplit(issuer).netloc
    names = ("authorization_endpoint", "token_endpoint", "jwks_uri")
    addresses = [metadata[n] for n in names]
    addresses += [
        metadata[n] for n in ("userinfo_endpoint", "end_session_endpoint") if n in metadata
    ]
    foreign = [a for a in addresses if urlsplit(a).netloc != host]
    if metadata.get("issuer", "").rstrip("/") != issuer or foreign:
        raise ValueError("another issuer")


def _here(request: Request[Any, Any, Any], path: str) -> str:
    settings = knowledge_base(request).settings.server
    base = settings.public_url or str(request.base_url)
    return base.rstrip("/") + path


def _cookie(request: Request[Any, Any, Any]) -> str:
    return "__Host-kb-oidc" if cookies.is_secure(request) else "kb_oidc"


@get("/oidc/login", include_in_schema=False, who=ANYONE)
async def begin(request: Request[Any, Any, Any], next: str = "/") -> Response[Any]:  # noqa: A002
    """To the provider, with what only this browser knows."""
    from authlib.oauth2.rfc7636 import create_s256_code_challenge

    settings = knowledge_base(request).settings.auth
    found = await provider(settings)
    flow = {
        "state": secrets.token_urlsafe(24),
        "nonce": secrets.token_urlsafe(24),
        "verifier": secrets.token_urlsafe(48),
        "next": local(next),
    }
    query = {
        "response_type": "code",
        "client_id": settings.oidc_client_id,
        "redirect_uri": _here(request, "/oidc/callback"),
        "scope": settings.oidc_scopes,
        "state": flow["state"],
        "nonce": flow["nonce"],
        "code_challenge": create_s256_code_challenge(flow["verifier"]),
        "code_challenge_method": "S256",
    }
    address = f"{found.metadata['authorization_endpoint']}?{urlencode(query)}"
    answer: Response[Any] = Redirect(address, status_code=303)
    answer.set_cookie(
        _cookie(request),
        json.dumps(flow),
        max_age=FLOW_SECONDS,
        path="/",
        httponly=True,
        secure=cookies.is_secure(request),
        samesite="lax",
    )
    return answer


@get("/oidc/callback", include_in_schema=False, who=ANYONE)
async def finish(
    request: Request[Any, Any, Any], code: str = "", error: str = "",
) -> Response[Any]:  # fmt: skip
    """Back from the provider: who it is, by a token that only this flow can have brought."""
    flow = _flow(request)
    given = request.query_params.get("state", "")
    if error or not code or not secrets.compare_digest(given.encode(), flow["state"].encode()):
        raise NotSignedInError(
            "Signing in at the provider did not work; begin again.", code="provider_refused"
        )
    kb = knowledge_base(request)
    token = await _exchange(request, code, flow["verifier"])
    claims = await _claims(kb.settings.auth, token["id_token"])
    if claims.get("nonce") != flow["nonce"]:
        raise NotSignedInError("The provider's answer is of another flow.", code="provider_refused")
    about = claims | await _userinfo(kb.settings.auth, token)
    secret = await asyncio.to_thread(
        kb.accounts.begin_from_provider,
        _who(kb.settings.auth, claims, about),
        client_of(request),
        provider_session=str(claims["sid"])[:200] if "sid" in claims else None,
        id_token=token["id_token"],
    )
    answer: Response[Any] = Redirect(local(flow["next"]), status_code=303)
    cookies.keep(request, answer, secret, kb.settings.auth.session_hours * 3600)
    answer.set_cookie(_cookie(request), "", max_age=0, path="/", secure=cookies.is_secure(request))
    return answer


def _flow(request: Request[Any, Any, Any]) -> dict[str, str]:
    try:
        flow = json.loads(request.cookies.get(_cookie(request), ""))
        return {name: str(flow[name]) for name in ("state", "nonce", "verifier", "next")}
    except (ValueError, KeyError, TypeError) as error:
        raise NotSignedInError(
            "Signing in took too long, or began in another browser; begin again.",
            code="provider_refused",
        ) from error


async def _exchange(request: Request[Any, Any, Any], code: str, verifier: str) -> dict[str, Any]:
    from authlib.common.errors import AuthlibBaseError
    from authlib.integrations.httpx_client import AsyncOAuth2Client

    settings = knowledge_base(request).settings.auth
    found = await provider(settings)
    try:
        async with AsyncOAuth2Client(
            settings.oidc_client_id,
            settings.oidc_client_secret or None,
            token_endpoint_auth_method=(
                "client_secret_basic" if settings.oidc_client_secret else "none"
            ),
            timeout=TIMEOUT_SECONDS,
            trust_env=False,
        ) as client:
            token = await client.fetch_token(
                found.metadata["token_endpoint"],
                code=code,
                code_verifier=verifier,
                redirect_uri=_here(request, "/oidc/callback"),
            )
    except (AuthlibBaseError, httpx.HTTPError) as error:
        raise NotSignedInError(
            "The provider did not take its own code back; begin again.", code="provider_refused"
        ) from error
    if "id_token" not in token:
        raise NotSignedInError("The provider sent no token of identity.", code="provider_refused")
    return dict(token)


async def _claims(settings: Auth, raw: str, **more: Any) -> dict[str, Any]:
    """What a token says, if the provider signed it, for us, and it has not ended.

    Raises:
        NotSignedInError: one of these is not so.
    """
    from joserfc import jwt
    from joserfc.errors import JoseError

    for anew in (False, True):  # keys may have been rotated since they were read
        found = await provider(settings, anew=anew)
        try:
            token = jwt.decode(raw, found.keys, algorithms=ALGORITHMS)
            rules = jwt.JWTClaimsRegistry(
                leeway=LEEWAY_SECONDS,
                iss={"essential": True, "value": found.metadata["issuer"]},
                aud={"essential": True, "value": settings.oidc_client_id},
                iat={"essential": True},
                **more,
            )
            rules.validate(token.claims)
        except (JoseError, ValueError) as error:
            problem: Exception = error
            continue
        return dict(token.claims)
    raise NotSignedInError(
        "The provider's token does not hold.", code="provider_refused"
    ) from problem


async def _userinfo(settings: Auth, token: dict[str, Any]) -> dict[str, Any]:
    """What the provider tells beside the token, where the token alone lacks it."""
    found = await provider(settings)
    address = found.metadata.get("userinfo_endpoint")
    if not address or "access_token" not in token:
        return {}
    try:
        async with httpx.AsyncClient(timeout=TIMEOUT_SECONDS, trust_env=False) as client:
            bearer = {"Authorization": f"Bearer {token['access_token']}"}
            return dict((await client.get(address, headers=bearer)).raise_for_status().json())
    except (httpx.HTTPError, ValueError) as error:
        raise RetryableError(
            "The provider does not answer.", code="provider_unavailable"
        ) from error


def _who(settings: Auth, claims: dict[str, Any], about: dict[str, Any]) -> Known:
    if "sub" in about and about["sub"] != claims.get("sub"):
        raise NotSignedInError("The provider told of somebody else.", code="provider_refused")
    name = str(about.get(settings.oidc_name_claim) or claims["sub"])[:100]
    listed = about.get(settings.oidc_groups_claim) or []
    named = [listed] if isinstance(listed, str) else [str(g) for g in listed]
    usable = {g.strip("/") for g in named if not any(c in g.strip("/") for c in ",:/\\")}
    groups = tuple(sorted(g for g in usable if g and g not in {"everyone", "owner", "system"}))
    shown = str(about.get("name") or name)
    return Known(name, shown, f"oidc:{claims['iss']}:{claims['sub']}"[:400], groups, OIDC)


async def farewell(request: Request[Any, Any, Any], id_token: str) -> str | None:
    """Where a browser goes so that the provider's session ends too; None where it has no such."""
    settings = knowledge_base(request).settings.auth
    try:
        found = await provider(settings)
    except RetryableError:
        return None
    address = found.metadata.get("end_session_endpoint")
    if not address:
        return None
    query = {
        "id_token_hint": id_token,
        "client_id": settings.oidc_client_id,
        "post_logout_redirect_uri": _here(request, "/login"),
    }
    return f"{address}?{urlencode(query)}"


@post("/oidc/backchannel", include_in_schema=False, status_code=200, who=ANYONE)
async def ended(request: Request[Any, Any, Any]) -> Response[str]:
    """The provider says that a session has ended (OpenID Connect Back-Channel Logout 1.0)."""
    kb = knowledge_base(request)
    form = await request.form()
    claims = await _claims(kb.settings.auth, str(form.get("logout_token", "")))
    if BACK_CHANNEL not in claims.get("events", {}) or "nonce" in claims:
        raise NotSignedInError("That is no token for logging out.", code="provider_refused")

    def end() -> None:
        with kb.catalog.writing() as connection:
            count = 0
            if "sid" in claims:
                count = signing_in.end_of_provider(connection, str(claims["sid"])[:200])
            elif "sub" in claims:
                subject = f"oidc:{claims['iss']}:{claims['sub']}"[:400]
                person = people.by_subject(connection, subject)
                if person is not None:
                    signing_in.end_all(connection, person.id)
                    count = 1
            noted(connection, access.owner(), "session.ended_by_provider", "", sessions=count)

    await asyncio.to_thread(end)
    return Response("", media_type=MediaType.TEXT, headers={"Cache-Control": "no-store"})


ROUTES = [begin, finish, ended]
