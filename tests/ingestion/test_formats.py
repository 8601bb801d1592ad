"""Every format: what is in it is found, with its kind told by the content."""

import bz2
import gzip
import io
import shutil
import subprocess
import tarfile
import time
import zipfile
import zlib
from email.message import EmailMessage
from pathlib import Path

import docx
import msgspec
import openpyxl
import pptx
import pytest
from PIL import Image, ImageDraw, ImageFont

from ingest import parsers
from ingest.parsers.options import Options
from kb import samples, sandbox
from kb.errors import FileProblem
from kb.types import Parsed
from tests.conftest import missing, shared_data

WORDS = "The pump in hall nine is inspected every spring."
FONT = "/usr/share/fonts/truetype/dejavu/DejaVuSans.ttf"


def parse(path: Path, name: str | None = None, **options) -> Parsed:
    content = sandbox.run(
        parsers.parse, str(path), name or path.name, Options(**options), limits=sandbox.Limits()
    )
    return msgspec.msgpack.decode(content, type=Parsed)


def text_of(parsed: Parsed) -> str:
    return "\n".join(e.text for e in parsed.elements)


def problem_of(path: Path, **options) -> FileProblem:
    with pytest.raises(FileProblem) as problem:
        parse(path, **options)
    return problem.value


# --- files made here, one of each kind


def word(path: Path, main_type: str = "") -> None:
    document = docx.Document()
    document.add_heading("Pumps", 1)
    document.add_paragraph(WORDS)
    document.save(path)
    retype(path, "wordprocessingml.document", main_type)


def slides(path: Path, main_type: str = "") -> None:
    deck = pptx.Presentation()
    slide = deck.slides.add_slide(deck.slide_layouts[1])
    slide.shapes.title.text = "Pumps"
    slide.placeholders[1].text = WORDS
    slide.notes_slide.notes_text_frame.text = "Mention the spring inspection."
    deck.save(path)
    retype(path, "presentationml.presentation", main_type)


def retype(path: Path, old: str, new: str) -> None:
    """Call the main part of a package something else, as Office does in templates."""
    if not new:
        return
    with zipfile.ZipFile(path) as package:
        parts = {n: package.read(n) for n in package.namelist()}
    plain = f"application/vnd.openxmlformats-officedocument.{old}.main+xml".encode()
    types = parts["[Content_Types].xml"]
    assert plain in types
    parts["[Content_Types].xml"] = types.replace(plain, new.encode())
    with zipfile.ZipFile(path, "w") as package:
        for name, content in parts.items():
            package.writestr(name, content)


def book(path: Path) -> None:
    made = openpyxl.Workbook()
    made.active.append(["Place", "Note"])
    made.active.append(["Hall nine", WORDS])
    made.save(path)


ODF = (
    '<office:document-content xmlns:office="urn:oasis:names:tc:opendocument:xmlns:office:1.0" '
    'xmlns:table="urn:oasis:names:tc:opendocument:xmlns:table:1.0" '
    'xmlns:text="urn:oasis:names:tc:opendocument:xmlns:text:1.0" '
    'xmlns:draw="urn:oasis:names:tc:opendocument:xmlns:drawing:1.0" '
    'xmlns:style="urn:oasis:names:tc:opendocument:xmlns:style:1.0" '
    'xmlns:presentation="urn:oasis:names:tc:opendocument:xmlns:presentation:1.0">'
    "<office:automatic-styles>{styles}</office:automatic-styles>"
    "<office:body>{body}</office:body></office:document-content>"
)


def opendocument(path: Path, mimetype: str, body: str, styles: str = "") -> None:
    with zipfile.ZipFile(path, "w") as package:
        package.writestr("mimetype", f"application/vnd.oasis.opendocument.{mimetype}")
        package.writestr("content.xml", ODF.format(body=body, styles=styles))


def cell(text: str, more: str = "") -> str:
    return f"<table:table-cell {more}><text:p>{text}</text:p></table:table-cell>"


def ods(path: Path) -> None:
    rows = [cell("Place") + cell("Note"), cell("Hall nine") + cell(WORDS)]
    table = "".join(f"<table:table-row>{r}</table:table-row>" for r in rows)
    secret = f"<table:table-row>{cell('hidden figure 4711')}{cell('x')}</table:table-row>"
    opendocument(
        path,
        "spreadsheet",
        f'<table:table table:name="Pumps">{table}<table:table-row '
        'table:number-rows-repeated="1048574"><table:table-cell '
        'table:number-columns-repeated="16384"/></table:table-row></table:table>'
        f'<table:table table:name="Old" table:style-name="h">{secret}</table:table>',
        '<style:style style:name="h" style:family="table">'
        '<style:table-properties table:display="false"/></style:style>',
    )


