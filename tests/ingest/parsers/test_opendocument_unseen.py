"""OpenDocument: text that nobody sees is kept apart, scripts are no text."""

import pytest

from kb.types.parsed import HIDDEN
from tests.parts.files import opendocument, parse

SEEN, SECRET = "The ferry leaves at seven.", "the vault code is 4711"
STYLES = (
    '<style:style style:name="S" style:family="text"><style:text-properties text:display="none"/>'
    '</style:style><style:style style:name="T" style:family="text" style:parent-style-name="S"/>'
    '<style:style style:name="P" style:family="paragraph"><style:text-properties '
    'text:display="none"/></style:style>'
    '<style:style style:name="W" style:family="text"><style:text-properties xmlns:fo='
    '"urn:oasis:names:tc:opendocument:xmlns:xsl-fo-compatible:1.0" fo:color="#ffffff" {}/>'
    "</style:style>"
)
BODY = "<office:text><text:p>The ferry leaves at seven.</text:p>{}</office:text>"
P = "<text:p>{}</text:p>"


def parts(path) -> tuple[str, str]:
    found = parse(path).elements
    seen = " ".join(e.text for e in found if e.section != HIDDEN)
    return seen, " ".join(e.text for e in found if e.section == HIDDEN)


@pytest.mark.case("S21")
@pytest.mark.parametrize(
    "body",
    [
        f'<text:section text:display="none">{P.format(SECRET)}</text:section>',
        '<text:section text:display="condition" text:is-hidden="true">'
        f"{P.format(SECRET)}</text:section>",
        P.format(f'<text:hidden-text text:is-hidden="true">{SECRET}</text:hidden-text>'),
        P.format(f'<text:hidden-paragraph text:is-hidden="true"/>{SECRET}'),
        P.format(f'<text:span text:style-name="T">{SECRET}</text:span>'),
        P.format(f'<text:span text:style-name="W">{SECRET}</text:span>'),
        f'<text:p text:style-name="P">{SECRET}</text:p>',
    ],
)
def test_what_is_hidden_is_kept_apart(body, tmp_path):
    opendocument(tmp_path / "a.odt", "text", BODY.format(body), STYLES.format(""))
    assert parts(tmp_path / "a.odt") == (SEEN, SECRET)


@pytest.mark.parametrize(
    "body",
    [
        f'<text:section text:display="condition" text:is-hidden="false">{P.format(SECRET)}'
        "</text:section>",
        P.format(f"<text:hidden-text>{SECRET}</text:hidden-text>"),
        P.format(f"<text:conditional-text>{SECRET}</text:conditional-text>"),
        P.format(f'<text:span text:style-name="W">{SECRET}</text:span>'),
    ],
)
def test_what_a_condition_shows_is_read(body, tmp_path):
    ground = 'fo:background-color="#000000"'
    opendocument(tmp_path / "a.odt", "text", BODY.format(body), STYLES.format(ground))
    assert parts(tmp_path / "a.odt") == (f"{SEEN} {SECRET}", "")


def test_scripts_and_templates_are_no_text(tmp_path):
    script = '<text:script script:language="JavaScript" xmlns:script="s">alert(1)</text:script>'
    source = (
        "<text:table-of-content><text:table-of-content-source><text:index-title-template>"
        "Title of the template</text:index-title-template></text:table-of-content-source>"
        "<text:index-body><text:p>Contents</text:p></text:index-body></text:table-of-content>"
    )
    opendocument(tmp_path / "a.odt", "text", BODY.format(P.format(f"{script} stays") + source))
    assert parts(tmp_path / "a.odt") == (f"{SEEN} stays Contents", "")
