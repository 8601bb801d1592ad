"""One's own account: password, second factor, sessions, API tokens."""

import io
from typing import Any

import segno
from litestar import MediaType, Request, Response, get, post
from litestar.response import Redirect

from kb.accounts import totp
from kb.errors import UsageError
from kb.types.accounts import SCOPES
from web.asker import (
    knowledge_base,
    must_have_signed_in,
    principal_of,
    shares,
    visitor_of,
)
from web.auth import cookies
from web.auth.visitor import client_of
from web.auth.who import READER
from web.numbers import number_of
from web.rendering import render


@get("/account", media_type=MediaType.HTML, include_in_schema=False, who=READER)
async def account(request: Request[Any, Any, Any], factor: bool = False) -> Response[Any]:
    """What the account is, and what can be changed about it."""
    return await _page(request, {"setup": _new_factor(request) if factor else None})


async def _page(request: Request[Any, Any, Any], more: dict[str, Any]) -> Response[Any]:
    base, principal, visitor = knowledge_base(request), principal_of(request), visitor_of(request)
    found = await base.read(base.accounts.own, principal)
    values = {
        "person": found.person,
        "groups": found.groups,
        "sources": found.sources,
        "sessions": found.sessions,
        "tokens": found.tokens,
        "mine": visitor.session_hash if visitor else "",
        "scopes": SCOPES if principal.manages else SCOPES[:2],
        "shortest": base.settings.auth.password_length,
        "most_days": base.settings.auth.token_days,
        "setup": None,
        "new_token": None,
    }
    page = render(request, "account.html", values | more)
    headers = {"Cache-Control": "no-store"}
    return Response(page, media_type=MediaType.HTML, status_code=200, headers=headers)


def _new_factor(request: Request[Any, Any, Any]) -> dict[str, str]:
    """A secret, and its picture for an authenticator app; one that was refused stays the same."""
    secret = request.state.get("typed", {}).get("secret") or totp.new_secret()
    drawn = io.BytesIO()
    address = totp.address(secret, principal_of(request).name)
    segno.make(address, error="m").save(
        drawn, kind="svg", scale=5, border=2, xmldecl=False, svgclass="qr", lineclass=None,
        omitsize=False, dark="#111", light="#fff",
    )  # fmt: skip
    return {"secret": secret, "picture": drawn.getvalue().decode(), "address": address}


@post("/account", include_in_schema=False, status_code=303, who=READER)
async def change(request: Request[Any, Any, Any]) -> Response[Any]:
    """Change the password or the second factor, make or revoke a token, end a session."""
    form = {k: str(v) for k, v in (await request.form()).items()}
    act = ACTIONS.get(form.get("action", ""))
    if act is None:
        raise UsageError("There is no such action.")
    return await act(request, form)


async def _change_password(request: Request[Any, Any, Any], form: dict[str, str]) -> Response[Any]:
    must_have_signed_in(request)
    base = knowledge_base(request)
    if form.get("new", "") != form.get("again", ""):
        raise UsageError("The two passwords are not the same.", code="not_the_same")
    secret = await shares(request).passwords.run(
        base.accounts.change_password, principal_of(request), form.get("old", ""),
        form.get("new", ""), client_of(request),
    )  # fmt: skip
    back = _back()
    cookies.keep(request, back, secret, base.settings.auth.session_hours * 3600)
    return back


async def _set_factor(request: Request[Any, Any, Any], form: dict[str, str]) -> Response[Any]:
    must_have_signed_in(request)
    await shares(request).passwords.run(
        knowledge_base(request).accounts.set_second_factor, principal_of(request),
        form.get("password", ""), form.get("secret") or None, form.get("code", ""),
        client_of(request),
    )  # fmt: skip
    return _back()


async def _make_token(request: Request[Any, Any, Any], form: dict[str, str]) -> Response[Any]:
    """A token, which this one answer shows and no other."""
    base, visitor = knowledge_base(request), visitor_of(request)
    days = number_of(form.get("days", "")) or 0
    token = await base.write(
        base.accounts.new_token, principal_of(request), form.get("name", ""),
        form.get("scope", ""), days, None, visitor.token if visitor else None,
    )  # fmt: skip
    return await _page(request, {"new_token": token})


async def _revoke_token(request: Request[Any, Any, Any], form: dict[str, str]) -> Response[Any]:
    base, number = knowledge_base(request), number_of(form.get("token", "")) or 0
    await base.write(base.accounts.revoke_token, principal_of(request), number)
    return _back()


async def _end_session(request: Request[Any, Any, Any], form: dict[str, str]) -> Response[Any]:
    base, principal = knowledge_base(request), principal_of(request)
    session = form.get("session", "")
    await base.write(base.accounts.end_session, principal, principal.name, session)
    return _back()


def _back() -> Redirect:
    return Redirect("/account", status_code=303)


ACTIONS = {
    "password": _change_password,
    "factor": _set_factor,
    "token": _make_token,
    "revoke": _revoke_token,
    "end": _end_session,
}


@post("/account/view-as", include_in_schema=False, status_code=303, who=READER)
async def view_as(request: Request[Any, Any, Any]) -> Redirect:
    """Look through somebody's eyes, or through one's own again."""
    form = await request.form()
    name = str(form.get("name", "")).strip() or None
    visitor = visitor_of(request)
    if visitor is None or not visitor.session_hash:
        raise UsageError("Only who is signed in may look through others' eyes.")
    await knowledge_base(request).write(
        knowledge_base(request).accounts.view_as, visitor.principal, visitor.session_hash, name
    )
    return Redirect("/" if name else "/people", status_code=303)


ROUTES = [account, change, view_as]
