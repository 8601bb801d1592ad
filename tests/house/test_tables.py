"""Tables in the documents are tables: a row that stands alone is shown as a line of bars."""

import re

import pytest

from tests.house.code import ROOT

DOCUMENTS = [*sorted(ROOT.glob("*.md")), *sorted((ROOT / "docs").rglob("*.md"))]
RULE = re.compile(r"\|([ ]?:?-+:?[ ]?\|)+")
BAR = re.compile(r"(?<!\\)\|")
"""A bar between cells; one within a cell is written with a backslash, in code too."""


def tables(text: str) -> list[list[str]]:
    """Every block of lines that begin with a bar, but for those in fenced code."""
    blocks: list[list[str]] = [[]]
    is_code = False
    for line in text.splitlines():
        is_code ^= line.startswith("```")
        if line.startswith("|") and not is_code:
            blocks[-1].append(line)
        elif blocks[-1]:
            blocks.append([])
    return [block for block in blocks if block]


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda d: d.relative_to(ROOT).as_posix())
def test_a_table_has_a_header_a_rule_and_rows_of_as_many_cells(document):
    for table in tables(document.read_text(encoding="utf-8")):
        head, *rows = table
        assert rows, head
        assert RULE.fullmatch(rows[0]), head
        assert {len(BAR.findall(row)) for row in rows} == {len(BAR.findall(head))}, head
        assert [row for row in table if not row.endswith("|")] == []


def test_the_settings_stand_in_tables():
    """As many as test_documents.py compares with the code."""
    text = (ROOT / "docs/configuration.md").read_text(encoding="utf-8")
    rows = [row for table in tables(text) for row in table[2:]]
    assert [row for row in text.splitlines() if row.startswith("| `")] == rows
