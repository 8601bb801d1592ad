"""What both databases promise alike. Each expectation is read with plain SQL."""

import random
import re
import threading
from pathlib import Path

import pytest
from alembic import command
from alembic.config import Config
from sqlalchemy import create_engine, insert, select, text

from ingest.reading.reader import Work
from ingest.recording import outcomes
from kb import settings as settings_module
from kb.catalog import documents, generations, groups, leases, ledger, names, sources, versions
from kb.catalog.arrays import among
from kb.catalog.database import hold_seq, open_catalog
from kb.catalog.tables import counters
from kb.catalog.tables import groups as groups_table
from kb.errors import ConflictError, KbError, RetryableError, UsageError
from kb.types.files import Stat
from kb.types.library import LedgerFilter
from kb.types.people import Principal
from kb.types.versions import Content, Facts, KeptMember, Ready
from kb.upkeep.publishing import Publisher
from tests.parts.processes import HANGING, wait_for

MANY = 70_000
"""More than PostgreSQL (65,535) and SQLite (32,766) take as parameters."""


@pytest.mark.case("N20")
def test_what_is_done_to_many_documents_is_one_statement(catalog):
    """A share of 70,000 documents that is gone is held, not refused."""
    with catalog.writing() as connection:
        source = sources.add(connection, "s", "/nowhere", ("everyone", "owner"))
        wanted = [documents.add(connection, source.id, b"%d" % n, str(n)) for n in range(3)]
    with catalog.writing() as connection:
        documents.hold(connection, [*range(10_000, 10_000 + MANY), *wanted[:2]])
        assert ledger.all_readable(connection, Principal("a", frozenset({"everyone"})), {wanted[0]})
        assert not ledger.all_readable(
            connection, Principal("a", frozenset({"everyone"})), set(range(MANY))
        )
    with catalog.reading() as connection:
        held = connection.execute(text("SELECT path FROM documents WHERE held ORDER BY path"))
        assert held.scalars().all() == ["0", "1"]


@pytest.mark.case("N20")
def test_somebody_may_carry_many_tokens(catalog):
    """70,000 rules that fit one person are no error."""
    tokens = {"everyone", *(f"acl:{n:032x}" for n in range(MANY))}
    with catalog.writing() as connection:
        source = sources.add(connection, "s", "/nowhere", ("everyone", "owner"))
        documents.add(connection, source.id, b"a", "a")
    with catalog.reading() as connection:
        counted = ledger.count_by_state(
            connection, Principal("anna", frozenset(tokens)), LedgerFilter()
        )
        assert sum(counted.values()) == 1
        assert names.named(connection, Principal("anna", frozenset(tokens)), "a " * MANY) == {}


@pytest.mark.case("N20")
@pytest.mark.parametrize("values", [[], [""], ["a"], ["a", "ä", "it's", 'a"b', "{x}", "a,b", "\\"]])
def test_a_value_is_among_others_as_it_stands(catalog, values):
    """An array of values means what one value after another means."""
    every = ["", "a", "ä", "A", "it's", 'a"b', "{x}", "a,b", "\\", "NULL"]
    with catalog.writing() as connection:
        connection.execute(insert(counters), [{"name": name, "value": 1} for name in every])
    with catalog.reading() as connection:
        found = connection.scalars(select(counters.c.name).where(among(counters.c.name, values)))
        assert set(found) == set(every) & set(values)


@pytest.mark.case("N20")
def test_no_condition_counts_its_values():
    """Lists of values that are not written out here go through ``among``."""
    pattern = re.compile(
        r"\.in_\((?!\(|select\(|union\(|(by_source|by_set|silent|of_them|living|points|put_there|liked|asked|of_named|[A-Z_]+)\))"
    )  # subqueries, and what is written out once
    found = [
        f"{path}:{number}"
        for room in ("kb", "ingest", "web")
        for path in Path(room).rglob("*.py")
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1)
        if pattern.search(line)
    ]
    assert found == []


@pytest.mark.case("N20")
def test_two_looks_in_one_reading_agree(catalog):
    """What is written meanwhile is seen by the next reading, not by half of this one."""
    query = text("SELECT value FROM counters WHERE name = 'seq'")
    with catalog.reading() as reader:
        before = reader.scalar(query)
        with catalog.writing() as writer:
            writer.execute(text("UPDATE counters SET value = value + 1 WHERE name = 'seq'"))
        assert reader.scalar(query) == before
    with catalog.reading() as reader:
        assert reader.scalar(query) == before + 1


