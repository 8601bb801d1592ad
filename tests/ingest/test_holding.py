"""A share that goes away, wholly or in part, is no statement about the files on it."""

import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest

from ingest.finding import sources
from ingest.finding.selection import Selection
from kb.cli.ingesting import run_of
from kb.errors import RetryableError
from tests.parts.processes import kb, run_kb

pytestmark = pytest.mark.both_catalogs


def fill(house, count: int, folder: str = "", said: str = "settled") -> None:
    for n in range(count):
        house.write(f"{folder}{n}.txt", f"Matter number {n} of {folder or 'all'} is {said}.")


def lost(house) -> list[str]:
    return [path for path, row in house.ledger().items() if row.version is None]


def ids(house) -> dict[str, int]:
    return {path: row.id for path, row in house.ledger().items()}


@pytest.fixture
def share(tmp_path):
    """Mounts a small file system of its own on a folder, and takes it away again."""
    mounted: list[Path] = []

    def mount(folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        done = subprocess.run(
            ["mount", "-t", "tmpfs", "-o", "size=4m", "tmpfs", str(folder)], check=False
        )
        if done.returncode:
            pytest.skip("file systems cannot be mounted here (needs CAP_SYS_ADMIN)")
        mounted.append(folder)

    def unmount(folder: Path) -> None:
        subprocess.run(["umount", "-l", str(folder)], check=True)
        mounted.remove(folder)

    yield mount, unmount
    for folder in list(mounted):
        subprocess.run(["umount", "-l", str(folder)], check=False)


@pytest.mark.slow
@pytest.mark.case("N04")
@pytest.mark.parametrize("empty", [False, True], ids=["gone", "an empty folder in its place"])
async def test_a_share_that_goes_away_during_a_run_withdraws_nothing(house, empty):
    """60 files are due when the share goes; all stay searchable, and are read when it is back."""
    house.follow()
    fill(house, 60)
    await house.ingest()
    before = ids(house)
    fill(house, 60, said="changed")
    away = house.root.with_name("away")

    def leave(_step):
        if house.root.exists() and not away.exists():
            house.root.rename(away)
            if empty:
                house.root.mkdir()

    with pytest.raises(RetryableError) as told:
        await run_of(house.kb, house.kb.sources.named("files"), leave).run()
    assert told.value.code == "source_unreachable"
    assert not lost(house)
    assert ids(house) == before
    assert not any(row.state == "failed" for row in house.ledger().values())
    if empty:
        house.root.rmdir()
    away.rename(house.root)
    counts = await house.ingest()
    assert (counts.failed, counts.removed, counts.held) == (0, 0, 0)
    assert {row.state for row in house.ledger().values()} == {"indexed"}
    found = await house.kb.search.passages("matter number 17", house.owner, 30)
    assert all("changed" in p.text for p in found.passages)
    assert not any((await house.kb.upkeep.check()).values())


@pytest.mark.case("N04")
async def test_an_empty_folder_holds_a_small_source(house):
    """A mount point without its share, with fewer files than the guard's number."""
    house.follow()
    fill(house, 5)
    await house.ingest()
    before = ids(house)
    away = house.root.with_name("away")
    house.root.rename(away)
    house.root.mkdir()
    (house.root / ".directory").write_text("litter is nothing")
    for _ in range(2):
        counts = await house.ingest()
        assert (counts.held, counts.removed) == (5, 0)
    assert "3.txt" in await house.paths("Matter number 3")
    shutil.rmtree(house.root)
    away.rename(house.root)
    counts = await house.ingest()
    assert (counts.unchanged, counts.held) == (5, 0)
    assert ids(house) == before
    assert not any(row.held for row in house.ledger().values())


@pytest.mark.case("N04")
async def test_what_is_gone_from_an_empty_folder_goes_once_it_is_confirmed(house):
    """--confirm-removals is the way out."""
    house.follow()
    fill(house, 3)
    await house.ingest()
    for path in list(house.root.iterdir()):
        path.unlink()
    assert (await house.ingest()).held == 3
    assert (await house.ingest(confirm_removals=True)).removed == 3
    assert house.ledger() == {}
    assert not any((await house.kb.upkeep.check()).values())


@pytest.mark.case("N04")
async def test_a_folder_that_was_a_mount_point_is_held(house, share):
    """A share mounted beneath the root leaves; the rest of the source goes on as ever."""
    mount, unmount = share
    mount(house.root / "plans" / "net")
    house.follow()
    fill(house, 6, "plans/net/")
    fill(house, 6, "own/")
    await house.ingest()
    before = ids(house)
    unmount(house.root / "plans" / "net")
    (house.root / "own" / "2.txt").unlink()
    counts = await house.ingest()
    assert (counts.held, counts.removed) == (6, 1)
    counts = await house.ingest()
    assert (counts.held, counts.removed) == (6, 0)
    assert "plans/net/3.txt" in await house.paths("Matter number 3 of plans/net")
    mount(house.root / "plans" / "net")  # something is there, and it lists nothing
    counts = await house.ingest()
    assert (counts.held, counts.removed) == (6, 0)
    fill(house, 6, "plans/net/")
    counts = await house.ingest()
    assert (counts.held, counts.removed) == (0, 0)
    kept = {p: n for p, n in before.items() if p != "own/2.txt"}
    assert ids(house) == kept
    unmount(house.root / "plans" / "net")
    shutil.rmtree(house.root / "plans")
    assert (await house.ingest()).held == 6
    assert (await house.ingest(confirm_removals=True)).removed == 6
    assert (await house.ingest()).held == 0


@pytest.mark.case("N04")
async def test_a_root_whose_share_was_mounted_above_it_is_held(house, share, tmp_path):
    """The folder is there without its share, and is not even empty."""
    mount, unmount = share
    root = tmp_path / "mnt" / "docs"
    mount(tmp_path / "mnt")
    house.follow(root=root)
    house.root = root
    fill(house, 4)
    await house.ingest()
    unmount(tmp_path / "mnt")
    root.mkdir(parents=True)
    house.write("README.txt", "The share is not mounted.")
    for _ in range(2):
        counts = await house.ingest()
        assert (counts.held, counts.removed) == (4, 0)
    shutil.rmtree(root)
    mount(tmp_path / "mnt")
    root.mkdir()
    fill(house, 4)
    counts = await house.ingest()
    assert (counts.held, counts.removed) == (0, 1)


@pytest.mark.case("N04")
async def test_held_documents_of_a_mirrored_source_keep_their_readers(house, share):
    """A held document is still searchable, by who could read it."""
    from kb.catalog import people, sources
    from kb.rights import rules

    mount, unmount = share
    mount(house.root)
    with house.kb.catalog.writing() as c:
        people.add_person(c, "ann", ())
        sources.set_rule(c, house_source(house, c), rules.mirrored())
    fill(house, 2)
    await house.ingest()
    ann = house.kb.principal("ann")
    assert "1.txt" in await house.paths("Matter number 1", ann)
    unmount(house.root)
    assert (await house.ingest()).held == 2
    assert "1.txt" in await house.paths("Matter number 1", ann)


def house_source(house, connection):
    from kb.catalog import sources

    house_follows = sources.add(connection, "files", str(house.root), ("everyone", "owner"))
    return house_follows


@pytest.mark.case("N04")
async def test_the_published_version_stays_while_a_newer_one_cannot_be_read(house):
    """A failed look is no fact about a file; it is tried again in each run, by itself."""
    house.follow()
    fill(house, 3)
    house.write("link.txt", "x")
    os.unlink(house.root / "link.txt")
    real = house.root / "real.txt"
    real.write_text("The ferry to Aurach leaves at nine.")
    (house.root / "ferry.txt").symlink_to("real.txt")
    await house.ingest()
    before = ids(house)
    hidden = house.root.with_name("hidden.txt")
    real.rename(hidden)  # the link is listed, and what it leads to cannot be looked at
    counts = await house.ingest()
    assert (counts.failed, counts.removed) == (1, 1)
    row = house.ledger()["ferry.txt"]
    assert (row.version is not None, row.code) == (True, "unreadable")
    assert "ferry.txt" in await house.paths("ferry to Aurach")
    assert (await house.ingest()).failed == 1
    hidden.rename(real)
    assert (await house.ingest()).failed == 0
    row = house.ledger()["ferry.txt"]
    assert (row.state, row.code, row.id) == ("indexed", None, before["ferry.txt"])
    assert not any((await house.kb.upkeep.check()).values())


@pytest.mark.case("N04")
async def test_a_new_file_that_cannot_be_read_is_tried_again_by_itself(house):
    """Nobody has to ask for it."""
    house.follow()
    fill(house, 1)
    (house.root / "late.txt").symlink_to("real.txt")
    await house.ingest()
    assert house.ledger()["late.txt"].state == "failed"
    (house.root / "real.txt").write_text("The tower clock was wound.")
    await house.ingest()
    assert house.ledger()["late.txt"].state == "indexed"


@pytest.mark.case("N04")
def test_what_lies_beneath_something_that_cannot_be_told_is_not_gone(house, monkeypatch):
    """Some file systems do not say what is a folder, and asking each may fail."""
    fill(house, 2, "sub/")
    fill(house, 1)
    told = sources._is_folder
    monkeypatch.setattr(sources, "_is_folder", lambda e: None if e.name == b"sub" else told(e))
    look = sources.walk(str(house.root), Selection((), ()))
    assert look.is_beneath_closed(b"sub/0.txt")
    assert not look.is_beneath_closed(b"0.txt")


@pytest.mark.case("N04")
def test_one_share_that_is_away_keeps_no_other_from_being_read(environment, tmp_path):
    """The command reads the other sources, then says which one is away, and fails."""
    for name in ("a-share", "files"):
        (tmp_path / name).mkdir()
        kb(environment, tmp_path, "source", "add", name, str(tmp_path / name))
    (tmp_path / "files" / "kite.txt").write_text("The kite festival is in May.")
    (tmp_path / "a-share").rmdir()
    done = run_kb(environment, tmp_path, "ingest", "--json")
    assert done.returncode == 1
    assert "a-share" in json.loads(done.stdout)["error"]["message"]
    assert "1 indexed" in done.stderr
    [file] = kb(environment, tmp_path, "files")["files"]
    assert (file["path"], file["state"]) == ("kite.txt", "indexed")
