"""What a number format costs in quality: the same questions with each, paired, on every development set.

``kb eval`` runs as anybody runs it, with a data directory for each format, so that everything is
embedded anew. Differences to float32 of torch stand with their 95 % interval (bootstrap over
questions). ``KB_BENCH_KEEP=FOLDER`` keeps what is done, so that a run can go on;
``KB_BENCH_SETS`` and ``KB_BENCH_FORMATS`` (``int8,bfloat16``) name some of them.
"""

import json
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from bench.measuring import data
from kb.evaluation import reporting, resampling

FORMATS = {
    "float32": ("torch", "float32"),
    "openvino": ("openvino", "float32"),
    "int8": ("openvino", "int8"),
    "bfloat16": ("torch", "bfloat16"),
}
REFERENCE = "float32"
COLLECTIONS = ("cranfield", "clapnq-dev", "xquad-pool-dev", "xl-to-it-dev")
DOCUMENTS = ("office-qa-dev", "everyday-dev")
SHOWN = ("ndcg@10", "recall@10", *reporting.QUESTION_FIGURES)
"""Figures, as ``kb eval`` names them: what is found, evidence, abstention, and citations."""


async def main() -> None:
    kept = os.environ.get("KB_BENCH_KEEP")
    folder = Path(kept or tempfile.mkdtemp(prefix="kb-bench-"))
    others = [name for name in chosen("KB_BENCH_FORMATS", FORMATS) if name != REFERENCE]
    print(f"| set | figure | {REFERENCE} | {' | '.join(others)} |")
    print("|---|---|---|" + "---|" * len(others))
    try:
        for name in chosen("KB_BENCH_SETS", COLLECTIONS + DOCUMENTS):
            if data(name) is not None:
                reference = evaluated(folder, name, REFERENCE)
                show(name, reference, [evaluated(folder, name, one) for one in others])
    finally:
        if not kept:
            shutil.rmtree(folder, ignore_errors=True)


def chosen(variable: str, known: Any) -> list[str]:
    wanted = os.environ.get(variable)
    return [name for name in known if not wanted or name in wanted.split(",")]


def evaluated(folder: Path, name: str, dtype: str) -> dict[str, dict[str, float]]:
    """Each question's figures, from a run now or one that was kept."""
    output = folder / f"{name}-{dtype}"
    if not (output / "questions.jsonl").exists():
        runtime, number_format = FORMATS[dtype]
        ours = {k: v for k, v in os.environ.items() if not k.startswith("KB_")}
        environment = ours | {
            "KB_DATA_DIR": str(folder / "data" / dtype),
            "KB_EMBEDDING__RUNTIME": runtime,
            "KB_EMBEDDING__DTYPE": number_format,
            "KB_LLM__PROVIDER": "none",
        }
        kind = ["beir", "--systems", "dense,commonplace"] if name in COLLECTIONS else ["docs"]
        command = [sys.executable, "-m", "kb", "eval", *kind, str(data(name)), "--output"]
        subprocess.run([*command, str(output)], env=environment, check=True, stdout=sys.stderr)
    lines = (output / "questions.jsonl").read_text(encoding="utf-8").splitlines()
    return {found["id"]: flat(found["figures"]) for found in map(json.loads, lines)}


def flat(figures: dict[str, Any], system: str = "") -> dict[str, float]:
    """One value a name: of a collection ``dense ndcg@10`` and the like."""
    found: dict[str, float] = {}
    for name, value in figures.items():
        if isinstance(value, dict):
            found |= flat(value, f"{name} ")
        elif value is not None:
            found[system + name] = float(value)
    return found


def show(
    name: str, reference: dict[str, dict[str, float]], others: list[dict[str, dict[str, float]]]
) -> None:
    figures = sorted({figure for one in reference.values() for figure in one})
    for figure in figures:
        if not figure.endswith(SHOWN):
            continue
        values = {key: one[figure] for key, one in reference.items() if figure in one}
        cells = [difference(values, other, figure) for other in others]
        mean = resampling.mean(list(values.values()))
        print(f"| {name} | {figure} | {mean:.4f} | {' | '.join(cells)} |", flush=True)


def difference(values: dict[str, float], other: dict[str, dict[str, float]], figure: str) -> str:
    """The mean of the differences, and where 95 % of the resampled means lie."""
    pairs = [other[key][figure] - value for key, value in values.items() if figure in other[key]]
    low, high = resampling.interval(pairs)
    lost = " **lost**" if high < 0 else ""
    return f"{resampling.mean(pairs):+.4f} ({low:+.4f} to {high:+.4f}){lost}"
