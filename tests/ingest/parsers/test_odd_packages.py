"""Office packages that no program writes: the text that is there, or a reason in plain words."""

import re
import zipfile

import pytest

from ingest.parsers.damage import words
from kb.errors import FileProblem
from kb.surface import reasons
from tests.parts.files import MAKERS, WORDS, cell, opendocument, parse, problem_of, text_of

MAINS = {
    "docx": "word/document.xml",
    "xlsx": "xl/workbook.xml",
    "pptx": "ppt/presentation.xml",
}
TEXTS = {**MAINS, "xlsx": "xl/worksheets/sheet1.xml", "pptx": "ppt/slides/slide1.xml"}
PAIRS = [(one, other) for one in MAINS for other in MAINS if one != other]
NAME_OF_AN_ERROR = re.compile(r"\w+(?:Error|Exception)\b|NoneType|object has|<string>|lxml")


def parts_of(kind, folder):
    path = folder / f"made.{kind}"
    MAKERS[kind](path)
    with zipfile.ZipFile(path) as package:
        return {name: package.read(name) for name in package.namelist()}


def package(path, parts):
    with zipfile.ZipFile(path, "w") as written:
        for name, content in parts.items():
            written.writestr(name, content)
    return path


def told(problem):
    """What a person reads."""
    return reasons.render(problem.code, problem.detail)


@pytest.mark.parametrize(("named", "beside"), PAIRS)
def test_of_two_documents_in_a_package_the_one_is_read_that_it_names(named, beside, tmp_path):
    parts = parts_of(beside, tmp_path) | parts_of(named, tmp_path)
    read = parse(package(tmp_path / f"a.{beside}", parts))
    assert WORDS in text_of(read)
    assert read.media_type == parse(tmp_path / f"made.{named}").media_type


@pytest.mark.parametrize(("named", "first"), PAIRS)
def test_a_package_that_names_two_main_parts_is_read_as_the_first(named, first, tmp_path):
    parts = parts_of(first, tmp_path) | parts_of(named, tmp_path)
    kind = "http://schemas.openxmlformats.org/officeDocument/2006/relationships/officeDocument"
    other = f'<Relationship Id="other" Type="{kind}" Target="{MAINS[first]}"/>'.encode()
    parts["_rels/.rels"] = re.sub(
        rb"<Relationships[^>]*>", lambda tag: tag[0] + other, parts["_rels/.rels"]
    )
    read = parse(package(tmp_path / f"a.{named}", parts))
    assert WORDS in text_of(read)
    assert read.media_type == parse(tmp_path / f"made.{first}").media_type


@pytest.mark.parametrize("kind", MAINS)
@pytest.mark.parametrize("content", [b"<a/>", b"", b"words", b'<w xmlns="urn:w"><body/></w>'])
def test_a_main_part_that_is_none_is_called_damaged_in_words(kind, content, tmp_path):
    parts = parts_of(kind, tmp_path)
    parts[MAINS[kind]] = content
    problem = problem_of(package(tmp_path / f"a.{kind}", parts))
    assert problem.code == "damaged"
    assert not NAME_OF_AN_ERROR.search(told(problem))


@pytest.mark.parametrize("kind", ["xlsx", "pptx"])
def test_a_sheet_or_slide_that_is_none_is_counted(kind, tmp_path):
    parts = parts_of(kind, tmp_path)
    parts[TEXTS[kind]] = b"<a/>"
    problem = problem_of(package(tmp_path / f"a.{kind}", parts))
    assert (problem.code, problem.detail) == ("parts_unread", {"parts": 1})


def test_a_sheet_that_is_listed_and_named_by_nothing_is_counted(tmp_path):
    parts = parts_of("xlsx", tmp_path)
    alone = {MAINS["xlsx"]: parts[MAINS["xlsx"]]}
    problem = problem_of(package(tmp_path / "a.xlsx", alone))
    assert (problem.code, problem.detail) == ("parts_unread", {"parts": 1})


@pytest.mark.parametrize("kind", MAINS)
@pytest.mark.parametrize(
    "name",
    [str.upper, lambda n: n.replace("/", "\\"), lambda n: "/" + n, lambda n: "./" + n],
    ids=["capitals", "backslashes", "absolute", "dotted"],
)
def test_names_that_are_written_otherwise_name_the_same_parts(kind, name, tmp_path):
    parts = {name(n): content for n, content in parts_of(kind, tmp_path).items()}
    read = parse(package(tmp_path / f"a.{kind}", parts))
    assert WORDS in text_of(read)
    assert read.members == ()


@pytest.mark.parametrize("kind", ["text", "spreadsheet", "presentation"])
@pytest.mark.parametrize("mark", ["text", "spreadsheet", "presentation"])
def test_an_opendocument_is_read_as_what_stands_in_it(kind, mark, tmp_path):
    inside = {
        "text": f"<text:p>{WORDS}</text:p>",
        "spreadsheet": f"<table:table><table:table-row>{cell(WORDS)}</table:table-row></table:table>",
        "presentation": f"<draw:page><draw:frame><draw:text-box><text:p>{WORDS}</text:p>"
        "</draw:text-box></draw:frame></draw:page>",
    }
    body = f"<office:{kind}>{inside[kind]}</office:{kind}>"
    opendocument(tmp_path / "a.odt", mark, body)
    read = parse(tmp_path / "a.odt")
    assert WORDS in text_of(read)
    assert read.media_type.endswith(kind)


@pytest.mark.parametrize("kind", ["text", "spreadsheet", "presentation"])
def test_an_opendocument_without_a_body_is_damaged_and_not_without_text(kind, tmp_path):
    opendocument(tmp_path / "a.odt", kind, "")
    problem = problem_of(tmp_path / "a.odt")
    assert (problem.code, problem.detail["what"]) == (
        "damaged",
        "OpenDocument: there is no document in it",
    )


@pytest.mark.parametrize(
    "error", [AttributeError("'NoneType' object has no attribute 'x'"), KeyError("rId1"),
              IndexError("list index out of range"), TypeError("x() takes 1 argument")],
)  # fmt: skip
def test_no_words_of_a_program_are_a_reason(error):
    assert not NAME_OF_AN_ERROR.search(words(error))
    assert str(error) not in words(error)
    assert isinstance(words(error), str) and words(error)


def test_a_file_problem_keeps_what_programs_said_beside_the_reason(tmp_path):
    parts = parts_of("docx", tmp_path)
    parts[MAINS["docx"]] = b"<"
    problem = problem_of(package(tmp_path / "a.docx", parts))
    assert isinstance(problem, FileProblem)
    assert "XMLSyntaxError" in problem.detail["error"]
    assert "XMLSyntaxError" not in told(problem)
