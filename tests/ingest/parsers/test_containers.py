"""Archives, mails and what is in them; bombs."""

import bz2
import gzip
import io
import tarfile
import zipfile
from pathlib import Path

import msgspec
import pytest

from ingest import parsers
from ingest.parsers.options import Options
from kb import samples
from kb.types.parsed import Parsed
from tests.parts.files import mail, parse, problem_of, word, zipped


async def test_members_of_archives_are_documents_of_their_own(house):
    house.follow()
    mail(house.root / "a.eml", {"inner.zip": zipped({"deep/notes.txt": b"Rain gauges are blue."})})
    with tarfile.open(house.root / "b.tar.gz", "w:gz") as archive:
        info = tarfile.TarInfo("folder/tar.txt")
        content = b"Snow poles are red."
        info.size = len(content)
        archive.addfile(info, io.BytesIO(content))
    (house.root / "c.txt.gz").write_bytes(gzip.compress(b"Wind vanes are green."))
    (house.root / "d.bz2").write_bytes(bz2.compress(b"Sun dials are white."))
    (house.root / "m.mbox").write_bytes(
        b"From a@b Mon Jan  6 10:00:00 2025\nFrom: a@b\nSubject: Frost\n\nFrost is measured.\n\n"
        b"From a@b Mon Jan  6 11:00:00 2025\nFrom: a@b\nSubject: Fog\n\nFog is observed.\n"
    )
    await house.ingest()
    ledger = house.ledger()
    assert (await house.paths("rain gauges"))[0] == "a.eml › inner.zip › deep/notes.txt"
    assert (await house.paths("snow poles"))[0] == "b.tar.gz › folder/tar.txt"
    assert (await house.paths("wind vanes"))[0] == "c.txt.gz › c.txt"
    assert (await house.paths("sun dials"))[0] == "d.bz2 › d"
    assert (await house.paths("fog is observed"))[0] == "m.mbox › 0002 Fog.eml"
    assert ledger["a.eml › inner.zip"].state == "indexed"
    (house.root / "b.tar.gz").unlink()
    await house.ingest()
    assert "b.tar.gz › folder/tar.txt" not in house.ledger()


@pytest.mark.case("S01", "S02")
def test_member_names_never_lead_out(tmp_path):
    """Names are shown, nothing is written by them."""
    path = tmp_path / "a.zip"
    names = ["../../etc/passwd", "/abs/file.txt", "C:\\win\\file.txt", "a/\0b.txt", "..\\up.txt"]
    path.write_bytes(zipped({n: b"words" for n in names}))
    shown = [m.name for m in parse(path).members]
    assert all(".." not in n and not n.startswith("/") and "\\" not in n for n in shown)
    mail(tmp_path / "a.eml", {"../../evil.txt": b"words"})
    assert [m.name for m in parse(tmp_path / "a.eml").members] == ["evil.txt"]
    assert sorted(p.name for p in tmp_path.iterdir()) == ["a.eml", "a.zip"]


@pytest.mark.case("S48")
def test_bombs_are_refused(tmp_path):
    bomb = zipped({"zeros.txt": b"\0" * (300 * 1024**2)})
    (tmp_path / "a.zip").write_bytes(bomb)
    refused = problem_of(tmp_path / "a.zip")
    assert (refused.code, refused.detail["limit"]) == ("expands_too_far", 58), "200 times its size"
    (tmp_path / "mixed.zip").write_bytes(zipped({"good.txt": b"words", "bomb": bytes(2 * 10**7)}))
    mixed = parse(tmp_path / "mixed.zip", max_expanded=10**7)
    assert [m.name for m in mixed.members] == ["good.txt"]
    assert (mixed.problem, mixed.problem_parameters) == ("members_left_out", {"members": 1})
    (tmp_path / "a.gz").write_bytes(gzip.compress(bytes(300 * 1024**2)))
    assert problem_of(tmp_path / "a.gz").code == "expands_too_far"
    lying = bytearray(bomb)
    for marker in (b"PK\x01\x02", b"PK\x03\x04"):
        at = lying.find(marker) + (24 if marker == b"PK\x01\x02" else 22)
        lying[at : at + 4] = (100).to_bytes(4, "little")
    (tmp_path / "lying.zip").write_bytes(bytes(lying))
    assert problem_of(tmp_path / "lying.zip").code in {"damaged", "expands_too_far"}
    many = parse_many(tmp_path)
    assert (len(many.members), many.problem) == (50, "members_left_out")


