"""Word: what a reader sees is found, in its place; what is read in one of several ways is said."""

import io
import zipfile
from pathlib import Path

import docx
import pytest
from lxml import etree
from pptx.chart.data import CategoryChartData
from pptx.chart.xmlwriter import ChartXmlWriter
from pptx.enum.chart import XL_CHART_TYPE

from kb.surface import reasons
from kb.types.parsed import COMMENT, HIDDEN
from tests.parts.files import parse, text_of, word

W = 'xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"'
OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
SPACES = (
    f'{W} xmlns:r="{OFFICE}" '
    'xmlns:m="http://schemas.openxmlformats.org/officeDocument/2006/math" '
    'xmlns:mc="http://schemas.openxmlformats.org/markup-compatibility/2006" '
    'xmlns:v="urn:schemas-microsoft-com:vml" '
    'xmlns:wp="http://schemas.openxmlformats.org/drawingml/2006/wordprocessingDrawing" '
    'xmlns:wps="http://schemas.microsoft.com/office/word/2010/wordprocessingShape" '
    'xmlns:a="http://schemas.openxmlformats.org/drawingml/2006/main" '
    'xmlns:c="http://schemas.openxmlformats.org/drawingml/2006/chart" '
    'xmlns:dgm="http://schemas.openxmlformats.org/drawingml/2006/diagram"'
)
TYPE = "application/vnd.openxmlformats-officedocument.wordprocessingml"


def run(text: str, kind: str = "t") -> str:
    return f'<w:r><w:{kind} xml:space="preserve">{text}</w:{kind}></w:r>'


def paragraph(content: str) -> str:
    return f"<w:p>{content}</w:p>"


def tracked(kind: str, content: str) -> str:
    return f'<w:{kind} w:id="1" w:author="A">{content}</w:{kind}>'


def field_char(kind: str, inner: str = "") -> str:
    return f'<w:r><w:fldChar w:fldCharType="{kind}">{inner}</w:fldChar></w:r>'


def written(path: Path, body: str, parts: dict[str, tuple[str, str]] | None = None) -> None:
    """A document with this body; parts by name, each with the type of its relation and content.

    A part's relation has the part's name as its id.
    """
    made = io.BytesIO()
    docx.Document().save(made)
    given = parts or {}
    document = f"<w:document {SPACES}><w:body>{body}</w:body></w:document>"
    rels = "".join(
        f'<Relationship Id="{name}" Type="{OFFICE}/{kind}" Target="{name}"/>'
        for name, (kind, _) in given.items()
    )
    types = "".join(
        f'<Override PartName="/word/{name}" ContentType="{TYPE}.{kind}+xml"/>'
        for name, (kind, _) in given.items()
    )
    with zipfile.ZipFile(made) as old, zipfile.ZipFile(path, "w") as new:
        for name in old.namelist():
            content = old.read(name).decode("utf-8", "replace")
            content = (
                content.replace("</Relationships>", f"{rels}</Relationships>")
                if (name == "word/_rels/document.xml.rels")
                else content.replace("</Types>", f"{types}</Types>")
            )
            if not name.endswith(".jpeg"):
                new.writestr(name, document if name == "word/document.xml" else content)
        for name, (_, content) in given.items():
            new.writestr(f"word/{name}", content)


def notes(kind: str, number: int, text: str) -> str:
    return (
        f'<w:{kind}s {SPACES}><w:{kind} w:type="separator" w:id="-1">{paragraph("")}</w:{kind}>'
        f'<w:{kind} w:id="{number}" w:author="Chief">{paragraph(run(text))}</w:{kind}></w:{kind}s>'
    )


def texts(path: Path) -> list[str]:
    return [e.text for e in parse(path).elements]


def test_changes_are_read_as_if_all_were_accepted_and_said(tmp_path):
    old = tracked("del", run("four weeks", "delText"))
    joined = f"<w:pPr><w:rPr>{tracked('del', '')}</w:rPr></w:pPr>"
    row = "<w:tr>{}<w:tc>{}</w:tc></w:tr>"
    rows = row.format("", paragraph(run("kept row"))) + row.format(
        f"<w:trPr>{tracked('del', '')}</w:trPr>", paragraph(run("dropped row"))
    )
    written(
        tmp_path / "a.docx",
        paragraph(
            run("The notice period is ") + old + tracked("ins", run("eleven weeks")) + run(".")
        )
        + paragraph(joined + run("This line goes "))
        + paragraph(run("on here."))
        + paragraph(tracked("moveFrom", run("moved words")))
        + paragraph(tracked("moveTo", run("moved words")))
        + f"<w:tbl>{rows}</w:tbl>",
    )
    read = parse(tmp_path / "a.docx")
    assert [e.text for e in read.elements] == [
        "The notice period is eleven weeks.", "This line goes on here.", "moved words", "kept row",
    ]  # fmt: skip
    (notice,) = read.notices
    assert notice.code == "tracked_changes"
    assert notice.parameters == {"insertions": 2, "deletions": 3}
    assert "accepted" in (reasons.render(notice.code, notice.parameters) or "")


