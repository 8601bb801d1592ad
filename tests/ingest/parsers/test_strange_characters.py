"""A character that no text has costs at most itself, in every kind of file."""

import zipfile
from pathlib import Path

import msgspec
import pytest

from ingest import parsers
from ingest.parsers import characters
from ingest.parsers.options import Options
from kb.types.parsed import Parsed
from tests.parts.files import MAKERS, WORDS, opendocument, text_of, with_part

STRANGE = ("\x00", "\x01", "\x0b", "\x0c", "\x1b", "\ud800", "\ufffe", "\uffff")
KINDS = (
    "txt", "md", "csv", "html", "eml", "mhtml", "ics", "xml", "rtf", "docx", "pptx", "xlsx", "ods",
    "odp", "odt", "epub",
)  # fmt: skip
BY_NUMBER = {"html", "xml", "docx", "pptx", "xlsx", "ods", "odp", "odt", "epub"}
WHERE = b"inspected"


def made(path: Path) -> Path:
    if path.suffix == ".odt":
        opendocument(path, "text", f"<office:text><text:p>{WORDS}</text:p></office:text>")
    else:
        MAKERS[path.suffix[1:]](path)
    return path


def spoilt(path: Path, into: Path, strange: bytes) -> Path:
    """The file with something in the middle of a word."""
    middle = WHERE[:6] + strange + WHERE[6:]
    if not zipfile.is_zipfile(path):
        into.write_bytes(path.read_bytes().replace(WHERE, middle))
        return into
    with zipfile.ZipFile(path) as old, zipfile.ZipFile(into, "w") as new:
        for name in old.namelist():
            new.writestr(name, old.read(name).replace(WHERE, middle))
    return into


def words(path: Path) -> list[str]:
    content = parsers.parse(str(path), path.name, Options())
    text = text_of(msgspec.msgpack.decode(content, type=Parsed))
    assert not characters.NO_TEXT.search(text)
    return text.replace("|", " ").split()


@pytest.mark.parametrize("kind", KINDS)
def test_a_strange_character_costs_at_most_itself(kind, tmp_path):
    whole = made(tmp_path / f"whole.{kind}")
    wanted = set(words(whole)) - {"inspected"}
    for number, strange in enumerate(STRANGE):
        written = [strange.encode("utf-8", "surrogatepass")]
        written += [f"&#{ord(strange)};".encode()] if kind in BY_NUMBER else []
        for each in written:
            found = words(spoilt(whole, tmp_path / f"{number}.{kind}", each))
            assert wanted <= set(found), (strange, each)
            assert any(word.startswith("inspec") for word in found), (strange, each)


def test_a_name_that_nothing_declares_costs_itself(tmp_path):
    (tmp_path / "a.xml").write_text("<a><b>Ada&nbsp;Birke &unknown; &amp; Ben</b></a>")
    assert words(tmp_path / "a.xml") == ["b:", "Ada", "Birke", "&", "Ben"]


def test_numbers_of_characters_mean_what_browsers_show():
    assert characters.html("&#150;&#x80;&#65;&#x110000;&#0;") == "–€&#65;  "
    assert (
        characters.well_formed(b"a&#0;b&#x1F;c&#10;d&#xd8AB;e&#57344;") == b"a b c&#10;d e&#57344;"
    )
    outside = [n for n in range(0x11000) if characters.well_formed(b"&#%d;" % n) == b" "]
    forbidden = [n for n in range(0x11000) if characters.NO_TEXT.match(chr(n))]
    assert outside == forbidden
    assert outside == [n for n in range(0x11000) if characters.well_formed(b"&#x%x;" % n) == b" "]


def test_a_name_that_each_passage_carries_has_an_end(tmp_path):
    path = made(tmp_path / "a.xlsx")
    with_part(
        path, path, "xl/workbook.xml", lambda b: b.replace(b'"Sheet"', b'"%b"' % (b"N" * 99_999))
    )
    read = msgspec.msgpack.decode(parsers.parse(str(path), path.name, Options()), type=Parsed)
    assert {len(e.section or "") for e in read.elements} == {1000}
    calendar = tmp_path / "a.ics"
    entry = "BEGIN:VEVENT\nSUMMARY:Inspect\nEND:VEVENT"
    calendar.write_text(f"BEGIN:VCALENDAR\nX-WR-CALNAME:{'N' * 99_999}\n{entry}\nEND:VCALENDAR\n")
    read = msgspec.msgpack.decode(parsers.parse(str(calendar), "a.ics", Options()), type=Parsed)
    assert len(read.title or "") == 1000
