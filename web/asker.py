"""What a route knows of its request: who asks, and the knowledge base it is put to."""

from typing import Any

from litestar import Request

from kb.errors import ForbiddenError, NotSignedInError
from kb.knowledge_base import KnowledgeBase
from kb.rights import access
from kb.types.people import Principal
from web.auth.visitor import TOKEN, Visitor
from web.fair_use import Shares


def visitor_of(request: Request[Any, Any, Any]) -> Visitor | None:
    """Who sent a request, as the gate found out; None for nobody."""
    found: Visitor | None = request.state.get("visitor")
    return found


def principal_of(request: Request[Any, Any, Any]) -> Principal:
    """The principal behind a request, with the rights that they had when it came in.

    Raises:
        NotSignedInError: nobody is.
    """
    visitor = visitor_of(request)
    if visitor is None:
        raise NotSignedInError("Sign in first.")
    return visitor.principal


def must_have_signed_in(request: Request[Any, Any, Any]) -> None:
    """Check that nobody asks by a token, for what would outlive it: links, passwords.

    Raises:
        ForbiddenError: a token asks.
    """
    visitor = visitor_of(request)
    if visitor is not None and visitor.how == TOKEN:
        raise ForbiddenError(
            "A token makes no links, passwords, second factors or administrators. Sign in, or use "
            "kb user.",
            code="token_makes_no_secrets",
        )


def must_manage(request: Request[Any, Any, Any]) -> None:
    """Check that the asker administrates.

    Raises:
        ForbiddenError: they do not.
    """
    access.must_manage(principal_of(request))


def shares(request: Request[Any, Any, Any]) -> Shares:
    """The threads of this application, by the kind of work."""
    found: Shares = request.app.state.shares
    return found


def knowledge_base(request: Request[Any, Any, Any]) -> KnowledgeBase:
    """The knowledge base that this application serves."""
    found: KnowledgeBase = request.app.state.kb
    return found
