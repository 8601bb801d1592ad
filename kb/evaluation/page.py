"""The report as files: ``report.html`` to look at, ``report.json`` and ``questions.jsonl`` to work on."""

import json
from collections.abc import Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from html import escape
from pathlib import Path
from typing import Any

from kb.catalog.evaluations import Evaluation, QuestionResult
from kb.errors import UsageError
from kb.evaluation.charts import charts_of

STYLE = """
:root { color-scheme: light dark; --ink: #1d1d1b; --paper: #fbfaf7; --line: #d8d5cd; --accent: #1f5fa8; --quiet: #9a968c }
@media (prefers-color-scheme: dark) { :root { --ink: #e8e6e1; --paper: #1a1a19; --line: #3c3b38; --accent: #7db3f0; --quiet: #77746c } }
body { font: 15px/1.5 system-ui, sans-serif; color: var(--ink); background: var(--paper); margin: 2rem auto; max-width: 60rem; padding: 0 1rem }
h1 { font-size: 24px } h2 { font-size: 18px; margin-top: 2rem }
table { border-collapse: collapse; font-variant-numeric: tabular-nums; display: block; overflow-x: auto }
th, td { text-align: left; padding: 4px 12px 4px 0; border-bottom: 1px solid var(--line); vertical-align: top }
.chart { max-width: 100%; height: auto } .chart text { font: 13px system-ui, sans-serif; fill: var(--ink) }
.chart .bar { fill: var(--quiet) } .chart .ours { fill: var(--accent) }
.chart .interval { stroke: var(--ink); fill: none }
"""


def write_report(folder: Path, done: Evaluation, results: Sequence[QuestionResult]) -> None:
    """Write the three files.

    Raises:
        UsageError: the folder cannot be written.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "report.json").write_text(
            json.dumps(asdict(done), ensure_ascii=False, indent=1), encoding="utf-8"
        )
        lines = (json.dumps(asdict(r), ensure_ascii=False) for r in results)
        (folder / "questions.jsonl").write_text("\n".join(lines) + "\n", encoding="utf-8")
        (folder / "report.html").write_text(_page(done), encoding="utf-8")
    except OSError as error:
        raise UsageError(f"The report cannot be written to {folder}: {error}.") from error


def _page(done: Evaluation) -> str:
    at = datetime.fromtimestamp(done.started_at, UTC).strftime("%Y-%m-%d %H:%M UTC")
    charts = "".join(f"<h2>{escape(title)}</h2>{drawn}" for title, drawn in charts_of(done.figures))
    return (
        "<!doctype html><html lang='en'><meta charset='utf-8'>"
        "<meta name='viewport' content='width=device-width'>"
        f"<title>{escape(done.name)}</title><style>{STYLE}</style>"
        f"<h1>{escape(done.name)}</h1><p>{at}, {done.seconds:.0f} s</p>{charts}"
        f"<h2>Figures</h2>{_table(done.figures)}<h2>Settings</h2>{_table(done.settings)}</html>"
    )


def _table(values: dict[str, Any]) -> str:
    if "rows" in values:
        columns = list(values["rows"][0]) if values["rows"] else []
        head = "".join(f"<th>{escape(c)}</th>" for c in columns)
        rows = "".join(
            "<tr>" + "".join(f"<td>{escape(str(r[c]))}</td>" for c in columns) + "</tr>"
            for r in values["rows"]
        )
        return f"<table><tr>{head}</tr>{rows}</table>"
    rows = "".join(
        f"<tr><th>{escape(k)}</th><td>{escape(_shown(v))}</td></tr>" for k, v in values.items()
    )
    return f"<table>{rows}</table>"


def _shown(value: Any) -> str:
    if isinstance(value, list):
        return "\n".join(f"{f['id']}: {f['question']}" for f in value if isinstance(f, dict))
    return "–" if value is None else str(value)
