"""``kb models``: the group of its commands; what computes the embedding model, and how fast."""

from typing import Any

import click
import msgspec

from kb.cli import register
from kb.cli.common import json_option, show, with_knowledge_base
from kb.knowledge_base import KnowledgeBase


@click.group()
def models() -> None:
    """Models: what is here, how others come in, and how fast they are."""


for command in (
    register.list_models,
    register.show_model,
    register.add,
    register.pull,
    register.import_model,
    register.verify,
    register.remove,
):
    models.add_command(command)


@models.command()
@json_option
def bench(as_json: bool) -> None:
    """Measure every runtime and number format on this machine; the best is used from now on."""

    async def work(base: KnowledgeBase) -> dict[str, Any]:
        click.echo("Measuring; this takes a minute or two, more on a slow machine …", err=True)
        found = await base.embeddings.measure()
        best = found.best(base.settings.embedding)
        return {
            "model": base.embeddings.files.name,
            **msgspec.to_builtins(found),
            "used": [best.runtime, best.dtype] if best else None,
        }

    show(with_knowledge_base(work), as_json, _table)


def _table(value: dict[str, Any]) -> list[str]:
    """A line a candidate; the one that is used is marked."""
    lines = [
        f"{value['model']} on {value['processor']}",
        f"{'':2}{'runtime':10}{'format':10}{'passages/s':>11}{'spread':>8}{'question':>11}{'cosine':>9}",
    ]
    for one in value["tried"]:
        mark = "*" if [one["runtime"], one["dtype"]] == value["used"] else ""
        cosine = f"{one['agreement']['cosine']:.4f}" if one["agreement"] else "–"
        figures = (
            f"{one['rate']:>11.1f}{one['spread']:>8.0%}{one['question_ms']:>8.1f} ms{cosine:>9}"
        )
        lines.append(
            f"{mark:2}{one['runtime']:10}{one['dtype']:10}"
            + (f"not used: {one['refused']}" if one["refused"] else figures)
        )
    return lines


@models.command()
@json_option
def optimise(as_json: bool) -> None:
    """Make the embedding model's 8-bit file, by ranges that are measured on built-in texts."""

    async def work(base: KnowledgeBase) -> dict[str, Any]:
        file = await base.embeddings.optimise()
        await base.embeddings.measure()
        return {"model": base.embeddings.files.name, "file": str(file)}

    show(with_knowledge_base(work), as_json, lambda v: [f"{v['model']}: {v['file']}"])
