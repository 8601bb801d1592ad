"""Files may be hostile: the time of each expression that reads them grows with a text and no faster."""

import re
from pathlib import Path

import pytest

import ingest
from ingest.parsers import stylesheets, unseen
from tests.parts.timing import grows, patterns, slow

AT_A_START = {
    "finding.selection._LITTER",  # a file's name
    "parsers.detection.MAIL_HEADERS",
    "parsers.pages.FILE_NAME",
    "parsers.pdf.running.PAGE_NUMBER",
    "parsers.pdf.tabular.LABEL",
    "parsers.stylesheets.COMPOUND",
    "parsers.tables.NUMBER",
    "parsers.titles.FILE",
}
"""Expressions that are asked once of a text, at its start, and not at every letter."""
OF_SHORT_TEXTS = {
    "parsers.format_codes.TOKEN",  # of codes no longer than format_codes.LONGEST
}


@pytest.mark.parametrize("pattern", [p for p in patterns(ingest) if p.id not in OF_SHORT_TEXTS])
def test_no_pattern_looks_at_a_character_for_ever(pattern, request):
    name = request.node.callspec.id

    def read(text):
        given = text.encode() if isinstance(pattern.pattern, bytes) else text
        return (
            filter(None, [pattern.match(given)]) if name in AT_A_START else pattern.finditer(given)
        )

    assert not slow(read)


def test_every_expression_is_asked():
    """Only those that a module has are: none is written where it is used."""
    at_once = re.compile(r"\bre\.(?:sub|subn|search|match|fullmatch|findall|finditer|split)\(")
    sources = Path(next(iter(ingest.__path__))).rglob("*.py")
    found = {p.name: n for p in sources if (n := len(at_once.findall(p.read_text("utf-8"))))}
    assert not found


@pytest.mark.parametrize("piece", [" ", "!", "! ", "rgb(", "rgb( ", "1px ", "red!"])
def test_a_style_is_read_in_time_by_its_length(piece):
    """A page may have thousands of them, each of 20,000 characters."""

    def read(text):
        unseen._background(stylesheets.declarations(f"background:{text}")["background"][1])

    assert not grows(read, piece)
