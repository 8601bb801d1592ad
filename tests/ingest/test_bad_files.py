"""Bad files: each in the ledger with a reason a person can act on; the others go on."""

import os
import shutil

import docx
import pytest

from ingest import parsers
from ingest.parsers.options import Options
from kb import samples
from kb.errors import FileProblem
from kb.surface import reasons
from tests.ingest.parsers import test_in_pictures
from tests.ingest.parsers.pdf import test_letters
from tests.parts.files import pdf, problem_of
from tests.parts.processes import missing, shared_data


async def ledger_of(house, files: dict[str, bytes]):
    house.follow()
    for name, content in files.items():
        (house.root / name).write_bytes(content)
    house.write("good.txt", "Good words about water pumps.")
    await house.ingest()
    assert "good.txt" in await house.paths("water pumps")
    return house.ledger()


@pytest.mark.parametrize(
    ("name", "content", "state", "code"),
    [
        ("empty.txt", b"", "skipped", "empty"),
        ("blank.md", b" \n\t \n", "skipped", "empty"),
        ("broken.docx", b"PK\x03\x04garbage", "failed", "damaged"),
        ("broken.pdf", b"%PDF-1.7\ngarbage", "failed", "damaged"),
        ("strange.bin", bytes(range(256)) * 40, "skipped", "unknown_type"),
        ("old.doc", bytes.fromhex("d0cf11e0a1b11ae1") + b"garbage", "failed", "damaged"),
    ],
)
async def test_each_with_its_reason(house, name, content, state, code):
    row = (await ledger_of(house, {name: content}))[name]
    assert (row.state, row.code) == (state, code)
    assert len(reasons.render(row.code, row.parameters)) > 20


def test_encrypted_office_files_are_named_as_such():
    folder = shared_data("robustness-dev-20mb") / "files"
    for name in ("0016_password_protected.xlsx", "0018_testODTEncrypted.odt", "0022_password.pdf"):
        with pytest.raises(FileProblem) as problem:
            parsers.parse(str(folder / name), name, Options())
        assert problem.value.code == "encrypted", name


@pytest.mark.parametrize("trailer", [b"/Filter /Unknown", b"/Filter /Standard /V 99 /R 99"])
def test_a_pdf_that_is_locked_in_an_unknown_way_is_named_as_such(trailer, tmp_path):
    pdf(tmp_path / "a.pdf", b"BT ET")
    content = (tmp_path / "a.pdf").read_bytes()
    locked = content.replace(b"/Root", b"/Encrypt << %b >>\n/Root" % trailer)
    (tmp_path / "a.pdf").write_bytes(locked)
    assert problem_of(tmp_path / "a.pdf").code == "encrypted"


async def test_a_file_too_large_is_skipped(settings, tmp_path):
    import msgspec

    from tests.parts.house import House

    ingest = msgspec.structs.replace(settings.ingest, max_file_mb=1)
    house = House(msgspec.structs.replace(settings, ingest=ingest), tmp_path / "files")
    rows = await ledger_of(house, {"big.txt": b"word " * 400_000})
    assert rows["big.txt"].code == "too_large"
    await house.kb.close()


async def test_a_name_that_is_not_utf8(house):
    """Trap 17"""
    house.follow()
    raw = os.path.join(os.fsencode(house.root), b"caf\xe9.txt")
    with open(raw, "wb") as file:
        file.write(b"Coffee is served in hall nine.")
    await house.ingest()
    assert house.ledger()["caf%E9.txt"].state == "indexed"
    assert await house.paths("coffee in hall nine") == ["caf%E9.txt"]
    assert (await house.ingest()).unchanged == 1


@pytest.mark.case("S05")
async def test_a_link_that_leads_out_is_not_followed(house, tmp_path):
    (tmp_path / "outside.txt").write_text("outside secret words")
    house.follow()
    (house.root / "link.txt").symlink_to(tmp_path / "outside.txt")
    (house.root / "dir").symlink_to(tmp_path)
    await house.ingest()
    assert house.ledger()["link.txt"].code == "symlink_outside"
    assert await house.paths("outside secret words") == []


def test_an_unreadable_file_is_named_as_such(tmp_path_factory):
    import tempfile
    from pathlib import Path

    from kb.files.originals import open_beneath

    folder = Path(tempfile.mkdtemp())
    folder.chmod(0o755)
    (folder / "locked.txt").write_text("Locked words.")
    (folder / "locked.txt").chmod(0)
    was = os.geteuid()
    os.seteuid(65534 if was == 0 else was)
    try:
        with pytest.raises(FileProblem) as problem:
            open_beneath(str(folder), b"locked.txt")
    finally:
        os.seteuid(was)
        shutil.rmtree(folder)
    assert problem.value.code == "unreadable"


async def test_a_mended_file_is_read(house):
    rows = await ledger_of(house, {"a.docx": b"PK\x03\x04garbage"})
    assert rows["a.docx"].state == "failed"
    assert (await house.ingest()).unchanged == 2
    shutil.copy(samples.documents() / "staff-handbook.docx", house.root / "a.docx")
    await house.ingest()
    assert house.ledger()["a.docx"].state == "indexed"


