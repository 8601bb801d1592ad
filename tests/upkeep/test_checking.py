"""Checking, mending, erasing; a disk that is full or broken; an index that lost its last writes."""

import os
import shutil
import sqlite3

import pytest
from sqlalchemy import event

from kb.errors import KbError
from tests.parts.processes import kb, run_kb, stop_engines, wait_for
from tests.parts.slowly import slow

pytestmark = pytest.mark.both_catalogs

ZEROS = {"lost": 0, "duplicate": 0, "orphan": 0, "wrong_access": 0}
SECRET = "The vault code is heliotrope quartz."


async def test_an_erased_document_is_gone_everywhere(house):
    house.follow()
    house.write("secret/a [1].txt", SECRET)
    house.write("b.txt", "Bridges are painted in June.")
    await house.ingest()
    answer = await house.kb.answers.answer("What is the vault code?", house.owner)
    assert answer.citations
    row = house.ledger()["secret/a [1].txt"]
    erased = await house.kb.documents.erase(house.owner, [row.id])
    assert erased == {
        "documents": 1, "passages": 1, "points": 1, "vectors": 1, "blobs": 1, "answers": 1,
        "files_deleted": 0, "files_left_out": 1,
    }  # fmt: skip
    assert await house.paths("vault code") != ["secret/a [1].txt"]
    with pytest.raises(KbError):
        house.kb.receipts.answer(house.owner, answer.id)
    assert await house.kb.upkeep.check() == ZEROS
    counts = await house.ingest()
    assert (counts.seen, counts.unchanged) == (1, 1)  # left out from now on
    assert list(house.ledger()) == ["b.txt"]
    data = house.kb.settings.data
    with house.kb.catalog.reading() as c:
        dump = repr(c.exec_driver_sql("SELECT text, embedded_text FROM chunks").all())
    assert "heliotrope" not in dump
    if not house.kb.settings.catalog.url:
        assert b"heliotrope" not in (data / "catalog.sqlite3").read_bytes()
        assert b"heliotrope" not in (data / "catalog.sqlite3-wal").read_bytes()


async def test_a_part_is_erased_with_the_whole(house):
    """Alone it would come back with the next reading, and its bytes would stay in the whole."""
    from kb.errors import UsageError

    house.follow()
    message = (
        "From: a@b\nSubject: Codes\nMIME-Version: 1.0\nContent-Type: multipart/mixed; boundary=x\n\n"
        "--x\nContent-Type: text/plain\n\nSee below.\n--x\nContent-Type: text/plain\n"
        f"Content-Disposition: attachment; filename=code.txt\n\n{SECRET}\n--x--\n"
    )
    house.write("codes.eml", message)
    await house.ingest()
    rows = house.ledger()
    with pytest.raises(UsageError) as problem:
        await house.kb.documents.erase(house.owner, [rows["codes.eml › code.txt"].id])
    assert problem.value.code == "part_of_another"
    assert len(house.ledger()) == 2
    erased = await house.kb.documents.erase(house.owner, [rows["codes.eml"].id])
    assert (erased["documents"], erased["blobs"]) == (2, 3)
    assert house.ledger() == {}
    assert not list(house.kb.blobs.files())
    assert await house.kb.upkeep.check() == ZEROS


async def test_erasing_leaves_what_others_share(house):
    house.follow()
    for name in ("a.txt", "b.txt"):
        house.write(name, "Bridges are painted in June.")
    await house.ingest()
    erased = await house.kb.documents.erase(house.owner, [house.ledger()["a.txt"].id])
    assert (erased["blobs"], erased["points"]) == (0, 1)  # vectors are of text and title
    assert await house.paths("bridges painted") == ["b.txt"]
    assert await house.kb.upkeep.check() == ZEROS


async def test_missing_and_damaged_values_are_found_and_read_again(house):
    house.follow()
    house.write("a.txt", "Bridges are painted in June.")
    house.write("b.txt", "Storm drains are cleaned in October.")
    await house.ingest()
    first, second = (house.kb.blobs._path(r.blob, "elements") for r in house.ledger().values())
    first.unlink()
    second.write_bytes(b"damaged")
    assert (await house.kb.upkeep.check())["lost"] == 2
    await house.kb.upkeep.check(repair=True)
    assert (await house.ingest()).indexed == 2
    assert await house.kb.upkeep.check() == ZEROS


async def test_values_that_nobody_needs_are_orphans_and_collected(house):
    house.follow()
    house.write("a.txt", "Bridges are painted in June.")
    await house.ingest()
    house.kb.blobs.put("f" * 64, "elements", b"nobody's")
    path = house.kb.blobs._path("f" * 64, "elements")
    assert await house.kb.upkeep.check() == ZEROS  # young: a run may be about to need it
    os.utime(path, (1, 1))
    assert (await house.kb.upkeep.check())["orphan"] == 1
    assert await house.kb.upkeep.check(repair=True) == ZEROS
    assert not path.exists()


