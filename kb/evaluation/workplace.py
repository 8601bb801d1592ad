"""A knowledge base of its own for an evaluation, kept and used again.

Its folder is named by what it holds: the texts and the settings that passages depend on. The
embedder is the one of the organisation's own knowledge base.
"""

import hashlib
import html
import os
import shutil
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import msgspec

from kb.embedding import models
from kb.engines.sockets import run_dir
from kb.evaluation.sets import Collection
from kb.knowledge_base import KnowledgeBase
from kb.settings import Settings
from kb.types.library import Source

SOURCE = "questions"
KEPT = 8
"""Workplaces that are kept; the one that was not used for longest goes first."""
Read = Callable[[KnowledgeBase, Source], Awaitable[None]]
"""Reads a source: ingestion, given by the composition root."""


@asynccontextmanager
async def over_documents(
    settings: Settings, folder: Path, read: Read, *, with_model: bool
) -> AsyncIterator[KnowledgeBase]:
    """A knowledge base over a folder of documents, read as it is now."""
    place = _place(settings, os.path.abspath(folder))  # noqa: ASYNC240 - no file is touched
    async with _opened(settings, place, folder, read, with_model=with_model) as base:
        yield base


@asynccontextmanager
async def over_texts(
    settings: Settings, collection: Collection, read: Read, *, with_model: bool
) -> AsyncIterator[KnowledgeBase]:
    """A knowledge base over a collection: each text is a small web page in a folder."""
    digest = hashlib.sha256()
    for text in collection.texts:
        digest.update(f"{text.id}\0{text.title}\0{text.text}\0".encode("utf-8", "surrogatepass"))
    place = _place(settings, digest.hexdigest())
    folder = place / "texts"
    if not folder.exists():
        _write(collection, folder)
    async with _opened(settings, place, folder, read, with_model=with_model) as base:
        yield base


def path_of(number: int) -> str:
    """The file of the text with this number: a name without words, since names are searched."""
    return f"x{number:07d}.html"


def number_of(path: str) -> int:
    """The number of the text that a file made by :func:`path_of` holds."""
    return int(path[1:8])


def _write(collection: Collection, folder: Path) -> None:
    unfinished = folder.with_suffix(".part")
    shutil.rmtree(unfinished, ignore_errors=True)
    unfinished.mkdir(parents=True)
    for number, text in enumerate(collection.texts):
        body = "".join(f"<p>{html.escape(p)}</p>" for p in text.text.split("\n\n") if p.strip())
        head = f"<meta charset='utf-8'><title>{html.escape(text.title)}</title>"
        page = f"<html><head>{head}</head><body>{body}</body></html>"
        (unfinished / path_of(number)).write_text(page, encoding="utf-8", errors="replace")
    unfinished.rename(folder)


def _place(settings: Settings, what: str) -> Path:
    name = hashlib.sha256(f"{what}\0{settings.embedding}".encode()).hexdigest()[:16]
    root = settings.data / "evaluation"
    place = root / name
    place.mkdir(parents=True, exist_ok=True, mode=0o700)
    place.touch()
    others = sorted(root.iterdir(), key=lambda p: p.stat().st_mtime, reverse=True)
    for old in others[KEPT:]:
        shutil.rmtree(old, ignore_errors=True)
    return place


@asynccontextmanager
async def _opened(
    settings: Settings, place: Path, folder: Path, read: Read, *, with_model: bool
) -> AsyncIterator[KnowledgeBase]:
    base = KnowledgeBase(_inside(settings, place, with_model=with_model))
    try:
        await read(base, await base.write(_source, base, folder))
        yield base
    finally:
        await base.index.engine.leave()
        await base.close()


def _inside(settings: Settings, place: Path, *, with_model: bool) -> Settings:
    """Settings with a data directory of their own; models stay, and what was fitted to them."""
    shared = settings.engines.embedder_dir or str(run_dir(settings.data / "run"))
    replace = msgspec.structs.replace
    return replace(
        settings,
        data_dir=str(place / "data"),
        catalog=replace(settings.catalog, url=""),
        index=replace(settings.index, backend="edge", url=""),
        ingest=replace(settings.ingest, roots=()),
        embedding=replace(settings.embedding, derived_dir=str(models.derived_dir(settings))),
        engines=replace(settings.engines, embedder_dir=shared),
        llm=settings.llm if with_model else replace(settings.llm, provider="none"),
    )


def _source(base: KnowledgeBase, folder: Path) -> Source:
    return base.sources.keep(SOURCE, str(folder.resolve()))
