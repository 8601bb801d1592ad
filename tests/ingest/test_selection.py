"""Patterns, links, what is left out; identical files; folders that go away; clocks."""

import asyncio
import os
import shutil

import pytest

from ingest.finding.comparing import compare
from ingest.finding.selection import Selection
from ingest.finding.sources import FolderLook, walk
from kb.catalog import documents
from kb.errors import FileProblem, RetryableError, UsageError


@pytest.mark.parametrize(
    ("include", "exclude", "path", "taken"),
    [
        ((), (), "a/b.docx", True),
        ((), (), "a/~$b.docx", False),
        ((), (), ".hidden/b.docx", False),
        ((), ("drafts/",), "a/drafts/b.docx", False),
        ((), ("drafts/",), "a/drafts.docx", True),
        ((), ("*.log", "!keep.log"), "a/keep.log", True),
        ((), ("*.log", "!keep.log"), "a/other.log", False),
        ((), ("/top.txt",), "top.txt", False),
        ((), ("/top.txt",), "a/top.txt", True),
        (("*.pdf", "*.docx"), (), "a/b.docx", True),
        (("*.pdf", "*.docx"), (), "a/b.txt", False),
        (("reports/**",), ("*.old",), "reports/2025/a.txt", True),
        (("reports/**",), (), "other/a.txt", False),
    ],
)
def test_patterns_are_gitignores(include, exclude, path, taken):
    assert Selection(include, exclude).covers(path.encode()) is taken


def test_a_name_that_is_not_utf8_can_be_matched():
    """Trap 17"""
    assert not Selection((), ("*.log",)).takes(b"caf\xe9.log")
    assert Selection((), ("*.log",)).takes(b"caf\xe9.txt")


def test_a_bad_pattern_is_refused():
    with pytest.raises(UsageError) as problem:
        Selection((), ("!",))
    assert problem.value.code == "bad_pattern"


async def test_files_that_are_excluded_later_leave_without_the_guard(house):
    from kb.catalog import sources
    from kb.types.library import Following

    source = house.follow()
    for number in range(30):
        house.write(f"notes/{number}.txt", f"Note {number} is about water pumps.")
    house.write("good.txt", "Good words about water pumps.")
    await house.ingest()
    with house.kb.catalog.writing() as c:
        sources.change(c, source, Following(exclude=("notes/",)))
    counts = await house.ingest()
    assert (counts.removed, counts.held, counts.seen) == (30, 0, 1)
    assert await house.paths("water pumps") == ["good.txt"]


async def test_a_size_limit_of_the_source_counts(house):
    house.follow(max_file_mb=1)
    house.write("big.txt", "word " * 400_000)
    await house.ingest()
    assert house.ledger()["big.txt"].parameters == {"limit": 1}


@pytest.mark.case("S06")
async def test_identical_and_hard_linked_files_are_read_once(house, monkeypatch):
    """A hard link inside is a file like any other; one hit shows every path."""
    from kb.files import sandbox

    parsed = []
    run = sandbox.run
    monkeypatch.setattr(
        sandbox, "run", lambda call, *a, **k: parsed.append(a) or run(call, *a, **k)
    )
    house.follow()
    house.write("a.txt", "Storm drains are cleaned in October.")
    os.link(house.root / "a.txt", house.root / "b.txt")
    shutil.copy(house.root / "a.txt", house.root / "c.txt")
    await house.ingest()
    assert len(parsed) == 1
    [passage] = (await house.kb.search.passages("storm drains", house.owner, 5)).passages
    assert passage.copies == 3
    assert {passage.chunk.path, *passage.also} == {"a.txt", "b.txt", "c.txt"}


@pytest.mark.case("S06")
async def test_a_folder_swapped_for_a_link_while_it_is_opened_leads_nowhere(
    house, tmp_path, monkeypatch
):
    from kb.files import originals

    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "a.txt").write_text("outside secret words")
    house.write("folder/a.txt", "inside words")
    real = os.path.realpath

    def swap(path, *rest, **options):
        result = real(path, *rest, **options)
        if os.fsencode(path).endswith(b"a.txt"):
            shutil.rmtree(house.root / "folder")
            (house.root / "folder").symlink_to(outside)
        return result

    monkeypatch.setattr(originals.os.path, "realpath", swap)
    with pytest.raises(FileProblem):
        originals.open_beneath(str(house.root), b"folder/a.txt")
    assert (house.root / "folder").is_symlink()


