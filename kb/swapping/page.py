"""A page with two models' answers to each question, side by side."""

from collections.abc import Mapping
from html import escape
from pathlib import Path
from typing import Any

from kb.errors import UsageError
from kb.evaluation.page import STYLE
from kb.surface.gates import gate_lines


def write_page(file: Path, tried: Mapping[str, Any]) -> None:
    """Write what :class:`kb.swapping.trying.TriedModels` gives as JSON into a file.

    Raises:
        UsageError: it cannot be written.
    """
    try:
        file.write_text(_page(tried), encoding="utf-8")
    except OSError as error:
        raise UsageError(f"{file} cannot be written: {error.strerror}.") from error


def _page(tried: Mapping[str, Any]) -> str:
    before, after = (escape(tried[side]["model"]) for side in ("before", "after"))
    gate = escape("\n".join(gate_lines(tried["gate"])))
    rows = "".join(_row(one) for one in tried["answers"])
    return (
        "<!doctype html><html lang='en'><meta charset='utf-8'>"
        "<meta name='viewport' content='width=device-width'>"
        f"<title>{before} and {after}</title><style>{STYLE.read_text(encoding='utf-8')}</style>"
        f"<h1>{before} and {after}</h1><pre>{gate}</pre>"
        f"<table><tr><th>Question</th><th>{before}</th><th>{after}</th></tr>{rows}</table></html>"
    )


def _row(one: Mapping[str, Any]) -> str:
    expected = "; ".join(one["expected"])
    known = f"<p>Expected: {escape(expected)}</p>" if expected else ""
    cells = "".join(f"<td>{_answer(one[side])}</td>" for side in ("before", "after"))
    return f"<tr><th>{escape(one['question'])}{known}</th>{cells}</tr>"


def _answer(said: Mapping[str, Any]) -> str:
    places = "; ".join(
        c["document"] + (f", page {c['page']}" if c["page"] else "") for c in said["citations"]
    )
    foot = f"{said['mode']}, {said['seconds']:.1f} s" + (f". {places}" if places else "")
    return f"<p>{escape(said['text'])}</p><p>{escape(foot)}</p>"
