"""What leaves with an export: rows of the catalog, read under the rights of one moment.

``principal`` None stands for whoever may read everything.
"""

from collections.abc import Collection, Iterator, Sequence
from typing import Any

import msgspec
from sqlalchemy import ColumnElement, Connection, select

from kb.catalog import answers as kept_answers
from kb.catalog.arrays import among
from kb.catalog.rights import readable, readable_text_of
from kb.catalog.tables import (
    answers,
    chunks,
    conversations,
    documents,
    feedback,
    glossary,
    groups,
    judged_questions,
    memberships,
    people,
    pins,
    sources,
    versions,
)
from kb.types.kept import KeptAnswer
from kb.types.leaving import (
    LeftChunk,
    LeftConversation,
    LeftDocument,
    LeftGroup,
    LeftJudged,
    LeftOpinion,
    LeftPerson,
    LeftPin,
    LeftTerm,
)
from kb.types.passages import Layout
from kb.types.people import LOCAL, Principal

PART = 200
"""Versions whose passages are in memory at once."""
_OTHERWISE = {"source": sources.c.name, "parent": documents.c.parent_id}
_FIELDS = [f for f in LeftDocument.__struct_fields__ if f != "file"]
_COLUMNS = [(_OTHERWISE[f] if f in _OTHERWISE else documents.c[f]).label(f) for f in _FIELDS]


def documents_of(
    connection: Connection, principal: Principal | None, named: Collection[str]
) -> list[tuple[LeftDocument, str | None]]:
    """Documents of the sources that are named, by id, each with the key of its elements."""
    query = (
        select(documents.c.blob.label("key"), *_COLUMNS)
        .join(sources, sources.c.id == documents.c.source_id)
        .where(among(sources.c.name, named), *_for(principal))
        .order_by(documents.c.id)
    )
    return [(_document(rest), key) for key, *rest in connection.execute(query)]


def _document(row: Sequence[Any]) -> LeftDocument:
    return LeftDocument(**dict(zip(_FIELDS, row, strict=True)))


def _for(principal: Principal | None) -> list[ColumnElement[bool]]:
    return [] if principal is None else [readable(principal)]


def chunks_of(connection: Connection, numbers: Sequence[int]) -> Iterator[tuple[int, LeftChunk]]:
    """The passages of versions, in order, each with its version."""
    for start in range(0, len(numbers), PART):
        query = (
            select(
                chunks.c.version, versions.c.document_id, chunks.c.ordinal, chunks.c.page,
                chunks.c.section, chunks.c.text, chunks.c.embedded_text, chunks.c.vector_hash,
                chunks.c.layout,
            )
            .join(versions, versions.c.number == chunks.c.version)
            .where(among(chunks.c.version, numbers[start : start + PART]))
            .order_by(chunks.c.point)
        )  # fmt: skip
        for (
            version,
            document,
            ordinal,
            page,
            section,
            text,
            embedded,
            hashed,
            packed,
        ) in connection.execute(query):
            layout = msgspec.msgpack.decode(packed, type=Layout)
            yield (
                version,
                LeftChunk(
                    document=document,
                    ordinal=ordinal,
                    page=page,
                    section=section,
                    text=text,
                    embedded_text=embedded,
                    vector=hashed,
                    spans=layout.spans,
                    lines=layout.lines,
                ),
            )


def conversations_of(connection: Connection, principal: Principal | None) -> list[LeftConversation]:
    """Conversations, the first begun first; of a person: their own."""
    mine = [] if principal is None else [conversations.c.asker == principal.name]
    columns = [conversations.c[f] for f in LeftConversation.__struct_fields__]
    query = select(*columns).where(*mine).order_by(conversations.c.started_at, conversations.c.id)
    return [LeftConversation(**row._asdict()) for row in connection.execute(query)]


def answers_of(connection: Connection, principal: Principal | None) -> Iterator[KeptAnswer]:
    """Answers, the first asked first; of a person: their own."""
    mine = [] if principal is None else [answers.c.asker == principal.name]
    ids = select(answers.c.id).where(*mine).order_by(answers.c.asked_at, answers.c.id)
    for number in connection.scalars(ids).all():
        yield from kept_answers.all_of(connection, select(answers).where(answers.c.id == number))


def opinions_of(connection: Connection, answer_id: str) -> list[LeftOpinion]:
    """What was said of an answer."""
    columns = [feedback.c[f] for f in LeftOpinion.__struct_fields__]
    query = select(*columns).where(feedback.c.answer_id == answer_id).order_by(feedback.c.citation)
    return [LeftOpinion(**row._asdict()) for row in connection.execute(query)]


def documents_of_versions(connection: Connection, numbers: Collection[int]) -> dict[int, int]:
    """The document of each of these versions that are known."""
    query = select(versions.c.number, versions.c.document_id)
    return dict(connection.execute(query.where(among(versions.c.number, numbers))).tuples().all())


def pins_of(
    connection: Connection, principal: Principal | None, ids: Collection[int]
) -> list[LeftPin]:
    """Pinned answers of these documents."""
    query = select(
        pins.c.question, pins.c.answer, pins.c.author, pins.c.pinned_at,
        pins.c.document_id.label("document"), pins.c.address.label("passage"),
    ).join(documents, documents.c.id == pins.c.document_id)  # fmt: skip
    wanted = [] if principal is None else [readable_text_of(principal, pins)]
    rows = connection.execute(query.where(*wanted).order_by(pins.c.pinned_at, pins.c.id))
    found = [LeftPin(**row._asdict()) for row in rows]
    return [
        msgspec.structs.replace(pin, passage=pin.passage.rpartition("passage=")[2])
        for pin in found
        if pin.document in ids
    ]


def judged_of(
    connection: Connection, principal: Principal | None, ids: Collection[int]
) -> list[LeftJudged]:
    """Questions with the passages of these documents that somebody called right; one's own."""
    table = judged_questions
    query = select(
        table.c.question, table.c.asker, table.c.judged_at, table.c.document_id.label("document"),
        table.c.page, table.c.section, table.c.text,
    ).join(documents, documents.c.id == table.c.document_id)  # fmt: skip
    if principal is not None:
        query = query.where(readable_text_of(principal, table), table.c.asker == principal.name)
    rows = connection.execute(query.order_by(table.c.judged_at, table.c.id))
    return [one for row in rows if (one := LeftJudged(**row._asdict())).document in ids]


def terms(connection: Connection) -> list[LeftTerm]:
    """The glossary."""
    query = select(glossary.c.short, glossary.c.meaning).order_by(glossary.c.short)
    return [LeftTerm(**row._asdict()) for row in connection.execute(query)]


def groups_of(connection: Connection) -> list[LeftGroup]:
    """Every group, with the members that are kept here."""
    query = (
        select(groups.c.name, people.c.name)
        .outerjoin(
            memberships,
            (memberships.c.group_id == groups.c.id) & (memberships.c.origin == LOCAL),
        )
        .outerjoin(people, people.c.id == memberships.c.person_id)
        .order_by(groups.c.name, people.c.name)
    )
    found: dict[str, list[str]] = {}
    for group, member in connection.execute(query).tuples():
        found.setdefault(group, []).extend([member] if member else [])
    return [LeftGroup(name=name, members=members) for name, members in found.items()]


def people_of(connection: Connection) -> list[LeftPerson]:
    """Everybody, by name."""
    query = select(people.c.name, people.c.shown_name).order_by(people.c.name)
    return [LeftPerson(**row._asdict()) for row in connection.execute(query)]
