"""The ledger: every file with its state, as the people see it who may."""

from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import Connection, Row, Select, func, select

from kb.catalog.documents import with_source
from kb.catalog.rights import readable
from kb.catalog.tables import documents, sources
from kb.types import Principal


@dataclass(frozen=True, slots=True)
class LedgerFilter:
    """Which rows of the ledger are wanted."""

    state: str | None = None
    source: str | None = None
    text: str | None = None
    code: str | None = None
    folder: str | None = None


def rows(
    connection: Connection,
    principal: Principal,
    wanted: LedgerFilter,
    *,
    limit: int | None = None,
    offset: int = 0,
    order: str = "path",
) -> list[Row[Any]]:
    """Rows of the ledger that a principal may see."""
    columns = {
        "path": (sources.c.name, documents.c.path),
        "state": (documents.c.state, documents.c.path),
        "pages": (documents.c.pages.desc(), documents.c.path),
        "passages": (documents.c.chunks.desc(), documents.c.path),
        "changed": (documents.c.mtime_ns.desc(), documents.c.path),
        "indexed": (documents.c.indexed_at.desc(), documents.c.path),
    }
    query = _filtered(with_source(), principal, wanted).order_by(
        *columns.get(order, columns["path"])
    )
    return list(connection.execute(query.limit(limit).offset(offset)).all())


def count_by_state(
    connection: Connection, principal: Principal, wanted: LedgerFilter
) -> dict[str, int]:
    """How many rows of the ledger stand in each state."""
    base = select(documents.c.state, func.count()).select_from(documents.join(sources))
    query = _filtered(base, principal, replace(wanted, state=None, code=None))
    return dict(connection.execute(query.group_by(documents.c.state)).tuples().all())


def count_by_reason(
    connection: Connection, principal: Principal, wanted: LedgerFilter
) -> dict[str, int]:
    """How many rows have each reason, the most frequent first."""
    base = select(documents.c.code, func.count()).select_from(documents.join(sources))
    query = _filtered(base, principal, replace(wanted, code=None)).where(
        documents.c.code.is_not(None)
    )
    counted = connection.execute(
        query.group_by(documents.c.code).order_by(func.count().desc(), documents.c.code)
    )
    return dict(counted.tuples().all())


def sources_of(connection: Connection, principal: Principal) -> list[str]:
    """The sources that have a file which the principal may see."""
    query = select(sources.c.name).select_from(documents.join(sources)).where(readable(principal))
    return list(connection.scalars(query.distinct().order_by(sources.c.name)))


def _filtered(query: Select[Any], principal: Principal, wanted: LedgerFilter) -> Select[Any]:
    query = query.where(readable(principal))
    if wanted.state:
        query = query.where(documents.c.state == wanted.state)
    if wanted.source:
        query = query.where(sources.c.name == wanted.source)
    if wanted.code:
        query = query.where(documents.c.code == wanted.code)
    if wanted.folder:
        query = query.where(documents.c.path.startswith(wanted.folder + "/", autoescape=True))
    if wanted.text:
        query = query.where(documents.c.path.icontains(wanted.text, autoescape=True))
    return query