async def test_a_source_that_vanishes_loses_nothing(house):
    house.follow()
    house.write("a.txt", "Storm drains are cleaned in October.")
    await house.ingest()
    away = house.root.with_name("away")
    house.root.rename(away)
    with pytest.raises(RetryableError) as problem:
        await house.ingest()
    assert problem.value.code == "source_unreachable"
    assert await house.paths("storm drains") == ["a.txt"]
    away.rename(house.root)
    assert (await house.ingest()).unchanged == 1


async def test_a_file_replaced_by_a_folder_and_back(house):
    house.follow()
    house.write("a.txt", "Storm drains are cleaned in October.")
    await house.ingest()
    (house.root / "a.txt").unlink()
    house.write("a.txt/inner.txt", "Bridges are painted in June.")
    await house.ingest()
    assert sorted(house.ledger()) == ["a.txt/inner.txt"]
    assert await house.paths("bridges painted") == ["a.txt/inner.txt"]
    shutil.rmtree(house.root / "a.txt")
    house.write("a.txt", "Storm drains are cleaned in October.")
    await house.ingest()
    assert sorted(house.ledger()) == ["a.txt"]
    assert not any((await house.kb.upkeep.check()).values())


@pytest.mark.case("R23")
async def test_clock_jumps_lose_nothing(house, monkeypatch):
    """The wall clock a day off, and times of files in 1970 and in the future."""
    import time

    from kb.catalog import database

    house.follow()
    house.write("old.txt", "Bridges are painted in June.")
    os.utime(house.root / "old.txt", (0, 0))
    house.write("new.txt", "Storm drains are cleaned in October.")
    os.utime(house.root / "new.txt", (4e9, 4e9))
    await house.ingest()
    real = time.time
    for days in (1, -1):
        monkeypatch.setattr(database.time, "time", lambda d=days: real() + d * 86400.0)
        house.write("new.txt", f"Storm drains are cleaned {days + 3} times a year.")
        await house.ingest()
        monkeypatch.undo()
        found = await house.kb.search.passages("storm drains", house.owner, 3)
        assert f"{days + 3} times" in found.passages[0].text
        assert "old.txt" in await house.paths("bridges painted in June")
    await house.ingest()
    assert not any((await house.kb.upkeep.check()).values())


@pytest.mark.case("R25")
async def test_a_slow_copy_is_read_whole_or_not_at_all(house):
    house.follow()
    path = house.write("a.txt", "Part one. ")
    stop = asyncio.Event()

    async def copy():
        with path.open("a") as file:
            while not stop.is_set():
                file.write("Part more. ")
                file.flush()
                await asyncio.sleep(0.002)
            file.write("The end.")

    copying = asyncio.create_task(copy())
    await house.ingest()
    stop.set()
    await copying
    await house.ingest()
    rows = house.ledger()
    assert rows["a.txt"].state == "indexed"
    assert rows["a.txt"].bytes == path.stat().st_size


@pytest.mark.case("N21")
def test_telling_changes_takes_time_in_proportion_to_the_files():
    """Files that are left out are looked at once each, however many there are."""
    from types import SimpleNamespace

    looks = 0

    class Number(int):
        def __hash__(self):
            nonlocal looks
            looks += 1
            return int.__hash__(self)

    known = {
        b"old/%d.log" % n: SimpleNamespace(id=Number(n), content_hash=f"{n:064x}", bytes=n)
        for n in range(1000)
    }
    look = FolderLook("/nowhere", 0, "/")
    changes = compare(look, known, lambda _: True, Selection((), ("*.log",)))
    assert len(changes.left_out) == 1000
    assert changes.gone == {}
    assert looks < 10 * len(known)


async def test_where_a_moved_file_cannot_be_read_nothing_of_its_size_is_gone(house):
    """It may be any of those: which one is only known once it has been read."""
    source = house.follow()
    house.write("letter.txt", "A letter of some length.")
    house.write("note.txt", "A short note.")
    await house.ingest()
    (house.root / "note.txt").unlink()
    moved = (house.root / "letter.txt").rename(house.root / "moved.txt")
    look = walk(str(house.root), Selection())
    moved.unlink()  # it was listed, and cannot be opened
    with house.kb.catalog.reading() as connection:
        known = documents.of_source(connection, source.id)
    changes = compare(look, known, lambda _: True, Selection())
    assert list(changes.gone.values()) == [b"note.txt"]
    assert [seen.path for seen in changes.new] == ["moved.txt"]
