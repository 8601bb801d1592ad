"""``POST /api/v1/ask``: events while the answer comes, or the answer alone."""

import json
import logging
import time
from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import dataclass
from typing import Any

import msgspec
from litestar import MediaType, Request, Response, post
from litestar.response import Stream

from kb.answers.asking import finished
from kb.errors import KbError, NotFoundError
from kb.knowledge_base import KnowledgeBase
from kb.surface import faults, shapes, showing
from kb.types.answers import (
    Answer,
    AnswerEvent,
    AnswerFinished,
    Forming,
    PassagesFound,
    Thinking,
    Token,
)
from kb.types.asking import Asked, Stop
from kb.types.passages import Passage
from kb.types.people import Principal
from web.asker import knowledge_base, principal_of
from web.auth.visitor import identify
from web.auth.who import READER
from web.fair_use import AnswerTurns
from web.i18n import language_of, translate, translations
from web.leaving import unless_gone
from web.stopping import Stops
from web.streaming import kept_alive

log = logging.getLogger("kb.web")
WATCH_SECONDS = 0.5
"""Seconds between two looks whether the asker is still let in, and may still read what is told."""


@dataclass(frozen=True, slots=True)
class Question:
    """The body of a question. ``conversation`` is the one that it goes on with; null begins one.

    ``goes_on`` is an answer that was cut or stopped: its own question is taken, and it is written
    to its end. ``anew`` is an answer whose question is asked once more, or in whose place
    ``question`` is asked, where there is one. ``about`` is a document (id) to be summarised: the
    question says how. ``stop`` is a word by which the asker may stop the answer
    (``POST /api/v1/ask/stop``): what is written until then is kept. ``form`` asks for the events
    that a page needs to show an answer in its form.
    """

    question: str
    conversation: str | None = None
    goes_on: str | None = None
    anew: str | None = None
    about: int | None = None
    stop: str | None = None
    form: bool = False


@dataclass(frozen=True, slots=True)
class Stopping:
    """The body of a stop: the word that the question was asked with."""

    stop: str


@post("/api/v1/ask", status_code=200, summary="Ask a question", who=READER, asks=True)
async def ask(request: Request[Any, Any, Any], data: Question) -> Response[Any] | Stream:
    """Server-sent events, or with ``Accept: application/json`` the finished answer alone.

    Events: ``passages`` (search's object), ``token`` (``{"text": …}``), ``done`` (the answer, which
    replaces what was streamed), ``error``. With ``form`` also ``thinking`` (``{"seconds": …}``
    since the model was asked, once a second while it thinks), ``form`` (the tree of blocks so far:
    ``blocks`` replace those from ``first`` on) and ``shown`` (how the page shows the answer: form,
    sources, verdict). A comment line comes where nothing else does for 15 s. A follow-up may give
    ``passages`` twice; the later ones are those of the answer.
    """
    base, principal = knowledge_base(request), principal_of(request)
    stops: Stops = request.app.state.stops
    asked = await base.read(_asked, base, data, principal, stops.begun(principal.asker, data.stop))
    turns: AnswerTurns = request.app.state.turns
    await turns.admit(principal.asker)
    if "application/json" in request.headers.get("accept", ""):
        answer = await answer_alone(request, asked, data.stop)
        return Response(shapes.answer(answer, translate(request)), media_type=MediaType.JSON)
    return Stream(
        kept_alive(_events(request, asked, data)),
        media_type="text/event-stream",
        headers={"Cache-Control": "no-store", "X-Accel-Buffering": "no"},
    )


@post("/api/v1/ask/stop", status_code=204, summary="Stop an answer", who=READER)
async def stop(request: Request[Any, Any, Any], data: Stopping) -> None:
    """End an answer of one's own that is being written; it is kept as far as it came."""
    stops: Stops = request.app.state.stops
    turns: AnswerTurns = request.app.state.turns
    asker = principal_of(request).asker
    if not stops.stop(asker, data.stop) and not await turns.stop(asker, data.stop):
        raise NotFoundError("There is no such answer being written here.")


