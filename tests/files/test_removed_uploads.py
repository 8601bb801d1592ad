"""Files that were handed in go with their source, and are never read under another one."""

from pathlib import Path

import os
import pytest

from ingest.running import healing
from kb.catalog import groups, sources
from kb.cli.sources import _removal
from kb.errors import KbError, RetryableError
from kb.library import removing
from kb.rights import access
from kb.types.library import Following

ZEROS = {"lost": 0, "duplicate": 0, "orphan": 0, "wrong_access": 0}


async def hand_in(client, name: str, readers: str, words: bytes = b"The lamps are violet."):
    wanted = {"name": name, "readers": readers}
    answer = await client.post("/api/v1/uploads", params=wanted, content=words)
    assert answer.status_code == 201, answer.text


def files(house) -> list[str]:
    return sorted(p.name for p in house.kb.settings.data.glob("uploads/**/*.md"))


def earlier(house) -> Path:
    """A source of uploads as earlier releases made it: its files lie in the folder of all."""
    folder = house.kb.settings.data / "uploads"
    folder.mkdir()
    with house.kb.catalog.writing() as connection:
        readers = access.readers(connection, ["hr"])
        sources.add(connection, "Uploads", str(folder), readers, Following(uploads=True))
    return folder


@pytest.mark.case("N13")
@pytest.mark.parametrize("made_by", ["this release", "an earlier one"])
@pytest.mark.parametrize("killed", [False, True])
async def test_uploads_of_a_removed_source_do_not_come_back(house, administrator, killed, made_by):
    """Not under the readers of the next one either, whatever a kill has left of them."""
    if made_by == "an earlier one":
        earlier(house)
    await hand_in(administrator, "wages.md", "hr", b"Wages rise in May.")
    await house.ingest("Uploads")
    if killed:  # after the catalog's part
        await house.kb.catalog.write(
            removing._remove_rows, house.kb.catalog, house.kb.sources.named("Uploads"), house.owner
        )
        assert files(house) == ["wages.md"]
        assert (await house.kb.upkeep.check())["orphan"] >= 1
    else:
        fields = {"action": "remove", "confirm": "Uploads"}
        assert (await administrator.post("/sources/Uploads", data=fields)).status_code == 303
        assert files(house) == []
    await hand_in(administrator, "lamps.md", "everyone")
    await house.ingest("Uploads")
    assert list(house.ledger()) == ["lamps.md"]
    assert files(house) == ["lamps.md"]
    healing.heal(house.kb.catalog, house.kb.blobs, house.kb.scratch)
    assert await house.kb.upkeep.check(repair=True) == ZEROS
    assert list(house.ledger()) == ["lamps.md"]


@pytest.mark.case("N13")
async def test_it_is_said_before(house, administrator):
    """That the files go, and are not a folder that stays."""
    await hand_in(administrator, "wages.md", "hr")
    await house.ingest("Uploads")
    page = (
        await administrator.get("/sources?remove=Uploads", headers={"Accept": "text/html"})
    ).text
    assert "1 document is deleted for good, with the file that was handed in." in page
    assert "The folder itself stays" not in page
    assert "with the files that were handed in" in _removal(house.kb.sources.named("Uploads"))


@pytest.mark.case("N13")
async def test_a_source_of_an_earlier_release_takes_files_in(house, administrator):
    """They lie where they lay, and are read."""
    folder = earlier(house)
    await hand_in(administrator, "lamps.md", "hr")
    assert (folder / "lamps.md").exists()
    await house.ingest("Uploads")
    assert house.ledger()["lamps.md"].state == "indexed"


@pytest.mark.case("N13")
@pytest.mark.parametrize("again", [False, True])
async def test_a_file_for_a_source_that_goes_meanwhile_is_not_kept(house, again):
    """Nor is it put among the files of the one that came after."""
    with house.kb.catalog.writing() as connection:
        groups.add(connection, "hr")
    first = house.kb.uploads.source(house.owner, ["hr"])

    async def chunks():
        yield b"Wages rise "
        await house.kb.sources.remove(house.owner, first)
        if again:
            house.kb.uploads.source(house.owner, ["everyone"])
        yield b"in May."

    with pytest.raises(KbError):
        await house.kb.uploads.store(first, "wages.md", chunks(), house.owner)
    assert files(house) == []


@pytest.mark.case("N13")
async def test_files_that_cannot_be_deleted_are_told(house, administrator, monkeypatch):
    """The error says so, the check counts them, and a repair deletes them."""
    await hand_in(administrator, "wages.md", "hr")

    def refuse(*_: object, **__: object) -> None:
        raise PermissionError(13, "Permission denied")

    with monkeypatch.context() as patch, pytest.raises(RetryableError) as refused:
        patch.setattr(os, "unlink", refuse)
        source = house.kb.sources.named("Uploads")
        await house.kb.sources.remove(house.owner, source)
    assert refused.value.code == "files_left"
    assert (await house.kb.upkeep.check())["orphan"] == 1
    assert await house.kb.upkeep.check(repair=True) == ZEROS
    assert files(house) == []
