"""RTF: characters of every code page, and what stands beside the text."""

import pytest

from ingest.parsers import office
from kb.types.parsed import COMMENT, HIDDEN
from tests.parts.files import parse


def quoted(text: str, page: str) -> str:
    return "".join(chr(b) if b < 128 else f"\\'{b:02x}" for b in text.encode(page))


@pytest.mark.parametrize(
    ("page", "text"),
    [
        ("cp1250", "Příliš žluťoučký kůň úpěl ďábelské ódy dnes."),
        ("cp1251", "Договор заключён на один год и может быть продлён."),
        ("cp1253", "Η σύμβαση ισχύει για ένα έτος από σήμερα."),
        ("cp1252", "Die Prüfung für Müller kostet 25 € – „gültig“."),
        ("cp932", "契約は一年間有効です。"),
    ],
)
def test_characters_by_the_code_page(page, text, tmp_path):
    """By the document's own page; then by that of the font, in a document of another page."""
    charsets = {"cp1250": 238, "cp1251": 204, "cp1253": 161, "cp1252": 0, "cp932": 128}
    whole = f"{{\\rtf1\\ansi\\ansicpg{page[2:]}\\deff0 {quoted(text, page)}\\par}}"
    font = (
        f"{{\\rtf1\\ansi\\ansicpg1257{{\\fonttbl{{\\f3\\fcharset{charsets[page]} Arial;}}}}"
        f"\\f3 {quoted(text, page)}\\par}}"
    )
    for source in (whole, font):
        (tmp_path / "a.rtf").write_text(source)
        assert [e.text for e in parse(tmp_path / "a.rtf").elements] == [text]


def test_unicode_and_its_fallbacks(tmp_path):
    (tmp_path / "a.rtf").write_text(
        r"{\rtf1\ansi\ansicpg1252 M\u252\'fcller zahlt \u8364?25 und {\uc2\u937 ab}viel \{mehr\}\par}"
    )
    assert [e.text for e in parse(tmp_path / "a.rtf").elements] == [
        "Müller zahlt €25 und Ωviel {mehr}"
    ]


def test_what_stands_beside_the_text(tmp_path):
    (tmp_path / "a.rtf").write_text(
        r"{\rtf1\ansi{\header\pard Document QM-0815\par}{\footer Page {\field{\*\fldinst PAGE}"
        r"{\fldrslt 3}}\par}\pard The notice period is {\deleted four}{\revised eleven} weeks."
        r"{\*\atnid x}{\*\atnauthor Chief}\chatn{\*\annotation\pard Settle by May.\par}\par"
        r"{\shp{\*\shpinst{\sp{\sn a}{\sv 1}}{\shptxt\pard In the box.\par}}}"
        r"\pard Seen.{\v the vault code is 4711}\par}"
    )
    read = parse(tmp_path / "a.rtf")
    assert [(e.kind, e.section, e.text) for e in read.elements if e.kind != "Text"] == [
        ("Header", None, "Document QM-0815"),
        ("NarrativeText", None, "The notice period is eleven weeks."),
        ("NarrativeText", None, "In the box."),
        ("NarrativeText", COMMENT, "Chief: Settle by May."),
        ("NarrativeText", HIDDEN, "the vault code is 4711"),
    ]
    assert [e.text for e in read.elements if e.kind == "Text"] == ["Seen."]
    assert [(n.code, n.parameters) for n in read.notices] == [
        ("tracked_changes", {"insertions": 1, "deletions": 1})
    ]


def test_nothing_is_read_of_what_is_binary(tmp_path):
    source = rb"{\rtf1\ansi Before.\par{\pict\bin6 {{{}}\}\par After.\par}"
    (tmp_path / "a.rtf").write_bytes(source)
    assert " ".join(e.text for e in parse(tmp_path / "a.rtf").elements) == "Before. After."


def test_a_control_word_ends_with_its_line(tmp_path):
    """So LibreOffice writes each item of a list, and each run."""
    (tmp_path / "a.rtf").write_text(
        "{\\rtf1\\ansi{\\*\\listtable{\\list{\\listlevel\\levelnfc0}\\listid1}}{\\listoverridetable"
        "{\\listoverride\\listid1\\listoverridecount0\\ls1}}\n"
        "{\\rtlch \\ltrch\\loch\nA short list:}\n\\par \\pard\\plain {\\listtext 1.\\tab}\\ilvl0\\ls1"
        "\\loch\nopen the valve\\par \\pard\\plain {\\listtext 2.\\tab}\\ilvl0\\ls1\\loch\nclose it\\par}"
    )
    assert [e.text for e in parse(tmp_path / "a.rtf").elements] == [
        "A short list:", "open the valve", "close it"
    ]  # fmt: skip


def test_characters_beyond_the_first_65536(tmp_path):
    """Also beside those of nobody's, which fonts of symbols use."""
    (tmp_path / "a.rtf").write_text(
        r"{\rtf1\ansi Done \u-10179?\u-8704? in {\u-10187?\u-9216?\u-8192?} and \u-3999?\par"
        r"\trowd\cellx100\cellx200 cell \u-10179?\u-8704?\cell b\cell\row}"
    )
    text, table = parse(tmp_path / "a.rtf").elements
    assert text.text == "Done \U0001f600 in \U0001d400\ue000 and \uf061"
    assert table.rows and table.rows[0][0].startswith("cell \U0001f600")
    assert table.text.startswith("cell \U0001f600")


def test_characters_where_pandoc_refuses_the_file(tmp_path, monkeypatch):
    def refuse(kind, **given):
        if kind == "rtf":
            raise RuntimeError("pandoc: unexpected end of input")
        return whole(kind, **given)

    whole = office.partition
    monkeypatch.setattr(office, "partition", refuse)
    (tmp_path / "a.rtf").write_text(r"{\rtf1\ansi Done \u-10179?\u-8704? and \u-8192? it is.\par}")
    assert [e.text for e in parse(tmp_path / "a.rtf").elements] == [
        "Done \U0001f600 and \ue000 it is."
    ]