def _asked(
    base: KnowledgeBase, data: Question, principal: Principal, stopped: Stop | None
) -> Asked:
    if data.goes_on is not None:
        return base.answers.go_on(principal, data.goes_on, stopped)
    if data.anew is not None:
        return base.answers.anew(principal, data.anew, data.question or None, stopped)
    if data.about is not None:
        return base.answers.summary(principal, data.about, data.question, stopped)
    return base.answers.asked(data.question, principal, data.conversation, stop=stopped)


async def answered(
    request: Request[Any, Any, Any], asked: Asked, word: str | None = None
) -> AsyncGenerator[AnswerEvent, None]:
    """An answer's events, in the asker's turn and as long as they may read what is told.

    ``word``: by which the asker may stop it.

    Every way to a model goes through here.
    """
    base = knowledge_base(request)
    turns: AnswerTurns = request.app.state.turns
    watch = Watch(request, base)
    mine = turns.turn(asked.principal.asker, word if asked.stop is not None else None, asked.stop)
    async with mine, aclosing(base.answers.ask(asked)) as events:
        async for event in events:
            await watch.still_allowed(event)
            yield event


async def answer_alone(
    request: Request[Any, Any, Any], asked: Asked, word: str | None = None
) -> Answer:
    """The finished answer by itself; nobody works on it once the client has left."""
    return await unless_gone(request, finished(answered(request, asked, word)))


def _hits(passages: tuple[Passage, ...], question: str, *, in_form: bool) -> dict[str, Any]:
    """What was found; ``in_form``: with what this service's own page shows of it."""
    hits = shapes.hits(passages)
    return hits | {"shown": showing.hits(passages, question)} if in_form else hits


async def _events(
    request: Request[Any, Any, Any], asked: Asked, data: Question
) -> AsyncGenerator[str, None]:
    words, in_form = translations(language_of(request)), data.form
    try:
        async with aclosing(answered(request, asked, data.stop)) as events:
            async for event in events:
                match event:
                    case PassagesFound(passages):
                        yield _event("passages", _hits(passages, asked.question, in_form=in_form))
                    case Token(text):
                        yield _event("token", {"text": text})
                    case Forming(first, blocks) if in_form:
                        form = msgspec.to_builtins(blocks)
                        yield _event("form", {"first": first, "blocks": form})
                    case Thinking(seconds) if in_form:
                        yield _event("thinking", {"seconds": seconds})
                    case AnswerFinished(answer):
                        if in_form:
                            yield _event("shown", showing.shown(answer, translate(request)))
                        yield _event("done", shapes.answer(answer, translate(request)))
    except KbError as error:
        yield _event("error", faults.told(error, words))
    except Exception:
        log.exception("unexpected error while answering")
        internal = KbError(faults.INTERNAL, code="internal")
        yield _event("error", faults.told(internal, words))


class Watch:
    """Whether whoever asked is still let in, and may still read what is being told to them.

    Looked at before the passages, before the answer, and every ``WATCH_SECONDS`` in between (S44).
    """

    def __init__(self, request: Request[Any, Any, Any], base: KnowledgeBase) -> None:
        self._request = request
        self._base = base
        self._passages: tuple[Passage, ...] = ()
        self._looked_at = 0.0

    async def still_allowed(self, event: AnswerEvent) -> None:
        """Look, where it is time to.

        Raises:
            NotFoundError: a right, or the session, has ended.
        """
        if isinstance(event, PassagesFound):
            self._passages = event.passages
        if (
            isinstance(event, (Token, Forming, Thinking))
            and time.monotonic() - self._looked_at < WATCH_SECONDS
        ):
            return
        self._looked_at = time.monotonic()
        visitor = await identify(self._request)
        told = {passage.chunk.document_id for passage in self._passages}
        may_read = self._base.search.may_read
        if visitor is None or not await self._base.read(may_read, visitor.principal, told):
            raise NotFoundError(
                "What this answer is made from may not be read any more. Ask again.",
                code="answer_withheld",
            )


def _event(name: str, value: dict[str, Any]) -> str:
    return f"event: {name}\ndata: {json.dumps(value, ensure_ascii=False)}\n\n"
