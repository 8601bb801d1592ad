"""What is done to many rows is done in few statements, and lists come a page at a time."""

from contextlib import contextmanager

import pytest
from sqlalchemy import event, text

from bench.catalog import fill
from kb.catalog import documents, groups, ledger, people, rights, sources
from kb.catalog import sessions as sessions_catalog
from kb.errors import UsageError
from kb.types.library import After, LedgerFilter
from kb.types.people import Principal
from tests.parts import catalogs as making
from web.api.ledger import cursor_of, place_of

READER = Principal("p7", frozenset({"everyone", "group:group-7", "person:p7"}))


@contextmanager
def counted(connection):
    """The statements that are sent within."""
    sent = []

    def note(_connection, _cursor, statement, *_more):
        sent.append(statement)

    event.listen(connection, "before_cursor_execute", note)
    yield sent
    event.remove(connection, "before_cursor_execute", note)


@pytest.mark.case("N21")
@pytest.mark.parametrize("kind", making.KINDS)
def test_pages_of_the_ledger_are_the_whole_of_it(kind, request, tmp_path):
    """Page after page, every row that may be seen comes once, members behind their container."""
    catalog = making.opened(kind, request, tmp_path)
    with catalog.writing() as connection:
        fill(connection, 500)
        number = sources.by_name(connection, "source-3").id
        for raw in (
            b"mail.eml",
            b"mail.eml\0b",
            b"mail.eml\0a",
            b"mail.eml.old",
            b"\xff\xfe",
            b"M",
        ):
            documents.add(connection, number, raw, raw.decode("latin-1").replace("\0", " › "))
    with catalog.reading() as connection:
        plain = connection.execute(
            text("SELECT s.name, d.raw_path FROM documents d JOIN sources s ON s.id = d.source_id")
        ).all()
        whole = ledger.rows(connection, READER, LedgerFilter())
        may = {row.id for row in whole}
        found, after = [], None
        while True:
            part = ledger.rows(connection, READER, LedgerFilter(), limit=7, after=after)
            found += [(row.source, bytes(row.raw_path)) for row in part]
            if len(part) < 7:
                break
            place = After(part[-1].source, bytes(part[-1].raw_path))
            after = place_of(cursor_of(place))
            assert after == place
    catalog.close()
    assert len(found) == len(set(found)) == len(may)
    assert [raw for name, raw in found if name == "source-3" and not raw.startswith(b"folder")] == [
        b"M", b"mail.eml", b"mail.eml\0a", b"mail.eml\0b", b"mail.eml.old", b"\xff\xfe"
    ]  # fmt: skip
    assert set(found) <= {(name, bytes(raw)) for name, raw in plain}


@pytest.mark.case("N21")
@pytest.mark.parametrize("cursor", ["", "x", "nothing", "gqNhYmM", "kg", "é", "A" * 5000])
def test_a_cursor_that_is_none_is_refused(cursor):
    """Whatever stands in the address."""
    with pytest.raises(UsageError):
        place_of(cursor)


@pytest.mark.case("N21")
def test_lists_of_everybody_are_those_of_each(tmp_path):
    """The page of people asks once for all of them what it asked for each."""
    catalog = making.opened("sqlite", None, tmp_path)
    with catalog.writing() as connection:
        fill(connection, 500)
        people.set_curators(connection, 3, ["p1", "p2"])
        people.set_curators(connection, 5, ["p2"])
        with counted(connection) as sent:
            member_of = groups.of_everybody(connection)
            curated = people.curated_by_all(connection)
            sessions = sessions_catalog.of_everybody(connection)
        assert len(sent) == 3
        for person in people.all_of(connection):
            assert member_of.get(person.id, []) == groups.of_person(connection, person.id)
            assert curated.get(person.id, []) == people.sources_curated(connection, person.id)
            assert sessions.get(person.id, []) == sessions_catalog.of_person(connection, person.id)
    catalog.close()


@pytest.mark.case("N21")
@pytest.mark.parametrize("kind", making.KINDS)
def test_many_are_removed_and_given_rights_in_few_statements(kind, request, tmp_path):
    """One statement for each set of readers and each depth of members, not for each document."""
    catalog = making.opened(kind, request, tmp_path)
    with catalog.writing() as connection:
        one = making.source(connection, "one")
        made = []
        for n in range(60):
            parent = documents.add(connection, one.id, b"%d" % n, str(n))
            child = documents.add(connection, one.id, b"%d\0c" % n, f"{n} › c", parent_id=parent)
            grandchild = documents.add(
                connection, one.id, b"%d\0c\0d" % n, f"{n} › c › d", parent_id=child
            )
            made += [parent, child, grandchild]
        some = rights.keep_set(connection, ["group:a"])
        wanted = {number: some if n % 2 else None for n, number in enumerate(made)}
        with counted(connection) as sent:
            changed = rights.give(connection, wanted)
        assert len(sent) <= 3
        given = dict(connection.execute(text("SELECT id, rights FROM documents")).tuples().all())
        assert given == wanted
        assert set(changed) == {number for number, set_ in wanted.items() if set_}
        with counted(connection) as sent:
            assert documents.remove(connection, made[0:90:3]) == 90
        assert len(sent) < 15
        left = connection.execute(text("SELECT id FROM documents")).scalars().all()
        assert set(left) == set(made[90:])
    catalog.close()