def odp(path: Path) -> None:
    opendocument(
        path,
        "presentation",
        '<draw:page draw:name="one"><draw:frame presentation:class="title"><draw:text-box>'
        "<text:p>Pumps</text:p></draw:text-box></draw:frame><draw:frame><draw:text-box>"
        f"<text:p>{WORDS}</text:p></draw:text-box></draw:frame><presentation:notes><draw:frame>"
        "<draw:text-box><text:p>Mention the spring.</text:p></draw:text-box></draw:frame>"
        "</presentation:notes></draw:page>",
    )


def mail(path: Path, attachments: dict[str, bytes] | None = None) -> None:
    message = EmailMessage()
    message["From"] = "Ada <ada@example.org>"
    message["To"] = "Ben <ben@example.org>"
    message["Date"] = "Mon, 06 Jan 2025 10:00:00 +0000"
    message["Subject"] = "Pumps"
    message.set_content(WORDS)
    for name, content in (attachments or {}).items():
        message.add_attachment(
            content, maintype="application", subtype="octet-stream", filename=name
        )
    path.write_bytes(message.as_bytes())


def page(path: Path, turned: int = 0, size: int = 44, **options) -> None:
    picture = Image.new("L", (1654, 1200), 255)
    pen = ImageDraw.Draw(picture)
    font = ImageFont.truetype(FONT, size)
    lines = [WORDS, "Report leaks to the control room.", "Valves are turned by two people."] * 4
    for number, line in enumerate(lines):
        pen.text((140, 100 + number * int(size * 1.7)), line, 0, font)
    picture.rotate(turned, expand=True, fillcolor=255).save(path, dpi=(200, 200), **options)


def rtf(path: Path) -> None:
    path.write_text(r"{\rtf1\ansi{\b Pumps}\par " + WORDS + r"\par}")


def epub(path: Path) -> None:
    with zipfile.ZipFile(path, "w") as made:
        made.writestr("mimetype", "application/epub+zip")
        made.writestr(
            "META-INF/container.xml",
            '<container version="1.0" xmlns="urn:oasis:names:tc:opendocument:xmlns:container">'
            '<rootfiles><rootfile full-path="c.opf" media-type="application/oebps-package+xml"/>'
            "</rootfiles></container>",
        )
        made.writestr(
            "c.opf",
            '<package xmlns="http://www.idpf.org/2007/opf" version="3.0" unique-identifier="i">'
            '<metadata xmlns:dc="http://purl.org/dc/elements/1.1/"><dc:title>Pumps</dc:title>'
            '<dc:identifier id="i">1</dc:identifier><dc:language>en</dc:language></metadata>'
            '<manifest><item id="a" href="a.xhtml" media-type="application/xhtml+xml"/></manifest>'
            '<spine><itemref idref="a"/></spine></package>',
        )
        made.writestr(
            "a.xhtml",
            '<html xmlns="http://www.w3.org/1999/xhtml"><head><title>Pumps</title></head>'
            f"<body><h1>Pumps</h1><p>{WORDS}</p></body></html>",
        )


def mhtml(path: Path) -> None:
    message = EmailMessage()
    message["From"] = "<Saved by a browser>"
    message["Subject"] = "Pumps"
    message.add_header("MIME-Version", "1.0")
    message.set_content(f"<html><body><h1>Pumps</h1><p>{WORDS}</p></body></html>", subtype="html")
    message.make_related()
    path.write_bytes(message.as_bytes())


