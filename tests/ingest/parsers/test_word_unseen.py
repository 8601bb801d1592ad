"""Word: text that nobody sees is kept apart, whatever hides it; what only seems hidden is read."""

import pytest

from kb.types.parsed import HIDDEN
from tests.parts.files import parse, with_part
from tests.parts.wordprocessing import SPACES, paragraph, run, written

SEEN, SECRET = "The ferry leaves at seven.", "the vault code is 4711"
VANISH, WHITE = "<w:vanish/>", '<w:color w:val="FFFFFF"/>'


def styled(name: str, kind: str, letters: str, based: str = "", more: str = "") -> str:
    on = f'<w:basedOn w:val="{based}"/>' if based else ""
    return (
        f'<w:style w:type="{kind}" w:styleId="{name}" {more}>{on}<w:rPr>{letters}</w:rPr></w:style>'
    )


STYLES = (
    styled("Plain", "paragraph", "", more='w:default="1"')
    + styled("Secret", "character", VANISH)
    + styled("Deeper", "character", "<w:b/>", based="Secret")
    + styled("Block", "paragraph", VANISH)
    + styled("Below", "paragraph", "<w:i/>", based="Block")
    + styled("Grid", "table", VANISH)
    + styled("Pale", "character", WHITE)
    + styled("Loop", "character", "", based="Loop")
)


def letters(properties: str, text: str = SECRET) -> str:
    return f"<w:r><w:rPr>{properties}</w:rPr><w:t>{text}</w:t></w:r>"


def of_style(name: str, content: str) -> str:
    return f'<w:p><w:pPr><w:pStyle w:val="{name}"/></w:pPr>{content}</w:p>'


def table(content: str, row: str = "", style: str = "") -> str:
    named = f'<w:tblPr><w:tblStyle w:val="{style}"/></w:tblPr>' if style else ""
    return f"<w:tbl>{named}<w:tr>{row}<w:tc>{content}</w:tc></w:tr></w:tbl>"


def box(properties: str) -> str:
    return paragraph(
        f'<w:r><w:drawing><wp:anchor><wp:docPr id="1" name="x" {properties}/><a:graphic>'
        "<a:graphicData><wps:wsp><wps:txbx><w:txbxContent>"
        f"{paragraph(run(SECRET))}</w:txbxContent></wps:txbx></wps:wsp></a:graphicData>"
        "</a:graphic></wp:anchor></w:drawing></w:r>"
    )


def old_box(style: str) -> str:
    inner = f"<w:txbxContent>{paragraph(run(SECRET))}</w:txbxContent>"
    return paragraph(
        f'<w:r><w:pict><v:shape style="{style}"><v:textbox>{inner}</v:textbox></v:shape></w:pict>'
        "</w:r>"
    )


def parts(path) -> tuple[str, str]:
    found = parse(path).elements
    seen = " ".join(e.text for e in found if e.section != HIDDEN)
    return seen, " ".join(e.text for e in found if e.section == HIDDEN)


def document(path, body: str) -> None:
    """With the styles of this file."""
    plain = path.with_suffix(".tmp")
    written(plain, paragraph(run(SEEN)) + body)
    styles = f"<w:styles {SPACES}>{STYLES}</w:styles>".encode()
    with_part(plain, path, "word/styles.xml", lambda _: styles)


@pytest.mark.case("S21")
@pytest.mark.parametrize(
    "body",
    [
        paragraph(letters(VANISH)),
        paragraph(letters('<w:rStyle w:val="Secret"/>')),
        paragraph(letters('<w:rStyle w:val="Deeper"/>')),
        of_style("Block", run(SECRET)),
        of_style("Below", run(SECRET)),
        table(paragraph(run(SECRET)), style="Grid"),
        table(paragraph(run(SECRET)), row="<w:trPr><w:hidden/></w:trPr>"),
        paragraph(letters('<w:rStyle w:val="Pale"/>')),
        paragraph(letters('<w:color w:val="auto" w:themeColor="background1"/>')),
        paragraph(letters('<w:sz w:val="2"/>')),
        paragraph(f"<m:oMath><m:r><w:rPr>{VANISH}</w:rPr><m:t>{SECRET}</m:t></m:r></m:oMath>"),
        box('hidden="1"'),
        old_box("position:absolute;visibility:hidden"),
    ],
)
def test_what_is_hidden_is_kept_apart(body, tmp_path):
    document(tmp_path / "a.docx", body)
    assert parts(tmp_path / "a.docx") == (SEEN, SECRET)


@pytest.mark.parametrize(
    "body",
    [
        f"<w:p><w:pPr><w:rPr>{VANISH}<w:specVanish/></w:rPr></w:pPr>{run(SECRET)}</w:p>",
        paragraph(letters("<w:webHidden/>")),
        paragraph(letters('<w:vanish w:val="0"/>')),
        paragraph(letters('<w:rStyle w:val="Secret"/><w:vanish w:val="false"/>')),
        of_style("Block", letters('<w:rStyle w:val="Secret"/>')),
        paragraph(letters('<w:rStyle w:val="Loop"/>')),
        paragraph(letters('<w:rStyle w:val="Pale"/><w:highlight w:val="black"/>')),
        box(""),
        old_box("position:absolute"),
    ],
)
def test_what_only_seems_hidden_is_read(body, tmp_path):
    document(tmp_path / "a.docx", body)
    assert parts(tmp_path / "a.docx") == (f"{SEEN} {SECRET}", "")
