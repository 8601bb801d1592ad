"""``kb search`` and ``kb ask``."""

from typing import Any

import click

from kb.cli.common import as_option, json_option, show, with_knowledge_base
from kb.knowledge_base import KnowledgeBase
from kb.surface import shapes
from kb.types.answers import Answer


@click.command()
@click.argument("question")
@click.option("--limit", type=int, default=10, show_default=True, help="How many passages.")
@as_option
@json_option
def search(question: str, limit: int, as_user: str | None, as_json: bool) -> None:
    """Find passages for QUESTION."""

    async def work(base: KnowledgeBase) -> dict[str, Any]:
        principal = await base.read(base.principal, as_user)
        found = await base.search.passages(question, principal, limit)
        return shapes.hits(found.passages)

    show(with_knowledge_base(work), as_json, _hit_lines)


def _hit_lines(value: dict[str, Any]) -> list[str]:
    lines: list[str] = []
    for n, hit in enumerate(value["hits"], 1):
        lines += [f"{n}. {_where(hit)}", "   " + " ".join(hit["text"].split())[:300], ""]
    return lines or ["Nothing was found."]


def _where(item: dict[str, Any]) -> str:
    where = f"{item['source']}: {item['document']}"
    if item["page"]:
        where += f", page {item['page']}"
    return where + (f", {item['section']}" if item["section"] else "")


@click.command()
@click.argument("question")
@click.option("--conversation", help="Go on with this conversation; the answer names it.")
@as_option
@json_option
def ask(question: str, conversation: str | None, as_user: str | None, as_json: bool) -> None:
    """Ask QUESTION; every sentence of the answer is cited."""

    async def work(base: KnowledgeBase) -> Answer:
        principal = await base.read(base.principal, as_user)
        return await base.answers.answer(question, principal, conversation)

    answer = with_knowledge_base(work)
    show(shapes.answer(answer), as_json, lambda value: _answer_lines(answer, value))


def _answer_lines(answer: Answer, value: dict[str, Any]) -> list[str]:
    lines = [value["notice"]["message"], ""] if value["notice"] else []
    for sentence in answer.sentences:
        marks = "".join(f"[{n}]" for n in sentence.citations)
        doubt = "" if sentence.supported else "  (not supported by the documents)"
        lines.append(f"{sentence.text} {marks}{doubt}")
    lines.append("")
    lines += [f"[{c['n']}] {_where(c)}" for c in value["citations"]]
    if answer.mode == "abstained":
        lines += _hit_lines(shapes.hits(answer.passages[:3]))
    return lines
