"""How much of a file's cells there is room for, and what the ledger has to say of them."""

from collections.abc import Iterable

from ingest.parsers.tables import MAX_CELLS
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
        self.restart()

    def restart(self) -> None:
        """Count from the beginning."""
        self._left = MAX_CELLS
        self.is_full = False
        self.hidden = 0

    def rows(self, rows: Iterable[Iterable[str]]) -> list[list[str]]:
        """As many rows as there is room for, without empty cells at their ends."""
        kept: list[list[str]] = []
        for row in rows:
            cells = list(row)
            while cells and not cells[-1]:
                cells.pop()
            self._left -= len(cells) + 1
            if self._left < 0:
                self.is_full = True
                break
            kept.append(cells)
        while kept and not kept[-1]:
            kept.pop()
        return kept

    @property
    def notices(self) -> tuple[Notice, ...]:
        """What was left out, and how much of it."""
        counted = (
            Notice("formulas_without_value", {"formulas": self.valueless}),
            Notice("hidden_sheets", {"sheets": self.hidden}),
            Notice("parts_unread", {"parts": self.unread}),
        )
        return tuple(notice for notice in counted if any(notice.parameters.values()))
