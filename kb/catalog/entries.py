"""Entries of the ledger, whoever may read them: how rows become what ingestion works with."""

from dataclasses import fields
from typing import Any

from sqlalchemy import ColumnElement, Connection, select

from kb.catalog.tables import documents
from kb.types.files import DocumentPlace, KnownDocument, LedgerEntry

_KNOWN, _ENTRY, _PLACE = (
    tuple(documents.c[field.name] for field in fields(struct))
    for struct in (KnownDocument, LedgerEntry, DocumentPlace)
)


def known(connection: Connection, *conditions: ColumnElement[bool]) -> list[KnownDocument]:
    """What is needed to tell changes, of the documents that meet these conditions."""
    return [KnownDocument(*row) for row in connection.execute(select(*_KNOWN).where(*conditions))]


def entries(
    connection: Connection, *conditions: ColumnElement[bool], order: tuple[Any, ...] = ()
) -> list[LedgerEntry]:
    """The entries of the documents that meet these conditions."""
    query = select(*_ENTRY).where(*conditions).order_by(*order)
    return [LedgerEntry(*row) for row in connection.execute(query)]


def places(connection: Connection, *conditions: ColumnElement[bool]) -> list[DocumentPlace]:
    """Where the documents lie that meet these conditions, and who reads them by now."""
    return [DocumentPlace(*row) for row in connection.execute(select(*_PLACE).where(*conditions))]
