"""``kb models use`` and ``rollback``: from some embedding models to others, and back."""

import time
from functools import partial
from typing import Any

import click

from ingest.reading.needs import keep_cuts
from kb import bulk
from kb.cli.bars import Told, bar, compared
from kb.cli.common import argument, json_option, show, with_knowledge_base
from kb.cli.ingesting import read_silently
from kb.knowledge_base import KnowledgeBase
from kb.surface.gates import gate_lines
from kb.swapping.swapping import Swapper
from kb.types.swaps import EMBEDDING, GRAPH, PAUSED, REFUSED, SWITCHED, Swap


@click.command()
@click.argument("names", nargs=-1, required=True, metavar="NAME…")
@click.option("--force", is_flag=True, help="Switch although something is lost.")
@click.option("--swap", type=int, hidden=True, help="Go on with this one: for workers.")
@json_option
def use(names: tuple[str, ...], force: bool, swap: int | None, as_json: bool) -> None:
    """Embed with other models: build beside, compare, switch where nothing is lost.

    Searches go on meanwhile. Ctrl-C pauses; the same command goes on.
    """

    async def work(base: KnowledgeBase) -> dict[str, Any]:
        owner = base.principal(None)
        if swap is None:
            asked = await base.write(base.swaps.ask, owner, names, force=force)
        else:
            asked = await base.read(base.swaps.one, owner, swap)
        await base.write(keep_cuts, base.catalog, base.embeddings, base.settings.chunking)
        with bar("beginning") as told:
            swapper = Swapper(
                base, read_silently, partial(_step, told), partial(compared, told),
                partial(_processors, base),
            )  # fmt: skip
            done = await swapper.go(owner, asked)
        return done.as_json()

    value = with_knowledge_base(work)
    show(value, as_json, _ended)
    if swap is None and value["state"] != SWITCHED:
        raise SystemExit(1)


def _processors(base: KnowledgeBase) -> int:
    return bulk.allowed(base.settings.ingest, bulk.wall_clock(), bulk.usable_cores())


def _step(told: Told, swap: Swap) -> None:
    """Show passages; the questions of a comparison are told one by one."""
    if swap.state == EMBEDDING:
        told(completed=swap.done, total=swap.total, description=_pace(swap))
    elif swap.state == GRAPH:
        told(description="building the graph", total=None)


def _pace(swap: Swap) -> str:
    left = swap.seconds_left
    until = f", {_span(left)} left" if left is not None else ""
    return f"embedding {swap.done} of {swap.total}, {swap.rate:.1f} a second{until}"


def _span(seconds: float) -> str:
    minutes = round(seconds / 60)
    return f"{minutes // 60} h {minutes % 60:02} min" if minutes >= 60 else f"{minutes} min"


def _ended(value: dict[str, Any]) -> list[str]:
    names = ", ".join(value["models"])
    gate = gate_lines(value["gate"]) if value["gate"] else []
    again = f"kb models use {' '.join(argument(n) for n in value['models'])}"
    too_long = value["passages"]["too_long"]
    longer = [f"{too_long} passages are longer than these models read."] if too_long else []
    how = {
        SWITCHED: [
            f"The index is now {value['generation']}, of {names}. Nothing has to be read again.",
            *longer,
            "Back to the models of before: kb models rollback",
        ],
        REFUSED: [
            f"{names}: not switched, since something is lost beyond chance:",
            *(f"  {one}" for one in (value["gate"] or {}).get("lost", [])),
            f"To switch all the same: {again} --force",
        ],
        PAUSED: [f"Paused. To go on: {again}"],
    }
    return [*gate, *how.get(value["state"], [f"It stands at: {value['state']}."])]


@click.command()
@json_option
def rollback(as_json: bool) -> None:
    """Go back to the models of before, at once; the index of them is kept for a while."""

    async def work(base: KnowledgeBase) -> dict[str, Any]:
        begun = time.monotonic()
        done = await base.swaps.rollback(base.principal(None))
        return {
            "generation": done.generation,
            "models": list(done.models),
            "switch_seconds": round(done.seconds, 3),
            "seconds": round(time.monotonic() - begun, 3),
        }

    show(with_knowledge_base(work), as_json, _rolled_back)


def _rolled_back(value: dict[str, Any]) -> list[str]:
    names, seconds = ", ".join(value["models"]), value["switch_seconds"]
    return [
        f"The index is {value['generation']} again, of {names}: switched in {seconds:.3f} s.",
        "And forward again: kb models rollback",
    ]