def test_what_wraps_text_is_seen_through(tmp_path):
    wrappers = ("smartTag", "bdo", "dir", "customXml", "hyperlink", "fldSimple", "ins")
    inline = "".join(f"<w:{n}>{run(n.upper())}</w:{n}>" for n in wrappers)
    control = (
        "<w:sdt><w:sdtPr><w:alias w:val='x'/></w:sdtPr><w:sdtContent>{}</w:sdtContent></w:sdt>"
    )
    cell = f"<w:tc>{control.format(paragraph(run('in a cell')))}</w:tc>"
    table = f"<w:tbl>{control.format(f'<w:tr><w:tc>{paragraph(run(chr(65)))}</w:tc>{cell}</w:tr>')}"
    written(
        tmp_path / "a.docx",
        control.format(paragraph(run("a whole block")))
        + paragraph(run("inline: ") + control.format(run("KD-88213")) + inline)
        + control.format(f"{table}</w:tbl>"),
    )
    assert texts(tmp_path / "a.docx") == [
        "a whole block", f"inline: KD-88213{''.join(wrappers).upper()}", "A | in a cell",
    ]  # fmt: skip


def test_fields_show_their_results_and_forms_what_was_chosen(tmp_path):
    nested = field_char("begin") + run("PAGE", "instrText") + field_char("separate") + run("7")
    condition = (
        field_char("begin") + run("IF ", "instrText") + nested + field_char("end")
        + run(" = 7", "instrText") + field_char("separate") + run("seven") + field_char("end")
    )  # fmt: skip
    listed = "".join(f'<w:listEntry w:val="{n}"/>' for n in ("red", "green"))
    form = f'<w:ffData><w:ddList><w:result w:val="1"/>{listed}</w:ddList></w:ffData>'
    box = "<w:ffData><w:checkBox><w:checked/></w:checkBox></w:ffData>"
    written(
        tmp_path / "a.docx",
        paragraph(run("It is ") + condition)
        + paragraph(run("Colour ") + field_char("begin", form) + field_char("end"))
        + paragraph(field_char("begin", box) + field_char("end") + run(" agreed"))
        + paragraph(run("Open ") + field_char("begin") + run("never ended")),
    )
    assert texts(tmp_path / "a.docx") == [
        "It is seven", "Colour green", "☒ agreed", "Open never ended",
    ]  # fmt: skip


def test_formulas_symbols_and_readings(tmp_path):
    def formula(inner: str) -> str:
        return f"<m:oMath>{inner}</m:oMath>"

    def term(text: str) -> str:
        return f"<m:r><m:t>{text}</m:t></m:r>"

    fraction = f"<m:f><m:num>{term('a+b')}</m:num><m:den>{term('c')}</m:den></m:f>"
    power = f"<m:sSup><m:e>{term('x')}</m:e><m:sup>{term('2')}</m:sup></m:sSup>"
    ruby = f"<w:r><w:ruby><w:rt>{run('とうきょう')}</w:rt><w:rubyBase>{run('東京')}</w:rubyBase></w:ruby></w:r>"
    omega = '<w:r><w:sym w:font="Symbol" w:char="F057"/></w:r>'
    written(
        tmp_path / "a.docx",
        paragraph(run("The factor is ") + formula(term("k=3.75")))
        + paragraph(f"<m:oMathPara>{formula(fraction + term('=') + power)}</m:oMathPara>")
        + paragraph(ruby + run(" 5 ") + omega),
    )
    assert texts(tmp_path / "a.docx") == [
        "The factor is k=3.75",
        "(a+b)/c=x^2",
        "東京(とうきょう) 5 Ω",
    ]


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


def chart() -> str:
    data = CategoryChartData()
    data.categories = ["Austria", "Belgium"]
    data.add_series("Sales 2025", (19.2, 21.4))
    xml = ChartXmlWriter(XL_CHART_TYPE.COLUMN_CLUSTERED, data).xml
    title = (
        "<c:title><c:tx><c:rich><a:bodyPr/><a:p><a:r><a:t>Sales by country</a:t></a:r></a:p>"
        "</c:rich></c:tx></c:title>"
    )
    return xml.replace("<c:chart>", f"<c:chart>{title}", 1).partition("?>")[2]


DIAGRAM = (
    f"<dgm:dataModel {SPACES}><dgm:ptLst><dgm:pt><dgm:t><a:p><a:r><a:t>Head: Ottilie</a:t></a:r>"
    "</a:p></dgm:t></dgm:pt></dgm:ptLst></dgm:dataModel>"
)


def framed(inner: str) -> str:
    return paragraph(
        f"<w:r><w:drawing><wp:inline><a:graphic><a:graphicData>{inner}</a:graphicData>"
        "</a:graphic></wp:inline></w:drawing></w:r>"
    )


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


