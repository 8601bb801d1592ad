"""The report as files: one to look at, two to work on."""

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

STYLE = Path(__file__).with_name("report.css")


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
        f"<title>{escape(done.name)}</title><style>{STYLE.read_text(encoding='utf-8')}</style>"
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
