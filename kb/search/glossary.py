"""The house's abbreviations in use: they widen a question."""

import re
import time

from kb.catalog import keeping
from kb.catalog.database import Catalog
from kb.search.limits import MAX_QUESTION

SECONDS = 10.0
"""How long the glossary is kept in memory; what this process changes counts at once."""


class Glossary:
    """What abbreviations stand for, read again now and then."""

    def __init__(self, catalog: Catalog) -> None:
        self._catalog = catalog
        self._terms: list[tuple[str, str]] = []
        self._until = 0.0

    def widen(self, question: str) -> str:
        """The question, with what the abbreviations in it stand for."""
        asked = {w.casefold() for w in re.findall(r"[\w&/.-]+", question)}
        meant = [m for short, m in self._read() if short.casefold() in asked]
        added = [f"({m})" for m in meant if m.casefold() not in question.casefold()]
        return " ".join([question, *added])[:MAX_QUESTION] if added else question

    def forget(self) -> None:
        """It has changed: read it again at the next question."""
        self._until = 0.0

    def _read(self) -> list[tuple[str, str]]:
        if time.monotonic() > self._until:
            with self._catalog.reading() as connection:
                self._terms = [(t.short, t.meaning) for t in keeping.terms(connection)]
            self._until = time.monotonic() + SECONDS
        return self._terms
