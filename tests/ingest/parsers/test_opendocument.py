"""OpenDocument: notes, frames, comments, changes, headers, charts and formulas."""

import zipfile
from pathlib import Path

from kb.types.parsed import COMMENT
from tests.parts.files import opendocument, parse

URN = "urn:oasis:names:tc:opendocument:xmlns"
SPACES = (
    f'xmlns:office="{URN}:office:1.0" xmlns:table="{URN}:table:1.0" xmlns:text="{URN}:text:1.0" '
    f'xmlns:draw="{URN}:drawing:1.0" xmlns:style="{URN}:style:1.0" '
    f'xmlns:svg="{URN}:svg-compatible:1.0" xmlns:xlink="http://www.w3.org/1999/xlink" '
    'xmlns:dc="http://purl.org/dc/elements/1.1/"'
)
TYPE = "application/vnd.oasis.opendocument"


def written(path: Path, body: str, printed: str = "", parts: dict[str, str] | None = None) -> None:
    entry = '<manifest:file-entry manifest:full-path="{}" manifest:media-type="{}"/>'
    manifest = (
        f'<manifest:manifest xmlns:manifest="{URN}:manifest:1.0">{entry.format("/", TYPE + ".text")}'
        f"{entry.format('content.xml', 'text/xml')}{entry.format('styles.xml', 'text/xml')}"
        "</manifest:manifest>"
    )
    with zipfile.ZipFile(path, "w") as package:
        package.writestr("mimetype", f"{TYPE}.text")
        package.writestr("META-INF/manifest.xml", manifest)
        package.writestr(
            "content.xml",
            f"<office:document-content {SPACES}><office:body><office:text>{body}</office:text>"
            "</office:body></office:document-content>",
        )
        package.writestr(
            "styles.xml",
            f"<office:document-styles {SPACES}><office:master-styles><style:master-page "
            f'style:name="Standard">{printed}</style:master-page></office:master-styles>'
            "</office:document-styles>",
        )
        for name, content in (parts or {}).items():
            package.writestr(name, content)


def p(content: str) -> str:
    return f"<text:p>{content}</text:p>"


def test_notes_frames_and_comments_stand_below_what_they_belong_to(tmp_path):
    note = (
        '<text:note text:note-class="footnote"><text:note-citation>1</text:note-citation>'
        f"<text:note-body>{p('On Saturdays from eight.')}</text:note-body></text:note>"
    )
    frame = f"<draw:frame><draw:text-box>{p('In the frame.')}</draw:text-box></draw:frame>"
    comment = f"<office:annotation><dc:creator>Chief</dc:creator>{p('Settle by May.')}</office:annotation>"
    picture = "<draw:frame><draw:image/><svg:desc>A lion on a roof</svg:desc></draw:frame>"
    written(
        tmp_path / "a.odt",
        p(f"The store opens at six.{note} Always.")
        + p(f"Frame: {frame}")
        + p(f"Remark{comment} here.")
        + p(f"Picture: {picture}")
        + p("<text:author-name>Ada</text:author-name> wrote it."),
    )
    elements = parse(tmp_path / "a.odt").elements
    assert [(e.kind, e.text) for e in elements if e.kind in {"Footnote", "FigureCaption"}] == [
        ("Footnote", "On Saturdays from eight."), ("FigureCaption", "A lion on a roof"),
    ]  # fmt: skip
    assert [e.text for e in elements] == [
        "The store opens at six. Always.", "On Saturdays from eight.", "Frame:", "In the frame.",
        "Remark here.", "Chief: Settle by May.", "Picture:", "A lion on a roof", "Ada wrote it.",
    ]  # fmt: skip
    assert [e.text for e in elements if e.section == COMMENT] == ["Chief: Settle by May."]


def test_deletions_are_not_read_and_changes_are_said(tmp_path):
    change = "<text:changed-region><text:{0}>{1}</text:{0}></text:changed-region>"
    regions = change.format("deletion", p("four weeks")) + change.format("insertion", "")
    written(
        tmp_path / "a.odt",
        f"<text:tracked-changes>{regions}</text:tracked-changes>"
        + p(
            "The notice period is <text:change/><text:change-start/>eleven weeks<text:change-end/>."
        ),
    )
    read = parse(tmp_path / "a.odt")
    assert [e.text for e in read.elements] == ["The notice period is eleven weeks."]
    assert [(n.code, n.parameters) for n in read.notices] == [
        ("tracked_changes", {"insertions": 1, "deletions": 1})
    ]


def test_headers_charts_and_formulas(tmp_path):
    number = "<text:page-number>3</text:page-number>"
    printed = (
        f"<style:header>{p('Document QM-0815')}</style:header>"
        f"<style:footer>{p(f'Page {number}')}</style:footer>"
    )
    cell = f"<table:table-cell>{p('{}')}</table:table-cell>"
    row = f"<table:table-row>{cell}{cell}</table:table-row>"
    chart = (
        f"<office:document-content {SPACES}><office:body>{p('Sales by country')}<table:table>"
        f"{row.format('', '2025')}{row.format('Austria', '19.2')}</table:table></office:body>"
        "</office:document-content>"
    )
    formula = (
        '<math xmlns="http://www.w3.org/1998/Math/MathML"><semantics><mi>k</mi>'
        '<annotation encoding="StarMath 5.0">k = 3.75</annotation></semantics></math>'
    )
    objects = "".join(
        p(f'See <draw:frame><draw:object xlink:href="./Object {n}"/></draw:frame>') for n in (1, 2)
    )
    parts = {"Object 1/content.xml": chart, "Object 2/content.xml": formula}
    written(tmp_path / "a.odt", objects, printed, parts)
    assert [(e.kind, e.text) for e in parse(tmp_path / "a.odt").elements if e.text != "See"] == [
        ("Header", "Document QM-0815"), ("Table", " | 2025\nAustria | 19.2"),
        ("FigureCaption", "Sales by country"), ("Formula", "k = 3.75"),
    ]  # fmt: skip


def test_a_comment_is_not_a_part_of_its_cell(tmp_path):
    comment = f"<office:annotation>{p('Settle by May.')}</office:annotation>"
    cells = f"<table:table-cell>{comment}{p('Rent')}</table:table-cell>" * 2
    opendocument(
        tmp_path / "a.ods",
        "spreadsheet",
        f'<table:table table:name="Costs"><table:table-row>{cells}</table:table-row></table:table>',
    )
    elements = parse(tmp_path / "a.ods").elements
    assert elements[0].text == "Rent | Rent"
    assert [e.text for e in elements if e.section == COMMENT] == ["Settle by May."] * 2