ICS = f"""BEGIN:VCALENDAR
VERSION:2.0
PRODID:-//a//b
BEGIN:VEVENT
UID:1
DTSTART:20250106T100000Z
SUMMARY:Pumps
LOCATION:Hall nine
DESCRIPTION:{WORDS}
END:VEVENT
END:VCALENDAR
"""
XML = f"<manual><title>Pumps</title><para>{WORDS}</para></manual>"
WORD_TYPES = {
    "docm": "application/vnd.ms-word.document.macroEnabled.main+xml",
    "dotx": ("application/vnd.openxmlformats-officedocument.wordprocessingml.template.main+xml"),
    "dotm": "application/vnd.ms-word.template.macroEnabledTemplate.main+xml",
}
SLIDE_TYPES = {
    "ppsx": ("application/vnd.openxmlformats-officedocument.presentationml.slideshow.main+xml"),
    "pptm": "application/vnd.ms-powerpoint.presentation.macroEnabled.main+xml",
}
MAKERS = {
    "docx": word,
    **{k: (lambda path, t=t: word(path, t)) for k, t in WORD_TYPES.items()},
    "pptx": slides,
    **{k: (lambda path, t=t: slides(path, t)) for k, t in SLIDE_TYPES.items()},
    "xlsx": book,
    "xlsm": book,
    "ods": ods,
    "odp": odp,
    "rtf": rtf,
    "epub": epub,
    "eml": mail,
    "mhtml": mhtml,
    "ics": lambda path: path.write_text(ICS),
    "xml": lambda path: path.write_text(XML),
    "html": lambda path: path.write_text(f"<html><h1>Pumps</h1><p>{WORDS}</p></html>"),
    "md": lambda path: path.write_text(f"# Pumps\n\n{WORDS}"),
    "txt": lambda path: path.write_text(WORDS),
    "csv": lambda path: path.write_text(f"Place;Note\nHall nine;{WORDS}\n"),
    "tsv": lambda path: path.write_text(f"Place\tNote\nHall nine\t{WORDS}\n"),
}


@pytest.mark.parametrize("kind", MAKERS)
def test_what_is_in_it_is_found(kind, tmp_path):
    path = tmp_path / f"file.{kind}"
    MAKERS[kind](path)
    assert WORDS in text_of(parse(path))


@pytest.mark.parametrize("kind", sorted(set(MAKERS) - {"md", "csv", "tsv", "html", "txt"}))
def test_its_kind_is_told_by_the_content(kind, tmp_path):
    """Plain text aside, which has no signature."""
    path = tmp_path / "file.dat"
    MAKERS[kind](path)
    if kind == "mhtml":
        assert parse(path).media_type == "message/rfc822"
    else:
        assert WORDS in text_of(parse(path))


@pytest.mark.parametrize("kind", ["png", "jpg", "tiff", "heic"])
def test_a_picture_of_text_is_read(kind, tmp_path):
    if shutil.which("tesseract") is None:
        missing("tesseract (apt-get install tesseract-ocr)")
    import pillow_heif

    pillow_heif.register_heif_opener()
    path = tmp_path / f"file.{kind}"
    page(path)
    read = parse(path)
    assert WORDS in " ".join(text_of(read).split())
    assert read.confidences[0][1] > 80
    assert read.problem is None


def test_old_formats_are_converted(tmp_path):
    if shutil.which("soffice") is None:
        missing("LibreOffice (apt-get install libreoffice-writer-nogui -calc-nogui -impress-nogui)")
    for kind, make, old in (("docx", word, "doc"), ("pptx", slides, "ppt"), ("xlsx", book, "xls")):
        new = tmp_path / f"file.{kind}"
        make(new)
        subprocess.run(
            ["soffice", f"-env:UserInstallation=file://{tmp_path}/profile", "--headless"]
            + ["--convert-to", old, "--outdir", str(tmp_path), str(new)],
            check=True,
            capture_output=True,
        )
        assert WORDS in text_of(parse(tmp_path / f"file.{old}", "file.bin")), old


def test_without_libreoffice_the_reason_says_to_install_it(tmp_path, monkeypatch):
    from ingest.parsers import libreoffice

    monkeypatch.setenv("PATH", "/nonexistent")
    with pytest.raises(FileProblem) as problem:
        libreoffice.convert(tmp_path / "a.doc", "doc", "docx")
    assert problem.value.code == "needs_libreoffice"


def test_outlook_mails_keep_who_when_and_what():
    folder = shared_data("robustness-dev-20mb") / "files"
    for path in folder.glob("*.msg"):
        read = parse(path)
        if read.problem is None and read.elements[0].kind == "EmailHeader":
            break
    assert "Subject: " in read.elements[0].text
    assert "From: " in read.elements[0].text


# --- tables


def table_of(path: Path):
    return next(e for e in parse(path).elements if e.rows)


