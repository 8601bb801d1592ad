"""Entries of the ledger, whoever may read them: how rows become what ingestion works with."""

from dataclasses import fields
from typing import Any

from sqlalchemy import ColumnElement, Connection, select

from kb.catalog.tables import documents
from kb.types.files import Entry, Known, Place

_KNOWN, _ENTRY, _PLACE = (
    tuple(documents.c[field.name] for field in fields(struct)) for struct in (Known, Entry, Place)
)


def known(connection: Connection, *conditions: ColumnElement[bool]) -> list[Known]:
    """What is needed to tell changes, of the documents that meet these conditions."""
    return [Known(*row) for row in connection.execute(select(*_KNOWN).where(*conditions))]


def entries(
    connection: Connection, *conditions: ColumnElement[bool], order: tuple[Any, ...] = ()
) -> list[Entry]:
    """The entries of the documents that meet these conditions."""
    query = select(*_ENTRY).where(*conditions).order_by(*order)
    return [Entry(*row) for row in connection.execute(query)]


def places(connection: Connection, *conditions: ColumnElement[bool]) -> list[Place]:
    """Where the documents lie that meet these conditions, and who reads them by now."""
    return [Place(*row) for row in connection.execute(select(*_PLACE).where(*conditions))]