@pytest.mark.case("N20")
def test_who_reads_does_not_write(postgres, tmp_path):
    """PostgreSQL refuses a change within a reading."""
    catalog = opened(postgres, tmp_path)
    with pytest.raises(KbError), catalog.reading() as reader:
        reader.execute(text("UPDATE counters SET value = 7"))
    with catalog.reading() as reader:
        assert reader.scalar(text("SELECT count(*) FROM counters WHERE value = 7")) == 0
    catalog.close()


def opened(url, tmp_path):
    from kb import settings

    environment = {"KB_DATA_DIR": str(tmp_path / "data"), "KB_CATALOG__URL": url}
    return open_catalog(settings.load({}, environment))


def at_once(catalog, do):
    """What two get who begin their transaction, wait for each other, and do the same."""
    barrier, got = threading.Barrier(2), []

    def one():
        try:
            with catalog.writing() as connection:
                connection.execute(text("SELECT 1"))
                barrier.wait(300)
                got.append(do(connection))
        except KbError as error:
            got.append(error.status)

    threads = [threading.Thread(target=one) for _ in range(2)]
    [thread.start() for thread in threads]
    [thread.join(300) for thread in threads]
    return sorted(got, key=str)


@pytest.mark.case("N20")
def test_one_of_two_takes_a_lease_that_nobody_had(postgres, tmp_path):
    """The other one is told no, not an error."""
    catalog = opened(postgres, tmp_path)
    take = lambda c: leases.take(c, "source:77", leases.new_owner())
    assert at_once(catalog, take) == [False, True]
    catalog.close()


@pytest.mark.case("N20")
def test_one_of_two_adds_a_group(postgres, tmp_path):
    """A name that somebody took a moment before is a conflict."""
    catalog = opened(postgres, tmp_path)
    assert at_once(catalog, lambda c: groups.add(c, "night")) == [409, None]
    catalog.close()


@pytest.mark.case("N20")
def test_a_row_that_is_there_already_is_a_conflict(catalog):
    """A unique violation is 409, on either database."""
    for _ in range(2):
        try:
            with catalog.writing() as connection:
                connection.execute(insert(groups_table).values(name="night"))
        except ConflictError as error:
            assert error.code == "exists_already"
            break
    else:
        raise AssertionError("two groups of one name")


@pytest.mark.case("N20")
def test_what_refers_to_nothing_is_a_conflict(catalog):
    """A row whose parent has gone meanwhile is 409."""
    with pytest.raises(ConflictError), catalog.writing() as connection:
        connection.execute(
            text("INSERT INTO source_readers (source_id, token) VALUES (4711, 'everyone')")
        )


@pytest.mark.case("N20")
@pytest.mark.parametrize("value", ["a\ud800b", 2**63, "nul\0"])
def test_what_no_database_can_keep_is_told(catalog, value):
    """Half a surrogate pair and a number beyond 64 bits are the asker's mistake; so is NUL."""
    number = isinstance(value, int)
    statement = "INSERT INTO counters (name, value) VALUES (:name, :value)"
    row = {"name": "x" if number else value, "value": value if number else 1}
    try:
        with catalog.writing() as connection:
            connection.execute(text(statement), row)
    except UsageError as error:
        assert error.code == "bad_value"
    else:
        assert value == "nul\0"
        with catalog.reading() as connection:  # SQLite keeps it as it is
            assert value in connection.scalars(select(counters.c.name))


@pytest.mark.case("N20")
def test_a_mistake_of_ours_is_no_riddle(catalog):
    """A statement that the database does not understand is an error of ours too."""
    with pytest.raises(KbError) as found, catalog.reading() as connection:
        connection.execute(text("SELECT nothing FROM nowhere"))
    assert found.value.code in {"catalog_error", "catalog_unavailable"}
    assert "nowhere" not in found.value.message


@pytest.mark.case("N20")
def test_a_server_that_went_away_is_told_without_its_address(postgresql, postgres, tmp_path):
    """Every kind of lost connection is "come again", and names no address."""
    catalog = opened(postgres, tmp_path)
    with pytest.raises(RetryableError) as found, catalog.reading() as connection:
        with catalog.writing() as other:
            mine = connection.scalar(text("SELECT pg_backend_pid()"))
            other.execute(text("SELECT pg_terminate_backend(:pid, 5000)"), {"pid": mine})
        connection.execute(text("SELECT 1"))
    assert found.value.code == "catalog_unavailable"
    assert not re.search(r"\d", found.value.message)
    with catalog.reading() as connection:
        assert connection.scalar(text("SELECT 1")) == 1
    catalog.close()