def test_merged_cells_and_headers_of_two_lines(tmp_path):
    made = openpyxl.Workbook()
    sheet = made.active
    sheet.title = "Fleet"
    sheet["A1"] = "Buses of the north depot"
    sheet.merge_cells("A1:D1")
    for row in (["Bus", "Cost", None, "Driver"], [None, "2024", "2025", None]):
        sheet.append(row)
    sheet.merge_cells("B2:C2")
    sheet.merge_cells("A2:A3")
    sheet.append(["LT-1", 100, 0.125, "Ada"])
    sheet["C4"].number_format = "0.0%"
    sheet.append(["LT-2", 200, 300, "Ben"])
    sheet.merge_cells("D4:D5")
    path = tmp_path / "fleet.xlsx"
    made.save(path)
    elements = parse(path).elements
    assert [e.text for e in elements if e.kind == "Title"] == ["Buses of the north depot"]
    table = table_of(path)
    assert table.section == "Fleet"
    assert table.header_rows == 2
    assert table.rows[0][:3] == ("Bus", "Cost", "Cost")
    assert table.rows[1][:3] == ("Bus", "2024", "2025")
    assert table.rows[2] == ("LT-1", "100", "12.5%", "Ada")
    assert table.rows[3] == ("LT-2", "200", "300", "Ada")


def test_hidden_sheets_are_left_out(tmp_path):
    made = openpyxl.Workbook()
    made.active.append(["Place", "Note"])
    made.active.append(["Hall", "Pump"])
    secret = made.create_sheet("Old")
    secret.append(["hidden figure", 4711])
    secret.sheet_state = "hidden"
    made.save(tmp_path / "a.xlsx")
    assert "hidden" not in text_of(parse(tmp_path / "a.xlsx"))
    ods(tmp_path / "a.ods")
    assert "hidden" not in text_of(parse(tmp_path / "a.ods"))


def test_a_long_table_repeats_its_whole_header():
    from ingest import chunking, parsers
    from ingest.parsers import tables

    rows = [["Bus", "Cost"], ["", "in euros"], *([f"LT-{n}", str(n * 7)] for n in range(300))]
    element = tables.table(rows, 2, "Fleet")
    count = lambda texts: [len(t.split()) for t in texts]
    chunks = chunking.chunk([element], "fleet.xlsx", count, 60)
    assert len(chunks) > 10
    for chunk in chunks:
        assert chunk.text.startswith("Bus | Cost\n | in euros\n")
        assert len(chunk.embedded_text.split()) <= 60


def test_several_tables_on_one_sheet_each_have_their_header(tmp_path):
    made = openpyxl.Workbook()
    for row in (["Bus", "Cost"], ["LT-1", 5], [], ["Driver", "Phone"], ["Ada", "0551"]):
        made.active.append(row)
    made.save(tmp_path / "a.xlsx")
    tables = [e for e in parse(tmp_path / "a.xlsx").elements if e.rows]
    assert [t.rows[0] for t in tables] == [("Bus", "Cost"), ("Driver", "Phone")]


# --- containers


