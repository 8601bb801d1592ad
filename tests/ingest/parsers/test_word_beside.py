"""Word: what stands beside the text (notes, boxes, charts, inserted files, headers) is read in its place."""

import docx
from lxml import etree

from kb.types.parsed import COMMENT
from tests.parts.files import parse, word
from tests.parts.wordprocessing import (
    DIAGRAM,
    W,
    chart,
    framed,
    notes,
    paragraph,
    run,
    texts,
    written,
)


def test_notes_and_comments_stand_below_what_they_belong_to(tmp_path):
    kinds = ("footnote", "endnote", "comment")
    references = "".join(f'<w:r><w:{k}Reference w:id="4"/></w:r>' for k in kinds)
    written(
        tmp_path / "a.docx",
        paragraph(run("Flights are in economy class.") + references) + paragraph(run("The end.")),
        {f"{k}s.xml": (f"{k}s", notes(k, 4, f"What the {k} says.")) for k in kinds},
    )
    found = [(e.kind, e.section, e.text) for e in parse(tmp_path / "a.docx").elements]
    assert found[1:4] == [
        ("Footnote", None, "What the footnote says."),
        ("Footnote", None, "What the endnote says."),
        ("NarrativeText", COMMENT, "Chief: What the comment says."),
    ]
    assert found[4][2] == "The end."


def test_a_text_box_is_read_once_below_its_paragraph(tmp_path):
    content = f"<w:txbxContent>{paragraph(run('in the box'))}</w:txbxContent>"
    drawing = (
        '<w:drawing><wp:inline><wp:docPr id="1" name="x" descr="A lion on a roof"/>'
        f"<a:graphic><a:graphicData><wps:wsp><wps:txbx>{content}</wps:txbx></wps:wsp>"
        "</a:graphicData></a:graphic></wp:inline></w:drawing>"
    )
    old = f"<w:pict><v:shape><v:textbox>{content}</v:textbox></v:shape></w:pict>"
    both = (
        f'<mc:AlternateContent><mc:Choice Requires="wps">{drawing}</mc:Choice>'
        f"<mc:Fallback>{old}</mc:Fallback></mc:AlternateContent>"
    )
    written(
        tmp_path / "a.docx",
        paragraph(run("Before it. ") + f"<w:r>{both}</w:r>") + paragraph(run("After it.")),
    )
    assert texts(tmp_path / "a.docx") == [
        "Before it.", "in the box", "A lion on a roof", "After it.",
    ]  # fmt: skip


def test_charts_diagrams_and_inserted_files(tmp_path):
    word(tmp_path / "inner.docx")
    written(
        tmp_path / "a.docx",
        framed('<c:chart r:id="chart1.xml"/>')
        + framed('<dgm:relIds r:dm="data1.xml"/>')
        + '<w:altChunk r:id="a.htm"/>'
        + paragraph(run("The end.")),
        {
            "chart1.xml": ("chart", chart()),
            "data1.xml": ("diagramData", DIAGRAM),
            "a.htm": ("aFChunk", "<html><body><p>Imported: 5512 litres.</p></body></html>"),
        },
    )
    assert texts(tmp_path / "a.docx") == [
        "Sales by country", " | Sales 2025\nAustria | 19.2\nBelgium | 21.4", "Head: Ottilie",
        "Imported: 5512 litres.", "The end.",
    ]  # fmt: skip


def test_headers_and_footers_are_read_once_without_the_page_number(tmp_path):
    made = docx.Document()
    section = made.sections[0]
    section.header.paragraphs[0].text = "Document no. QM-VA-0815"
    section.different_first_page_header_footer = True
    section.first_page_header.paragraphs[0].text = "Draft for the board"
    counted = section.footer.paragraphs[0]
    counted.add_run("Page ")
    counted._p.append(
        etree.fromstring(f'<w:fldSimple {W} w:instr=" PAGE ">{run("3")}</w:fldSimple>')
    )
    made.add_paragraph("The tanks are cleaned every Friday.")
    other = made.add_section()
    other.header.is_linked_to_previous = False
    other.header.paragraphs[0].text = "Document no. QM-VA-0815"
    made.add_paragraph("The pumps are cleaned in May.")
    made.save(tmp_path / "a.docx")
    found = [(e.kind, e.text) for e in parse(tmp_path / "a.docx").elements]
    assert found == [
        ("Header", "Document no. QM-VA-0815"),
        ("Header", "Draft for the board"),
        ("NarrativeText", "The tanks are cleaned every Friday."),
        ("NarrativeText", "The pumps are cleaned in May."),
    ]
