"""What files say of themselves beside their text, whatever it is: as other libraries wrote it."""

import io
import zipfile
from datetime import UTC, datetime, timedelta, timezone
from email.message import EmailMessage
from email.utils import format_datetime
from html import escape
from pathlib import Path

import docx
import olefile
import openpyxl
import pptx
import pypdfium2
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from reportlab.pdfgen import canvas

from ingest.parsers import dates, libreoffice, parse_as, properties
from ingest.parsers.options import Options
from kb.types.parsed import Parsed
from tests.parts.files import WORDS, epub, opendocument, parse, with_part
from tests.parts.slowly import slow

QUICK = settings(
    max_examples=15,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)
letters = st.characters(min_codepoint=0x21, max_codepoint=0x24F, exclude_categories=("C", "Z"))
names = st.text(letters, min_size=3, max_size=20).map(lambda t: f"Ada {t}")
moments = st.datetimes(datetime(1971, 1, 2), datetime(2030, 1, 1), timezones=st.just(UTC)).map(
    lambda t: t.replace(microsecond=0)
)
said = st.tuples(names, names, moments, moments)


def read(path: Path, kind: str) -> Parsed:
    return properties.filled(parse_as(kind, path, Options()), kind, path)


def told(found: Parsed) -> tuple[object, ...]:
    return found.title, found.author, found.created, found.changed


def expected(given) -> tuple[object, ...]:
    title, author, created, changed = given
    return title, author, created.timestamp(), changed.timestamp()


def bare(moment: datetime) -> datetime:
    return moment.replace(tzinfo=None)


def office(kind: str, path: Path, title, author, created, changed) -> None:
    made = {"docx": docx.Document, "pptx": pptx.Presentation, "xlsx": openpyxl.Workbook}[kind]()
    if kind == "xlsx":
        known, author_is = made.properties, "creator"
        made.active.append([WORDS])
    else:
        known, author_is = made.core_properties, "author"
    known.title, known.created, known.modified = title, bare(created), bare(changed)
    setattr(known, author_is, author)
    made.save(path)
    if kind == "xlsx":  # it writes the time of saving, whatever was given
        stamp = f"{bare(changed).isoformat()}Z".encode()
        with_part(path, path, "docProps/core.xml", lambda part: _modified(part, stamp))


def _modified(part: bytes, stamp: bytes) -> bytes:
    head, tag, rest = part.partition(b"<dcterms:modified")
    attributes, _, rest = rest.partition(b">")
    return head + tag + attributes + b">" + stamp + rest[rest.index(b"<") :]


@given(st.sampled_from(("docx", "pptx", "xlsx")), said)
@QUICK
def test_office_files(tmp_path, kind, given):
    office(kind, tmp_path / f"a.{kind}", *given)
    assert told(read(tmp_path / f"a.{kind}", kind)) == expected(given)


@given(said)
@QUICK
def test_opendocument(tmp_path, given):
    title, author, created, changed = given
    path = tmp_path / "a.odt"
    opendocument(path, "text", f"<office:text><text:p>{WORDS}</text:p></office:text>")
    with zipfile.ZipFile(path, "a") as package:
        package.writestr(
            "meta.xml",
            '<m xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:meta='
            f'"urn:oasis:names:tc:opendocument:xmlns:meta:1.0"><dc:title>{escape(title)}</dc:title>'
            f"<meta:initial-creator>{escape(author)}</meta:initial-creator>"
            f"<meta:creation-date>{bare(created).isoformat()}.123456789</meta:creation-date>"
            f"<dc:date>{changed.isoformat()}</dc:date></m>",
        )
    found = told(read(path, "odt"))
    wanted = expected(given)
    assert (found[:2], int(found[2]), found[3]) == (wanted[:2], wanted[2], wanted[3])


def xmp(title, author, created, changed) -> bytes:
    return (
        '<?xpacket begin="" id="W5M0MpCehiHzreSzNTczkc9d"?><x:xmpmeta xmlns:x="adobe:ns:meta/">'
        '<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"><rdf:Description '
        'xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:xmp="http://ns.adobe.com/xap/1.0/" '
        f'xmlns:pdf="http://ns.adobe.com/pdf/1.3/" xmp:CreateDate="{created.isoformat()}">'
        f"<xmp:ModifyDate>{changed.isoformat()}</xmp:ModifyDate>"
        f'<dc:title><rdf:Alt><rdf:li xml:lang="x-default">{escape(title)}</rdf:li></rdf:Alt>'
        f"</dc:title><dc:creator><rdf:Seq><rdf:li>{escape(author)}</rdf:li></rdf:Seq></dc:creator>"
        '</rdf:Description></rdf:RDF></x:xmpmeta><?xpacket end="w"?>'
    ).encode()


