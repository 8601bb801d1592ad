"""Slides: what is on them beside plain shapes is found, on its slide, in its order."""

import zipfile
from pathlib import Path

import pptx
from lxml import etree
from pptx.chart.data import CategoryChartData
from pptx.enum.chart import XL_CHART_TYPE
from pptx.util import Inches

from kb.types.parsed import COMMENT
from tests.parts.files import parse, text_of, with_part

A = 'xmlns:a="http://schemas.openxmlformats.org/drawingml/2006/main"'
OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
DGM = 'xmlns:dgm="http://schemas.openxmlformats.org/drawingml/2006/diagram"'
P = 'xmlns:p="http://schemas.openxmlformats.org/presentationml/2006/main"'
P188 = 'xmlns:q="http://schemas.microsoft.com/office/powerpoint/2018/8/main"'
DIAGRAM = (
    f"<dgm:dataModel {DGM} {A}><dgm:ptLst><dgm:pt><dgm:t><a:p><a:r><a:t>Step 3: release</a:t></a:r>"
    "</a:p></dgm:t></dgm:pt></dgm:ptLst></dgm:dataModel>"
)
FRAME = (
    '<p:graphicFrame><p:nvGraphicFramePr><p:cNvPr id="99" name="x" descr="Three steps in a row"/>'
    "<p:cNvGraphicFramePr/><p:nvPr/></p:nvGraphicFramePr><p:xfrm/><a:graphic><a:graphicData uri="
    f'"http://schemas.openxmlformats.org/drawingml/2006/diagram"><dgm:relIds {DGM} r:dm="rId91"/>'
    "</a:graphicData></a:graphic></p:graphicFrame>"
)
MC = "http://schemas.openxmlformats.org/markup-compatibility/2006"


def shape(text: str) -> str:
    return (
        '<p:sp><p:nvSpPr><p:cNvPr id="7" name="y"/><p:cNvSpPr/><p:nvPr/></p:nvSpPr><p:spPr/>'
        f"<p:txBody><a:bodyPr/><a:p><a:r><a:t>{text}</a:t></a:r></a:p></p:txBody></p:sp>"
    )


def added(path: Path, shapes: str, parts: dict[str, tuple[str, str]]) -> None:
    """Put shapes on the first slide, and parts beside it: id and type of relation, content."""
    with zipfile.ZipFile(path) as package:
        files = {name: package.read(name) for name in package.namelist()}
    slide, rels = "ppt/slides/slide1.xml", "ppt/slides/_rels/slide1.xml.rels"
    files[slide] = files[slide].replace(b"</p:spTree>", f"{shapes}</p:spTree>".encode())
    for name, (identity, kind, content) in parts.items():
        relation = f'<Relationship Id="{identity}" Type="{kind}" Target="../{name}"/>'
        files[rels] = files[rels].replace(
            b"</Relationships>", f"{relation}</Relationships>".encode()
        )
        files[f"ppt/{name}"] = content.encode()
    with zipfile.ZipFile(path, "w") as package:
        for name, content in files.items():
            package.writestr(name, content)


def test_diagrams_charts_notes_and_comments_stand_on_their_slide(tmp_path):
    deck = pptx.Presentation()
    slide = deck.slides.add_slide(deck.slide_layouts[5])
    slide.shapes.title.text = "Release"
    slide.notes_slide.notes_text_frame.text = "The budget is 77 thousand."
    slide = deck.slides.add_slide(deck.slide_layouts[5])
    slide.shapes.title.text = "Sales"
    data = CategoryChartData(number_format="0.0%")
    data.categories = ["Austria", "Belgium"]
    data.add_series("2025", (0.192, 0.214))
    place = (Inches(1), Inches(1), Inches(4), Inches(3))
    chart = slide.shapes.add_chart(XL_CHART_TYPE.COLUMN_CLUSTERED, *place, data).chart
    chart.has_title = True
    chart.chart_title.text_frame.text = "Sales by country"
    path = tmp_path / "a.pptx"
    deck.save(path)
    threads = "http://schemas.microsoft.com/office/2018/10/relationships/comments"
    body = "<q:txBody><a:p><a:r><a:t>{}</a:t></a:r></a:p></q:txBody>"
    added(
        path,
        FRAME,
        {
            "diagrams/data1.xml": ("rId91", f"{OFFICE}/diagramData", DIAGRAM),
            "comments/comment1.xml": (
                "rId92", f"{OFFICE}/comments",
                f"<p:cmLst {P}><p:cm authorId='0'><p:text>Ask Ada first.</p:text></p:cm></p:cmLst>",
            ),
            "comments/modernComment1.xml": (
                "rId93", threads,
                f"<q:cmLst {P188} {A}><q:cm>{body.format('Is this final?')}<q:replyLst><q:reply>"
                f"{body.format('Yes, it is.')}</q:reply></q:replyLst></q:cm></q:cmLst>",
            ),
        },
    )  # fmt: skip
    elements = parse(path).elements
    found = [(e.page, e.text) for e in elements]
    assert found[:3] == [(1, "Release"), (1, "Three steps in a row"), (1, "Step 3: release")]
    assert sorted(found[3:7]) == [
        (1, "Ask Ada first."), (1, "Is this final?"), (1, "The budget is 77 thousand."),
        (1, "Yes, it is."),
    ]  # fmt: skip
    assert {e.text for e in elements if e.section == COMMENT} == {
        "Ask Ada first.", "Is this final?", "Yes, it is.",
    }  # fmt: skip
    assert found[7:] == [
        (2, "Sales"), (2, "Sales by country"), (2, " | 2025\nAustria | 19.2%\nBelgium | 21.4%"),
    ]  # fmt: skip


