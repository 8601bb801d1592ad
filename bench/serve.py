"""From the start of ``kb serve`` to ``/health`` and ``/ready``; memory of all its processes."""

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from typing import Any

import httpx
import psutil

from bench.common import chosen
from bench.measuring import ENGINES
from kb import samples

Measured = Callable[[int, str], dict[str, Any]]
"""Measures each process of a service, by the web process's number and the data directory."""
SETTLED_SECONDS = 5.0
"""The worker beside the page loads after it; engines give back what bulk work took."""


async def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        environment = environment_of(folder)

        def base(*arguments: str) -> None:
            subprocess.run(
                [sys.executable, "-m", "kb", *arguments, "--json"],
                env=environment, check=True, stdout=subprocess.DEVNULL,
            )  # fmt: skip

        base("source", "add", "samples", str(samples.documents()))
        base("ingest")
        end_engines(folder)
        alive, ready, sizes = serve(folder)
        end_engines(folder)
    print(f"- to /health {alive:.2f} s, to /ready {ready:.2f} s")
    print(
        f"- resident memory after the start: {sum(sizes.values()):.0f} MB "
        f"({', '.join(f'{n} {v:.0f}' for n, v in sizes.items())})"
    )


def environment_of(folder: str, settings: Mapping[str, str] | None = None) -> dict[str, str]:
    kept = {k: v for k, v in os.environ.items() if not k.startswith("KB_")}
    given = {f"KB_{n.replace('.', '__').upper()}": v for n, v in (settings or {}).items()}
    return kept | chosen() | {"KB_DATA_DIR": folder, "KB_LLM__PROVIDER": "none"} | given


def serve(
    folder: str, settings: Mapping[str, str] | None = None, measured: Measured | None = None
) -> tuple[float, float, dict[str, Any]]:
    """Serve a data directory, ask a little; seconds to alive and ready, and what was measured of each
    process: its memory (MB), where nothing else is said."""
    begun = time.monotonic()
    server = subprocess.Popen(
        [sys.executable, "-m", "kb", "serve", "--port", "8765"],
        env=environment_of(folder, settings),
    )
    alive = until("/health", begun)
    ready = until("/ready", begun)
    for question in ("leave", "buses", "Tagegeld"):
        httpx.get("http://127.0.0.1:8765/api/v1/search", params={"q": question}, timeout=60)
    time.sleep(SETTLED_SECONDS)
    sizes = (measured or memory)(server.pid, folder)
    server.terminate()
    server.wait(30)
    return alive, ready, sizes


def until(path: str, begun: float) -> float:
    while time.monotonic() - begun < 120:
        try:
            if httpx.get(f"http://127.0.0.1:8765{path}", timeout=60).status_code == 200:
                return time.monotonic() - begun
        except httpx.HTTPError:
            time.sleep(0.02)
    raise AssertionError(path)


def memory(pid: int, folder: str) -> dict[str, float]:
    """Resident memory (MB) of the web process, what it has started, and the engines."""
    return {n: process.memory_info().rss / 1e6 for n, process in processes(pid, folder).items()}


def processes(pid: int, folder: str) -> dict[str, psutil.Process]:
    web = psutil.Process(pid)
    found = {"web": web}
    for process in psutil.process_iter(["cmdline"]):
        command = " ".join(process.info["cmdline"] or [])
        for engine in ENGINES:
            if folder in command and engine in command:
                found[engine] = process
    begun = [one for one in web.children(recursive=True) if one not in found.values()]
    return found | {f"begun by it {n}": one for n, one in enumerate(begun)}


def end_engines(folder: str) -> None:
    for process in psutil.process_iter(["cmdline"]):
        command = " ".join(process.info["cmdline"] or [])
        if folder in command and any(engine in command for engine in ENGINES):
            process.terminate()
            process.wait(20)
