"""The web puts every question to a room with the person who asks: rooms refuse, not routes alone."""

import ast
import inspect

import pytest

from kb import settings as settings_module
from kb.knowledge_base import KnowledgeBase
from kb.types.asking import Asked
from kb.types.people import Principal
from tests.house.code import FILES, name, tree

WHO = {Principal, Asked}
"""What says who asks: a principal, or a question that has one."""
NOT_ROOMS = {"settings", "principal", "catalog", "model", "metrics"}
"""What the knowledge base has that is no room of data."""
WITHOUT = {
    "accounts.exist": "whether there are accounts at all decides if anybody has to sign in",
    "accounts.of_session": "finds out who asks",
    "accounts.of_token": "finds out who asks",
    "accounts.of_header": "finds out who asks",
    "accounts.recalled": "finds out who asks",
    "accounts.is_outdated": "finds out who asks",
    "accounts.refresh": "finds out who asks",
    "accounts.sign_in": "a password says who it is",
    "accounts.link": "a link's secret says who it is",
    "accounts.use_link": "a link's secret says who it is",
    "accounts.remember_device": "a session's secret says who it is",
    "accounts.begin_from_provider": "the provider says who it is",
    "accounts.ended_by_provider": "the provider says who it is",
    "audit.health": "figures for monitoring",
    "audit.words": "what the settings say of words that somebody typed",
    "audit.start": "begins with the service",
    "duties.health": "figures for monitoring",
    "duties.keep": "begins with the service",
    "duties.is_ending": "figures for monitoring",
    "embeddings.names": "figures of the installation",
    "embeddings.computing": "figures of the installation",
    "embeddings.describe": "whether the engine answers",
    "embeddings.query": "makes the engine ready",
    "embeddings.leaning": "makes the engine ready",
    "index.languages": "whether the engine answers",
    "search.get_ready": "makes the engine ready",
    "backups.standing": "figures of the installation",
    "backups.next_time": "figures of the installation",
    "models.embedding": "the models that are installed",
    "models.listing": "the models that are installed",
    "scratch.": "room for pages while they are drawn",
    "together.": "the counts and the queue of all web processes, which take the name of who asks",
    "together.close": "ends with the service",
    "swaps.blocked": "what the settings say",
    "purges.key": "a public key",
    "answers.model_problem": "what the language model's last answer ended with",
    "documents.elements": "of a document that was found for a principal",
    "documents.original": "of a document that was found for a principal",
    "overviews.key_sentences": "of passages that were found for a principal",
}
"""What the web takes from a room without saying who asks, and why it may."""


@pytest.fixture
def base(tmp_path):
    return KnowledgeBase(settings_module.load({"data_dir": str(tmp_path)}, {}))


def asked_for(base: KnowledgeBase) -> dict[str, set[str]]:
    """``room.verb`` of everything that files of the web take of the knowledge base's rooms."""
    rooms = set(vars(base)) - NOT_ROOMS
    found: dict[str, set[str]] = {}
    for path in FILES:
        if not name(path).startswith("web/"):
            continue
        verbs = {id(n.value): n.attr for n in ast.walk(tree(path)) if isinstance(n, ast.Attribute)}
        for node in ast.walk(tree(path)):
            if isinstance(node, ast.Attribute) and node.attr in rooms and _is_base(node.value):
                verb = f"{node.attr}.{verbs.get(id(node), '')}"
                found.setdefault(verb, set()).add(name(path))
    return found


def _is_base(node: ast.expr) -> bool:
    said = ast.unparse(node)
    return said in {"base", "kb"} or said.endswith((".kb", ".base", "knowledge_base(request)"))


def says_who(base: KnowledgeBase, verb: str) -> bool:
    """Whether a verb of a room takes what says who asks."""
    room, _, called = verb.partition(".")
    method = getattr(getattr(base, room), called, None) if called else None
    if not callable(method):
        return False
    return any(p.annotation in WHO for p in inspect.signature(method).parameters.values())


def test_the_web_says_who_asks(base):
    found = asked_for(base)
    nameless = {verb for verb in found if not says_who(base, verb)}
    assert nameless - set(WITHOUT) == set(), {v: found[v] for v in nameless - set(WITHOUT)}
    assert set(WITHOUT) - nameless == set(), "no exception stands in vain"
    assert {"evaluations.listed", "questions.lately", "swaps.newest"} <= set(found) - nameless
