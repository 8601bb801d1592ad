"""``kb tune``: learn from the organisation's own questions, and go back."""

from functools import partial
from typing import Any

import click

from kb.cli.bars import bar, compared
from kb.cli.common import json_option, show, with_knowledge_base
from kb.cli.ingesting import read_silently
from kb.knowledge_base import KnowledgeBase
from kb.surface.gates import gate_lines

REMEMBERS = (
    "What is learned remembers: it is made of numbers from which something of {names} may be told, "
    "and it moves the questions of everybody."
)


@click.group(invoke_without_command=True)
@click.option(
    "--source",
    "named",
    multiple=True,
    metavar="NAME",
    help="Learn from this source too, whoever may read it; may be repeated.",
)
@click.option("--force", is_flag=True, help="Use it although something is lost.")
@json_option
@click.pass_context
def tune(context: click.Context, named: tuple[str, ...], force: bool, as_json: bool) -> None:
    """Learn from your own questions, compare, and use it where nothing is lost.

    It learns how questions are to be moved, so that they lie nearer to their right passages.
    Nothing is embedded anew. Without --source only documents take part that everyone may read.
    """
    if context.invoked_subcommand is not None:
        return
    if named:
        click.echo(f"Warning: {REMEMBERS.format(names=', '.join(named))}", err=True)

    async def work(base: KnowledgeBase) -> dict[str, Any]:
        from kb.swapping import tuning  # numpy, which kb tune rollback does without

        with bar("learning") as told:
            lessons = await tuning.learn(base, named, read_silently, partial(compared, told))
        return await tuning.keep(base, lessons, force=force)

    value = with_knowledge_base(work)
    show(value, as_json, _ended)
    if value["refused"]:
        raise SystemExit(1)


@tune.command()
@json_option
def rollback(as_json: bool) -> None:
    """Go back to what was learned before, or to questions as they are embedded; at once."""

    def work(base: KnowledgeBase) -> dict[str, Any]:
        left, now = base.tunings.roll_back(base.principal(None))
        return {"left": left, "now": now}

    show(with_knowledge_base(work), as_json, _rolled_back)


def _ended(value: dict[str, Any]) -> list[str]:
    by = ", ".join(f"{count} {origin}" for origin, count in value["origins"].items())
    left_out = {
        "right passages are not in the documents any more": value["gone"],
        "are in documents that not everyone may read (--source NAME)": value["withheld"],
    }
    documents = len(value["documents"])
    return [
        f"{value['questions']} questions with right passages ({by}) in {documents} documents.",
        *(f"Left out: {count} {why}." for why, count in left_out.items() if count),
        *(_of_model(one) for one in value["models"].values()),
        *gate_lines(value["gate"]),
        *_verdict(value),
    ]


def _of_model(one: dict[str, Any]) -> str:
    difference = one["after"] - one["before"]
    return (
        f"{one['name']} alone, {one['questions']} questions held out: reciprocal place "
        f"{one['before']:.3f}, then {one['after']:.3f} ({difference:+.3f}, "
        f"{one['low']:+.3f} to {one['high']:+.3f}){'' if one['used'] else ', which may be chance'}"
    )


def _verdict(value: dict[str, Any]) -> list[str]:
    name = value["name"]
    if name is None:
        return [
            "Nothing is gained beyond chance on questions held out: nothing was kept or changed."
        ]
    if value["refused"]:
        lost = [f"  {one}" for one in value["lost"]]
        again = "To use it all the same: the same command with --force."
        return [f"{name} was learned, and is not used: lost beyond chance are", *lost, again]
    return [
        f"{name} is in use from now on. More about it: kb models show {name}",
        "Back: kb tune rollback",
    ]


def _rolled_back(value: dict[str, Any]) -> list[str]:
    if value["now"] is None:
        return [f"{value['left']} is left: questions are asked as they are embedded."]
    return [f"{value['left']} is left, and {value['now']} is in use again."]
