"""Files that want to do harm, and files that are broken."""

import zipfile

import pytest

from ingest import parsers
from ingest.parsers.options import Options
from kb import samples
from kb.errors import FileProblem
from kb.files import sandbox
from tests.parts.files import WORDS, parse, pdf, text_of, word


@pytest.mark.case("S49")
def test_entities_stay_inert(tmp_path):
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


@pytest.mark.case("S53")
def test_nothing_in_a_package_is_fetched_or_run(tmp_path):
    """An attached template and a picture from elsewhere, in a child without a network."""
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


@pytest.mark.case("S09")
def test_files_that_include_others_are_read_as_text(tmp_path):
    (tmp_path / "secret.txt").write_text("secret words")
    for name, line in (("a.rst", ".. include:: secret.txt"), ("a.org", "#+INCLUDE: secret.txt")):
        (tmp_path / name).write_text(f"Open words.\n\n{line}\n")
        assert "secret words" not in text_of(parse(tmp_path / name))


@pytest.mark.case("R20")
@pytest.mark.parametrize(
    "seed", [*range(5), *(pytest.param(n, marks=pytest.mark.slow) for n in range(5, 13))]
)
def test_damaged_files_fail_with_a_reason(seed, tmp_path):
    """Cut short or with flipped bits; whatever comes of it, it is an answer or a reason."""
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


@pytest.mark.case("S50")
def test_pdf_bombs_stay_within_their_limits(tmp_path):
    """A stream of half a gigabyte, and an array of a million fonts."""
    limits = sandbox.Limits(seconds=20, memory=1024**3)
    pdf(tmp_path / "stream.pdf", b"0 0 m " * (90 * 1024**2))
    pdf(tmp_path / "array.pdf", b"BT ET", b"/DescendantFonts [" + b"6 0 R " * 1_000_000 + b"] ")
    for name in ("stream.pdf", "array.pdf"):
        with pytest.raises(FileProblem) as problem:
            sandbox.run(parsers.parse, str(tmp_path / name), name, Options(), limits=limits)
        assert problem.value.code in {"no_text", "damaged", *sandbox_codes}


sandbox_codes = {"parser_memory", "parser_timeout", "parser_crashed"}


def loaded_by_a_pdf(path: str) -> bytes:
    import sys

    try:
        parsers.parse(path, "a.pdf", Options())
    except FileProblem:
        pass
    return b" ".join(name.encode() for name in sys.modules)


@pytest.mark.case("S51")
def test_no_character_map_is_unpickled(tmp_path):
    """pdfminer, which unpickles them by a name in the file, is not there at all."""
    pdf(tmp_path / "a.pdf", b"BT /F 12 Tf (words) Tj ET")
    modules = sandbox.run(loaded_by_a_pdf, str(tmp_path / "a.pdf"), limits=sandbox.Limits()).split()
    assert b"pypdfium2" in modules
    assert b"pdfminer" not in modules


def test_what_no_database_stores_is_taken_out_and_places_stay():
    from ingest.parsers.cleaning import storable
    from kb.types.parsed import Element, Member, Parsed

    rows = (("a\x00", "b"), ("c", "\ud800d"))
    cleaned = storable(
        Parsed(
            parser="p", media_type="m", title="T\x00", author=None,
            elements=(
                Element(kind="Text", text="one\x00two", section="s\udfff"),
                Element(kind="Table", text="a\x00 | b\nc | \ud800d", rows=rows),
            ),
            members=(Member(name="x\x00.txt", content=b"\x00"),),
        )
    )  # fmt: skip
    assert cleaned.title == "T " and cleaned.author is None
    assert [e.text for e in cleaned.elements] == ["one two", "a  | b\nc |  d"]
    assert cleaned.elements[0].section == "s "
    assert cleaned.elements[1].rows == (("a ", "b"), ("c", " d"))
    assert cleaned.members[0] == Member(name="x .txt", content=b"\x00")
