"""The ledger: every file with its state, as the people see it who may."""

from dataclasses import fields, replace
from typing import Any

from sqlalchemy import Connection, Select, and_, func, or_, select

from kb.catalog.arrays import among
from kb.catalog.rights import readable, readable_of_many
from kb.catalog.tables import documents, source_readers, sources
from kb.types.library import After, Document, LedgerFilter
from kb.types.people import Principal

OF_SOURCE = {
    "source": sources.c.name,
    "root": sources.c.root,
    "shown_as": sources.c.shown_as,
    "uploads": sources.c.uploads,
}
COLUMNS = tuple(
    OF_SOURCE[f.name] if f.name in OF_SOURCE else documents.c[f.name] for f in fields(Document)
)
"""In the order of a document's fields."""
PATH = (sources.c.name, documents.c.raw_path)
"""The order by path: of the bytes, since the index has them so; a member follows its container."""


def with_source() -> Select[Any]:
    """Documents beside the source they are in: for :func:`found`."""
    return select(*COLUMNS).join_from(documents, sources, sources.c.id == documents.c.source_id)


def found(connection: Connection, query: Select[Any]) -> list[Document]:
    """The documents of a query that began as :func:`with_source`."""
    return [Document(*row) for row in connection.execute(query)]


def one(connection: Connection, principal: Principal, document_id: int) -> Document | None:
    """A document, or None where there is none that the principal may read."""
    query = with_source().where(documents.c.id == document_id, readable(principal))
    return next(iter(found(connection, query)), None)


def members(
    connection: Connection, principal: Principal, container: int, limit: int
) -> list[Document]:
    """What came out of a container itself and may be read, by path."""
    query = with_source().where(documents.c.parent_id == container, readable(principal))
    return found(connection, query.order_by(documents.c.raw_path).limit(limit))


def rows(
    connection: Connection,
    principal: Principal,
    wanted: LedgerFilter,
    *,
    limit: int | None = None,
    offset: int = 0,
    order: str = "path",
    after: After | None = None,
) -> list[Document]:
    """Rows of the ledger that a principal may see; by path, also those ``after`` a row."""
    columns = {
        "path": PATH,
        "state": (documents.c.state, documents.c.path),
        "pages": (documents.c.pages.desc(), documents.c.path),
        "passages": (documents.c.chunks.desc(), documents.c.path),
        "changed": (documents.c.mtime_ns.desc(), documents.c.path),
        "indexed": (documents.c.indexed_at.desc(), documents.c.path),
    }
    query = _filtered(with_source(), principal, wanted).order_by(
        *columns.get(order, columns["path"])
    )
    if after is None:
        return found(connection, query.limit(limit).offset(offset))
    here = _of_source(query, after.source).where(documents.c.raw_path > after.raw_path)
    here = here.order_by(None).order_by(documents.c.raw_path)
    listed = found(connection, here.limit(limit))
    left = None if limit is None else limit - len(listed)
    if left != 0:
        listed += found(connection, query.where(sources.c.name > after.source).limit(left))
    return listed


def count_by_state(
    connection: Connection, principal: Principal, wanted: LedgerFilter
) -> dict[str, int]:
    """How many rows of the ledger stand in each state."""
    base = select(documents.c.state, func.count()).select_from(documents)
    query = _filtered(base, principal, replace(wanted, state=None, code=None))
    return dict(connection.execute(query.group_by(documents.c.state)).tuples().all())


def count_by_reason(
    connection: Connection, principal: Principal, wanted: LedgerFilter
) -> dict[str, int]:
    """How many rows have each reason, the most frequent first."""
    base = select(documents.c.code, func.count()).select_from(documents)
    query = _filtered(base, principal, replace(wanted, code=None)).where(
        documents.c.code.is_not(None)
    )
    counted = connection.execute(
        query.group_by(documents.c.code).order_by(func.count().desc(), documents.c.code)
    )
    return dict(counted.tuples().all())


def languages(connection: Connection) -> dict[str, int]:
    """Passages by language of their document."""
    query = (
        select(documents.c.language, func.sum(documents.c.chunks))
        .where(documents.c.chunks > 0)
        .group_by(documents.c.language)
    )
    return {language or "": int(n) for language, n in connection.execute(query).tuples()}


def all_readable(connection: Connection, principal: Principal, wanted: set[int]) -> bool:
    """Whether a principal may read every one of these documents now."""
    query = select(func.count()).where(among(documents.c.id, wanted), readable(principal))
    return not wanted or connection.scalar(query) == len(wanted)


def sources_of(connection: Connection, principal: Principal) -> list[str]:
    """The sources that have a file which the principal may see."""
    tokens = sorted(principal.tokens)
    of_source = documents.c.source_id == sources.c.id
    by_source = select(source_readers.c.token).where(
        source_readers.c.source_id == sources.c.id, among(source_readers.c.token, tokens)
    )
    as_source = select(documents.c.id).where(of_source, documents.c.rights.is_(None))
    by_set = select(documents.c.id).where(of_source, readable(principal))
    query = select(sources.c.name).where(
        or_(and_(by_source.exists(), as_source.exists()), by_set.exists())
    )
    return list(connection.scalars(query.order_by(sources.c.name)))


def _of_source(query: Select[Any], name: str) -> Select[Any]:
    number = select(sources.c.id).where(sources.c.name == name)
    return query.where(documents.c.source_id == number.scalar_subquery())


def _filtered(query: Select[Any], principal: Principal, wanted: LedgerFilter) -> Select[Any]:
    query = query.where(readable_of_many(principal))
    if wanted.path is not None:
        query = query.where(documents.c.path == wanted.path)
    if wanted.state:
        query = query.where(documents.c.state == wanted.state)
    if wanted.source:
        query = _of_source(query, wanted.source)
    if wanted.code:
        query = query.where(documents.c.code == wanted.code)
    if wanted.folder:
        query = query.where(documents.c.path.startswith(wanted.folder + "/", autoescape=True))
    if wanted.text:
        query = query.where(documents.c.path.icontains(wanted.text, autoescape=True))
    return query
