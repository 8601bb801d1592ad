"""Stored values whose bytes the disk has changed: every single bit is seen, told, and healed."""

import hashlib
import os
from pathlib import Path

import pytest
import zstandard

from kb.errors import DamagedError
from kb.files.blobs import ELEMENTS, ORIGINAL, Blobs
from tests.parts.files import mail

TEXT = b"The harbour master signs every permit. " * 9 + os.urandom(40)
KEY = hashlib.sha256(TEXT).hexdigest()


def unseen(blobs: Blobs, kind: str, content: bytes) -> list[int]:
    """Bits of a stored value that can be turned without anybody seeing it."""
    blobs.put(KEY, kind, content)
    file = blobs._path(KEY, kind)
    whole = file.read_bytes()
    left = []
    for bit in range(len(whole) * 8):
        broken = bytearray(whole)
        broken[bit // 8] ^= 1 << bit % 8
        file.write_bytes(broken)
        try:
            if blobs.get(KEY, kind) != content:
                left.append(bit)
        except DamagedError:
            continue
    for length in range(len(whole)):
        file.write_bytes(whole[:length])
        with pytest.raises(DamagedError):
            blobs.get(KEY, kind)
    return left


@pytest.mark.case("N06")
@pytest.mark.parametrize("kind", [ELEMENTS, ORIGINAL])
def test_no_bit_is_turned_unseen(tmp_path, kind):
    """Before, 994 of 1,476 single bits gave another content without a word."""
    assert unseen(Blobs(tmp_path), kind, TEXT) == []


def store_as_before(blobs: Blobs, kind: str, content: bytes) -> Path:
    """As releases without a checksum stored it."""
    file = blobs._path(KEY, kind)
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(zstandard.ZstdCompressor(level=3, write_checksum=False).compress(content))
    return file


@pytest.mark.case("N06")
def test_values_without_a_checksum_are_still_read(tmp_path):
    """And an original is compared with its name, which is its hash."""
    blobs = Blobs(tmp_path)
    for kind in (ELEMENTS, ORIGINAL):
        store_as_before(blobs, kind, TEXT)
        assert blobs.get(KEY, kind) == TEXT
    store_as_before(blobs, ORIGINAL, TEXT.replace(b"permit", b"pardon"))
    with pytest.raises(DamagedError, match="kb check --repair"):
        blobs.get(KEY, ORIGINAL)


def turn_a_bit(file: Path) -> None:
    content = bytearray(file.read_bytes())
    content[len(content) // 2] ^= 4
    file.write_bytes(content)


@pytest.mark.case("N06")
async def test_check_reads_every_value_and_repair_heals(house, command):
    """An attachment's bytes and a file's elements, counted, read again, sound."""
    mail(house.root / "letter.eml", {"plan.txt": b"The pump runs at night only."})
    house.write("notes.txt", "Notes about the sluice.")
    house.follow()
    await house.ingest()
    rows = house.ledger()
    member = next(r for path, r in rows.items() if path.endswith("plan.txt"))
    notes = rows["notes.txt"]
    blobs = house.kb.blobs
    turn_a_bit(blobs._path(member.content_hash, ORIGINAL))
    turn_a_bit(blobs._path(house.kb.documents.one(house.owner, notes.id).blob, ELEMENTS))
    assert (await house.kb.upkeep.check())["lost"] == 2
    healed = command("check", "--repair")
    assert healed["lost"] == 0
    assert blobs.get(member.content_hash, ORIGINAL) == b"The pump runs at night only."


@pytest.mark.case("N06")
async def test_a_share_that_is_away_holds_up_no_repair_of_others(house, command, tmp_path):
    """What is damaged in one source is read again though another one is not there."""
    away = tmp_path / "away"
    away.mkdir()
    command("source", "add", "away", str(away))
    away.rmdir()
    house.write("notes.txt", "Notes about the sluice.")
    house.follow()
    await house.ingest()
    notes = house.kb.documents.one(house.owner, house.ledger()["notes.txt"].id)
    turn_a_bit(house.kb.blobs._path(notes.blob, ELEMENTS))
    assert command("check", "--repair")["lost"] == 0