def pdf(path: Path, packet: bytes = b"", info: bytes = b"") -> None:
    """A PDF of one page; its objects as the specification has them."""
    objects = [
        b"<</Type/Catalog/Pages 2 0 R/Metadata 6 0 R>>",
        b"<</Type/Pages/Kids[3 0 R]/Count 1>>",
        b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 300 300]/Contents 4 0 R"
        b"/Resources<</Font<</F 5 0 R>>>>>>",
        b"<</Length 42>>stream\nBT /F 12 Tf 20 200 Td (The pump stands) Tj ET\nendstream",
        b"<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>",
        b"<</Type/Metadata/Subtype/XML/Length %d>>stream\n%s\nendstream" % (len(packet), packet),
        b"<<%s>>" % info,
    ]
    out, places = bytearray(b"%PDF-1.7\n"), []
    for number, each in enumerate(objects, 1):
        places.append(len(out))
        out += b"%d 0 obj\n%s\nendobj\n" % (number, each)
    start = len(out)
    out += b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1)
    out += b"".join(b"%010d 00000 n \n" % place for place in places)
    out += b"trailer<</Size 8/Root 1 0 R/Info 7 0 R>>\nstartxref\n%d\n%%%%EOF" % start
    path.write_bytes(bytes(out))


def text_string(text: str) -> bytes:
    return b"<FEFF" + text.encode("utf-16-be").hex().encode() + b">"


@given(said, st.booleans(), st.integers(-11, 13))
@QUICK
def test_pdf_by_its_dictionary_or_its_packet(tmp_path, given, in_packet, hours):
    title, author, created, changed = given
    zone = timezone(timedelta(hours=hours, minutes=30))
    stamps = [t.astimezone(zone).strftime("D:%Y%m%d%H%M%S%z") for t in (created, changed)]
    first, last = (f"{s[:-2]}'{s[-2:]}'".encode() for s in stamps)
    info = b"/Title%s/Author%s/CreationDate(%s)/ModDate(%s)" % (
        text_string(title), text_string(author), first, last,
    )  # fmt: skip
    other = ("Other title", "Ben Other", changed, created)
    pdf(tmp_path / "a.pdf", xmp(*(given if in_packet else other)), b"" if in_packet else info)
    assert told(read(tmp_path / "a.pdf", "pdf")) == expected(given)


def test_pdf_as_reportlab_writes_it(tmp_path):
    made = canvas.Canvas(str(tmp_path / "a.pdf"))
    made.setTitle("Pumps"), made.setAuthor("Ada Größe")
    made.drawString(72, 700, WORDS)
    made.save()
    with pypdfium2.PdfDocument(tmp_path / "a.pdf") as document:
        stamp = document.get_metadata_value("CreationDate")
    found = read(tmp_path / "a.pdf", "pdf")
    assert (found.title, found.author) == ("Pumps", "Ada Größe")
    assert abs(found.created - datetime.now(UTC).timestamp()) < 600, stamp


@pytest.mark.parametrize(
    ("packet", "info"),
    [
        (b"<x:xmpmeta><broken", b""),
        (b"", b"/CreationDate(yesterday)"),
        (b"", b"/CreationDate(D:2024)"),
    ],
)
def test_a_damaged_packet_or_date_costs_no_text(packet, info, tmp_path):
    pdf(tmp_path / "a.pdf", packet, info)
    found = read(tmp_path / "a.pdf", "pdf")
    assert "The pump stands" in found.elements[0].text
    is_dated = b"2024" in info
    assert found.created == (datetime(2024, 1, 1, tzinfo=UTC).timestamp() if is_dated else None)


@pytest.mark.parametrize(
    "stamp",
    ["D:20240305", "20240305000000Z", "D:20240305010000+01'00'", "2024-03-05", "D:2024-03-05", "2024/03/05",
     "2024-03-05T01:00:00+01:00", "5 March 2024", "Tue, 05 Mar 2024 00:00:00 GMT"],
)  # fmt: skip
def test_a_date_of_a_pdf_however_it_is_written(stamp):
    assert dates.of_pdf(stamp) == datetime(2024, 3, 5, tzinfo=UTC).timestamp()


@given(said)
@QUICK
def test_rich_text(tmp_path, given):
    title, author, created, changed = given

    def text(value: str) -> str:
        return "".join(
            c if c.isalnum() and c < "\x7f" or c == " " else f"\\u{ord(c)}?" for c in value
        )

    def stamp(t: datetime) -> str:
        return rf"\yr{t.year}\mo{t.month}\dy{t.day}\hr{t.hour}\min{t.minute}\sec{t.second}"

    (tmp_path / "a.rtf").write_text(
        r"{\rtf1\ansi\ansicpg1252{\fonttbl{\f0 Arial;}}{\info"
        rf"{{\title {text(title)}}}{{\author {text(author)}}}{{\creatim{stamp(created)}}}"
        rf"{{\revtim{stamp(changed)}}}}}\f0 {WORDS}\par}}"
    )
    assert told(read(tmp_path / "a.rtf", "rtf")) == expected(given)


