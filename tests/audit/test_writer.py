"""From the spool into the chain, on each database. What is in the log is read with plain SQL."""

import ctypes
import json
import os
import shutil
import signal
import subprocess
import sys
import threading

import pytest
from sqlalchemy import text

from kb.audit import spools
from kb.audit.log import Audit
from kb.catalog import audit as log
from kb.errors import RetryableError
from kb.rights import access
from kb.settings import AuditSection
from tests.parts.processes import wait_for

OWNER = access.owner()


@pytest.fixture
def audit(catalog, tmp_path):
    made = Audit(catalog, AuditSection(spool_mb=1), tmp_path / "audit")
    yield made
    made.close()


def logged(catalog):
    """Action and target of every entry, in order."""
    with catalog.reading() as connection:
        rows = connection.execute(text("SELECT entry FROM audit ORDER BY seq")).scalars().all()
        assert log.verify(connection).intact
    return [(e["action"], e["target"]) for e in map(json.loads, rows)]


@pytest.mark.case("N15")
def test_a_look_is_in_the_chain_a_moment_later(catalog, audit):
    """Without closing, within the writer's next rounds."""
    audit.looked(OWNER, "document.open", "a.txt")
    wait_for(lambda: logged(catalog) == [("document.open", "a.txt")])
    wait_for(lambda: audit.health().waiting == 0)
    assert audit.health().state == "ok"


@pytest.mark.case("N15")
@pytest.mark.parametrize(
    "words", ["bridge\0x", "bridge \ud800 opened", "\udfff" * 5, "a" * 400_000]
)
def test_one_question_stops_no_later_entry(catalog, audit, words):
    """A NUL, half a surrogate pair, a very long text: the entries after it are there."""
    audit.asked(OWNER, "search", "normal", [], 0.1)
    audit.asked(OWNER, "search", words, [], 0.1)
    audit.looked(OWNER, "document.open", words)
    for n in range(3):
        audit.looked(OWNER, "document.open", str(n))
    audit.close()
    found = logged(catalog)
    assert [action for action, _ in found[:3]] == ["search", "search", "document.open"]
    assert found[3:] == [("document.open", str(n)) for n in range(3)]
    with catalog.reading() as connection:
        assert connection.scalar(text("SELECT count(*) FROM asked")) in {1, 2}


@pytest.mark.case("N15")
@pytest.mark.parametrize("bad", [b"no json", b"{}", b'{"at": "x"}', b"\xff\xfe", b"[1]"])
def test_a_bad_record_is_set_aside_and_named(catalog, tmp_path, bad):
    """What an earlier process left and nobody can read has an entry of its own."""
    left = spools.open_one(tmp_path / "audit", 1 << 20)
    left.put(bad)
    left.close()
    audit = Audit(catalog, AuditSection(spool_mb=1), tmp_path / "audit")
    for n in range(5):
        audit.looked(OWNER, "document.open", str(n))
    audit.close()
    found = logged(catalog)
    assert found[0][0] == "audit.set_aside"
    assert found[1:] == [("document.open", str(n)) for n in range(5)]
    assert audit.health().set_aside == 1


@pytest.mark.case("N15")
def test_an_entry_that_the_database_refuses_is_set_aside(catalog, audit):
    """The database says no to one of many; the others are kept, and that one is named."""
    with catalog.writing() as connection:
        if connection.dialect.name == "sqlite":
            connection.exec_driver_sql(
                "CREATE TRIGGER no BEFORE INSERT ON audit WHEN NEW.action = 'bad' "
                "BEGIN SELECT RAISE(ABORT, 'no'); END"
            )
        else:
            connection.exec_driver_sql("ALTER TABLE audit ADD CHECK (action <> 'bad')")
    for n in range(20):
        audit.looked(OWNER, "bad" if n == 7 else "good", str(n))
    audit.close()
    found = logged(catalog)
    assert [target for action, target in found if action == "good"] == [
        str(n) for n in range(20) if n != 7
    ]
    assert [action for action, _ in found if action != "good"] == ["audit.set_aside"]


@pytest.mark.case("N15")
def test_damage_in_the_spool_is_named(catalog, tmp_path):
    """A record whose bytes have changed on disk is not silently left out."""
    left = spools.open_one(tmp_path / "audit", 1 << 20)
    for n in range(3):
        left.put(b'{"at":1,"actor":"a","action":"x","target":"%d","detail":{}}' % n)
    left.close()
    raw = bytearray(left.path.read_bytes())
    raw[raw.index(b'"target":"1"') + 10] ^= 1
    left.path.write_bytes(raw)
    audit = Audit(catalog, AuditSection(spool_mb=1), tmp_path / "audit")
    audit.start()
    audit.close()
    assert [action for action, _ in logged(catalog)] == ["x", "audit.set_aside", "x"]


