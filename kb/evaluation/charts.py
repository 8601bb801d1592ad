"""Which charts an evaluation has. Pure."""

from typing import Any

from kb.evaluation.plots import Bar, PlotLine, bars, curves

OURS = "commonplace"
LABELS = {
    "document_hit@1": "document first",
    "document_hit@5": "document in five",
    "page_hit@1": "page first",
    "page_hit@5": "page in five",
    "page_hit@10": "page in ten",
    "citation_page_precision": "citations right",
    "citation_page_recall": "pages cited",
    "answer_in_quotes": "answer in quotes",
    "answered_answerable": "answered",
    "abstained_unanswerable": "rightly abstained",
    "shown_answerable": "found and shown",
    "shown_right": "right page shown",
    "sure_wrong": "wrong, and sure",
    "sure_unanswerable": "no answer, and sure",
    "far_outside": "outside: nothing near",
}


def charts_of(figures: dict[str, Any]) -> list[tuple[str, str]]:
    """Titles with drawings."""
    return _of_results(figures) + _of_abstention(figures.get("abstention", []))


def _of_results(figures: dict[str, Any]) -> list[tuple[str, str]]:
    if "rows" in figures:
        return _of_systems(figures)
    drawn = [Bar(LABELS[n], figures[n]) for n in LABELS if figures.get(n) is not None]
    return [("Share of questions", bars("Share of questions", drawn))]


def _of_abstention(measured: list[dict[str, Any]]) -> list[tuple[str, str]]:
    """The trade-off, with the operating point of the settings marked."""
    if not measured:
        return []
    lines = [
        PlotLine(f"{m['name']} (area {m['auc']:.3f})", m["curve"], (m["answered"], m["abstained"]))
        for m in measured
    ]
    title = "Abstention"
    return [(title, curves(title, "answerable questions answered", "abstained", lines))]


def _of_systems(figures: dict[str, Any]) -> list[tuple[str, str]]:
    intervals = figures.get("intervals", {})
    found = [("nDCG@10", bars("nDCG@10", _bars(figures["rows"], intervals)))]
    by_language = figures.get("by_language", {})
    if len(by_language) > 1:
        for language, rows in by_language.items():
            title = f"nDCG@10 ({language})"
            found.append((title, bars(title, _bars(rows, {}))))
    return found


def _bars(rows: list[dict[str, Any]], intervals: dict[str, Any]) -> list[Bar]:
    return [
        Bar(
            r["system"],
            r["ndcg@10"],
            (intervals[r["system"]][0], intervals[r["system"]][1])
            if r["system"] in intervals
            else None,
            emphasised=r["system"] == OURS,
        )
        for r in rows
    ]
