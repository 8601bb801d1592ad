"""``kb models``: the group of its commands; what computes the embedding model, and how fast."""

from typing import Any

import click
import msgspec

from kb.cli import register, swapping, trying
from kb.cli.common import json_option, show, with_knowledge_base
from kb.embedding.record import Record
from kb.knowledge_base import KnowledgeBase
from kb.settings import Embedding


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
    swapping.use,
    swapping.rollback,
    trying.try_it,
):
    models.add_command(command)

MEASURING = "Measuring; this takes a minute or two, more on a slow machine …"


@models.command()
@json_option
def bench(as_json: bool) -> None:
    """Measure every runtime and number format on this machine; the best is used from now on."""

    async def work(base: KnowledgeBase) -> dict[str, Any]:
        click.echo(MEASURING, err=True)
        found = await base.embeddings.measure()
        models = [(m.files.name, m.settings, found[m.fingerprint]) for m in base.embeddings.models]
        return {"models": [_measured(*one) for one in models]}

    show(with_knowledge_base(work), as_json, _tables)


def _measured(name: str, settings: Embedding, found: Record) -> dict[str, Any]:
    best = found.best(settings)
    used = [best.runtime, best.dtype] if best else None
    return {"model": name, **msgspec.to_builtins(found), "used": used}


def _tables(value: dict[str, Any]) -> list[str]:
    return [line for model in value["models"] for line in _table(model)]


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
    """Make the embedding models' 8-bit files, by ranges that are measured on built-in texts."""

    async def work(base: KnowledgeBase) -> dict[str, Any]:
        files = await base.embeddings.optimise()
        click.echo(MEASURING, err=True)
        await base.embeddings.measure()
        made = [(m.files.name, files[m.fingerprint]) for m in base.embeddings.models]
        return {"models": [{"model": name, "file": str(file)} for name, file in made]}

    show(with_knowledge_base(work), as_json, _files)


def _files(value: dict[str, Any]) -> list[str]:
    return [f"{one['model']}: {one['file']}" for one in value["models"]]