def test_rich_text_in_a_code_page(tmp_path):
    (tmp_path / "a.rtf").write_bytes(
        rb"{\rtf1\ansi\ansicpg1250{\info{\title P\'f8ehled}{\author \'8atefan}}"
        + WORDS.encode()
        + b"}"
    )
    assert told(read(tmp_path / "a.rtf", "rtf"))[:2] == ("Přehled", "Štefan")


@given(said, st.booleans())
@QUICK
def test_web_pages(tmp_path, given, in_terms):
    title, author, created, changed = given
    first, last = (
        ("dcterms.created", "dcterms.modified")
        if in_terms
        else ("article:published_time", "article:modified_time")
    )
    attribute = "name" if in_terms else "property"
    (tmp_path / "a.html").write_text(
        f"<html><head><meta charset=utf-8><title>{escape(title)}</title>"
        f'<meta name="author" content="{escape(author)}">'
        f'<meta {attribute}="{first}" content="{created.isoformat()}">'
        f'<meta {attribute}="{last}" content="{format_datetime(changed)}"></head>'
        f"<body><p>{WORDS}</p></body></html>"
    )
    assert told(read(tmp_path / "a.html", "html")) == expected(given)


def test_books(tmp_path):
    epub(tmp_path / "a.epub")
    with zipfile.ZipFile(tmp_path / "a.epub") as book:
        package = next(n for n in book.namelist() if n.endswith(".opf"))

    def add(part: bytes) -> bytes:
        stamps = (
            b'<dc:date xmlns:dc="http://purl.org/dc/elements/1.1/">2019-05-06</dc:date>'
            b'<meta property="dcterms:modified">2024-03-05T10:00:00Z</meta></metadata>'
        )
        assert b"</metadata>" in part
        return part.replace(b"</metadata>", stamps)

    with_part(tmp_path / "a.epub", tmp_path / "b.epub", package, add)
    found = parse(tmp_path / "b.epub")
    moment = datetime(2024, 3, 5, 10, tzinfo=UTC).timestamp()
    assert (found.created, found.changed) == (datetime(2019, 5, 6, tzinfo=UTC).timestamp(), moment)


def test_a_mail_without_a_date_is_from_when_it_was_received(tmp_path):
    mail = EmailMessage()
    mail["Received"] = "by b.example; Tue, 14 Mar 2017 09:30:00 +0100"
    mail["Received"] = "from a by b.example; Mon, 13 Mar 2017 09:30:00 +0100"
    mail["Message-ID"], mail["From"] = "<1@example.org>", "ada@example.org"
    mail.set_content(WORDS)
    (tmp_path / "a.eml").write_bytes(mail.as_bytes())
    assert parse(tmp_path / "a.eml").sent == datetime(2017, 3, 14, 8, 30, tzinfo=UTC).timestamp()


@pytest.mark.parametrize(("old", "new"), [("doc", "docx"), *slow(("xls", "xlsx"), ("ppt", "pptx"))])
def test_office_before_2007(old, new, tmp_path):
    """LibreOffice writes it; olefile is asked for what stands in it."""
    if libreoffice.program() is None:
        pytest.skip("LibreOffice is not installed")
    created = datetime(2011, 3, 5, 10, 30, tzinfo=UTC)
    office(new, tmp_path / f"a.{new}", "Pumpen", "Ada Größe", created, created)
    path = libreoffice.convert(tmp_path / f"a.{new}", new, old)
    with olefile.OleFileIO(path) as container:
        stands = container.get_metadata()
    found = read(path, old)
    assert (found.title, found.author) == ("Pumpen", "Ada Größe")
    assert found.created == dates.of_moment(stands.create_time) == created.timestamp()
    assert found.changed == dates.of_moment(stands.last_saved_time)


def test_properties_in_a_part_of_another_name(tmp_path):
    """As .NET's packaging writes them."""
    office("docx", tmp_path / "a.docx", "Pumps", "Ada", *[datetime(2020, 1, 2, tzinfo=UTC)] * 2)
    other = "package/services/metadata/core-properties/1.psmdcp"
    buffer = io.BytesIO()
    with zipfile.ZipFile(tmp_path / "a.docx") as old, zipfile.ZipFile(buffer, "w") as new:
        for name in old.namelist():
            part = old.read(name).replace(b"docProps/core.xml", other.encode())
            new.writestr(other if name == "docProps/core.xml" else name, part)
    (tmp_path / "b.docx").write_bytes(buffer.getvalue())
    assert told(read(tmp_path / "b.docx", "docx"))[:2] == ("Pumps", "Ada")
