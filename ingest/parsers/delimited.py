"""CSV: which character parts its cells, and its rows."""

import csv
import io
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from ingest.parsers.damage import damaged
from ingest.parsers.encoding import decode
from ingest.parsers.filling import Filling
from ingest.parsers.tables import Sheet

DELIMITERS = "\t;|,"
"""The likeliest first: a comma also parts a number's decimals, and the words of a title."""
SAMPLE = 20_000
"""Characters that are looked at."""
SAMPLE_LINES = 300
"""Lines that are looked at."""
FITS = 0.9
"""The share of rows, below the titles, that have as many cells as most."""
MOST_TITLES = 10
"""Most lines above a table that are its titles."""
LONGEST_CELL = 16 * 1024**2
"""Most characters of a cell."""


def read(path: Path, filling: Filling) -> list[Sheet]:
    """The rows of a file.

    Raises:
        FileProblem: it is damaged.
    """
    text = decode(path.read_bytes())
    csv.field_size_limit(LONGEST_CELL)
    first, _, below = text.partition("\n")
    said = first.strip().strip('"').lower()
    if said.startswith("sep=") and len(said) == 5:
        text, delimiter = below, said[4]
    else:
        delimiter = _delimiter(_sample(text))
    rows = _rows(text, delimiter)
    try:
        return [Sheet(None, filling.rows([" ".join(c.split()) for c in row] for row in rows))]
    except csv.Error as error:
        raise damaged("CSV", error) from error


def _rows(text: str, delimiter: str) -> Iterator[list[str]]:
    return csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, skipinitialspace=True)


def _sample(text: str) -> str:
    """The first lines, whole."""
    start = text[:SAMPLE]
    if len(text) > SAMPLE and "\n" in start:
        start = start[: start.rindex("\n") + 1]
    return "".join(start.splitlines(keepends=True)[:SAMPLE_LINES])


def _delimiter(sample: str) -> str:
    """The first that fits all lines below the titles; else the one that fits most."""
    fits = {delimiter: _fit(sample, delimiter) for delimiter in DELIMITERS}
    for delimiter, (share, rows) in fits.items():
        if share >= FITS and rows > 1:
            return delimiter
    return max(DELIMITERS, key=lambda d: fits[d][0] * fits[d][1] + (d == ",") * 1e-9)


def _fit(sample: str, delimiter: str) -> tuple[float, int]:
    """The share of rows with as many cells as most, and how many; lone cells are titles."""
    try:
        widths = [len(row) for row in _rows(sample, delimiter) if any(row)]
    except csv.Error:
        return 0.0, 0
    usual = Counter(width for width in widths if width > 1).most_common(1)
    if not usual:
        return 0.0, 0
    rows = usual[0][1]
    titles = next(n for n, w in enumerate(widths) if w > 1)
    if titles > MOST_TITLES:
        return 0.0, rows
    return rows / (len(widths) - titles), rows