def test_merged_cells_alternatives_and_shapes_over_the_edge(tmp_path):
    deck = pptx.Presentation()
    slide = deck.slides.add_slide(deck.slide_layouts[6])
    place = (Inches(1), Inches(3), Inches(4), Inches(2))
    table = slide.shapes.add_table(3, 2, *place).table
    for row, values in enumerate((("Team", "Shift"), ("Red", "Early"), ("", "Late"))):
        for column, value in enumerate(values):
            table.cell(row, column).text = value
    table.cell(1, 0).merge(table.cell(2, 0))
    box = slide.shapes.add_textbox(-Inches(1), -Inches(0.5), Inches(4), Inches(2))
    box.text_frame.text = "It begins beyond the edge"
    deck.save(tmp_path / "a.pptx")
    variants = (
        f'<mc:AlternateContent xmlns:mc="{MC}"><mc:Choice Requires="z">{shape("In both")}'
        f"</mc:Choice><mc:Fallback>{shape('In both')}</mc:Fallback></mc:AlternateContent>"
    )
    added(tmp_path / "a.pptx", variants, {})
    elements = parse(tmp_path / "a.pptx").elements
    assert [e.rows for e in elements if e.rows] == [
        (("Team", "Shift"), ("Red", "Early"), ("Red", "Late"))
    ]
    texts = [e.text for e in elements]
    assert "It begins beyond the edge" in texts
    assert texts.count("In both") == 1


def test_a_damaged_slide_costs_only_itself_and_is_said(tmp_path):
    deck = pptx.Presentation()
    for name in ("First", "Second", "Third"):
        deck.slides.add_slide(deck.slide_layouts[5]).shapes.title.text = name
    deck.save(tmp_path / "a.pptx")
    second = "ppt/slides/slide2.xml"
    with_part(tmp_path / "a.pptx", tmp_path / "b.pptx", second, lambda _: b"<p:sld")
    read = parse(tmp_path / "b.pptx")
    assert text_of(read) == "First\nThird"
    assert [(n.code, n.parameters) for n in read.notices] == [("parts_unread", {"parts": 1})]


def test_what_a_master_writes_on_all_slides_is_read_once(tmp_path):
    deck = pptx.Presentation()
    for name in ("First", "Second"):
        deck.slides.add_slide(deck.slide_layouts[5]).shapes.title.text = name
    deck.save(tmp_path / "a.pptx")
    more = f"{shape('Only for internal use')}</p:spTree>".encode()
    with_part(
        tmp_path / "a.pptx", tmp_path / "b.pptx", "ppt/slideMasters/slideMaster1.xml",
        lambda content: content.replace(b"</p:spTree>", more),
    )  # fmt: skip
    found = [(e.page, e.text) for e in parse(tmp_path / "b.pptx").elements]
    assert found == [(1, "First"), (1, "Only for internal use"), (2, "Second")]


def test_what_a_layout_writes_that_no_slide_has_is_not_read(tmp_path):
    deck = pptx.Presentation()
    deck.slides.add_slide(deck.slide_layouts[5]).shapes.title.text = "First"
    for number in (5, 6):
        tree = deck.slide_layouts[number].shapes._spTree
        tree.append(etree.fromstring(f"<x {P} {A}>{shape(f'Of layout {number}')}</x>")[0])
    deck.save(tmp_path / "a.pptx")
    assert text_of(parse(tmp_path / "a.pptx")) == "First\nOf layout 5"


def test_slides_that_a_show_leaves_out_are_read_and_said(tmp_path):
    deck = pptx.Presentation()
    for number in (1, 2):
        slide = deck.slides.add_slide(deck.slide_layouts[5])
        slide.shapes.title.text = f"Slide number {number}"
    slide._element.set("show", "0")
    deck.save(tmp_path / "a.pptx")
    read = parse(tmp_path / "a.pptx")
    assert text_of(read) == "Slide number 1\nSlide number 2"
    assert [(n.code, n.parameters) for n in read.notices] == [("hidden_slides", {"slides": 1})]
