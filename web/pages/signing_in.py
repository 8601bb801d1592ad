"""Signing in and out, and one-time links: the first administrator, invitations, resets."""

from typing import Any

from litestar import MediaType, Request, Response, get, post
from litestar.response import Redirect

from kb.errors import KbError, TooManyError, UsageError
from web.addresses import local
from web.asker import knowledge_base, principal_of, shares, visitor_of
from web.auth import cookies
from web.auth.visitor import client_of
from web.auth.who import ANYONE, READER
from web.errors import for_strangers
from web.pages import oidc
from web.rendering import render


@get("/login", media_type=MediaType.HTML, include_in_schema=False, who=ANYONE, greet=True)
async def login(request: Request[Any, Any, Any], next: str = "/") -> Response[Any]:  # noqa: A002
    """The form to sign in; whoever is signed in is sent on."""
    if visitor_of(request) is not None:
        return Redirect(local(next), status_code=303)
    return _form(request, next)


def _form(
    request: Request[Any, Any, Any], back: str, error: KbError | None = None, name: str = ""
) -> Response[Any]:
    settings = knowledge_base(request).settings
    values = {
        "next": local(back),
        "name": name,
        "error": error,
        "ask_code": error is not None and error.code == "code_needed",
        "provider": bool(settings.auth.oidc_issuer),
    }
    page = render(request, "login.html", values)
    status = 200 if error is None else error.status
    return Response(page, media_type=MediaType.HTML, status_code=status)


@post("/login", include_in_schema=False, status_code=303, who=ANYONE)
async def sign_in(request: Request[Any, Any, Any]) -> Response[Any]:
    """Name and password, and an app's code where the account asks for one."""
    form = await request.form()
    name, back = str(form.get("name", "")), str(form.get("next", "/"))
    base = knowledge_base(request)
    try:
        secret = await shares(request).passwords.run(
            base.accounts.sign_in, name, str(form.get("password", "")), str(form.get("code", "")),
            client_of(request),
        )  # fmt: skip
    except KbError as error:
        if "text/html" in request.headers.get("accept", ""):
            return _form(request, back, for_strangers(error), name)
        raise
    return await _welcome(request, secret, back)


async def _welcome(request: Request[Any, Any, Any], secret: str, back: str) -> Response[Any]:
    answer: Response[Any] = Redirect(local(back), status_code=303)
    base = knowledge_base(request)
    cookies.keep(request, answer, secret, base.settings.auth.session_hours * 3600)
    device = cookies.device_of(request)
    known = await base.write(base.accounts.remember_device, secret, device)
    cookies.keep_device(request, answer, known)
    return answer


@post("/logout", include_in_schema=False, status_code=303, who=READER)
async def sign_out(request: Request[Any, Any, Any]) -> Response[Any]:
    """End the session, here and on the server."""
    visitor, base = visitor_of(request), knowledge_base(request)
    there: str | None = None
    if visitor is not None and visitor.session_hash:
        id_token = await base.write(
            base.accounts.sign_out, principal_of(request), visitor.session_hash
        )
        there = await oidc.farewell(request, id_token) if id_token else None
    answer: Response[Any] = Redirect(there or "/login", status_code=303)
    cookies.forget(request, answer)
    return answer


@get("/link/{secret:str}", media_type=MediaType.HTML, include_in_schema=False, who=ANYONE)
async def link(request: Request[Any, Any, Any], secret: str) -> Response[Any]:
    """What a one-time link is for: choose a password."""
    return await _link_form(request, secret)


async def _link_form(
    request: Request[Any, Any, Any], secret: str, error: KbError | None = None, name: str = ""
) -> Response[Any]:
    base = knowledge_base(request)
    opened = await base.read(base.accounts.link, secret)
    values = {
        "purpose": opened.purpose,
        "person": opened.person,
        "name": name,
        "secret": secret,
        "error": error,
        "shortest": base.settings.auth.password_length,
    }
    page = render(request, "link.html", values)
    # The secret is in the address, so no referrer may hold it. With "no-referrer", however,
    # browsers would send "null" as the form's Origin, and it would be refused.
    headers = {"Cache-Control": "no-store", "Referrer-Policy": "strict-origin"}
    status = 200 if error is None else error.status
    return Response(page, media_type=MediaType.HTML, status_code=status, headers=headers)


@post("/link/{secret:str}", include_in_schema=False, status_code=303, who=ANYONE)
async def use_link(request: Request[Any, Any, Any], secret: str) -> Response[Any]:
    """Set the password, and come in."""
    form = await request.form()
    base, name = knowledge_base(request), str(form.get("name", ""))
    password = str(form.get("password", ""))
    try:
        if password != str(form.get("again", "")):
            raise UsageError("The two passwords are not the same.", code="not_the_same")
        session = await shares(request).passwords.run(
            base.accounts.use_link, secret, name, password, client_of(request),
            str(form.get("code", "")),
        )  # fmt: skip
    except (UsageError, TooManyError) as error:
        if error.code == "link_ended" or "text/html" not in request.headers.get("accept", ""):
            raise
        return await _link_form(request, secret, error, name)
    return await _welcome(request, session, "/")


ROUTES = [login, sign_in, sign_out, link, use_link]