@pytest.mark.case("N20")
def test_a_damaged_file_is_told_in_plain_words(tmp_path):
    """A SQLite file whose pages are overwritten is named as damaged."""
    catalog = opened("", tmp_path)
    with catalog.writing() as connection:
        connection.execute(insert(counters), [{"name": f"n{n}", "value": n} for n in range(9000)])
    catalog.compact()
    catalog.close()
    file = tmp_path / "data" / "catalog.sqlite3"
    content = bytearray(file.read_bytes())
    content[8192:] = b"\xa5" * (len(content) - 8192)
    file.write_bytes(content)
    with pytest.raises(KbError) as found:
        catalog = opened("", tmp_path)
        with catalog.reading() as connection:
            connection.execute(text("SELECT sum(value) FROM counters")).all()
    assert found.value.code in {"catalog_damaged", "catalog_unavailable"}


def waits_for_a_lock(connection) -> bool:
    """Whether another connection waits for what this one holds. SQLite, which lets one write at a time, does not say."""
    return connection.dialect.name == "sqlite" or connection.scalar(
        text(
            "SELECT count(*) > 0 FROM pg_locks "
            "WHERE NOT granted AND pg_backend_pid() = ANY (pg_blocking_pids(pid))"
        )
    )


@pytest.mark.case("N07")
def test_nothing_is_published_into_a_generation_that_is_being_left(catalog):
    """A rebuild holds publishing and switches; who asked just before publishes anew."""
    publisher = Publisher(catalog, None, None, None)
    with catalog.writing() as connection:
        source = sources.add(connection, "s", "/nowhere", ("everyone", "owner"))
        document = documents.add(connection, source.id, b"a", "a")
        leases.take(connection, "lease", "owner")
        old = generations.begin(connection, "f", {}, generations.LIVE)
        new = generations.begin(connection, "f", {})
        number = versions.begin(connection, document, "owner", "hash")
    facts = Facts(stat=Stat(0, 0, 0), content_hash="hash")
    ready = [Ready(document, number, 0, Content(facts), {})]
    stamped = {document: ["everyone", "owner"]}
    done = []

    begun = threading.Event()

    def publish() -> None:
        begun.set()
        done.append(publisher._commit(f"g{old}", ready, stamped, "lease", "owner"))

    with catalog.writing() as connection:
        hold_seq(connection)
        thread = threading.Thread(target=publish)
        thread.start()
        begun.wait(HANGING)
        wait_for(lambda: done or waits_for_a_lock(connection))
        generations.switch(connection, new)
    thread.join(300)
    assert done == [None]


@pytest.mark.case("N05")
def test_members_may_have_long_names_on_long_paths(catalog):
    """PostgreSQL refuses long paths in an index; that stopped every run over their source."""
    outer = random.Random(5).randbytes(2390).replace(b"\0", b"/")
    found = tuple(KeptMember("漢" * 390 + str(n), "0" * 64, 1) for n in range(2))
    for _ in range(2):
        with catalog.writing() as connection:
            source = (
                sources.by_name(connection, "s")
                if _
                else sources.add(connection, "s", "/nowhere", ("everyone", "owner"))
            )
            document = documents.add(connection, source.id, outer, "outer")
            work = outcomes.members(connection, source.id, Work(document, "outer", 0), found)
            assert len({w.document_id for w in work}) == 2
            documents.rename(connection, document, outer[:-1] + b"long name", "outer")
            documents.rename(connection, document, outer, "outer")
    with catalog.reading() as connection:
        rows = connection.execute(text("SELECT raw_path FROM documents")).scalars().all()
    assert len(rows) == 3
    assert all(bytes(raw).split(b"\0")[0] == outer for raw in rows)


@pytest.mark.case("N20")
def test_an_older_catalog_has_names_as_long_as_they_may_be(postgres):
    """PostgreSQL refuses a token that is longer than its column; the upgrade ended there."""
    config = Config()
    config.set_main_option("script_location", str(Path("kb/catalog/migrations").absolute()))
    with create_engine(postgres).begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "0008")
        for table in ("groups", "people"):
            rows = [{"id": n, "name": f"{n}" * n} for n in (1, 3, 200)]
            rows[-1]["name"] = "x" * 200
            connection.execute(text(f"INSERT INTO {table} (id, name) VALUES (:id, :name)"), rows)
    opened = open_catalog(settings_module.load({"catalog.url": postgres}, {}))
    with opened.reading() as connection:
        for table, prefix in (("groups", "group:"), ("people", "person:")):
            query = text(f"SELECT token FROM {table} ORDER BY id")
            short, three, long = connection.execute(query).scalars().all()
            assert (short, three) == (f"{prefix}1", f"{prefix}333")
            assert re.fullmatch(f"{prefix}[0-9a-f]{{16}}", long)
    opened.close()
