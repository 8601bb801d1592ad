"""Files of many parts: one that is missing or damaged costs only itself, and the ledger says so."""

import io
import zipfile
from pathlib import Path

import msgspec
import openpyxl
import pptx
import pytest
from openpyxl.chart import BarChart, Reference
from openpyxl.comments import Comment
from pptx.chart.data import CategoryChartData
from pptx.enum.chart import XL_CHART_TYPE
from pptx.util import Inches

from ingest import parsers
from ingest.parsers.options import Options
from kb.errors import FileProblem
from kb.types.parsed import Parsed
from tests.parts.files import ODF, epub, text_of
from tests.parts.wordprocessing import DIAGRAM, chart, framed, notes, paragraph, run, written
from tests.parts.slowly import slow

MAIN = {
    "word/document.xml", "ppt/presentation.xml", "xl/workbook.xml", "content.xml",
}  # fmt: skip


def made_docx(path: Path) -> None:
    kinds = ("footnote", "endnote", "comment")
    references = "".join(f'<w:r><w:{k}Reference w:id="4"/></w:r>' for k in kinds)
    header = '<w:sectPr><w:headerReference w:type="default" r:id="header1.xml"/></w:sectPr>'
    written(
        path,
        paragraph(run("Flights are in economy class.") + references)
        + framed('<c:chart r:id="chart1.xml"/>')
        + framed('<dgm:relIds r:dm="data1.xml"/>')
        + '<w:altChunk r:id="a.htm"/>'
        + header,
        {
            **{f"{k}s.xml": (f"{k}s", notes(k, 4, f"What the {k} says.")) for k in kinds},
            "header1.xml": ("header", notes("footnote", 1, "Rev. 7").replace("footnotes", "hdr")),
            "chart1.xml": ("chart", chart()),
            "data1.xml": ("diagramData", DIAGRAM),
            "a.htm": ("aFChunk", "<html><body><p>Imported: 5512 litres.</p></body></html>"),
        },
    )


def made_pptx(path: Path) -> None:
    deck = pptx.Presentation()
    data = CategoryChartData()
    data.categories = ["Austria", "Belgium"]
    data.add_series("Sales", (19.2, 21.4))
    for number in (1, 2):
        slide = deck.slides.add_slide(deck.slide_layouts[5])
        slide.shapes.title.text = f"Slide of hall {number}"
        place = (Inches(1), Inches(2), Inches(4), Inches(3))
        slide.shapes.add_chart(XL_CHART_TYPE.PIE, *place, data)
        slide.notes_slide.notes_text_frame.text = f"Say something of hall {number}."
    deck.save(path)


def made_xlsx(path: Path) -> None:
    book = openpyxl.Workbook()
    for name in ("North", "South"):
        sheet = book.create_sheet(name)
        for row in (["Item", "Price"], [f"Pump {name}", 3], ["Valve", 4]):
            sheet.append(row)
        sheet["A2"].comment = Comment(f"Seen by {name}", "Chief")
        bars = BarChart()
        bars.title = f"Output {name}"
        bars.add_data(Reference(sheet, min_col=2, min_row=1, max_row=3), titles_from_data=True)
        sheet.add_chart(bars, "D2")
    book.save(path)


def made_odt(path: Path) -> None:
    chart_ = ODF.format(styles="", body="<text:p>The title of the chart</text:p>")
    frame = (
        '<draw:frame><draw:object xmlns:xlink="http://www.w3.org/1999/xlink" '
        'xlink:href="./Object 1"/></draw:frame>'
    )
    body = f"<office:text><text:p>The text stands.{frame}</text:p></office:text>"
    styles = (
        "<office:document-styles"
        + ODF.partition("<office:document-content")[2].partition(">")[0]
        + "><office:master-styles><style:master-page><style:header><text:p>Printed head</text:p>"
        "</style:header></style:master-page></office:master-styles></office:document-styles>"
    )
    kind = "application/vnd.oasis.opendocument.text"
    entry = "urn:oasis:names:tc:opendocument:xmlns:manifest:1.0"
    with zipfile.ZipFile(path, "w") as package:
        package.writestr("mimetype", kind)
        package.writestr("content.xml", ODF.format(styles="", body=body))
        package.writestr("styles.xml", styles)
        package.writestr("Object 1/content.xml", chart_)
        package.writestr(
            "META-INF/manifest.xml",
            f'<m:manifest xmlns:m="{entry}"><m:file-entry m:full-path="/" m:media-type="{kind}"/>'
            "</m:manifest>",
        )


MADE = {"docx": made_docx, "pptx": made_pptx, "xlsx": made_xlsx, "odt": made_odt, "epub": epub}


def replaced(path: Path, name: str, how: str) -> bytes:
    """The file with one of its parts cut, gone, or not what its checksum says."""
    output = io.BytesIO()
    with zipfile.ZipFile(path) as old, zipfile.ZipFile(output, "w") as new:
        for each in old.namelist():
            content = old.read(each)
            if each == name and how == "cut":
                content = content[: len(content) * 2 // 3]
            if each != name or how != "gone":
                new.writestr(each, content)
        size = old.getinfo(name).file_size
    damaged = bytearray(output.getvalue())
    if how == "flipped" and size:
        with zipfile.ZipFile(output) as package:
            begin = package.getinfo(name).header_offset + 30 + len(name.encode())
        damaged[begin + size // 2] ^= 0x20
    return bytes(damaged)


def read(path: Path) -> Parsed:
    content = parsers.parse(str(path), path.name, Options())
    return msgspec.msgpack.decode(content, type=Parsed)


@pytest.mark.case("R20")
@pytest.mark.parametrize("kind", MADE)
@pytest.mark.parametrize("how", ["gone", *slow("cut", "flipped")])
def test_each_part_costs_only_itself_and_is_said(kind, how, tmp_path):
    whole, damaged = tmp_path / f"whole.{kind}", tmp_path / f"damaged.{kind}"
    MADE[kind](whole)
    wanted = set(text_of(read(whole)).split())
    with zipfile.ZipFile(whole) as package:
        names = [info.filename for info in package.infolist() if info.file_size]
    for name in names:
        damaged.write_bytes(replaced(whole, name, how))
        if name in MAIN:
            with pytest.raises(FileProblem) as problem:
                read(damaged)
            assert problem.value.code == "damaged"
            continue
        if name.endswith(("a.xhtml", "a.htm")):
            continue  # the only page of the book; a page that is cut is still a page
        found = read(damaged)
        lost = wanted - set(text_of(found).split())
        said = {notice.code for notice in found.notices} | {found.problem}
        if lost:
            assert said & {"parts_unread", "members_left_out"}, (name, lost)
        assert len(lost) < len(wanted) * 0.7, (name, lost)
