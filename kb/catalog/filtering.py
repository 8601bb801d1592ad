"""Filters and facets over documents, always under somebody's rights."""

import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Connection, Select, and_, func, literal_column, or_, select

from kb.catalog import phrases
from kb.catalog.arrays import among
from kb.catalog.rights import readable_of_many
from kb.catalog.tables import documents, sources
from kb.text.queries import TYPES, Wanted, type_of, words_in
from kb.types.passages import StoredChunk
from kb.types.people import Principal
from kb.types.points import ORDINAL_BITS, points_in

SEARCHABLE = documents.c.chunks > literal_column("0")
"""As the index over them says it: a parameter in its place would leave the index unused."""
NANO = 1_000_000_000
"""Nanoseconds of a second."""
Facets = dict[str, list[tuple[str, int]]]
"""Values of each kind with how many documents have them, the most frequent first."""
MOST_VALUES = 30
"""Most years that stand among the filters beside the results, the latest first."""


def condition(wanted: Wanted) -> Any:
    """The condition that a document is one of those wanted."""
    parts = [SEARCHABLE]
    if wanted.sources:
        named = among(func.lower(sources.c.name), [s.lower() for s in wanted.sources])
        parts.append(documents.c.source_id.in_(select(sources.c.id).where(named)))
    if wanted.types:
        parts.append(or_(*(_is_of(t) for t in wanted.types)))
    if wanted.languages:
        parts.append(among(documents.c.language, wanted.languages))
    if wanted.authors:
        parts.append(
            or_(*(documents.c.author.icontains(a, autoescape=True) for a in wanted.authors))
        )
    parts += [or_(*_has_name(name)) for name in wanted.names]
    if wanted.after is not None:
        parts.append(documents.c.dated_ns >= int(wanted.after) * NANO)
    if wanted.before is not None:
        parts.append(documents.c.dated_ns < int(wanted.before) * NANO)
    if wanted.years:
        parts.append(or_(*(_is_from(year) for year in wanted.years)))
    return and_(*parts)


def _has_name(name: str) -> Iterator[Any]:
    """That a path has a name, with its accents composed or apart: systems write them both ways."""
    for form in ("NFC", "NFD"):
        spelled = unicodedata.normalize(form, name)
        yield documents.c.path.icontains(spelled, autoescape=True)


def _is_of(kind: str) -> Any:
    if kind == "picture":
        return documents.c.media_type.startswith("image/")
    return among(documents.c.media_type, TYPES[kind])


def _is_from(year: int) -> Any:
    first, after = (int(datetime(y, 1, 1, tzinfo=UTC).timestamp()) for y in (year, year + 1))
    return and_(documents.c.dated_ns >= first * NANO, documents.c.dated_ns < after * NANO)


def _from(query: Select[Any], principal: Principal, wanted: Wanted) -> Select[Any]:
    query = query.select_from(documents).where(readable_of_many(principal))
    return query.where(condition(wanted))


def count(connection: Connection, principal: Principal, wanted: Wanted) -> int:
    """How many of the documents wanted may be read."""
    query = _from(select(func.count()), principal, wanted)
    return int(connection.scalar(query) or 0)


def points(
    connection: Connection, principal: Principal, wanted: Wanted, most: int
) -> list[int] | None:
    """The points of the passages wanted, in documents that may be read.

    None where there are more than ``most``: no more than that is read.
    """
    if wanted.phrases:
        query = _with_phrases(connection, principal, wanted).limit(most + 1)
        exact = list(connection.scalars(query))
        return exact if len(exact) <= most else None
    found: list[int] = []
    columns = select(documents.c.version, documents.c.chunks)
    query = _from(columns, principal, wanted).where(documents.c.version.is_not(None))
    with connection.execute(query.limit(most + 1)) as rows:
        for number, chunks in rows.tuples():
            found += points_in(number, chunks)
            if len(found) > most:
                return None
    return found


def _with_phrases(connection: Connection, principal: Principal, wanted: Wanted) -> Select[Any]:
    """The points of passages with every phrase wanted."""
    with_phrases = phrases.points_with(connection, wanted.phrases).subquery("with_phrases")
    joined = with_phrases.join(
        documents,
        documents.c.version == with_phrases.c.point.bitwise_rshift(ORDINAL_BITS),
    )
    return (
        select(with_phrases.c.point)
        .select_from(joined)
        .where(readable_of_many(principal), condition(wanted))
    )


def points_with_any(
    connection: Connection, principal: Principal, spellings: Sequence[str], most: int
) -> list[int]:
    """Points of passages that have one of some phrases, in documents that may be read.

    The phrases are words as ``queries.words_in`` gives them; at most so many points are read.
    """
    having = phrases.points_with_any(connection, spellings).subquery("having")
    joined = having.join(
        documents, documents.c.version == having.c.point.bitwise_rshift(ORDINAL_BITS)
    )
    query = (
        select(having.c.point)
        .select_from(joined)
        .where(readable_of_many(principal), SEARCHABLE)
        .limit(most)
    )
    return list(connection.scalars(query))


def those_of(
    connection: Connection, principal: Principal, wanted: Wanted, stored: Iterable[StoredChunk]
) -> set[int]:
    """The points of those passages that are wanted; their texts are there already."""
    with_phrases = [
        chunk
        for chunk in stored
        if not wanted.phrases or _has_phrases(words_in(chunk.text), wanted.phrases)
    ]
    query = _from(select(documents.c.id), principal, wanted)
    ids = sorted({chunk.document_id for chunk in with_phrases})
    found = set(connection.scalars(query.where(among(documents.c.id, ids))))
    return {chunk.point for chunk in with_phrases if chunk.document_id in found}


def _has_phrases(words: str, wanted: Iterable[str]) -> bool:
    return all(f" {words_in(p, is_folded=True)} " in f" {words} " for p in wanted)


def latest(connection: Connection, principal: Principal, wanted: Wanted, limit: int) -> list[int]:
    """The documents wanted, the last changed first."""
    query = _from(select(documents.c.id), principal, wanted)
    query = query.order_by(documents.c.mtime_ns.desc(), documents.c.id).limit(limit)
    return list(connection.scalars(query))


def facets(connection: Connection, principal: Principal, wanted: Wanted) -> Facets:
    """How many readable documents have each value, under the filters of the other kinds."""
    undated = replace(wanted, after=None, before=None, years=())
    by_type: dict[str, int] = {}
    for media, count in _count(
        connection, principal, replace(wanted, types=()), documents.c.media_type
    ):
        kind = type_of(media)
        if kind:
            by_type[kind] = by_type.get(kind, 0) + count
    by_year: dict[str, int] = {}
    day = documents.c.dated_ns // (86_400 * NANO)
    for number, count in _count(connection, principal, undated, day):
        year = str(datetime.fromtimestamp(int(number) * 86_400, UTC).year)
        by_year[year] = by_year.get(year, 0) + count
    of_source = dict(
        _count(connection, principal, replace(wanted, sources=()), documents.c.source_id)
    )
    names = connection.execute(select(sources.c.name, sources.c.id)).tuples()
    by_source = {name: of_source[number] for name, number in names if number in of_source}
    return {
        "source": _ordered(by_source),
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