@pytest.mark.case("N15")
def test_a_full_spool_refuses_and_says_so(catalog, tmp_path):
    """Nothing takes the looks: while there is room they are kept, then refused; none is lost."""
    audit = Audit(catalog, AuditSection(spool_mb=1), tmp_path / "audit")
    kept = 0
    with catalog.writing() as blocker:
        blocker.execute(text("UPDATE counters SET value = value"))
        if blocker.dialect.name == "postgresql":
            blocker.execute(text("LOCK TABLE audit, counters IN ACCESS EXCLUSIVE MODE"))
        with pytest.raises(RetryableError) as refused:
            while True:
                audit.looked(OWNER, "document.open", str(kept), padding="p" * 900)
                kept += 1
        assert refused.value.code == "audit_unavailable"
        assert refused.value.status == 503
        assert kept > 500
        assert audit.health().state == "full"
        assert not audit.health().is_ready
        assert audit.health().waiting == audit.waiting() == kept
    wait_for(lambda: audit.health().waiting == 0)
    audit.looked(OWNER, "document.open", str(kept))
    audit.close()
    assert logged(catalog) == [("document.open", str(n)) for n in range(kept + 1)]


LOOKS_UNTIL_KILLED = """
import sys, os
from pathlib import Path
from kb import settings
from kb.rights import access
from kb.audit.log import Audit
from kb.catalog.database import open_catalog
made = settings.load({}, {k: v for k, v in os.environ.items() if k.startswith("KB_")})
audit = Audit(open_catalog(made), made.audit, made.data / "audit")
for n in range(100_000):
    audit.looked(access.owner(), "document.open", str(n))
    sys.stdout.write(f"{n}\\n")
    sys.stdout.flush()
"""


@pytest.mark.case("N15")
def test_looks_outlive_a_kill_and_are_noted_once(postgres, tmp_path):
    """Killed at any moment, also within the writer's transaction; each look is there once."""
    from kb import settings as settings_module
    from kb.catalog.database import open_catalog

    environment = {"KB_DATA_DIR": str(tmp_path), "KB_CATALOG__URL": postgres}
    catalog = open_catalog(settings_module.load({}, environment))
    told = []
    for lines in (1500, 3, 900):
        child = subprocess.Popen(
            [sys.executable, "-c", LOOKS_UNTIL_KILLED], env=os.environ | environment,
            stdout=subprocess.PIPE,
        )  # fmt: skip
        mine = [child.stdout.readline() for _ in range(lines)]
        child.send_signal(signal.SIGKILL)
        told.append(len(mine) + len(child.stdout.read().split(b"\n")) - 1)
        child.wait()
    audit = Audit(catalog, AuditSection(spool_mb=1), tmp_path / "audit")
    audit.start()
    audit.close()
    targets = [int(target) for _, target in logged(catalog)]
    rounds = [[]]
    for number in targets:
        if number == 0 and rounds[-1]:
            rounds.append([])
        rounds[-1].append(number)
    for noted, shown in zip(rounds, told, strict=True):
        assert noted == list(range(len(noted)))
        assert shown <= len(noted) <= shown + 1
    catalog.close()


@pytest.mark.case("N15")
def test_a_spool_that_is_read_twice_is_noted_once(catalog, tmp_path):
    """Killed between the chain and the spool, its records come again and are known."""
    left = spools.open_one(tmp_path / "audit", 1 << 20)
    for n in range(4):
        left.put(b'{"at":1,"actor":"a","action":"x","target":"%d","detail":{}}' % n)
    left.close()
    shutil.copy(left.path, tmp_path / "copy")
    for _ in range(2):
        audit = Audit(catalog, AuditSection(spool_mb=1), tmp_path / "audit")
        audit.start()
        audit.close()
        shutil.copy(tmp_path / "copy", left.path)
    assert logged(catalog) == [("x", str(n)) for n in range(4)]


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
@pytest.mark.case("N15")
def test_a_writer_that_ended_is_seen_and_starts_again(catalog, audit):
    """Whatever ends the thread, the state says so and the next look has a writer."""
    audit.looked(OWNER, "document.open", "1")
    [thread] = [t for t in threading.enumerate() if t.name == "audit" and t.is_alive()]
    ctypes.pythonapi.PyThreadState_SetAsyncExc(
        ctypes.c_ulong(thread.ident), ctypes.py_object(SystemExit)
    )
    wait_for(lambda: not thread.is_alive())
    assert audit.health().state == "stopped"
    assert not audit.health().is_ready
    audit.looked(OWNER, "document.open", "2")
    assert audit.health().is_ready
    wait_for(lambda: logged(catalog)[-1:] == [("document.open", "2")])


@pytest.mark.case("N15")
def test_a_writer_that_is_behind_is_seen(catalog, audit):
    """How many wait and for how long; looks go on."""
    audit.looked(OWNER, "document.open", "0")
    wait_for(lambda: len(logged(catalog)) == 1)  # its rows are there to be locked
    with catalog.writing() as blocker:
        blocker.execute(text("UPDATE counters SET value = value"))
        audit.looked(OWNER, "document.open", "1")
        wait_for(lambda: audit.health().behind_seconds > 1)
        assert audit.health().waiting == 1
        assert audit.health().is_ready
    wait_for(lambda: audit.health().waiting == 0)
    assert audit.health().behind_seconds == 0
