"""``kb models try``: another language model's answers beside today's."""

from pathlib import Path
from typing import Any

import click

from kb.cli.bars import asking
from kb.cli.common import json_option, show, with_knowledge_base
from kb.errors import UsageError
from kb.evaluation import sets
from kb.knowledge_base import KnowledgeBase
from kb.surface.gates import gate_lines
from kb.swapping.page import write_page
from kb.swapping.trying import check_written, try_model

WIDTH = 200
"""Characters of an answer that the table shows; the page and the JSON have all of it."""


@click.command("try")
@click.argument("name")
@click.option(
    "--questions",
    "file",
    type=click.Path(path_type=Path),
    required=True,
    help="Lines of JSON with id and question (and docs, evidence, answers), or a question a line.",
)
@click.option(
    "--output", type=click.Path(path_type=Path), help="Write both answers there, as a page (HTML)."
)
@json_option
def try_it(name: str, file: Path, output: Path | None, as_json: bool) -> None:
    """Lay the answers of another language model beside those of today's; nothing is changed."""
    questions = sets.read_asked(file)

    async def work(base: KnowledgeBase) -> dict[str, Any]:
        owner = base.principal(None)
        if (await base.models.find(name)).purpose != "language":
            raise UsageError(
                f"{name} is no language model. Embedding models are compared by kb models use.",
                code="not_a_language_model",
            )
        with asking(2 * len(questions)) as advance:
            tried = await try_model(base, name, questions, advance)
        check_written(tried)
        names = {"used": tried.before.name, "questions": len(questions), "lost": tried.gate["lost"]}
        await base.write(base.audit.note, owner, "model.try", tried.after.name, **names)
        return tried.as_json()

    value = with_knowledge_base(work)
    if output is not None:
        write_page(output, value)
    show(value, as_json, _lines)


def _lines(value: dict[str, Any]) -> list[str]:
    before, after = value["before"]["model"], value["after"]["model"]
    lines = [f"Before: {before}", f"After:  {after}", *gate_lines(value["gate"])]
    for one in value["answers"]:
        lines += ["", one["question"]]
        lines += [
            f"  {name}: {_short(one[side])}"
            for side, name in (("before", before), ("after", after))
        ]
    return lines


def _short(said: dict[str, Any]) -> str:
    text = " ".join(said["text"].split())
    shown = text if len(text) <= WIDTH else text[:WIDTH] + "…"
    return f"[{said['mode']}, {said['seconds']:.1f} s] {shown}"