def parse_many(tmp_path: Path) -> Parsed:
    (tmp_path / "many.zip").write_bytes(zipped({f"{n}.txt": b"words" for n in range(200)}))
    return parse(tmp_path / "many.zip", max_members=50)


@pytest.mark.case("S48")
def test_a_package_that_is_a_bomb_is_refused(tmp_path):
    word(tmp_path / "a.docx")
    with zipfile.ZipFile(tmp_path / "a.docx", "a", zipfile.ZIP_DEFLATED) as package:
        package.writestr("word/media/zeros.bin", bytes(400 * 1024**2))
    refused = problem_of(tmp_path / "a.docx")
    assert (refused.code, refused.detail["limit"]) == (
        "expands_too_far",
        300 * (tmp_path / "a.docx").stat().st_size // 2**20,
    )


@pytest.mark.case("S48")
async def test_nesting_is_bounded(house):
    house.follow()
    content = b"Deep words about water pumps."
    name = "words.txt"
    for depth in range(6):
        content, name = zipped({name: content}), f"{depth}.zip"
    (house.root / "nested.zip").write_bytes(content)
    await house.ingest()
    assert [r.code for r in house.ledger().values() if r.code] == ["too_deep"]


def test_files_attached_to_a_pdf_are_members(tmp_path):
    import pypdfium2

    document = pypdfium2.PdfDocument(samples.documents() / "annual-report-2025.pdf")
    document.new_attachment("notes.txt").set_data(b"Attached words.")
    document.save(tmp_path / "a.pdf")
    assert [m.name for m in parse(tmp_path / "a.pdf").members] == ["notes.txt"]


def test_a_damaged_member_does_not_take_the_others_with_it(tmp_path):
    names = [f"{n}.txt" for n in range(5)]
    content = bytearray(zipped({n: f"{n} tells of pump {n}. ".encode() * 50 for n in names}))
    at = content.find(b"2.txt") + 8
    content[at : at + 12] = bytes(12)
    (tmp_path / "a.zip").write_bytes(bytes(content))
    read = parse(tmp_path / "a.zip")
    assert [m.name for m in read.members] == ["0.txt", "1.txt", "3.txt", "4.txt"]
    assert (read.problem, read.problem_parameters) == ("members_left_out", {"members": 1})


@pytest.mark.parametrize("mode", ["w", "w:gz"])
def test_sizes_beyond_the_file_are_not_skipped_step_by_step(mode, tmp_path, monkeypatch):
    """A terabyte that is not there would take a hundred million small steps."""
    steps, read_on = [], tarfile._Stream.read

    def step(stream, size):
        steps.append(size)
        assert len(steps) < 1000
        return read_on(stream, size)

    monkeypatch.setattr(tarfile._Stream, "read", step)
    with tarfile.open(tmp_path / "a.tar", mode, format=tarfile.PAX_FORMAT) as archive:
        for name, said in (("a.txt", {}), ("b.txt", {"size": "9999999999999"})):
            info = tarfile.TarInfo(name)
            info.size, info.pax_headers = 5, said
            archive.addfile(info, io.BytesIO(b"words"))
    read = parsers.parse(str(tmp_path / "a.tar"), "a.tar", Options())
    assert steps
    assert msgspec.msgpack.decode(read, type=Parsed).problem == "members_left_out"


def test_members_that_there_is_no_room_for_are_not_unpacked(tmp_path):
    """Many entries may name the same bytes: what is said of their sizes is enough."""
    path = tmp_path / "a.zip"
    first, *others = zipped({f"{n}.txt": b"0" * 1000 for n in range(5)}).split(b"PK\x03\x04")[1:]
    path.write_bytes(b"PK\x03\x04" + b"PK\x03\x05".join([first, *others]))  # none can be opened
    assert problem_of(path, max_expanded=500).code == "expands_too_far"
