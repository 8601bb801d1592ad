"""What parsing PDFs costs, in seconds of a processor, without the programs that recognise pictures.

Each is read by turns in processes of their own, the least of a few readings counts.
``KB_BENCH_BEFORE=FOLDER`` names a checkout of another commit that is measured beside this one;
``KB_BENCH_SETS`` (``financebench-20mb``) the sets.
"""

import os
import subprocess
import sys
from pathlib import Path

from bench.measuring import data

TIMES = 2
READ = """
import sys, time
from contextlib import suppress
from pathlib import Path
from ingest.parsers import pdf
from ingest.parsers.options import Options
from kb.errors import FileProblem
begun = time.process_time()
with suppress(FileProblem):
    pdf.parse(Path(sys.argv[1]), "pdf", Options())
print(time.process_time() - begun)
"""
HERE = Path(__file__).parent.parent


async def main() -> None:
    before = os.environ.get("KB_BENCH_BEFORE")
    checkouts = [Path(before), HERE] if before else [HERE]
    names = os.environ.get("KB_BENCH_SETS", "financebench-20mb").split(",")
    files = [p for f in map(data, names) if f is not None for p in sorted(f.rglob("*.pdf"))]
    print(f"| file |{' before |' if before else ''} now |\n|---|{'---|' * len(checkouts)}")
    total = [0.0 for _ in checkouts]
    for file in files:
        seconds = least(file, checkouts)
        total = [a + b for a, b in zip(total, seconds, strict=True)]
        show(file.name, seconds)
    show(f"all {len(files)}", total)


def show(name: str, seconds: list[float]) -> None:
    print(f"| {name} | {' | '.join(f'{one:.2f}' for one in seconds)} |", flush=True)


def least(file: Path, checkouts: list[Path]) -> list[float]:
    """For each checkout the fewest seconds that its parser took for a file."""
    rounds = [[parsed(file, one) for one in checkouts] for _ in range(TIMES)]
    return [min(taken) for taken in zip(*rounds, strict=True)]


def parsed(file: Path, checkout: Path) -> float:
    """Seconds of a processor in which a checkout's parser reads a PDF."""
    command = [sys.executable, "-c", READ, str(file)]
    environment = os.environ | {"PYTHONPATH": str(checkout)}
    done = subprocess.run(
        command, cwd=checkout, env=environment, check=True, capture_output=True, text=True
    )
    return float(done.stdout)
