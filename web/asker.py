"""Who asks. Until accounts exist, whoever is let in is the owner of the data directory."""

from typing import Any

from litestar import Request

from kb import access
from kb.knowledge_base import KnowledgeBase
from kb.types import Principal


def principal_of(_request: Request[Any, Any, Any]) -> Principal:
    """The principal behind a request."""
    return access.owner()


def knowledge_base(request: Request[Any, Any, Any]) -> KnowledgeBase:
    """The knowledge base that this application serves."""
    found: KnowledgeBase = request.app.state.kb
    return found
