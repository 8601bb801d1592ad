"""Who may read a document: its source's readers, or a set of its own where the rule says so.

``documents.rights`` is null for the source's readers, else the id of a set of reader tokens.
"""

import hashlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from typing import Any

from sqlalchemy import ColumnElement, Connection, Table, and_, case, or_, select, update

from kb.catalog.arrays import among, among_given
from kb.catalog.database import insert_ignoring
from kb.catalog.tables import documents, reader_sets, source_readers
from kb.types.people import Principal

PART = 5000
"""Documents that one statement looks up."""
Carried = Callable[[ColumnElement[Any]], ColumnElement[bool]]
"""Makes the condition that a column's token is one that somebody carries."""


def readable(principal: Principal) -> Any:
    """The condition that a principal may read a document, by the rights of this moment."""
    return _lets_in(_carried_by(principal), documents.c.rights)


def readable_given() -> Any:
    """:func:`readable` for a statement that is made once: it is executed with ``tokens``."""
    return _lets_in(partial(among_given, name="tokens"), documents.c.rights)


def readable_text_of(principal: Principal, kept: Table) -> Any:
    """The condition that a principal may read a text that was taken from a document and kept.

    ``kept`` has ``content_hash`` and ``rights`` as the document had them then. Once the document's
    bytes are others, its readers of today alone say nothing of that text: those of then have to
    let somebody in too.
    """
    same = documents.c.content_hash == kept.c.content_hash
    return and_(readable(principal), or_(same, _lets_in(_carried_by(principal), kept.c.rights)))


def of_text_from(document_id: int) -> dict[str, Any]:
    """Values of the columns ``content_hash`` and ``rights`` for a text taken from a document."""
    found = select(documents).where(documents.c.id == document_id).subquery()
    return {
        column: select(found.c[column]).scalar_subquery() for column in ("content_hash", "rights")
    }


def _carried_by(principal: Principal) -> Carried:
    return partial(among, values=sorted(principal.tokens))


def _lets_in(carried: Carried, rights: ColumnElement[Any]) -> Any:
    by_source = select(source_readers.c.source_id).where(carried(source_readers.c.token))
    by_set = select(reader_sets.c.id).where(carried(reader_sets.c.token))
    return or_(
        and_(rights.is_(None), documents.c.source_id.in_(by_source)),
        and_(rights.is_not(None), rights.in_(by_set)),
    )


def readable_of_many(principal: Principal) -> Any:
    """The condition of :func:`readable`, for queries that go over many documents.

    The sources and sets that the principal may read are looked up once, not for each document.
    It is a CASE, which no database takes for two searches whose results it then has to join.
    """
    tokens = sorted(principal.tokens)
    by_source = select(source_readers.c.source_id).where(among(source_readers.c.token, tokens))
    by_set = select(reader_sets.c.id).where(among(reader_sets.c.token, tokens))
    return case(
        (documents.c.rights.is_(None), documents.c.source_id.in_(by_source)),
        else_=documents.c.rights.in_(by_set),
    )


def keep_set(connection: Connection, tokens: Iterable[str]) -> str:
    """The id of a set of reader tokens, which is kept where it is new."""
    ordered = sorted(set(tokens))
    number = hashlib.sha256("\n".join(ordered).encode()).hexdigest()[:32]
    insert_ignoring(connection, reader_sets, [{"id": number, "token": t} for t in ordered])
    return number


def give(connection: Connection, wanted: Mapping[int, str | None]) -> list[int]:
    """Give documents their sets (ids; None: the source's readers); returns those that changed."""
    changed: dict[str | None, list[int]] = {}
    ids = list(wanted)
    for start in range(0, len(ids), PART):
        part = ids[start : start + PART]
        query = select(documents.c.id, documents.c.rights).where(among(documents.c.id, part))
        for number, rights in connection.execute(query).tuples().all():
            if rights != wanted[number]:
                changed.setdefault(wanted[number], []).append(number)
    for rights, numbers in changed.items():
        connection.execute(
            update(documents).where(among(documents.c.id, numbers)).values(rights=rights)
        )
    return [number for numbers in changed.values() for number in numbers]


def tokens_of(connection: Connection, document_ids: Sequence[int]) -> dict[int, list[str]]:
    """The reader tokens of documents; those that are gone are left out."""
    found: dict[int, list[str]] = {}
    by_set: dict[str, list[str]] = {}
    by_source: dict[int, list[str]] = {}
    ids = list(document_ids)
    for start in range(0, len(ids), 500):
        rows = connection.execute(
            select(documents.c.id, documents.c.source_id, documents.c.rights).where(
                among(documents.c.id, ids[start : start + 500])
            )
        ).all()
        for row in rows:
            if row.rights is None:
                if row.source_id not in by_source:
                    by_source[row.source_id] = _of_source(connection, row.source_id)
                found[row.id] = by_source[row.source_id]
            else:
                if row.rights not in by_set:
                    by_set[row.rights] = of_set(connection, row.rights)
                found[row.id] = by_set[row.rights]
    return found


def without_own(connection: Connection, source_id: int) -> list[int]:
    """The documents of a source that have no readers of their own, but the source's."""
    query = select(documents.c.id).where(
        documents.c.source_id == source_id, documents.c.rights.is_(None)
    )
    return list(connection.scalars(query))


def _of_source(connection: Connection, source_id: int) -> list[str]:
    query = select(source_readers.c.token).where(source_readers.c.source_id == source_id)
    return sorted(connection.scalars(query))


def of_set(connection: Connection, number: str) -> list[str]:
    """The reader tokens of a set, sorted."""
    query = select(reader_sets.c.token).where(reader_sets.c.id == number)
    return sorted(connection.scalars(query))
