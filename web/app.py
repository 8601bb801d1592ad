"""The whole assembly of the web service."""

import asyncio
from collections.abc import AsyncIterator, Awaitable
from contextlib import asynccontextmanager, suppress
from functools import partial
from pathlib import Path

from litestar import Litestar, Request, Response, Router, get, post
from litestar.datastructures import State
from litestar.openapi import OpenAPIConfig
from litestar.openapi.plugins import JsonRenderPlugin
from litestar.openapi.spec import Server
from litestar.response import Redirect
from litestar.static_files import create_static_files_router
from litestar.types import ControllerRouterHandler

from kb import __version__
from kb.errors import KbError
from kb.files import rendering, sandbox
from kb.files.rendering import Pictures
from kb.knowledge_base import KnowledgeBase
from kb.settings.addresses import root_of
from web import errors
from web.addresses import local
from web.api import ask, conversations, health, ledger, metrics, search, sources, uploads
from web.auth.gate import gate
from web.auth.peer import Peer
from web.auth.who import ANYONE, READER
from web.beneath import Beneath
from web.fair_use import Rates, Shares, Turns
from web.folders import FolderVerbs
from web.guard import RequestGuard
from web.i18n import COOKIE, languages
from web.incoming import Incoming
from web.looks import noting
from web.pages import (
    account,
    administration,
    audit,
    document,
    documents,
    erasings,
    evaluation,
    exporting,
    glossary,
    home,
    inside,
    models,
    oidc,
    people,
    receipts,
    review,
    signing_in,
)
from web.pages import (
    conversations as conversations_page,
)
from web.pages import sources as sources_page
from web.stopping import Stops

BODY_LIMIT = 256 * 1024
"""Most bytes of a request's body, where the route sets no other."""
WARM_SECONDS = 60.0
"""Seconds between two calls that keep the engines from ending themselves."""
HEAD_START_SECONDS = 0.05
"""Seconds before the engines, which are heavy, begin to load: the first page comes first."""


@post("/language", include_in_schema=False, status_code=303, who=ANYONE)
async def choose_language(request: Request) -> Redirect:  # type: ignore[type-arg]
    """Remember the reader's language."""
    form = await request.form()
    wanted = str(form.get("language", ""))
    back = str(form.get("back", "/"))
    answer = Redirect(local(back), status_code=303)
    if wanted in languages():
        answer.set_cookie(COOKIE, wanted, max_age=31_536_000, samesite="lax", httponly=True)
    return answer


@get("/favicon.ico", include_in_schema=False, who=ANYONE, alone=True)
async def favicon() -> Response[bytes]:
    """The icon, for browsers that do not read the page."""
    icon = (Path(__file__).parent / "static" / "icon.svg").read_bytes()
    return Response(icon, media_type="image/svg+xml")


PAGES: list[ControllerRouterHandler] = [
    home.home,
    home.standing,
    home.nearest,
    documents.documents,
    documents.again,
    documents.erase,
    document.document,
    document.picture,
    document.original,
    inside.sentences,
    inside.find,
    exporting.ledger_as_csv,
    conversations_page.listed,
    conversations_page.one,
    conversations_page.export,
    conversations_page.act,
    receipts.receipt,
    receipts.again,
    review.listed,
    review.settle,
    review.judged,
    review.forget,
    evaluation.listed,
    evaluation.act,
    evaluation.compare,
    evaluation.one,
    evaluation.forget,
    sources_page.page,
    sources_page.add,
    sources_page.act,
    sources_page.one,
    sources_page.inside,
    *signing_in.ROUTES,
    *oidc.ROUTES,
    *account.ROUTES,
    *people.ROUTES,
    *audit.ROUTES,
    *administration.ROUTES,
    *erasings.ROUTES,
    *models.ROUTES,
    glossary.page,
    glossary.change,
    choose_language,
    favicon,
]
API: list[ControllerRouterHandler] = [
    search.search,
    search.facets,
    search.suggest,
    search.pinned,
    search.pin,
    search.saved,
    search.save,
    search.forget,
    ask.ask,
    ask.stop,
    conversations.listed,
    conversations.one,
    conversations.rename,
    conversations.remove,
    conversations.kept,
    conversations.receipt,
    conversations.rate,
    conversations.judge,
    ledger.files,
    sources.listed,
    sources.look,
    sources.run,
    uploads.upload,
    health.health,
    health.ready,
    metrics.metrics,
]


def _static() -> Router:
    """Styles and scripts; everything is in the package."""
    folder = Path(__file__).parent / "static"
    return create_static_files_router(
        path="/static",
        directories=[folder],
        include_in_schema=False,
        opt={"who": ANYONE, "alone": True},
    )


def _state(base: KnowledgeBase, folders: FolderVerbs, threads: Shares) -> State:
    """What every route finds in ``request.app.state``."""
    together = base.together
    return State(
        {
            "kb": base,
            "kb_settings": base.settings,
            "folders": folders,
            "pictures": Pictures(base.scratch, threads.pictures),
            "shares": threads,
            "rates": Rates(base.settings.fair_use, together.rates if together else None),
            "turns": together.turns if together else Turns(base.settings.fair_use),
            "stops": Stops(),
        }
    )


def _described(root: str) -> OpenAPIConfig:
    """The description of the API, as JSON at ``/schema``, for readers; it stands at ``root``."""
    return OpenAPIConfig(
        title="Commonplace",
        version=__version__,
        servers=[Server(url=root or "/")],
        openapi_router=Router("/schema", route_handlers=[], opt={"who": READER}),
        render_plugins=[JsonRenderPlugin(path="/")],
    )


def create_app(base: KnowledgeBase, folders: FolderVerbs) -> Peer:
    """The service around an open knowledge base, which whoever opened it closes."""
    sandbox.preload(rendering.MODULES)
    threads, server = Shares(), base.settings.server

    @asynccontextmanager
    async def lifespan(_app: Litestar) -> AsyncIterator[None]:
        warming = asyncio.create_task(base.duties.keep("warming", partial(_keep_warm, base)))
        await asyncio.to_thread(base.audit.start)
        yield
        warming.cancel()
        if base.together is not None:
            await base.together.close()
        threads.close()

    app = Litestar(
        route_handlers=[*PAGES, *API, _static()],
        state=_state(base, folders, threads),
        guards=[gate],
        middleware=[noting],
        lifespan=[lifespan],
        exception_handlers={Exception: errors.answer},
        request_class=Incoming,
        logging_config=None,
        request_max_body_size=BODY_LIMIT,
        openapi_config=_described(root_of(server)),
    )
    provider = base.settings.auth.oidc_issuer
    guard = RequestGuard(
        app, frozenset(server.allowed_hosts), server.public_url, provider, base.settings.language
    )
    return Peer(Beneath(guard, root_of(server)), server.trusted_proxies)


async def _keep_warm(base: KnowledgeBase) -> None:
    """Start the engines before the first question, and keep them while this service runs."""
    await asyncio.sleep(HEAD_START_SECONDS)
    while True:
        # Side by side: each loads by itself, and there are processors for both.
        await asyncio.gather(_tried(_embedded(base)), _tried(base.search.get_ready()))
        await asyncio.sleep(WARM_SECONDS)


async def _embedded(base: KnowledgeBase) -> None:
    """The models are in memory, and with the first one what questions are held beside."""
    await base.embeddings.query("ready")
    await base.embeddings.leaning("ready", "")


async def _tried(call: Awaitable[object]) -> None:
    """What does not answer is told by ``/ready``."""
    with suppress(KbError):
        await call
