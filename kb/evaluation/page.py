"""The report as files: one to look at, two to work on."""

import json
import logging
import tempfile
from collections.abc import Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from html import escape
from pathlib import Path
from typing import Any

from kb.errors import UsageError
from kb.evaluation.charts import charts_of
from kb.types.evaluations import Evaluation, QuestionResult

log = logging.getLogger("kb.evaluation")
DRAWN = {"curve"}
"""Figures that are seen in a chart, too many for a table."""
STYLE = Path(__file__).with_name("report.css")


def prepare(folder: Path) -> None:
    """Make the report's folder, before the work.

    Raises:
        UsageError: it cannot be written to.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            pass
    except OSError as error:
        raise UsageError(f"The report cannot be written to {folder}: {error}.") from error


def write_report(folder: Path, done: Evaluation, results: Sequence[QuestionResult]) -> None:
    """Write the three files: what can be worked on first, what is looked at last.

    Raises:
        UsageError: the folder cannot be written to, or the page cannot be drawn.
    """
    prepare(folder)
    try:
        (folder / "report.json").write_text(
            json.dumps(asdict(done), ensure_ascii=False, indent=1), encoding="utf-8"
        )
        lines = (json.dumps(asdict(r), ensure_ascii=False) for r in results)
        (folder / "questions.jsonl").write_text("\n".join(lines) + "\n", encoding="utf-8")
        page = _page(done)
        (folder / "report.html").write_text(page, encoding="utf-8")
    except OSError as error:
        raise UsageError(f"The report cannot be written to {folder}: {error}.") from error
    except Exception as error:  # a figure the page does not know; the work itself is done
        log.exception("the page of an evaluation cannot be drawn")
        raise UsageError(
            f"The page {folder / 'report.html'} cannot be drawn ({error!r}); report.json has "
            "everything.",
            code="no_page",
        ) from error


def _page(done: Evaluation) -> str:
    at = datetime.fromtimestamp(done.started_at, UTC).strftime("%Y-%m-%d %H:%M UTC")
    charts = "".join(f"<h2>{escape(title)}</h2>{drawn}" for title, drawn in charts_of(done.figures))
    return (
        "<!doctype html><html lang='en'><meta charset='utf-8'>"
        "<meta name='viewport' content='width=device-width'>"
        f"<title>{escape(done.name)}</title><style>{STYLE.read_text(encoding='utf-8')}</style>"
        f"<h1>{escape(done.name)}</h1><p>{at}, {done.seconds:.0f} s</p>{charts}"
        f"<h2>Figures</h2>{_table(done.figures)}<h2>Settings</h2>{_table(done.settings)}</html>"
    )


def _table(values: dict[str, Any]) -> str:
    if "rows" in values:
        return _rows(values["rows"])
    rows = "".join(
        f"<tr><th>{escape(name)}</th><td>{_shown(name, value)}</td></tr>"
        for name, value in values.items()
    )
    return f"<table>{rows}</table>"


def _rows(rows: Sequence[dict[str, Any]]) -> str:
    """Figures that several things have, each thing in a row of its own."""
    columns = [c for c in (rows[0] if rows else {}) if c not in DRAWN]
    head = "".join(f"<th>{escape(c)}</th>" for c in columns)
    body = "".join(
        "<tr>" + "".join(f"<td>{escape(_text(r.get(c)))}</td>" for c in columns) + "</tr>"
        for r in rows
    )
    return f"<table><tr>{head}</tr>{body}</table>"


def _shown(name: str, value: Any) -> str:
    if name == "failures":
        return escape("\n".join(f"{f['id']}: {f['question']}" for f in value))
    if isinstance(value, list) and value and isinstance(value[0], dict):
        return _rows(value)
    return escape(_text(value))


def _text(value: Any) -> str:
    return "–" if value is None else str(value)
