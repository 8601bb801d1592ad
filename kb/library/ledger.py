"""The ledger as people see it: every file that they may see, with its state and reason."""

from kb.audit.log import noted
from kb.catalog import alarms, documents, filtering, generations, ledger, sources
from kb.catalog.database import Catalog, Connection
from kb.files import uploads
from kb.library.documents import must_answer_for, one
from kb.rights import access
from kb.text.queries import EVERYTHING
from kb.types.library import (
    ASKED,
    After,
    Document,
    HandingIn,
    Inventory,
    LedgerFilter,
    LedgerPage,
)
from kb.types.people import Principal

MOST_RETRIED = 5000
"""Most files that one click has tried again."""
PAGE = 50
"""Rows on a page."""


class Ledger:
    """The ledger of one data directory."""

    def __init__(self, catalog: Catalog) -> None:
        self._catalog = catalog

    def rows(
        self,
        principal: Principal,
        wanted: LedgerFilter,
        *,
        limit: int | None = None,
        after: After | None = None,
    ) -> list[Document]:
        """Rows that the principal may see, by source and path; those ``after`` a row."""
        with self._catalog.reading() as connection:
            return ledger.rows(connection, principal, wanted, limit=limit, after=after)

    def page(
        self, principal: Principal, wanted: LedgerFilter, order: str, number: int
    ) -> LedgerPage:
        """One page (from 1) of rows, with what all of them count; and who may hand in files."""
        start = (number - 1) * PAGE
        with self._catalog.reading() as connection:
            rows = ledger.rows(
                connection, principal, wanted, limit=PAGE + 1, offset=start, order=order
            )
            return LedgerPage(
                rows=rows[:PAGE],
                more=len(rows) > PAGE,
                counts=ledger.count_by_state(connection, principal, wanted),
                causes=ledger.count_by_reason(connection, principal, wanted),
                sources=ledger.sources_of(connection, principal),
                upload=_handing_in(connection, principal),
            )

    def searchable(self, principal: Principal) -> int | None:
        """How many documents they may search; None where there is no document at all."""
        with self._catalog.reading() as connection:
            count = filtering.count(connection, principal, EVERYTHING)
            return count if count or sources.has_documents(connection) else None

    def inventory(self) -> Inventory:
        """What there is, whoever may read it."""
        with self._catalog.reading() as connection:
            live = generations.live(connection)
            return Inventory(
                sources=sources.all_of(connection),
                states=ledger.count_by_state(connection, access.owner(), LedgerFilter()),
                languages=ledger.languages(connection),
                generation=live.id if live else None,
                alarms=alarms.count(connection),
            )

    def ask_again(
        self, principal: Principal, wanted: LedgerFilter, document_id: int | None = None
    ) -> None:
        """Ask for files to be tried again: one by its number, or all that a filter leaves.

        Of these only files that the principal answers for are tried; who asked is noted.

        Raises:
            NotFoundError: the one is not there, for them.
            ForbiddenError: the one is not theirs to look after.
        """
        with self._catalog.writing() as connection:
            if document_id is not None:
                chosen = [_theirs(connection, principal, document_id)]
            else:
                found = ledger.rows(connection, principal, wanted, limit=MOST_RETRIED)
                chosen = [row for row in found if principal.answers_for(row.source_id)]
            documents.try_again(connection, [row.id for row in chosen])
            for source_id in {row.source_id for row in chosen}:
                sources.request_run(connection, source_id, ASKED)
            target = str(document_id or "")
            noted(connection, principal, "documents.again", target, count=len(chosen))

    def try_again(self, principal: Principal, wanted: LedgerFilter) -> None:
        """Have the run that is about to begin try again what a filter leaves."""
        with self._catalog.writing() as connection:
            found = ledger.rows(connection, principal, wanted)
            documents.try_again(connection, [row.id for row in found])


def _theirs(connection: Connection, principal: Principal, document_id: int) -> Document:
    document = one(connection, principal, document_id)
    must_answer_for(principal, document)
    return document


def _handing_in(connection: Connection, principal: Principal) -> HandingIn:
    may = principal.manages or bool(principal.curates)
    return HandingIn(may, uploads.choice(connection, principal) if may else [])
