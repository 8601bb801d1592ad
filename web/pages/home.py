"""Home: ask and search in one. Before there are documents: the first steps."""

from collections.abc import Sequence
from typing import Any

from babel.numbers import format_decimal
from litestar import MediaType, Request, get

from kb.surface import status
from kb.text.words import FUNCTION_WORDS
from kb.types.beginning import Topic
from web import reading
from web.asker import knowledge_base, principal_of
from web.auth.who import READER
from web.i18n import language_of, translate, translations
from web.leaving import unless_gone
from web.rendering import render

MOST, OWN_AMONG_SAMPLES = 6, 3
"""Example questions, and those from one's own documents where there are samples too."""


@get("/", media_type=MediaType.HTML, include_in_schema=False, who=READER)
async def home(request: Request[Any, Any, Any], q: str = "") -> str:
    """The box; what was asked is in the address, and the script asks it again."""
    base, principal = knowledge_base(request), principal_of(request)
    count = await base.read(base.ledger.searchable, principal)
    found = await base.read(base.sources.first_reading, principal)
    read = reading.words(found, language_of(request))
    if principal.manages and count is None:
        sources = await base.read(base.sources.cards, principal)
        model = await status.model_status(base)
        values = {"sources": sources, "model": model, "data_dir": base.settings.data_dir}
        return render(request, "first_start.html", values | {"reading": read})
    begun = await base.read(base.beginnings.of, principal, language_of(request))
    own = [_question(request, topic) for topic in begun.topics]
    shown = {
        "q": q[:2000],
        "documents": count or 0,
        "may_pin": principal.manages or bool(principal.curates),
        "function_words": sorted(FUNCTION_WORDS),
        "reading": read,
        "examples": _examples(own, begun.questions),
        "newest": begun.newest,
        "only_samples": begun.only_samples,
    }
    return render(request, "home.html", shown)


def _examples(own: Sequence[str], samples: Sequence[str]) -> list[str]:
    """Questions from one's own documents first; where there are samples, some of each."""
    most = OWN_AMONG_SAMPLES if samples else MOST
    return [*own[:most], *samples][:MOST]


def _question(request: Request[Any, Any, Any], topic: Topic) -> str:
    """A title turned into a question, in the reader's language."""
    gettext = translate(request)
    if topic.section is None:
        return gettext("What is in {title}?").format(title=topic.title)
    text = gettext("What does {title} say about {section}?")
    return text.format(title=topic.title, section=topic.section)


@get("/nearest", include_in_schema=False, who=READER)
async def nearest(request: Request[Any, Any, Any], q: str = "") -> dict[str, Any]:
    """Where in passages, each a ``passage`` in the address, the sentence nearest to ``q`` stands.

    For each the characters at which it begins and ends, or null. Nobody works on it once the page
    has asked something else.
    """
    base, principal = knowledge_base(request), principal_of(request)
    passages = request.query_params.getall("passage", [])
    places = base.excerpts.places(q, principal, passages)
    return {"places": await unless_gone(request, places)}


@get("/reading", include_in_schema=False, who=READER)
async def standing(request: Request[Any, Any, Any]) -> dict[str, Any]:
    """How far a first reading is, in words, and how many documents may be searched."""
    base, principal = knowledge_base(request), principal_of(request)
    found = await base.read(base.sources.first_reading, principal)
    documents = await base.read(base.ledger.searchable, principal) or 0
    language = language_of(request)
    counted = translations(language).ngettext(
        "%(shown)s document", "%(shown)s documents", documents
    )
    return {
        "words": reading.words(found, language),
        "documents": documents,
        "count": counted % {"shown": format_decimal(documents, locale=language)},
    }
