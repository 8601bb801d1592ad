"""Markdown of more levels than its readers go down: all of its text is read."""

import pytest

from ingest.parsers.shallow import few_marks
from tests.parts.files import parse, text_of

DEEP = {
    "quotes": ">" * 5000 + " the pump is deep",
    "items": "- " * 4000 + "the pump is deep",
    "numbers": "1. " * 4000 + "the pump is deep",
    "lines": "\n".join("    " * level + "- the pump is deep" for level in range(600)),
    "elements": "<div>" * 3000 + "the pump is deep" + "</div>" * 3000,
}


@pytest.mark.parametrize("source", DEEP.values(), ids=DEEP)
def test_what_lies_deep_and_what_follows_is_read(source, tmp_path):
    (tmp_path / "a.md").write_text(f"# Pumps\n\n{source}\n\nValves come after it.\n")
    text = text_of(parse(tmp_path / "a.md"))
    assert "the pump is deep" in text
    assert "Valves come after it." in text


def test_a_level_is_taken_from_no_line_that_people_write():
    source = "> " * 20 + "quote\n" + "    " * 20 + "- item\n" + "-" * 100 + "\n* * *\n1. 2. three\n"
    assert few_marks(source) == source
    assert few_marks(">" * 100000 + "a") == ">" * 100 + "a"
