"""``kb doctor``."""

import asyncio
from typing import Any

import click

from kb import settings as settings_module
from kb.cli.common import json_option, show
from kb.doctor.examining import examine
from kb.doctor.findings import Finding, worst

MARKS = {"ok": "✓", "better": "○", "wrong": "✗"}
HEADS = {
    "ok": "Every part is as it should be.",
    "better": "Nothing is wrong; what is marked ○ could be better.",
    "wrong": "What is marked ✗ is wrong.",
}


@click.command()
@json_option
def doctor(as_json: bool) -> None:
    """How every part stands, what is wrong, and what mends it. Exit 1 if something is wrong.

    Nothing is changed. It works beside a running service and without one.
    """
    found = asyncio.run(examine(settings_module.load(), probing=True))
    state = worst(found)
    shape = {"state": state, "parts": [one.as_json() for one in found]}
    show(shape, as_json, lambda _: [*_lines(found), "", HEADS[state]])
    if state == "wrong":
        raise SystemExit(1)


def _lines(found: list[Finding]) -> list[str]:
    width = max(len(one.name()) for one in found)
    return [line for one in found for line in _line(one, width)]


def _line(one: Finding, width: int) -> list[str]:
    told: Any = filter(None, (one.version, one.where, one.said()))
    lines = [f"{MARKS[one.state]} {one.name():{width}}  {' · '.join(told)}"]
    return lines + ([f"  {'':{width}}  $ {one.command}"] if one.command else [])
