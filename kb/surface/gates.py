"""A comparison of two models: what its measures are called, and all of it as text.

The words are message ids for gettext.
"""

from collections.abc import Mapping
from typing import Any


def _(text: str) -> str:
    return text


MEASURES = {
    "document_hit@1": _("document first"),
    "document_hit@5": _("document among five"),
    "page_hit@1": _("place first"),
    "page_hit@5": _("place among five"),
    "answered_answerable": _("answered"),
    "citation_page_precision": _("citations at the place"),
    "citation_page_recall": _("places cited"),
    "answer_in_quotes": _("answer in quotations"),
    "abstained_unanswerable": _("abstained rightly"),
}
SETS = {"own": "Own questions", "shipped": "Shipped questions", "questions": "Questions"}


def gate_lines(gate: Mapping[str, Any]) -> list[str]:
    """A table for each set of questions."""
    lines: list[str] = []
    for one in gate["sets"]:
        lines.append(f"{SETS.get(one['name'], one['name'])} ({one['questions']})")
        lines.append(f"  {'':24}{'before':>8}{'after':>8}{'difference (95 %)':>26}{'':8}")
        lines += [f"  {_row(row)}" for row in one["rows"]]
    return lines


def _row(row: Mapping[str, Any]) -> str:
    interval = f"{row['difference']:+.3f} ({row['low']:+.3f} to {row['high']:+.3f})"
    name = MEASURES.get(row["measure"], row["measure"])
    mark = "  lost" if row["lost"] else ""
    return f"{name:24}{row['before']:>8.3f}{row['after']:>8.3f}{interval:>26}{mark}"
