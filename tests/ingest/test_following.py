"""A folder is followed: what is added, changed, renamed and deleted, and nothing else."""

import os
import shutil

import msgspec
import pytest
from sqlalchemy import func, select

from kb import samples
from kb.catalog import leases
from kb.catalog.tables import vectors
from kb.cli.ingesting import run_of
from kb.errors import ConflictError, LeaseLost, RetryableError
from kb.index.base import DENSE, IndexPoint
from kb.upkeep.collecting import Collected, collect
from kb.upkeep.rebuilding import Rebuilder


def vector_count(house) -> int:
    with house.kb.catalog.reading() as c:
        return c.scalar(select(func.count()).select_from(vectors))


@pytest.fixture
async def filled(house):
    house.follow()
    house.write("leave.md", "# Leave\n\nEverybody has 28 days of leave a year.\n")
    house.write("sub/bridge.txt", "The bridge in Aurach is closed until the fifth of October.")
    house.write(
        "canteen.html", "<html><body><h1>Canteen</h1><p>Soup is served at noon.</p></body></html>"
    )
    counts = await house.ingest()
    assert (counts.seen, counts.indexed, counts.failed) == (3, 3, 0)
    return house


async def zeros(house) -> bool:
    return not any((await house.kb.upkeep.check()).values())


async def test_a_second_run_touches_nothing(filled):
    counts = await filled.ingest()
    assert (counts.indexed, counts.unchanged) == (0, 3)
    assert await zeros(filled)


async def test_a_changed_file_is_read_again(filled):
    filled.write("leave.md", "# Leave\n\nEverybody has 31 days of leave a year.\n")
    counts = await filled.ingest()
    assert (counts.indexed, counts.unchanged) == (1, 2)
    found = await filled.kb.search.passages("days of leave", filled.owner, 10)
    texts = [p.text for p in found.passages if p.chunk.path == "leave.md"]
    assert texts
    assert all("31 days" in t for t in texts)


async def test_a_touched_file_is_not_read_again(filled):
    os.utime(filled.root / "leave.md", (1, 1))
    counts = await filled.ingest()
    assert (counts.indexed, counts.unchanged) == (0, 3)


async def test_a_deleted_file_disappears_from_search_and_ledger(filled):
    (filled.root / "leave.md").unlink()
    assert (await filled.ingest()).removed == 1
    assert "leave.md" not in await filled.paths("days of leave")
    assert "leave.md" not in filled.ledger()
    assert await zeros(filled)


@pytest.mark.both_catalogs
async def test_what_a_file_was_called_goes_with_its_name(house):
    """Its title and its date, where they were its name's; nothing is parsed again."""
    house.follow()
    house.write("2019/Minutes 2024-03-05.txt", "the pumps of hall nine were inspected by the crew.")
    await house.ingest()
    [before] = house.ledger().values()
    (house.root / "2019/Minutes 2024-03-05.txt").rename(house.root / "2019/Pumps.txt")
    counts = await house.ingest()
    [row] = house.ledger().values()
    assert (row.id, row.title, row.date_source) == (before.id, "Pumps", "folder")
    assert (counts.indexed, row.blob) == (1, before.blob)
    (house.root / "2019/Pumps.txt").rename(house.root / "Wells.txt")
    await house.ingest()
    (house.root / "Wells.txt").rename(house.root / "Pumps.txt")
    await house.ingest()
    [row] = house.ledger().values()
    assert (row.path, row.title, row.date_source) == ("Pumps.txt", "Pumps", "file")
    assert row.dated_ns // 10**9 == row.mtime_ns // 10**9
    assert await zeros(house)