def zipped(files: dict[str, bytes]) -> bytes:
    output = io.BytesIO()
    with zipfile.ZipFile(output, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return output.getvalue()


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


def test_member_names_never_lead_out(tmp_path):
    """S01, S02: names are shown, nothing is written by them."""
    path = tmp_path / "a.zip"
    names = ["../../etc/passwd", "/abs/file.txt", "C:\\win\\file.txt", "a/\0b.txt", "..\\up.txt"]
    path.write_bytes(zipped({n: b"words" for n in names}))
    shown = [m.name for m in parse(path).members]
    assert all(".." not in n and not n.startswith("/") and "\\" not in n for n in shown)
    mail(tmp_path / "a.eml", {"../../evil.txt": b"words"})
    assert [m.name for m in parse(tmp_path / "a.eml").members] == ["evil.txt"]
    assert sorted(p.name for p in tmp_path.iterdir()) == ["a.eml", "a.zip"]


def test_bombs_are_refused(tmp_path):
    """S48"""
    bomb = zipped({"zeros.txt": b"\0" * (300 * 1024**2)})
    (tmp_path / "a.zip").write_bytes(bomb)
    assert problem_of(tmp_path / "a.zip").code == "expands_too_far"
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


def test_a_package_that_is_a_bomb_is_refused(tmp_path):
    """S48"""
    word(tmp_path / "a.docx")
    with zipfile.ZipFile(tmp_path / "a.docx", "a", zipfile.ZIP_DEFLATED) as package:
        package.writestr("word/media/zeros.bin", bytes(400 * 1024**2))
    assert problem_of(tmp_path / "a.docx").code == "expands_too_far"


async def test_nesting_is_bounded(house):
    """S48"""
    house.follow()
    content = b"Deep words about water pumps."
    name = "words.txt"
    for depth in range(6):
        content, name = zipped({name: content}), f"{depth}.zip"
    (house.root / "nested.zip").write_bytes(content)
    await house.ingest()
    assert [r.code for r in house.ledger().values() if r.code] == ["too_deep"]


# --- XML and other active content


def test_entities_stay_inert(tmp_path):
    """S49"""
    secret = tmp_path / "secret.txt"
    secret.write_text("secret words")
    xxe = tmp_path / "a.xml"
    xxe.write_text(
        f'<!DOCTYPE a [<!ENTITY x SYSTEM "file://{secret}">]><a><b>open words here</b>'
        "<c>&x;</c></a>"
    )
    assert "secret" not in text_of(parse(xxe))
    laughs = "".join(
        f'<!ENTITY l{n} "{"".join(f"&l{n - 1};" for _ in range(10))}">' for n in range(1, 12)
    )
    bomb = tmp_path / "b.xml"
    bomb.write_text(f'<!DOCTYPE a [<!ENTITY l0 "lol">{laughs}]><a>&l11;<b>words</b></a>')
    try:
        assert len(text_of(parse(bomb))) < 1000
    except FileProblem as problem:
        assert problem.code in {"damaged", "no_text"}


def test_nothing_in_a_package_is_fetched_or_run(tmp_path):
    """S53: an attached template and a picture from elsewhere, in a child without a network."""
    word(tmp_path / "a.docx")
    with zipfile.ZipFile(tmp_path / "a.docx", "a") as package:
        package.writestr(
            "word/_rels/settings.xml.rels",
            '<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">'
            '<Relationship Id="rId9" Type="http://schemas.openxmlformats.org/officeDocument/2006/'
            'relationships/attachedTemplate" Target="http://127.0.0.1:9/evil.dotm" '
            'TargetMode="External"/></Relationships>',
        )
    assert WORDS in text_of(parse(tmp_path / "a.docx"))


def test_files_that_include_others_are_read_as_text(tmp_path):
    """S09"""
    (tmp_path / "secret.txt").write_text("secret words")
    for name, line in (("a.rst", ".. include:: secret.txt"), ("a.org", "#+INCLUDE: secret.txt")):
        (tmp_path / name).write_text(f"Open words.\n\n{line}\n")
        assert "secret words" not in text_of(parse(tmp_path / name))


# --- pictures and scans


def test_huge_pictures_are_refused(tmp_path):
    """S52"""
    Image.new("1", (12000, 12000)).save(tmp_path / "big.png")
    assert problem_of(tmp_path / "big.png").code == "picture_too_large"


def scan(path: Path, **how) -> None:
    picture = path.with_suffix(".png")
    page(picture, **how)
    Image.open(picture).convert("RGB").save(path, "PDF", resolution=200)


@pytest.mark.parametrize("turned", [90, 180, 270, 2, -3])
def test_turned_and_crooked_pages_are_read_and_placed(turned, tmp_path):
    if shutil.which("tesseract") is None:
        missing("tesseract (apt-get install tesseract-ocr)")
    scan(tmp_path / "a.pdf", turned=turned)
    read = parse(tmp_path / "a.pdf")
    text = " ".join(text_of(read).split())
    assert WORDS in text
    [(number, confidence)] = read.confidences
    assert (number, read.pages, read.problem) == (1, 1, None)
    assert confidence > 80
    boxes = [line.box for e in read.elements for line in e.lines]
    first = boxes[0]
    width, height = first[2] - first[0], first[3] - first[1]
    assert (height > width) == (turned in {90, 270})
    upper_left = first[1] < 0.25 and first[0] < 0.25
    assert upper_left == (turned in {2, -3})


def test_only_pages_without_text_are_recognised(tmp_path):
    if shutil.which("tesseract") is None:
        missing("tesseract (apt-get install tesseract-ocr)")
    from reportlab.pdfgen.canvas import Canvas

    page(tmp_path / "scan.png")
    canvas = Canvas(str(tmp_path / "mixed.pdf"))
    canvas.drawString(72, 700, "A page that was printed and not scanned at all.")
    canvas.showPage()
    canvas.drawImage(str(tmp_path / "scan.png"), 0, 300, 595, 430)
    canvas.save()
    read = parse(tmp_path / "mixed.pdf")
    assert [p for p, _ in read.confidences] == [2]
    assert read.elements[0].page == 1
    assert "printed and not scanned" in read.elements[0].text
    assert WORDS in " ".join(text_of(read).split())


def test_an_unsure_page_makes_the_file_partial(tmp_path):
    if shutil.which("tesseract") is None:
        missing("tesseract (apt-get install tesseract-ocr)")
    page(tmp_path / "a.png")
    read = parse(tmp_path / "a.png", min_confidence=99.9)
    assert read.problem == "scan_uncertain"
    assert read.problem_parameters == {"pages": 1, "which": "1"}


def test_running_heads_and_page_numbers_are_dropped(tmp_path):
    from reportlab.pdfgen.canvas import Canvas

    canvas = Canvas(str(tmp_path / "a.pdf"))
    for number in range(1, 7):
        canvas.drawString(72, 810, f"Water board, annual report, page {number}")
        canvas.drawString(72, 500, f"Chapter {number} tells how hall {number * 7} was built.")
        canvas.drawString(290, 30, f"{number}")
        canvas.showPage()
    canvas.save()
    text = text_of(parse(tmp_path / "a.pdf"))
    assert "annual report" not in text
    assert "hall 21 was built" in text
    assert not any(line.strip().isdigit() for line in text.splitlines())


def test_files_attached_to_a_pdf_are_members(tmp_path):
    import pypdfium2

    document = pypdfium2.PdfDocument(samples.documents() / "annual-report-2025.pdf")
    document.new_attachment("notes.txt").set_data(b"Attached words.")
    document.save(tmp_path / "a.pdf")
    assert [m.name for m in parse(tmp_path / "a.pdf").members] == ["notes.txt"]


@pytest.mark.parametrize("seed", range(25))
def test_damaged_files_fail_with_a_reason(seed, tmp_path):
    """R20: cut short or with flipped bits; whatever comes of it, it is an answer or a reason."""
    import random

    chance = random.Random(seed)
    for original in sorted(samples.documents().iterdir()):
        content = bytearray(original.read_bytes())
        if seed % 2:
            content = content[: chance.randrange(1, len(content))]
        else:
            for _ in range(20):
                content[chance.randrange(len(content))] ^= 1 << chance.randrange(8)
        path = tmp_path / original.name
        path.write_bytes(bytes(content))
        try:
            parse(path)
        except FileProblem as problem:
            assert problem.code not in {"parser_timeout", "parser_memory"}, original


def pdf(path: Path, content: bytes, extra: bytes = b"") -> None:
    """A PDF of one page with this content stream."""
    stream = zlib.compress(content, 9)
    objects = [
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 4 0 R "
        b"/Resources << /Font << /F 5 0 R >> >> >>",
        b"<< /Filter /FlateDecode /Length %d >>\nstream\n" % len(stream) + stream + b"\nendstream",
        b"<< /Type /Font /Subtype /Type0 /BaseFont /Helvetica /Encoding /..#2f..#2fevil "
        + extra
        + b">>",
    ]
    output = b"%PDF-1.7\n"
    for number, body in enumerate(objects, 1):
        output += b"%d 0 obj\n" % number + body + b"\nendobj\n"
    path.write_bytes(output + b"trailer << /Root 1 0 R >>\n%%EOF")


def test_pdf_bombs_stay_within_their_limits(tmp_path):
    """S50: a stream of half a gigabyte, and an array of a million fonts."""
    limits = sandbox.Limits(seconds=20, memory=1024**3)
    pdf(tmp_path / "stream.pdf", b"0 0 m " * (90 * 1024**2))
    pdf(tmp_path / "array.pdf", b"BT ET", b"/DescendantFonts [" + b"6 0 R " * 1_000_000 + b"] ")
    for name in ("stream.pdf", "array.pdf"):
        begun = time.monotonic()
        with pytest.raises(FileProblem) as problem:
            sandbox.run(parsers.parse, str(tmp_path / name), name, Options(), limits=limits)
        assert problem.value.code in {"no_text", "damaged", *sandbox_codes}
        assert time.monotonic() - begun < 30


sandbox_codes = {"parser_memory", "parser_timeout", "parser_crashed"}


def loaded_by_a_pdf(path: str) -> bytes:
    import sys

    try:
        parsers.parse(path, "a.pdf", Options())
    except FileProblem:
        pass
    return b" ".join(name.encode() for name in sys.modules)


def test_no_character_map_is_unpickled(tmp_path):
    """S51: pdfminer, which unpickles them by a name in the file, is not there at all."""
    pdf(tmp_path / "a.pdf", b"BT /F 12 Tf (words) Tj ET")
    modules = sandbox.run(loaded_by_a_pdf, str(tmp_path / "a.pdf"), limits=sandbox.Limits()).split()
    assert b"pypdfium2" in modules
    assert b"pdfminer" not in modules