def test_merged_cells_belong_to_each_of_their_rows_and_columns(tmp_path):
    made = docx.Document()
    table = made.add_table(rows=4, cols=3)
    for row, values in enumerate((("Team", "2024", "2025"), ("", "H1", "H1"), ("Red", "1", "2"))):
        for column, value in enumerate(values):
            table.cell(row, column).text = value
    table.cell(0, 0).merge(table.cell(1, 0)).text = "Team"
    table.cell(2, 0).merge(table.cell(3, 0)).text = "Red"
    table.cell(3, 1).text, table.cell(3, 2).text = "3", "4"
    made.save(tmp_path / "a.docx")
    rows = parse(tmp_path / "a.docx").elements[0].rows
    assert rows == (
        ("Team", "2024", "2025"), ("Team", "H1", "H1"), ("Red", "1", "2"), ("Red", "3", "4"),
    )  # fmt: skip


@pytest.mark.parametrize("rows", [3, 1500])
def test_no_cell_is_lost_to_a_merge_that_begins_nowhere_or_never_ends(rows, tmp_path):
    merged = "<w:tcPr><w:vMerge/></w:tcPr>"
    row = "<w:tr><w:tc>{}{}</w:tc><w:tc>{}</w:tc></w:tr>"
    written(
        tmp_path / "a.docx",
        "<w:tbl>"
        + "".join(
            row.format(merged, paragraph(run("Red") if not n else ""), paragraph(run(f"n{n}")))
            for n in range(rows)
        )
        + "</w:tbl>",
    )
    (table,) = parse(tmp_path / "a.docx").elements
    assert table.rows == tuple(("Red", f"n{n}") for n in range(rows))


def test_a_damaged_part_costs_only_itself_and_is_said(tmp_path):
    written(
        tmp_path / "a.docx",
        framed('<c:chart r:id="chart1.xml"/>') + paragraph(run("What is sound is read.")),
        {"chart1.xml": ("chart", "<c:chartSpace"), "footnotes.xml": ("footnotes", "<")},
    )
    read = parse(tmp_path / "a.docx")
    assert text_of(read) == "What is sound is read."
    assert [(n.code, n.parameters) for n in read.notices] == [("parts_unread", {"parts": 2})]


@pytest.mark.case("S49")
def test_entities_in_a_document_stay_inert(tmp_path):
    (tmp_path / "secret.txt").write_text("secret words")
    written(tmp_path / "a.docx", paragraph(run("open words &x;")))
    with (
        zipfile.ZipFile(tmp_path / "a.docx") as old,
        zipfile.ZipFile(tmp_path / "b.docx", "w") as new,
    ):
        for name in old.namelist():
            declared = f'<!DOCTYPE a [<!ENTITY x SYSTEM "file://{tmp_path}/secret.txt">]>'
            is_main = name == "word/document.xml"
            new.writestr(name, (declared if is_main else "").encode() + old.read(name))
    assert text_of(parse(tmp_path / "b.docx")) == "open words"


async def test_the_ledger_says_everything_that_there_is_to_say(house):
    """Hidden text first, which the file is counted by; then the changes."""
    house.follow()
    hidden = "<w:r><w:rPr><w:vanish/></w:rPr><w:t>the vault code is 4711</w:t></w:r>"
    written(
        house.root / "a.docx",
        paragraph(run("The notice period is ") + tracked("ins", run("eleven weeks.")) + hidden),
    )
    await house.ingest()
    row = house.ledger()["a.docx"]
    assert (row.state, row.code) == ("indexed", "hidden_text")
    said = reasons.render(row.code, row.parameters) or ""
    assert "1 pieces" in said
    assert "1 insertions, 0 deletions" in said


def test_every_word_of_a_document_is_found_where_it_is_not_deleted(tmp_path):
    """Against the document's own XML, over all that Word wraps around text."""
    inner = {n: f"word{n}" for n in range(12)}
    body = ""
    for outer in ("ins", "sdt", "smartTag", "bdo"):
        for number, text in list(inner.items()):
            content = run(f"{outer}{text} ")
            for wrapper in ("customXml", "hyperlink", "ins")[: number % 4]:
                content = f"<w:{wrapper}>{content}</w:{wrapper}>"
            if outer == "sdt":
                content = f"<w:sdtContent>{content}</w:sdtContent>"
            deleted = tracked("del", run(f"gone{text}", "delText"))
            body += paragraph(f"<w:{outer}>{content}</w:{outer}>{deleted if number % 2 else ''}")
    written(tmp_path / "a.docx", body)
    with zipfile.ZipFile(tmp_path / "a.docx") as package:
        root = etree.fromstring(package.read("word/document.xml"))
    expected = [t.text.strip() for t in root.iter("{*}t")]
    assert len(expected) == 48
    assert texts(tmp_path / "a.docx") == expected
    assert HIDDEN not in {e.section for e in parse(tmp_path / "a.docx").elements}
