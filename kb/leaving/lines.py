"""The tables of an export, read line by line; what is no line of them is refused."""

from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, Generic, TypeVar

import msgspec

from kb.leaving.problems import damaged
from kb.types.leaving import LeftChunk, LeftElement

T = TypeVar("T")
D = TypeVar("D", LeftElement, LeftChunk)


def rows(folder: Path, name: str, kind: type[T]) -> Iterator[T]:
    """Each line of ``data/NAME.jsonl``.

    Raises:
        UsageError: a line is not one of this table.
    """
    decoder = msgspec.json.Decoder(kind)
    path = f"data/{name}.jsonl"
    with _opened(folder, path) as file:
        for number, line in enumerate(file, 1):
            try:
                yield decoder.decode(line)
            except (msgspec.DecodeError, UnicodeDecodeError) as error:
                raise damaged(f"line {number} of {path} is none ({error})", path) from error


def whole(folder: Path, name: str, kind: type[T]) -> T:
    """``data/NAME.json``; raises as :func:`rows`."""
    path = f"data/{name}.json"
    with _opened(folder, path) as file:
        try:
            return msgspec.json.decode(file.read(), type=kind)
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise damaged(f"{path} is none ({error})", path) from error


def _opened(folder: Path, path: str) -> BinaryIO:
    try:
        return (folder / path).open("rb")
    except FileNotFoundError as error:
        raise damaged(f"a file of it is missing ({path})", path) from error


class Peeked(Generic[D]):
    """Lines of a table that belong to one document after another."""

    def __init__(self, lines: Iterator[D]) -> None:
        self._lines: Iterator[D] = lines
        self._next: D | None = next(lines, None)

    def of(self, document: int) -> list[D]:
        """The lines of a document, which is the next one in the table."""
        found: list[D] = []
        while self._next is not None and self._next.document == document:
            found.append(self._next)
            self._next = next(self._lines, None)
        return found

    @property
    def is_done(self) -> bool:
        """Whether no line is left."""
        return self._next is None
