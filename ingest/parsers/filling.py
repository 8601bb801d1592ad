"""How much of a file's cells there is room for, and what the ledger has to say of them."""

from collections.abc import Iterable

from ingest.parsers import hiding
from ingest.parsers.hiding import Hidden
from ingest.parsers.noticing import counted, of_parts
from ingest.parsers.tables import MAX_CELLS, MAX_CHARACTERS, Sheet
from kb.types.parsed import Notice


class Filling:
    """Counts cells over all sheets of a file."""

    def __init__(self) -> None:
        self.converted = False
        self.hidden = 0
        """Sheets that were left out because nobody sees them."""
        self.valueless = 0
        """Formulas whose value nobody has stored."""
        self.unread = 0
        """Parts that are damaged."""
        self.cut = 0
        """Parts that are larger than what is read."""
        self._left = MAX_CELLS
        self._room = MAX_CHARACTERS
        self.is_full = False
        self.hidden_rows = self.hidden_columns = self.blank = 0
        """Rows and columns that somebody hid, and cells whose format shows nothing of them."""

    @property
    def left(self) -> tuple[int, int]:
        """Cells that there is room for, and characters."""
        return max(0, self._left), max(0, self._room)

    def rows(self, rows: Iterable[Iterable[str]]) -> list[list[str]]:
        """As many rows as there is room for, without empty cells at their ends."""
        kept: list[list[str]] = []
        for row in rows:
            cells = list(row)
            while cells and not cells[-1]:
                cells.pop()
            self._left -= len(cells) + 1
            self._room -= sum(map(len, cells))
            if self._left < 0 or self._room < 0:
                self.is_full = True
                break
            kept.append(cells)
        while kept and not kept[-1]:
            kept.pop()
        return kept

    def seen(self, sheet: Sheet, hidden: Hidden) -> Sheet:
        """A sheet without its hidden rows and columns, which are counted."""
        sheet.rows, sheet.merges, (rows, columns) = hiding.without(sheet.rows, sheet.merges, hidden)
        self.hidden_rows += rows
        self.hidden_columns += columns
        return sheet

    @property
    def notices(self) -> tuple[Notice, ...]:
        """What was left out, and how much of it."""
        cells = counted(
            Notice("formulas_without_value", {"formulas": self.valueless}),
            Notice("hidden_sheets", {"sheets": self.hidden}),
            Notice(
                "hidden_cells",
                {
                    "rows": self.hidden_rows,
                    "columns": self.hidden_columns,
                    "cells": self.blank,
                },
            ),
        )
        return (*cells, *of_parts(self.unread, self.cut))
