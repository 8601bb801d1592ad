"""A file that is being handed in: whole in its place, or in the scratch of a living process."""

import errno
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from ingest.running import healing
from kb.catalog.documents import of_source
from tests.parts.slowly import slow

ZEROS = {"lost": 0, "duplicate": 0, "orphan": 0, "wrong_access": 0}
HANDING_IN = """
import asyncio, os
from kb import settings
from kb.rights import access
from kb.knowledge_base import KnowledgeBase

async def chunks():
    yield b"secret" * 1_000_000
    print("ready", flush=True)
    await asyncio.sleep(600)

async def main():
    kb = KnowledgeBase(settings.load({}, dict(os.environ)))
    source = await kb.catalog.write(kb.uploads.source, access.owner(), ["everyone"])
    await kb.uploads.store(source, "secret.txt", chunks(), access.owner())

asyncio.run(main())
"""


def files(house) -> list[Path]:
    found = house.kb.settings.data.rglob("*")
    return [p for p in found if p.is_file() and b"secretsecret" in p.read_bytes()]


async def chunks(words: bytes = b"The lamps are violet."):
    yield words


@pytest.mark.case("N24")
@pytest.mark.parametrize("cleared_by", ["start", *slow("purge", "repair", "hour")])
async def test_a_killed_upload_is_counted_and_cleared(house, environment, tmp_path, cleared_by):
    """Whoever clears the scratch reaches it; a living one is left alone."""
    process = subprocess.Popen(
        [sys.executable, "-c", HANDING_IN],
        env=environment, cwd=tmp_path, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    try:
        assert process.stdout.readline() == "ready\n"
        assert len(files(house)) == 1
        healing.heal(house.kb.catalog, house.kb.blobs, house.kb.scratch)
        assert len(files(house)) == 1
    finally:
        process.kill()
        process.wait()
    assert len(files(house)) == 1
    assert (await house.kb.upkeep.check())["orphan"] == 1
    if cleared_by == "start":
        healing.heal(house.kb.catalog, house.kb.blobs, house.kb.scratch)
    elif cleared_by == "purge":
        await house.kb.documents.erase(house.owner, [])
    elif cleared_by == "repair":
        assert await house.kb.upkeep.check(repair=True) == ZEROS
    else:
        house.kb.scratch.clear()
    assert files(house) == []
    assert await house.kb.upkeep.check() == ZEROS


@pytest.mark.case("N24")
async def test_what_earlier_releases_left_half_stored_is_counted_and_cleared(house):
    """It lies among the files themselves."""
    source = house.kb.uploads.source(house.owner, ["everyone"])
    half = Path(source.root) / ".upload-abc"
    half.write_bytes(b"secretsecret")
    assert await house.kb.upkeep.check() == ZEROS  # it may be on its way
    os.utime(half, (time.time() - 7200,) * 2)
    assert (await house.kb.upkeep.check())["orphan"] == 1
    healing.heal(house.kb.catalog, house.kb.blobs, house.kb.scratch)
    assert files(house) == []


@pytest.mark.case("N24")
async def test_files_reach_another_file_system_whole(house, monkeypatch):
    """By a copy there, which has its name when it is complete."""
    source = house.kb.uploads.source(house.owner, ["everyone"])
    link, refused = os.link, []

    def across(old, new):
        if Path(old).parent != Path(new).parent:
            refused.append(new)
            raise OSError(errno.EXDEV, "Invalid cross-device link")
        link(old, new)

    monkeypatch.setattr(os, "link", across)
    for name in ("lamps.md", "lamps (2).md"):
        stored = await house.kb.uploads.store(source, "lamps.md", chunks(), house.owner)
        assert stored == name
    assert len(refused) == 2
    assert sorted(os.listdir(source.root)) == ["lamps (2).md", "lamps.md"]
    await house.ingest("Uploads")
    with house.kb.catalog.reading() as connection:
        assert set(of_source(connection, source.id)) == {b"lamps.md", b"lamps (2).md"}


@pytest.mark.case("N24")
async def test_a_file_that_the_catalog_refuses_is_not_kept(house, monkeypatch):
    """Whoever handed it in is told that it was not stored."""
    source = house.kb.uploads.source(house.owner, ["everyone"])

    def refuse(*_, **__):
        raise RuntimeError("no entry")

    monkeypatch.setattr("kb.files.uploads.noted", refuse)
    with pytest.raises(RuntimeError):
        await house.kb.uploads.store(source, "x.md", chunks(b"secretsecret"), house.owner)
    assert files(house) == []
