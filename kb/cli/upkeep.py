"""``kb check``, ``kb status``, ``kb reindex``."""

from typing import Any

import click
from rich.progress import Progress

from kb.cli.common import error_console, json_option, show, with_knowledge_base
from kb.knowledge_base import KnowledgeBase


@click.command()
@click.option("--repair", is_flag=True, help="Mend what can be mended, from the catalog.")
@json_option
def check(repair: bool, as_json: bool) -> None:
    """Compare catalog and index."""

    async def work(kb: KnowledgeBase) -> dict[str, int]:
        return await kb.check(repair=repair)

    show(
        with_knowledge_base(work),
        as_json,
        lambda v: [f"{name.replace('_', ' ')}: {count}" for name, count in v.items()],
    )


@click.command()
@json_option
def status(as_json: bool) -> None:
    """What is there, and what answers."""

    async def work(kb: KnowledgeBase) -> dict[str, Any]:
        return await kb.status()

    show(with_knowledge_base(work), as_json, _status_lines)


def _status_lines(value: dict[str, Any]) -> list[str]:
    model = value["language_model"]
    states = ", ".join(f"{n} {state}" for state, n in sorted(value["documents"].items()))
    return [
        f"Data directory: {value['data_dir']}",
        f"Sources: {', '.join(s['name'] for s in value['sources']) or 'none yet'}",
        f"Documents: {states or 'none yet'}; passages: {value['passages']}",
        f"Index: {value['index']['backend']}, generation {value['index']['generation'] or 'none'}",
        f"Embedding model: {value['embedding_model']}",
        f"Language model: {model['model'] or model['reason']}",
        *(
            [f"Access alarms: {value['access_alarms']}. Run: kb check --repair"]
            if value["access_alarms"]
            else []
        ),
    ]


@click.command()
@json_option
def reindex(as_json: bool) -> None:
    """Build the index anew from the catalog, beside the live one, then switch."""

    async def work(kb: KnowledgeBase) -> dict[str, Any]:
        # The engine itself is loaded here: this process builds, while the index process serves.
        from kb.index.generations import Rebuilder

        with Progress(console=error_console, disable=not error_console.is_terminal) as bar:
            task = bar.add_task("building", total=None)

            def step(done: int, total: int) -> None:
                bar.update(task, completed=done, total=total)

            rebuilt = await Rebuilder(kb.settings, kb.catalog, kb.embeddings, step).rebuild()
        await kb.index.keep_open(rebuilt.generation)
        for old in rebuilt.replaced:
            await kb.index.drop(old)
        return {
            "generation": rebuilt.generation,
            "points": rebuilt.points,
            "replaced": rebuilt.replaced,
        }

    show(
        with_knowledge_base(work),
        as_json,
        lambda v: [f"The index is now {v['generation']} with {v['points']} passages."],
    )
