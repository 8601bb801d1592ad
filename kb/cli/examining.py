"""``kb doctor``."""

import asyncio
from typing import Any

import click

from kb import settings as settings_module
from kb.cli.common import json_option, show
from kb.doctor.egress import Silence, look
from kb.doctor.examining import examine
from kb.doctor.findings import Finding, worst

MARKS = {"ok": "✓", "better": "○", "wrong": "✗"}
HEADS = {
    "ok": "Every part is as it should be.",
    "better": "Nothing is wrong; what is marked ○ could be better.",
    "wrong": "What is marked ✗ is wrong.",
}


@click.command()
@click.option("--egress", is_flag=True, help="Run a demonstration where every way out is seen.")
@json_option
def doctor(egress: bool, as_json: bool) -> None:
    """How every part stands, what is wrong, and what mends it. Exit 1 if something is wrong.

    Nothing is changed. It works beside a running service and without one. With --egress a new
    installation in a temporary folder reads, answers and serves the samples within a network that
    leads nowhere, and what it tries to reach is counted: exit 1 if that is anything.
    """
    if egress:
        _show_silence(as_json)
        return
    found = asyncio.run(examine(settings_module.load(), probing=True))
    state = worst(found)
    shape = {"state": state, "parts": [one.as_json() for one in found]}
    show(shape, as_json, lambda _: [*_lines(found), "", HEADS[state]])
    if state == "wrong":
        raise SystemExit(1)


def _show_silence(as_json: bool) -> None:
    click.echo("Reading, answering and serving the samples in a sinkhole …", err=True)
    found = look()
    show(found.as_json(), as_json, lambda _: _silence_lines(found))
    if not found.holds:
        raise SystemExit(1)


def _silence_lines(found: Silence) -> list[str]:
    did = f"{', '.join(found.did)}; {found.seconds:g} s."
    if not found.control:
        return [did, "What was tried on purpose was not seen, so this proves nothing."]
    tried = [f"  {name}: {times}" for name, times in sorted(found.tried.items())]
    return [did, "Seen: what was tried on purpose before it.", f"Attempts: {len(tried)}", *tried]


def _lines(found: list[Finding]) -> list[str]:
    width = max(len(one.name()) for one in found)
    return [line for one in found for line in _line(one, width)]


def _line(one: Finding, width: int) -> list[str]:
    told: Any = filter(None, (one.version, one.where, one.said()))
    lines = [f"{MARKS[one.state]} {one.name():{width}}  {' · '.join(told)}"]
    return lines + ([f"  {'':{width}}  $ {one.command}"] if one.command else [])
