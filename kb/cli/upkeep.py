"""``kb check``, ``kb status``, ``kb reindex``."""

from typing import Any

import click

from kb.cli.bars import bar
from kb.cli.common import error_console, json_option, show, with_knowledge_base
from kb.errors import DamagedError
from kb.files import sandbox
from kb.knowledge_base import KnowledgeBase
from kb.surface import status as standing


@click.command()
@click.option("--repair", is_flag=True, help="Mend what can be mended, from the catalog.")
@json_option
def check(repair: bool, as_json: bool) -> None:
    """Compare catalog, index and blobs."""

    async def work(base: KnowledgeBase) -> dict[str, int]:
        try:
            found = await base.upkeep.check(repair=repair)
        except DamagedError as error:
            if not repair or error.code != "index_damaged":
                raise
            click.echo("The index is damaged; it is built anew from the catalog.", err=True)
            await rebuild(base)
            found = await base.upkeep.check(repair=True)
        if repair and found["lost"]:
            # What was stored of some files is gone: they are read again from their folders.
            from ingest.parsers import kinds
            from kb.cli.ingesting import each, run_of

            sandbox.preload(kinds.EVERYTHING)
            sources = await base.read(base.sources.all)
            for problem in await each(sources, lambda source: run_of(base, source).run()):
                click.echo(problem.message, err=True)
            found = await base.upkeep.check()
        for line in _scratch_lines(len(base.scratch.stale())):
            error_console.print(line)
        return found

    show(
        with_knowledge_base(work),
        as_json,
        lambda v: [f"{name.replace('_', ' ')}: {count}" for name, count in v.items()],
    )


@click.command()
@json_option
def status(as_json: bool) -> None:
    """What is there, and what answers."""

    async def work(base: KnowledgeBase) -> dict[str, Any]:
        return await standing.status(base)

    show(with_knowledge_base(work), as_json, _status_lines)


def _status_lines(value: dict[str, Any]) -> list[str]:
    model = value["language_model"]
    states = ", ".join(f"{n} {state}" for state, n in sorted(value["documents"].items()))
    return [
        f"Data directory: {value['data_dir']}",
        f"Sources: {', '.join(s['name'] for s in value['sources']) or 'none yet'}",
        f"Documents: {states or 'none yet'}; passages: {value['passages']}",
        f"Index: {value['index']['backend']}, generation {value['index']['generation'] or 'none'}",
        *(f"Embedding model: {one['model']}{_computed(one)}" for one in value["embedding_models"]),
        *(f"Embedder: {one['address']}{_problem(one)}" for one in value["embedders"]),
        *standing.multilingual_lines(value["multilingual_model"]),
        *_swap_lines(value["models_swap"]),
        f"Language model: {model['model'] or model['reason']}",
        _processors_line(value["ingestion"]),
        *(
            [f"Access alarms: {value['access_alarms']}. Run: kb check --repair"]
            if value["access_alarms"]
            else []
        ),
        *_scratch_lines(value["scratch_left_behind"]),
    ]


def _swap_lines(swap: dict[str, Any] | None) -> list[str]:
    """How far the index is on its way to other models."""
    if swap is None:
        return []
    names, passages = ", ".join(swap["models"]), swap["passages"]
    far = f", {passages['done']} of {passages['total']} passages" if passages["total"] else ""
    return [f"Going over to {names}: {swap['state']}{far}"]


def _computed(value: dict[str, Any]) -> str:
    """By what, how fast, and why not by what should."""
    by = f", by {value['runtime']} in {value['dtype']}" if value["runtime"] else ""
    rate = f" ({value['rate']:.0f} passages a second here)" if value["rate"] else ""
    return by + rate + (f". {value['problem']}" if value["problem"] else "")


def _problem(value: dict[str, Any]) -> str:
    """Why an embedder of another host cannot be used."""
    return f" {value['problem']}" if value["reason"] else ""


def _processors_line(value: dict[str, Any]) -> str:
    if not value["limited"]:
        return "Reading files may use all processors: this system holds no thread to some of them."
    hours = ", fewer in office hours" if value["by_hours"] else ""
    return f"Reading files may use {value['allowed']} of {value['usable']} processors now{hours}"


def _scratch_lines(count: int) -> list[str]:
    if not count:
        return []
    return [f"Left behind by processes that are gone: {count} folders. Run: kb check --repair"]


@click.command()
@json_option
def reindex(as_json: bool) -> None:
    """Build the index anew from the catalog, beside the live one, then switch."""
    show(
        with_knowledge_base(rebuild),
        as_json,
        lambda v: [f"The index is now {v['generation']} with {v['points']} passages."],
    )


async def rebuild(base: KnowledgeBase) -> dict[str, Any]:
    """Build the index anew; what ``kb reindex`` says of it."""
    # The engine itself is loaded here: this process builds, while the index process serves.
    from kb.upkeep.rebuilding import Rebuilder

    with bar("building") as told:

        def step(done: int, total: int) -> None:
            told(completed=done, total=total)

        rebuilt = await Rebuilder(base.settings, base.catalog, base.embeddings, step).rebuild()
    await base.index.keep_open(rebuilt.generation)
    for old in rebuilt.replaced:
        await base.index.drop(old)
    return {
        "generation": rebuilt.generation,
        "points": rebuilt.points,
        "replaced": rebuilt.replaced,
    }
