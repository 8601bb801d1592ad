"""What every benchmark can use without the rest of the program: data, percentiles, memory."""

import json
from pathlib import Path

import psutil

DATA = Path(__file__).parent.parent.parent / "shared" / "data"
ENGINES = ("kb.embedding.process", "kb.index.process")


def data(name: str) -> Path | None:
    folder = DATA / name
    if folder.exists():
        return folder
    print(f"skipped: the development data {name} is not beside the project")
    return None


def lines(path: Path) -> list[dict]:
    return [json.loads(line) for line in path.open(encoding="utf-8")]


def percentile(values: list[float], share: float) -> float:
    """Of seconds, in milliseconds."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * share))] * 1000


def megabytes(data_dir: str) -> dict[str, float]:
    """Resident memory (MB) of the processes that work on a data directory."""
    found: dict[str, float] = {}
    for process in psutil.process_iter(["cmdline"]):
        command = " ".join(process.info["cmdline"] or [])
        for name in ENGINES:
            if name in command and data_dir in command:
                found[name] = process.memory_info().rss / 1e6
    return found
