"""What ``kb eval`` prints and writes of an evaluation that is done."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from kb.cli.common import error_console, show
from kb.errors import UsageError
from kb.evaluation import reporting, running
from kb.evaluation.page import write_report
from kb.search.limits import MAX_QUESTION
from kb.types.evaluations import Evaluation, QuestionResult

Figures = dict[str, Any]
Lines = Callable[[Figures], list[str]]
"""Figures to lines for people."""


@dataclass(frozen=True, slots=True)
class EvaluationRun:
    """An evaluation that is done and kept."""

    figures: Figures
    done: Evaluation
    results: list[QuestionResult]


def tell(run: EvaluationRun, output: Path | None, as_json: bool, lines: Lines) -> None:
    """Print what was measured; then write its report.

    Raises:
        UsageError: the report cannot be written. The figures have been printed.
    """
    show(run.figures, as_json, lines)
    if output is None:
        return
    try:
        write_report(output, run.done, run.results)
    except UsageError as error:
        error_console.print(f"Error: {error.message}", style="red", highlight=False)
        raise SystemExit(1) from error


def system_lines(figures: Figures) -> list[str]:
    """A collection's figures, a system a line."""
    lines = [
        f"{'system':<12} {'queries':>7} {'nDCG@10':>8} {'R@10':>6} {'R@100':>6} {'MRR':>6} {'s':>7}"
    ]
    lines += [_row(row) for row in figures["rows"]]
    for language, rows in figures["by_language"].items():
        if len(figures["by_language"]) > 1:
            lines += ["", f"Questions in {language}:", *(_row(r) for r in rows)]
    return lines + _cut_lines(figures) + _abstention_lines(figures)


def _cut_lines(figures: Figures) -> list[str]:
    cut = figures.get("questions_cut", 0)
    return [f"{cut} questions were longer than {MAX_QUESTION} characters and cut."] if cut else []


def _row(row: Figures) -> str:
    return (
        f"{row['system']:<12} {row['queries']:>7} {row['ndcg@10']:>8.3f} {row['recall@10']:>6.3f} "
        f"{row['recall@100']:>6.3f} {row['mrr']:>6.3f} {row['seconds']:>7.1f}"
    )


def figure_lines(figures: Figures) -> list[str]:
    """Figures of questions put to documents, one a line."""
    lines = [f"{figures['questions']} questions"]
    for name in reporting.QUESTION_FIGURES:
        value = figures[name]
        lines.append(f"{name.replace('_', ' '):<28} {'–' if value is None else f'{value:.3f}'}")
    seconds = figures["seconds"]
    lines.append(f"seconds: median {seconds['p50']:.3f}, 95 % below {seconds['p95']:.3f}")
    lines.append(f"{len(figures['failures'])} questions failed in some way; --json lists them.")
    for row in figures.get("systems", []):
        shares = (f"{n.replace('_', ' ')} {row[n] or 0:.3f}" for n in running.HIT_FIGURES)
        lines.append(f"{row['system']:<10} {', '.join(shares)}")
    return lines + _cut_lines(figures) + _abstention_lines(figures)


def _abstention_lines(figures: Figures) -> list[str]:
    return [
        f"{m['name']}: {m['questions']} questions, area {m['auc']:.3f}; abstained from "
        f"{m['abstained_at_95_answered']:.3f} where .95 are answered; as set, "
        f"{m['abstained']:.3f} abstained from and {m['answered']:.3f} answered"
        for m in figures.get("abstention", [])
    ]
