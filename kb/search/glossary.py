"""The house's abbreviations: they widen a question. Who manages the house says what they mean."""

import re
import time
from collections.abc import Sequence

from kb.audit.log import noted
from kb.catalog import keeping
from kb.catalog.database import Catalog
from kb.errors import UsageError
from kb.rights import access
from kb.search.limits import MAX_QUESTION
from kb.types.people import Principal
from kb.types.searches import HouseWords, Term

WORD = re.compile(r"[\w&/.-]*[\w&/-]")
"""A word of a question; a full stop at its end is the sentence's."""
SECONDS = 10.0
"""How long the glossary is kept in memory; what this process changes counts at once."""
LONGEST_SHORT, LONGEST_MEANING = 60, 500
"""Most characters of a term, and of what it stands for."""


class Glossary:
    """What abbreviations stand for, read again now and then."""

    def __init__(self, catalog: Catalog) -> None:
        self._catalog = catalog
        self._terms: list[Term] = []
        self._until = 0.0

    async def widen(self, question: str) -> tuple[str, str]:
        """The question with what its abbreviations stand for beside them, and in their place.

        The first is searched for: a document may have either. The second is what is asked.
        """
        if time.monotonic() > self._until:
            await self._catalog.read(self._read)
        return widened(question, self._terms), spelled_out(question, self._terms)

    def beside_pins(self, principal: Principal) -> HouseWords:
        """The glossary, beside the pins that the principal may read."""
        with self._catalog.reading() as connection:
            pins = keeping.pinned(connection, principal)
            return HouseWords(
                tuple(keeping.terms(connection)),
                tuple((pin, principal.answers_for(pin.source_id)) for pin in pins),
            )

    def set(self, principal: Principal, short: str, meaning: str) -> None:
        """Say what an abbreviation means; it replaces what was said before.

        Raises:
            ForbiddenError: they do not manage the house: it steers everybody's search.
            UsageError: one of both is missing or too long.
        """
        access.must_manage(principal)
        if not (short and meaning) or len(short) > LONGEST_SHORT or len(meaning) > LONGEST_MEANING:
            raise UsageError(
                "An abbreviation and what it stands for are needed.", code="empty_abbreviation"
            )
        with self._catalog.writing() as connection:
            keeping.set_term(connection, short, meaning)
            noted(connection, principal, "glossary.set", short, meaning=meaning)
        self._until = 0.0

    def remove(self, principal: Principal, number: int) -> None:
        """Take an abbreviation away.

        Raises:
            ForbiddenError: they do not manage the house.
        """
        access.must_manage(principal)
        with self._catalog.writing() as connection:
            keeping.remove_term(connection, number)
            noted(connection, principal, "glossary.remove", str(number))
        self._until = 0.0

    def _read(self) -> None:
        with self._catalog.reading() as connection:
            self._terms = keeping.terms(connection)
        self._until = time.monotonic() + SECONDS


def widened(question: str, terms: Sequence[Term]) -> str:
    """With what abbreviations stand for in brackets behind it; as it is where that is too long."""
    asked = {w.casefold() for w in WORD.findall(question)}
    meant = [t.meaning for t in terms if t.short.casefold() in asked]
    added = [f"({m})" for m in meant if m.casefold() not in question.casefold()]
    return " ".join([question, *added])[:MAX_QUESTION] if added else question


def spelled_out(question: str, terms: Sequence[Term]) -> str:
    """With what abbreviations stand for in their place; each once."""
    meant = {t.short.casefold(): t.meaning for t in terms}

    def meaning(word: re.Match[str]) -> str:
        there = meant.get(word[0].casefold())
        return word[0] if there is None or there.casefold() in question.casefold() else there

    return WORD.sub(meaning, question)[:MAX_QUESTION]