@pytest.mark.case("S16", "S17")
async def test_scripts_in_names_and_text_stay_text(house):
    document = docx.Document()
    document.add_heading("<script>alert(1)</script>", 1)
    document.add_paragraph("An <img src=x onerror=alert(1)> in the text.")
    house.follow()
    document.save(house.root / "<b>bold.docx")
    await house.ingest()
    found = await house.kb.search.passages("onerror alert in the text", house.owner, 1)
    assert "<img src=x" in found.passages[0].text


@pytest.mark.slow
def test_scans_pictures_and_broken_letters_are_read_once_ocr_is_installed(command, tmp_path):
    """The reason in the ledger says: install tesseract-ocr, then run kb ingest."""
    if shutil.which("tesseract") is None:
        missing("tesseract (apt-get install tesseract-ocr)")
    folder = tmp_path / "scans"
    folder.mkdir()
    shutil.copy(samples.documents() / "depot-inspection-scan.pdf", folder)
    test_in_pictures.word(folder / "plan.docx", test_in_pictures.picture(tmp_path / "a.png"))
    test_letters.broken(folder / "letters.pdf", test_letters.further)
    command("source", "add", "scans", str(folder))
    command("ingest", env={"PATH": "/nonexistent"})
    said = {
        "depot-inspection-scan.pdf": ("partial", "scan_without_ocr"),
        "letters.pdf": ("partial", "unreadable_letters"),
        "plan.docx": ("indexed", "pictures_unread"),
    }
    assert stand(command) == said
    assert command("ask", "How long is a confidential contract kept?")["citations"] == []
    assert command("ingest")["indexed"] == 3
    assert stand(command) == dict.fromkeys(said, ("indexed", None))
    for query, text in (("emergency exit of the depot", "pallets"), ("boiler room", "boiler"),
                        ("confidential contract", "ten years")):  # fmt: skip
        hits = command("search", query)["hits"]
        assert any(text in hit["text"] for hit in hits[:3]), query


def stand(command) -> dict[str, tuple[str, str | None]]:
    return {
        file["path"].rpartition("/")[2]: (file["state"], file["code"])
        for file in command("files")["files"]
    }


@pytest.mark.slow
async def test_hostile_files_end_in_the_ledger(house):
    """Every file of a hostile collection is accounted for, and the service lives on."""
    folder = shared_data("robustness-dev-20mb") / "files"
    chosen = sorted(folder.iterdir(), key=lambda p: p.stat().st_size)[:150]
    house.follow()
    for path in chosen:
        shutil.copy(path, house.root / path.name)
    house.write("good.txt", "Good words about water pumps.")
    counts = await house.ingest()
    rows = [r for p, r in house.ledger().items() if " › " not in p]
    assert len(rows) == counts.seen
    assert all(r.state in {"indexed", "partial"} or r.code for r in rows)
    assert "good.txt" in await house.paths("water pumps")
    assert not any((await house.kb.upkeep.check()).values())


# --- the parsers


def parsed(name: str):
    import msgspec

    from kb.types.parsed import Parsed

    return msgspec.msgpack.decode(
        parsers.parse(str(samples.documents() / name), name, Options(languages="eng")), type=Parsed
    )


@pytest.mark.parametrize(
    ("name", "heading"),
    [
        ("staff-handbook.docx", "Annual leave"),
        ("Reisekostenrichtlinie.docx", "Verpflegung und Unterkunft"),
        ("guide-accueil.docx", "Personnes à mobilité réduite"),
        ("reglement-velos.odt", "Caution et âge"),
        ("biglietti.html", "Oggetti smarriti"),
        ("it-notes.md", "Backups"),
        ("annual-report-2025.pdf", "Fleet and energy"),
        ("strategy-2030.pptx", "North depot"),
    ],
)
def test_headings_are_found_in_every_language(name, heading):
    assert heading in [e.text for e in parsed(name).elements if e.kind == "Title"]


def test_pdf_lines_have_boxes_inside_the_page():
    report = parsed("annual-report-2025.pdf")
    lines = [line for e in report.elements for line in e.lines]
    assert report.pages == 3
    assert lines
    assert all(0 <= b[0] < b[2] <= 1 and 0 <= b[1] < b[3] <= 1 for b in (li.box for li in lines))
    for element in report.elements:
        assert all(element.text[li.start : li.end].strip() for li in element.lines)


def test_sheets_keep_rows_and_names():
    book = parsed("fleet.xlsx")
    assert {e.section for e in book.elements} == {"Buses", "Service"}
    assert ("LT-107", "2025-02-11", "Gearbox replaced", "8740") in book.elements[1].rows


def test_a_slide_has_one_heading_and_its_notes():
    slides = [e for e in parsed("strategy-2030.pptx").elements if e.page == 3]
    assert [e.text for e in slides if e.kind == "Title"] == ["North depot"]
    assert any("access road" in e.text for e in slides)