async def test_a_file_that_is_touched_is_from_then_where_it_says_nothing_else(house):
    house.follow()
    for name in ("a.txt", "b 2019-02-03.txt", "c.txt"):
        house.write(name, f"The lamps of the pier {name} were painted again.")
    await house.ingest()
    for name, moment in (("a.txt", 1.5e9), ("b 2019-02-03.txt", 1.5e9), ("c.txt", 4e9)):
        os.utime(house.root / name, (moment, moment))
    assert (await house.ingest()).indexed == 0
    rows = {row.path[0]: row.dated_ns and row.dated_ns // 10**9 for row in house.ledger().values()}
    assert rows == {"a": 1_500_000_000, "b": 1_549_152_000, "c": None}


async def test_a_renamed_file_keeps_its_vectors_and_its_id(filled):
    before, count = filled.ledger()["leave.md"].id, vector_count(filled)
    (filled.root / "leave.md").rename(filled.root / "sub" / "holidays.md")
    counts = await filled.ingest()
    assert (counts.indexed, counts.removed) == (0, 0)
    assert filled.ledger()["sub/holidays.md"].id == before
    assert vector_count(filled) == count
    assert (await filled.paths("days of leave"))[0] == "sub/holidays.md"


async def test_a_copy_costs_no_vector_and_folds_into_one_hit(filled):
    count = vector_count(filled)
    shutil.copy(filled.root / "leave.md", filled.root / "copy.md")
    await filled.ingest()
    assert vector_count(filled) == count
    found = await filled.kb.search.passages("days of leave", filled.owner, 10)
    [hit] = [p for p in found.passages if "28 days" in p.text]
    assert hit.copies == 2


async def test_a_file_replaced_by_a_folder(filled):
    (filled.root / "leave.md").unlink()
    filled.write("leave.md/inner.txt", "Inner matters.")
    counts = await filled.ingest()
    assert (counts.removed, counts.indexed) == (1, 1)
    assert "leave.md/inner.txt" in filled.ledger()


async def test_a_vanished_folder_is_an_error_not_a_removal(filled):
    filled.root.rename(filled.root.with_name("elsewhere"))
    with pytest.raises(RetryableError):
        await filled.ingest()
    assert len(filled.ledger()) == 3
    assert "leave.md" in await filled.paths("days of leave")


async def test_many_removals_are_held_until_confirmed(thinned):
    counts = await thinned.ingest()
    assert (counts.held, counts.removed) == (25, 0)
    assert "3.txt" in await thinned.paths("Matter number 3")
    assert (await thinned.ingest(confirm_removals=True)).removed == 25
    assert len(thinned.ledger()) == 5


async def test_a_held_file_that_comes_back_is_held_no_more(house):
    house.follow()
    for n in range(30):
        house.write(f"{n}.txt", f"Matter number {n} is settled.")
    await house.ingest()
    house.root.rename(house.root.with_name("away"))
    house.root.mkdir()
    assert (await house.ingest()).held == 30
    shutil.copytree(house.root.with_name("away"), house.root, dirs_exist_ok=True)
    await house.ingest()
    assert not any(row.held for row in house.ledger().values())


async def test_office_litter_is_left_out(filled):
    for name in ("~$leave.docx", "Thumbs.db", ".hidden.txt", ".git/config", "desktop.ini"):
        filled.write(name, "litter")
    assert (await filled.ingest()).seen == 3


async def test_names_are_searched_beside_the_text(house):
    house.follow()
    house.write("Urlaubsantrag-2026.txt", "Bitte ausgefüllt abgeben.")
    house.write("other.txt", "Something else entirely, about water pumps.")
    await house.ingest()
    assert (await house.paths("Urlaubsantrag 2026"))[0] == "Urlaubsantrag-2026.txt"


async def test_an_attachment_is_a_document_of_its_own(house):
    house.follow()
    shutil.copy(samples.documents() / "charging-points-offer.eml", house.root)
    await house.ingest()
    member = "charging-points-offer.eml › warranty-terms.docx"
    assert house.ledger()[member].state == "indexed"
    assert (await house.paths("What does the warranty cover?"))[0] == member
    (house.root / "charging-points-offer.eml").unlink()
    house.write("kept.txt", "A folder that lists nothing is not believed.")
    await house.ingest()
    assert list(house.ledger()) == ["kept.txt"]
    assert await zeros(house)


async def test_two_runs_at_once_are_refused(filled):
    source = filled.kb.sources.named("files")
    with filled.kb.catalog.writing() as c:
        assert leases.take(c, f"source:{source.id}", leases.new_owner())
    with pytest.raises(ConflictError):
        await filled.ingest()


async def test_a_dead_owner_is_taken_over_at_once(filled):
    boot = leases.new_owner().split(":")[0]
    source = filled.kb.sources.named("files")
    with filled.kb.catalog.writing() as c:
        assert leases.take(c, f"source:{source.id}", f"{boot}:999999:x")
    assert (await filled.ingest()).unchanged == 3


@pytest.mark.case("R24")
async def test_a_worker_that_lost_its_lease_publishes_nothing(filled):
    """One that was stopped, and wakes when another has taken over."""
    kb = filled.kb
    filled.write("new.txt", "A new matter.")
    source = kb.sources.named("files")

    def steal(_step):
        with kb.catalog.writing() as c:
            c.exec_driver_sql("DELETE FROM leases")
            assert leases.take(c, run.lease, leases.new_owner())

    run = run_of(kb, source, steal)
    with pytest.raises(LeaseLost):
        await run.run()
    assert "new.txt" not in await filled.paths("A new matter")


async def test_reindexing_gives_the_same_answers(filled):
    before = await filled.paths("days of leave")
    kb = filled.kb
    rebuilt = await Rebuilder(kb.settings, kb.catalog, kb.embeddings).rebuild()
    assert rebuilt.generation == "g2"
    assert await filled.paths("days of leave") == before
    assert await zeros(filled)


async def test_check_sees_damage_and_repair_mends_it(filled):
    kb = filled.kb
    generation = await kb.publisher.generation()
    points = sorted(await kb.index.readers(generation, None, 100))
    await kb.index.delete(generation, points[:1])
    await kb.index.set_readers(generation, points[1:2], ["group:wrong"])
    await kb.index.upsert(
        generation, [IndexPoint(999 << 20, {DENSE: b"\0" * 1536}, "x", "en", ["everyone"])]
    )
    assert await kb.upkeep.check() == {"lost": 1, "duplicate": 0, "orphan": 1, "wrong_access": 1}
    assert await kb.upkeep.check(repair=True) == {
        "lost": 0,
        "duplicate": 0,
        "orphan": 0,
        "wrong_access": 0,
    }


async def test_the_sweeper_clears_up_after_old_versions(filled):
    filled.write("leave.md", "# Leave\n\nEverybody has 32 days of leave a year.\n")
    await filled.ingest()
    kb = filled.kb
    generation = await kb.publisher.generation()
    assert len(await kb.index.readers(generation, None, 100)) == 4
    await kb.publisher.sweep(grace_seconds=0)
    assert len(await kb.index.readers(generation, None, 100)) == 3


def blob_count(house) -> int:
    return len(list(house.kb.blobs.files()))


async def test_what_nothing_refers_to_leaves_the_data_directory(filled):
    kb = filled.kb
    filled.write("leave.md", "# Leave\n\nThe secret number is canary-5150.\n")
    await filled.ingest()
    (filled.root / "leave.md").unlink()
    await filled.ingest()
    await kb.publisher.sweep(grace_seconds=0)
    assert collect(kb.catalog, kb.blobs, kb.settings.retention) == Collected()
    for path in kb.blobs.files():
        os.utime(path, (1, 1))
    row = filled.ledger()["canteen.html"]
    kb.blobs.renew(row.blob, "elements")
    [young] = [p for p in kb.blobs.files() if p.stat().st_mtime > 1]
    assert kb.blobs.key_of(young) == row.blob
    nothing = msgspec.structs.replace(kb.settings.retention, vectors_hours=0, removed_hours=0)
    assert collect(kb.catalog, kb.blobs, nothing) == Collected(vectors=2, blobs=2)
    assert (vector_count(filled), blob_count(filled)) == (2, 2)
    assert await zeros(filled)
    assert "canteen.html" in await filled.paths("soup at noon")
    (filled.root / "canteen.html").rename(filled.root / "kitchen.html")
    assert (await filled.ingest()).indexed == 0


@pytest.mark.case("R05")
async def test_a_version_published_while_somebody_searches_is_neither_missed_nor_doubled(house):
    """Between the index's answer and its reading the file is replaced."""
    house.follow()
    house.write("beacon.txt", "The quay beacon is painted green.\n\nFirst survey.")
    await house.ingest()
    plain = house.kb.index.query

    async def then_replaced(generation, query):
        hits = await plain(generation, query)
        house.kb.index.query = plain
        house.write("beacon.txt", "The quay beacon is painted green.\n\nSecond survey.")
        assert (await house.ingest()).indexed == 1
        return hits

    house.kb.index.query = then_replaced
    found = await house.kb.search.passages("Which colour is the quay beacon?", house.owner, 10)
    texts = [p.text for p in found.passages]
    assert sum("First" in t for t in texts) == 1 and not any("Second" in t for t in texts)
    found = await house.kb.search.passages("Which colour is the quay beacon?", house.owner, 10)
    texts = [p.text for p in found.passages]
    assert sum("Second" in t for t in texts) == 1 and not any("First" in t for t in texts)
