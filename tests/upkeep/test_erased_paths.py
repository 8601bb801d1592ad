"""What was erased stays away, whatever its name; until that is lifted."""

import os

import pytest

from ingest import folders
from ingest.finding import sources as folder
from kb.catalog import documents, erased, sources
from kb.errors import NotFoundError
from kb.upkeep import erasing
from tests.parts.processes import kb
from tests.upkeep import test_checking as test_upkeep

NAMES = [
    b"Icon\r", b"tab\t", b"nbsp\xc2\xa0", b"vt\x0b", b"nel\xc2\x85", b"line\nbreak.txt", b"caf\xe9.txt",
    b"plain.txt", b" leading", b"trailing ", b"back\\slash", b"!not", b"#hash", b"[a]*?.txt",
    b"folder/ inner ", b"\xe2\x80\xa8",
]  # fmt: skip


def write(house, raw: bytes) -> None:
    path = os.path.join(os.fsencode(house.root), raw)
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "wb") as file:
        file.write(b"The vault code is heliotrope quartz, says " + raw.hex().encode())


@pytest.mark.case("N24")
async def test_erased_files_do_not_come_back_whatever_they_are_called(house):
    """Names that no pattern matches, and bytes that are no UTF-8."""
    house.follow()
    for raw in NAMES:
        write(house, raw)
    house.write("kept.txt", "Bridges are painted in June.")
    await house.ingest()
    rows = {bytes(row.raw_path): row.id for row in house.ledger().values()}
    chosen = [rows[raw] for raw in NAMES]
    assert (await house.kb.documents.erase(house.owner, chosen))["files_left_out"] == len(NAMES)
    counts = await house.ingest()
    assert (list(house.ledger()), counts.seen) == (["kept.txt"], 1)
    with house.kb.catalog.reading() as connection:
        source = sources.by_name(connection, "files")
        assert erased.paths_of(connection, source.id) == set(NAMES)
    assert source.following.exclude == ()


@pytest.mark.case("N24")
async def test_what_is_erased_while_a_run_looks_stays_away(house, monkeypatch):
    """The look had it, the catalog has it no more, and yet it is no new file."""
    house.follow()
    write(house, b"plain.txt")
    await house.ingest()
    row = house.ledger()["plain.txt"]

    def walked(*arguments, look=folder.walk):
        found = look(*arguments)
        with house.kb.catalog.writing() as connection:
            erasing._keep_out(connection, [row])
            documents.remove(connection, [row.id])
        return found

    with monkeypatch.context() as patch:
        patch.setattr(folder, "walk", walked)
        await house.ingest()
    assert house.ledger() == {}


@pytest.mark.case("N24")
async def test_other_patterns_do_not_bring_it_back_and_lifting_does(house, environment, tmp_path):
    """`--exclude` replaces patterns alone; `--read-again` lifts, by the path that was shown."""
    house.follow()
    write(house, b"caf\xe9.txt")
    write(house, b"plain.txt")
    await house.ingest()
    await house.kb.documents.erase(house.owner, [row.id for row in house.ledger().values()])
    change = lambda *more: kb(environment, tmp_path, "source", "change", "files", *more)
    change("--exclude", "drafts/")
    change("--exclude", "")
    await house.ingest()
    assert house.ledger() == {}
    with house.kb.catalog.writing() as connection, pytest.raises(NotFoundError) as problem:
        folders.read_again(connection, house.owner, house.kb.sources.named("files"), "other.txt")
    assert problem.value.detail["erased"] == ["caf%E9.txt", "plain.txt"]
    change("--read-again", "caf%E9.txt")
    await house.ingest()
    assert list(house.ledger()) == ["caf%E9.txt"]


@pytest.mark.case("N24")
async def test_patterns_of_earlier_releases_go_on(house):
    """What they erased is still left out by a pattern."""
    house.follow(exclude=("/a\\ b.txt",))
    house.write("a b.txt", test_upkeep.SECRET)
    await house.ingest()
    assert house.ledger() == {}
