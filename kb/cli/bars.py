"""Progress bars: how far something is, on a terminal; nothing elsewhere."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any

from rich.progress import Progress, ProgressColumn

from kb.cli.common import error_console

Told = Callable[..., None]
"""Hears how far it is: the named values of rich's ``Progress.update``."""


@contextmanager
def bar(
    doing: str, *columns: ProgressColumn, total: int | None = None, **fields: Any
) -> Iterator[Told]:
    """A bar while the context lasts; gives what is told how far it is."""
    silent = not error_console.is_terminal
    with Progress(*columns, console=error_console, disable=silent) as shown:
        yield partial(shown.update, shown.add_task(doing, total=total, **fields))


@contextmanager
def asking(total: int) -> Iterator[Callable[[], None]]:
    """A bar over questions; gives what is called after each."""
    with bar("asking", total=total) as told:
        yield partial(told, advance=1)


def compared(told: Told, done: int, total: int) -> None:
    """Show how many questions of a comparison are asked."""
    told(description="comparing", completed=done, total=total)