async def test_an_index_that_fell_behind_heals_at_the_next_start(house):
    """A power cut takes back what was flushed last: the older index, the newer catalog."""
    house.follow()
    house.write("a.txt", "Bridges are painted in June.")
    await house.ingest()
    data = house.kb.settings.data
    await house.kb.index.engine.leave()
    wait_for(lambda: not list(data.glob("index.sock")) or True)
    stop_engines(data)
    shutil.copytree(data / "index", data / "index-before")
    house.write("b.txt", "Storm drains are cleaned in October.")
    (house.root / "a.txt").write_text("Bridges are painted in July.")
    await house.ingest()
    await house.kb.index.engine.leave()
    stop_engines(data)
    shutil.rmtree(data / "index")
    (data / "index-before").rename(data / "index")
    assert await house.kb.upkeep.heal()
    assert "b.txt" in await house.paths("storm drains cleaned")
    found = await house.kb.search.passages("bridges painted", house.owner, 1)
    assert "July" in found.passages[0].text
    assert await house.kb.upkeep.check() == ZEROS
    assert not await house.kb.upkeep.heal()


NTH = [*range(1, 20), *range(20, 61, 5)]
"""Writes of a run that fail, by their number."""


@pytest.mark.case("R08")
@pytest.mark.parametrize("nth", [*NTH[::4], *slow(*(n for n in NTH if n not in NTH[::4]))])
async def test_a_write_that_fails_loses_nothing(house, nth):
    """The n-th write to the catalog fails, for many n; then the disk is well again."""
    house.follow()
    for number in range(4):
        house.write(f"{number}.txt", f"Bridge {number} is painted in June.")
    house.write("c.eml", "From: a@b\nTo: b@c\nSubject: Ferries\n\nFerries leave at nine.\n")
    writes = 0

    def fail(_connection, _cursor, statement, *_rest):
        nonlocal writes
        if statement.lstrip()[:6].upper() in {"INSERT", "UPDATE", "DELETE"}:
            writes += 1
            if writes == nth:
                raise sqlite3.OperationalError("disk I/O error")

    engine = house.kb.catalog._engine
    event.listen(engine, "before_cursor_execute", fail)
    try:
        await house.ingest()
    except (KbError, sqlite3.OperationalError):
        assert writes >= nth
    finally:
        event.remove(engine, "before_cursor_execute", fail)
    await house.ingest()
    assert {r.state for r in house.ledger().values()} == {"indexed"}
    assert len(house.ledger()) == 5
    assert await house.kb.upkeep.check() == ZEROS


@pytest.mark.case("R07")
def test_a_full_disk_pauses_reading_and_nothing_else(environment, tmp_path, small_disk):
    """Paused, searchable, and gone on with when there is room."""
    environment = environment | {
        "KB_DATA_DIR": str(small_disk / "data"),
        "KB_INGEST__MIN_FREE_MB": "5",
    }
    files = tmp_path / "files"
    files.mkdir()
    (files / "a.txt").write_text("Bridges are painted in June.")
    kb(environment, tmp_path, "source", "add", "files", str(files))
    assert kb(environment, tmp_path, "ingest")["indexed"] == 1
    ballast = small_disk / "ballast"
    free = shutil.disk_usage(small_disk).free
    ballast.write_bytes(bytes(free - 3 * 1024**2))
    for number in range(5):
        (files / f"{number}.txt").write_text(f"Storm drain {number} is cleaned in October.")
    done = run_kb(environment, tmp_path, "ingest", "--json")
    assert done.returncode == 1
    assert '"disk_full"' in done.stdout
    assert kb(environment, tmp_path, "search", "bridges painted")["hits"]
    [source] = kb(environment, tmp_path, "source", "list")["sources"]
    assert source["last_run"]["error"]["code"] == "disk_full"
    ballast.unlink()
    assert kb(environment, tmp_path, "ingest")["indexed"] == 5
    assert kb(environment, tmp_path, "check") == ZEROS


def test_purge_on_the_command_line(command, tmp_path):
    (tmp_path / "files").mkdir()
    (tmp_path / "files/a.txt").write_text(SECRET)
    command("source", "add", "files", str(tmp_path / "files"))
    command("ingest")
    assert command("purge", "a.txt")["erased"]["documents"] == 1
    assert command("files") == {"files": []}
    assert command("purge", "a.txt", code=1)["error"]["code"] == "not_found"


@pytest.mark.case("R22")
async def test_a_quarantined_file_can_be_lifted_by_hand(house, monkeypatch):
    """Three tries, then set aside, across restarts; until somebody lifts it."""
    from kb.catalog import documents
    from kb.errors import FileProblem
    from kb.files import sandbox

    house.follow()
    house.write("poison.txt", "Poison words.")
    run = sandbox.run

    def crash(*_, **__):
        raise FileProblem("parser_crashed", signal="SIGSEGV")

    monkeypatch.setattr(sandbox, "run", crash)
    states = []
    for _ in range(5):
        await house.ingest()
        states.append(house.ledger()["poison.txt"].state)
    assert states == ["failed", "failed", "quarantined", "quarantined", "quarantined"]
    with house.kb.catalog.reading() as c:
        tried = c.exec_driver_sql("SELECT count(*) FROM versions WHERE code = 'parser_crashed'")
        assert tried.scalar() == 3
    monkeypatch.setattr(sandbox, "run", run)
    await house.ingest()
    assert house.ledger()["poison.txt"].state == "quarantined"
    with house.kb.catalog.writing() as c:
        documents.try_again(c, [house.ledger()["poison.txt"].id])
    await house.ingest()
    assert house.ledger()["poison.txt"].state == "indexed"
