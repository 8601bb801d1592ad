"""OpenID Connect: the code flow with PKCE (RFC 7636), and logout from both ends."""

import base64
import secrets
from typing import Any
from urllib.parse import urlencode

import msgspec
from litestar import MediaType, Request, Response, get, post
from litestar.response import Redirect

from kb.errors import NotSignedInError, RetryableError
from web.addresses import here, local
from web.asker import knowledge_base
from web.auth import cookies, provider
from web.auth.visitor import client_of
from web.auth.who import ANYONE
from web.jar import value_of

FLOW_SECONDS = 600
"""Seconds that somebody has for signing in at the provider."""
BACK_CHANNEL = "http://schemas.openid.net/event/backchannel-logout"


class Flow(msgspec.Struct):
    """What only the browser knows that began to sign in."""

    state: str
    nonce: str
    verifier: str
    next: str


def _cookie(request: Request[Any, Any, Any]) -> str:
    return cookies.name_of(request, ("kb-oidc", "kb_oidc"))


@get("/oidc/login", include_in_schema=False, who=ANYONE)
async def begin(request: Request[Any, Any, Any], next: str = "/") -> Response[Any]:  # noqa: A002
    """Send the browser to the provider, with what only this browser knows."""
    settings = knowledge_base(request).settings.auth
    found = await provider.provider(settings)
    flow = Flow(
        secrets.token_urlsafe(24), secrets.token_urlsafe(24), secrets.token_urlsafe(48), local(next)
    )
    query = {
        "response_type": "code",
        "client_id": settings.oidc_client_id,
        "redirect_uri": here(request, "/oidc/callback"),
        "scope": settings.oidc_scopes,
        "state": flow.state,
        "nonce": flow.nonce,
        "code_challenge": provider.challenge(flow.verifier),
        "code_challenge_method": "S256",
    }
    address = f"{found.metadata['authorization_endpoint']}?{urlencode(query)}"
    answer: Response[Any] = Redirect(address, status_code=303)
    answer.set_cookie(
        _cookie(request),
        _packed(flow),
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
    """Sign in whom the provider names, by a token that only this flow can have brought."""
    provider.issuer_of(knowledge_base(request).settings.auth)
    flow = _flow(request)
    given = request.query_params.get("state", "")
    if error or not code or not secrets.compare_digest(given.encode(), flow.state.encode()):
        raise NotSignedInError(
            "Signing in at the provider did not work; begin again.", code="provider_refused"
        )
    base = knowledge_base(request)
    back = here(request, "/oidc/callback")
    token = await provider.exchange(base.settings.auth, code, flow.verifier, back)
    claims = await provider.identity(base.settings.auth, token["id_token"], flow.nonce)
    about = claims | await provider.userinfo(base.settings.auth, token)
    secret = await base.write(
        base.accounts.begin_from_provider,
        provider.who(base.settings.auth, claims, about),
        client_of(request),
        provider_session=str(claims["sid"])[:200] if "sid" in claims else None,
        id_token=token["id_token"],
    )
    answer: Response[Any] = Redirect(local(flow.next), status_code=303)
    cookies.keep(request, answer, secret, base.settings.auth.session_hours * 3600)
    answer.set_cookie(_cookie(request), "", max_age=0, path="/", secure=cookies.is_secure(request))
    return answer


def _packed(flow: Flow) -> str:
    """In letters that a cookie may have, so that no browser or library quotes them."""
    return base64.urlsafe_b64encode(msgspec.json.encode(flow)).decode().rstrip("=")


def _flow(request: Request[Any, Any, Any]) -> Flow:
    sent = value_of(request, _cookie(request))
    try:
        packed = base64.urlsafe_b64decode(sent + "=" * (-len(sent) % 4))
        return msgspec.json.decode(packed, type=Flow)
    except (msgspec.MsgspecError, ValueError, RecursionError) as error:
        raise NotSignedInError(
            "Signing in took too long, or began in another browser; begin again.",
            code="provider_refused",
        ) from error


async def farewell(request: Request[Any, Any, Any], id_token: str) -> str | None:
    """Where a browser goes so that the provider's session ends too; None where it has no such."""
    settings = knowledge_base(request).settings.auth
    try:
        found = await provider.provider(settings)
    except RetryableError:
        return None
    address = found.metadata.get("end_session_endpoint")
    if not address:
        return None
    query = {
        "id_token_hint": id_token,
        "client_id": settings.oidc_client_id,
        "post_logout_redirect_uri": here(request, "/login"),
    }
    return f"{address}?{urlencode(query)}"


@post("/oidc/backchannel", include_in_schema=False, status_code=200, who=ANYONE)
async def ended(request: Request[Any, Any, Any]) -> Response[str]:
    """The provider says that a session has ended (OpenID Connect Back-Channel Logout 1.0)."""
    base = knowledge_base(request)
    form = await request.form()
    claims = await provider.claims(base.settings.auth, str(form.get("logout_token", "")))
    names_nobody = not ({"sid", "sub"} & set(claims))
    events = claims.get("events")
    is_logout = isinstance(events, dict) and BACK_CHANNEL in events
    if not is_logout or "nonce" in claims or names_nobody:
        raise NotSignedInError("That is no token for logging out.", code="provider_refused")
    session = str(claims["sid"])[:200] if "sid" in claims else None
    subject = f"oidc:{claims['iss']}:{claims['sub']}"[:400] if "sub" in claims else None
    await base.write(base.accounts.ended_by_provider, session, subject)
    return Response("", media_type=MediaType.TEXT, headers={"Cache-Control": "no-store"})


ROUTES = [begin, finish, ended]
