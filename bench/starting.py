"""Start and memory: by the faster runtime, and by torch, as it was before."""

import subprocess
import sys
import time

import psutil

from bench.asker import served
from bench.measuring import megabytes
from bench.serve import SETTLED_SECONDS, end_engines, environment_of

RUNTIMES = ("openvino:int8", "torch:float32")


def show(folder: str) -> None:
    """Of a data directory: seconds to ``/ready``, of a ``kb search`` with no engine; memory."""
    print(
        "| runtime | `kb serve` to `/ready`, s | `kb search` with no engine, s | with both, s "
        "| memory of all, MB |\n|---|---|---|---|---|"
    )
    for name in RUNTIMES:
        by, dtype = name.split(":")
        settings = {"embedding.runtime": by, "embedding.dtype": dtype}
        end_engines(folder)
        cold, warm = searched(folder, settings), searched(folder, settings)
        end_engines(folder)
        begun = time.monotonic()
        with served(folder, settings) as (service, port):
            ready = time.monotonic() - begun
            sizes = memory(service, folder)
        end_engines(folder)
        each = ", ".join(f"{n} {v:.0f}" for n, v in sizes.items())
        print(
            f"| {name} | {ready:.1f} | {cold:.1f} | {warm:.1f} | {sum(sizes.values()):.0f} ({each}) |",
            flush=True,
        )


def searched(folder: str, settings: dict[str, str]) -> float:
    """Seconds that ``kb search`` takes."""
    begun = time.monotonic()
    subprocess.run(
        [sys.executable, "-m", "kb", "search", "boundary layer", "--json"],
        env=environment_of(folder, settings), check=True, stdout=subprocess.DEVNULL,
    )  # fmt: skip
    return time.monotonic() - begun


def memory(service: psutil.Process, folder: str) -> dict[str, float]:
    """Of every process (MB), a moment after the last work."""
    time.sleep(SETTLED_SECONDS)
    return {"web": service.memory_info().rss / 1e6, **megabytes(folder)}
