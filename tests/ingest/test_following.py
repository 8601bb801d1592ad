"""A folder is followed: what is added, changed, renamed and deleted, and nothing else."""

import os
import shutil

import msgspec
import pytest
from sqlalchemy import func, select

from kb import samples
from kb.catalog.tables import vectors
from kb.errors import ConflictError, NotFoundError, RetryableError
from kb.surface import status
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


async def test_many_removals_are_held_until_confirmed(house):
    house.follow()
    for n in range(30):
        house.write(f"{n}.txt", f"Matter number {n} is settled.")
    await house.ingest()
    for n in range(25):
        (house.root / f"{n}.txt").unlink()
    counts = await house.ingest()
    assert (counts.held, counts.removed) == (25, 0)
    assert "3.txt" in await house.paths("Matter number 3")
    assert (await house.ingest(confirm_removals=True)).removed == 25
    assert len(house.ledger()) == 5


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
    from kb.catalog import leases

    source = filled.kb.sources.named("files")
    with filled.kb.catalog.writing() as c:
        assert leases.take(c, f"source:{source.id}", leases.new_owner())
    with pytest.raises(ConflictError):
        await filled.ingest()


async def test_a_dead_owner_is_taken_over_at_once(filled):
    from kb.catalog import leases

    boot = leases.new_owner().split(":")[0]
    source = filled.kb.sources.named("files")
    with filled.kb.catalog.writing() as c:
        assert leases.take(c, f"source:{source.id}", f"{boot}:999999:x")
    assert (await filled.ingest()).unchanged == 3


@pytest.mark.case("R24")
async def test_a_worker_that_lost_its_lease_publishes_nothing(filled):
    """One that was stopped, and wakes when another has taken over."""
    from kb.catalog import leases
    from kb.cli.ingesting import run_of
    from kb.errors import LeaseLost

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
    from kb.index.base import DENSE, IndexPoint

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
    from kb.upkeep.collecting import Collected, collect

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


# --- who may read


@pytest.fixture
async def shared(house, tmp_path):
    from kb.catalog import groups, people

    with house.kb.catalog.writing() as c:
        groups.add(c, "board")
        people.add_person(c, "ann", ("board",))
        people.add_person(c, "bob", ())
    house.follow("open")
    house.follow("secret", ["board"], tmp_path / "secret")
    house.write("plan.txt", "The picnic is on Sunday.")
    (tmp_path / "secret" / "plan.txt").write_text("The merger with canary-7731 is on Sunday.")
    await house.ingest("open")
    await house.ingest("secret")
    return house


@pytest.mark.case("S22", "S31")
async def test_three_people_see_three_things(shared):
    ann, bob = shared.kb.principal("ann"), shared.kb.principal("bob")

    async def texts(who):
        return " ".join(
            p.text for p in (await shared.kb.search.passages("Sunday", who, 10)).passages
        )

    assert "canary-7731" in await texts(shared.owner)
    assert "canary-7731" in await texts(ann)
    assert "canary-7731" not in await texts(bob)
    answer = await shared.kb.answers.answer("What is on Sunday?", bob)
    assert "canary" not in answer.text
    with pytest.raises(NotFoundError):
        shared.kb.documents.one(bob, _id_of(shared, "secret"))


@pytest.mark.case("S44")
async def test_a_right_taken_away_is_gone_at_the_next_question(shared):
    """The catalog's word counts although the index has not heard of it yet."""
    from kb.catalog import groups, sources
    from kb.rights import access

    ann = shared.kb.principal("ann")
    with shared.kb.catalog.writing() as c:
        groups.add(c, "nobody")
        secret = sources.by_name(c, "secret")
        sources.set_readers(c, secret, access.readers(c, ["nobody"]))
    found = await shared.kb.search.passages("merger", ann, 10)
    assert "canary" not in " ".join(p.text for p in found.passages)


async def alarms(house) -> int:
    return (await status.status(house.kb))["access_alarms"]


