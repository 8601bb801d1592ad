"""Word: what a reader sees of the text; what is read in one of several ways is said."""

import zipfile

import pytest
from lxml import etree

from kb.surface import reasons
from kb.types.parsed import HIDDEN
from tests.parts.files import parse, text_of, with_part
from tests.parts.wordprocessing import field_char, paragraph, run, texts, tracked, written


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


@pytest.mark.case("S49")
def test_entities_in_a_document_stay_inert(tmp_path):
    (tmp_path / "secret.txt").write_text("secret words")
    written(tmp_path / "a.docx", paragraph(run("open words &x;")))
    declared = f'<!DOCTYPE a [<!ENTITY x SYSTEM "file://{tmp_path}/secret.txt">]>'.encode()
    with_part(
        tmp_path / "a.docx", tmp_path / "b.docx", "word/document.xml",
        lambda content: declared + content,
    )  # fmt: skip
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
    assert "(1 piece)" in said
    assert "insertions: 1, deletions: 0" in said


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
