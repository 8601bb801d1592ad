"""What every command needs: the settings, the knowledge base, a way to print."""

import asyncio
import inspect
import json
import shlex
import signal
import sys
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar, overload

import click
from rich.console import Console

from kb import settings as settings_module
from kb.cli import OWN_PROCESS
from kb.errors import RetryableError
from kb.knowledge_base import KnowledgeBase
from kb.settings.addresses import address_of
from kb.settings.people import Server
from kb.silence import guard
from kb.silence.destinations import configured

T = TypeVar("T")
error_console = Console(stderr=True)
json_option = click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
as_option = click.option("--as", "as_user", metavar="USER", help="Act as this person.")


@overload
def with_knowledge_base(
    work: Callable[[KnowledgeBase], Coroutine[Any, Any, T]], flags: dict[str, Any] | None = None
) -> T: ...
@overload
def with_knowledge_base(
    work: Callable[[KnowledgeBase], T], flags: dict[str, Any] | None = None
) -> T: ...
def with_knowledge_base(
    work: Callable[[KnowledgeBase], Any], flags: dict[str, Any] | None = None
) -> Any:
    """Open the configured knowledge base, do the work, close it.

    Work that is no coroutine uses the catalog: it runs on a thread.
    """
    is_coroutine = inspect.iscoroutinefunction(work)

    async def run() -> Any:
        task = asyncio.current_task()
        assert task is not None
        loop = asyncio.get_running_loop()
        loop.add_signal_handler(signal.SIGTERM, task.cancel)
        base = KnowledgeBase(settings_module.load(flags))
        context = click.get_current_context(silent=True)
        if context is not None and context.obj == OWN_PROCESS:
            watch_destinations(base)
        try:
            return await (work(base) if is_coroutine else base.write(work, base))
        except asyncio.CancelledError as error:
            raise RetryableError("Stopped before the end.", code="interrupted") from error
        finally:
            loop.add_signal_handler(signal.SIGTERM, _end_anyway)
            await base.close()

    return asyncio.run(run())


def _end_anyway() -> None:
    """Asked to stop while it closes: it goes on, since what is not closed is left behind."""


def watch_destinations(base: KnowledgeBase) -> None:
    """From now on this process connects to nothing that is not in the configuration.

    What it refuses is in the log, in the audit log, and among the metrics.
    """
    guard.install(configured(base.settings), base.audit.refused)


def show(
    value: dict[str, Any], as_json: bool, lines: Callable[[dict[str, Any]], list[str]]
) -> None:
    """Print the one JSON object, or lines for people."""
    if as_json:
        sys.stdout.write(json.dumps(value, ensure_ascii=False) + "\n")
    else:
        for line in lines(value):
            click.echo(line)


class Usual(click.Group):
    """A group whose usual command need not be named: ``kb backup F`` is ``kb backup make F``.

    A word that is a command's name is that command.
    """

    def __init__(self, *, usual: str, **more: Any) -> None:
        super().__init__(**more)
        self._usual = usual

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Put the name of the usual command before what it is about."""
        if not args or args[0] not in {*self.commands, "-h", "--help"}:
            args = [self._usual, *args]
        return super().parse_args(ctx, args)


def link_of(server: Server, secret: str, port: int | None = None) -> str:
    """A one-time link as somebody is given it."""
    return f"{server.public_url.rstrip('/') or address_of(server, port)}/link/{secret}"


def argument(name: str) -> str:
    """A name as it is typed after a command: quoted, and never taken for an option."""
    return ("-- " if name.startswith("-") else "") + shlex.quote(name)
