"""Filters and facets over documents, always under somebody's rights."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Connection, Select, and_, func, or_, select

from kb.catalog import versions
from kb.catalog.arrays import among
from kb.catalog.rights import readable
from kb.catalog.tables import chunks, documents, sources
from kb.queries import TYPES, Wanted, folded, type_of
from kb.types import Principal

SEARCHABLE = documents.c.chunks > 0
NANO = 1_000_000_000
Facets = dict[str, list[tuple[str, int]]]
"""Values of each kind with how many documents have them, the most frequent first."""
MOST_VALUES = 30


def condition(wanted: Wanted) -> Any:
    """That a document is one of those wanted."""
    parts = [SEARCHABLE]
    if wanted.sources:
        parts.append(among(func.lower(sources.c.name), [s.lower() for s in wanted.sources]))
    if wanted.types:
        parts.append(or_(*(_is_of(t) for t in wanted.types)))
    if wanted.languages:
        parts.append(among(documents.c.language, wanted.languages))
    if wanted.authors:
        parts.append(
            or_(*(documents.c.author.icontains(a, autoescape=True) for a in wanted.authors))
        )
    parts += [documents.c.path.icontains(n, autoescape=True) for n in wanted.names]
    if wanted.after is not None:
        parts.append(documents.c.mtime_ns >= int(wanted.after) * NANO)
    if wanted.before is not None:
        parts.append(documents.c.mtime_ns < int(wanted.before) * NANO)
    return and_(*parts)


def _is_of(kind: str) -> Any:
    if kind == "picture":
        return documents.c.media_type.startswith("image/")
    return among(documents.c.media_type, TYPES[kind])


def _from(query: Select[Any], principal: Principal, wanted: Wanted) -> Select[Any]:
    joined = query.select_from(documents.join(sources)).where(readable(principal))
    return joined.where(condition(wanted))


def document_ids(connection: Connection, principal: Principal, wanted: Wanted) -> dict[int, int]:
    """The documents wanted that may be read: id to its number of passages."""
    query = _from(select(documents.c.id, documents.c.chunks), principal, wanted)
    return dict(connection.execute(query).tuples().all())


def points(connection: Connection, ids: list[int]) -> list[int]:
    """The points of documents' current versions."""
    found: list[int] = []
    for start in range(0, len(ids), 900):
        query = select(documents.c.version, documents.c.chunks).where(
            among(documents.c.id, ids[start : start + 900]), documents.c.version.is_not(None)
        )
        for number, count in connection.execute(query).tuples():
            found += [versions.point_of(number, n) for n in range(count)]
    return found


def points_with(connection: Connection, principal: Principal, wanted: Wanted) -> list[int]:
    """The points whose text has every phrase wanted, in documents that may be read."""
    query = (
        select(chunks.c.point, chunks.c.text)
        .join(documents, documents.c.version == chunks.c.version)
        .join(sources, sources.c.id == documents.c.source_id)
        .where(readable(principal), condition(wanted))
    )
    phrases = [f" {' '.join(_bare(p).split())} " for p in wanted.phrases]
    found = connection.execute(query).tuples()
    return [p for p, text in found if all(phrase in _spaced(text) for phrase in phrases)]


def _bare(text: str) -> str:
    return "".join(c if c.isalnum() else " " for c in text).strip()


def _spaced(text: str) -> str:
    return f" {' '.join(_bare(folded(text)).split())} "


def latest(connection: Connection, principal: Principal, wanted: Wanted, limit: int) -> list[int]:
    """The documents wanted, the last changed first."""
    query = _from(select(documents.c.id), principal, wanted)
    query = query.order_by(documents.c.mtime_ns.desc(), documents.c.id).limit(limit)
    return list(connection.scalars(query))


def facets(connection: Connection, principal: Principal, wanted: Wanted) -> Facets:
    """How many readable documents have each value, under the filters of the other kinds."""
    undated = replace(wanted, after=None, before=None)
    by_type: dict[str, int] = {}
    for media, count in _count(
        connection, principal, replace(wanted, types=()), documents.c.media_type
    ):
        kind = type_of(media)
        if kind:
            by_type[kind] = by_type.get(kind, 0) + count
    by_year: dict[str, int] = {}
    day = documents.c.mtime_ns // (86_400 * NANO)
    for number, count in _count(connection, principal, undated, day):
        year = str(datetime.fromtimestamp(int(number) * 86_400, UTC).year)
        by_year[year] = by_year.get(year, 0) + count
    return {
        "source": _count(connection, principal, replace(wanted, sources=()), sources.c.name),
        "type": _ordered(by_type),
        "language": _count(
            connection, principal, replace(wanted, languages=()), documents.c.language
        ),
        "year": sorted(by_year.items(), reverse=True)[:MOST_VALUES],
        "author": _count(connection, principal, replace(wanted, authors=()), documents.c.author),
    }


def _count(
    connection: Connection, principal: Principal, wanted: Wanted, column: Any
) -> list[tuple[Any, int]]:
    query = _from(select(column, func.count()), principal, wanted)
    query = query.where(column.is_not(None)).group_by(column)
    counted = connection.execute(query.order_by(func.count().desc(), column)).tuples().all()
    return [(value, int(count)) for value, count in counted]


def _ordered(counted: dict[str, int]) -> list[tuple[str, int]]:
    return sorted(counted.items(), key=lambda item: (-item[1], item[0]))
