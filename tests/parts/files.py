"""Files of every kind, made here, and what a parser makes of them."""

import io
import zipfile
import zlib
from collections.abc import Callable
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
from kb.errors import FileProblem
from kb.files import sandbox
from kb.types.parsed import Parsed

WORDS = "The pump in hall nine is inspected every spring."
FONT = "/usr/share/fonts/truetype/dejavu/DejaVuSans.ttf"


def parse(path: Path, name: str | None = None, **options) -> Parsed:
    content = sandbox.run(
        parsers.parse, str(path), name or path.name, Options(**options), limits=sandbox.Limits()
    )
    return msgspec.msgpack.decode(content, type=Parsed)


def read_here(path: Path, **options) -> Parsed:
    """What a file is read as, in this process."""
    content = parsers.parse(str(path), path.name, Options(**options))
    return msgspec.msgpack.decode(content, type=Parsed)


def text_of(parsed: Parsed) -> str:
    return "\n".join(e.text for e in parsed.elements)


def problem_of(path: Path, **options) -> FileProblem:
    with pytest.raises(FileProblem) as problem:
        parse(path, **options)
    return problem.value


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
    plain = f"application/vnd.openxmlformats-officedocument.{old}.main+xml".encode()

    def change(types: bytes) -> bytes:
        assert plain in types
        return types.replace(plain, new.encode())

    with_part(path, path, "[Content_Types].xml", change)


def with_part(path: Path, into: Path, name: str, change: Callable[[bytes], bytes]) -> None:
    """Write a package again, with one of its parts changed."""
    with zipfile.ZipFile(path) as package:
        parts = {n: package.read(n) for n in package.namelist()}
    parts[name] = change(parts[name])
    with zipfile.ZipFile(into, "w") as package:
        for each, content in parts.items():
            package.writestr(each, content)


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


def zipped(files: dict[str, bytes]) -> bytes:
    output = io.BytesIO()
    with zipfile.ZipFile(output, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return output.getvalue()


def scan(path: Path, **how) -> None:
    picture = path.with_suffix(".png")
    page(picture, **how)
    Image.open(picture).convert("RGB").save(path, "PDF", resolution=200)


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