async def test_an_index_that_gives_out_too_much_is_stopped_and_counted(shared):
    """Principle 3: the catalog is the second wall, and says when the first one leaks."""
    kb, bob = shared.kb, shared.kb.principal("bob")
    generation = await kb.publisher.generation()
    points = list(await kb.index.readers(generation, None, 100))
    await kb.index.set_readers(generation, points, ["everyone", "owner"])
    found = await kb.search.passages("merger", bob, 10)
    assert "canary" not in " ".join(p.text for p in found.passages)
    assert await alarms(shared) == 1
    await kb.upkeep.check(repair=True)
    await kb.search.passages("merger", bob, 10)
    assert await alarms(shared) == 1


async def test_rights_on_their_way_to_the_index_are_no_alarm(shared):
    from kb.catalog import documents, groups, sources
    from kb.catalog.outbox import queue_rights
    from kb.rights import access

    ann = shared.kb.principal("ann")
    with shared.kb.catalog.writing() as c:
        groups.add(c, "nobody")
        secret = sources.by_name(c, "secret")
        sources.set_readers(c, secret, access.readers(c, ["nobody"]))
        queue_rights(c, documents.ids_of_source(c, secret.id))
    found = await shared.kb.search.passages("merger", ann, 10)
    assert "canary" not in " ".join(p.text for p in found.passages)
    assert await alarms(shared) == 0


async def test_nobody_unknown_may_ask(shared):
    with pytest.raises(NotFoundError):
        shared.kb.principal("mallory")


async def test_an_answer_is_kept_without_texts_and_withheld_with_its_sources(shared):
    from kb.catalog import sources
    from kb.catalog.tables import answers
    from kb.rights import access

    ann = shared.kb.principal("ann")
    answer = await shared.kb.answers.answer("When is the merger with canary-7731?", ann)
    assert answer.citations
    assert shared.kb.receipts.answer(ann, answer.id).citations
    with shared.kb.catalog.reading() as c:
        [row] = c.execute(select(answers).where(answers.c.id == answer.id)).all()
    assert "Sunday" not in str(row.sentences) + str(row.citations) + row.text
    with shared.kb.catalog.writing() as c:
        secret = sources.by_name(c, "secret")
        sources.set_readers(c, secret, (access.OWNER,))
    with pytest.raises(NotFoundError):
        shared.kb.receipts.answer(ann, answer.id)


async def test_schedules():
    from datetime import UTC, datetime

    from ingest.following.due import is_due, next_due
    from kb.types.library import Following, Source

    at = datetime(2026, 5, 4, 2, 5, tzinfo=UTC)

    def source(schedule, started, *, watch=False, paused=False, requested=None):
        following = Following(schedule=schedule, watch=watch)
        return Source(
            1, "s", "/", following, paused, (), 0.0, requested, 0, started, None, None, None
        )

    assert is_due(source("0 2 * * *", at.timestamp() - 3600), at)
    assert not is_due(source("0 2 * * *", at.timestamp() - 60), at)
    assert not is_due(source(None, None), at)
    assert not is_due(source("0 2 * * *", None, paused=True), at)
    assert is_due(source(None, None, requested=at.timestamp()), at)
    tomorrow = at.timestamp() + 86400  # it ran before the clock was put back
    assert is_due(source(None, tomorrow, requested=at.timestamp()), at)
    assert is_due(source("0 2 * * *", tomorrow), at)
    assert is_due(source(None, tomorrow, watch=True), at, 3600.0)
    assert is_due(source(None, at.timestamp() - 4000, watch=True), at, 3600.0)
    assert not is_due(source(None, at.timestamp() - 3000, watch=True), at, 3600.0)
    assert (
        next_due(source("0 2 * * *", None), at) == datetime(2026, 5, 5, 2, tzinfo=UTC).timestamp()
    )


def _id_of(house, source: str) -> int:
    from kb.types.library import LedgerFilter

    [row] = house.kb.ledger.rows(house.owner, LedgerFilter(source=source))
    return row.id


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
