"""Following folders: a rescan beside ``find``, one edit in a long document, searches meanwhile.

And the hostile collection, through ``kb serve`` as an administrator would have it: does the service
answer all the while, and how much memory does it take.
"""

import asyncio
import shutil
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

import httpx
import psutil

from bench.common import follow, ingest, knowledge_base
from bench.measuring import ENGINES, data, percentile
from bench.serve import end_engines, environment_of, until
from kb import samples

FILES = 10_000
PAGES = 300
ADDRESS = "http://127.0.0.1:8765"


async def main() -> None:
    await rescan()
    await one_edit()
    await asyncio.to_thread(searches_meanwhile)
    await asyncio.to_thread(hostile)


async def rescan() -> None:
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder) / "files"
        for number in range(FILES):
            path = root / f"{number % 100:02d}" / f"{number}.txt"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(f"Note {number}.")
        async with knowledge_base() as base:
            follow(base, "files", root)
            first = await ingest(base, "files")
            ours, theirs = [], []
            for _ in range(5):
                begun = time.perf_counter()
                subprocess.run(["find", str(root), "-type", "f", "-printf", "%s %T@\n"],
                               stdout=subprocess.DEVNULL, check=True)  # fmt: skip
                theirs.append(time.perf_counter() - begun)
                begun = time.perf_counter()
                counts = await ingest(base, "files")
                ours.append(time.perf_counter() - begun)
                assert counts.unchanged == FILES
    us, them = statistics.median(ours), statistics.median(theirs)
    print(
        f"- {FILES} small files: read in {first.seconds:.0f} s; unchanged, again in {us:.2f} s; find takes "
        f"{them * 1000:.0f} ms: **{us / them:.1f} × find**",
        flush=True,
    )


async def one_edit() -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "long.md"
        paragraphs = [
            f"## Section {n}\n\n" + " ".join(f"Part {n} says that item {n * 7 + k} is kept in hall {k}."
                                           for k in range(30))
            for n in range(PAGES)
        ]  # fmt: skip
        path.write_text("\n\n".join(paragraphs))
        async with knowledge_base() as base:
            follow(base, "files", Path(folder))
            first = await ingest(base, "files")
            before = vectors(base)
            paragraphs[150] += " One more sentence was put here."
            path.write_text("\n\n".join(paragraphs))
            await ingest(base, "files")
            new = vectors(base) - before
    print(
        f"- one paragraph changed in a document of {PAGES} pages and {first.chunks} passages: "
        f"**{new} passages embedded again**",
        flush=True,
    )


def vectors(base) -> int:
    with base.catalog.reading() as connection:
        return connection.exec_driver_sql("SELECT count(*) FROM vectors").scalar()


class Serving:
    """``kb serve`` over a folder of its own."""

    def __init__(self) -> None:
        self.folder = tempfile.mkdtemp(prefix="kb-bench-")
        self.environment = environment_of(self.folder)

    def base(self, *arguments: str, **options) -> subprocess.CompletedProcess:
        return subprocess.run([sys.executable, "-m", "kb", *arguments, "--json"], env=self.environment,
                              stdout=subprocess.DEVNULL, check=True, **options)  # fmt: skip

    def __enter__(self):
        self.server = subprocess.Popen(
            [sys.executable, "-m", "kb", "serve", "--port", "8765"], env=self.environment
        )
        until("/ready", time.monotonic())
        return self

    def __exit__(self, *_):
        self.server.terminate()
        self.server.wait(40)
        end_engines(self.folder)
        shutil.rmtree(self.folder, ignore_errors=True)

    def memory(self) -> float:
        """Resident memory of everything that works on this folder, the runs included (MB)."""
        found = {self.server.pid: psutil.Process(self.server.pid)}
        for child in psutil.Process(self.server.pid).children(recursive=True):
            found[child.pid] = child
        for process in psutil.process_iter(["cmdline"]):
            command = " ".join(process.info["cmdline"] or [])
            if self.folder in command and any(engine in command for engine in ENGINES):
                found[process.pid] = process
        total = 0.0
        for process in found.values():
            try:
                total += process.memory_info().rss / 1e6
            except psutil.NoSuchProcess:
                continue
        return total


QUESTIONS = ("annual leave", "electric buses", "lost property", "Kilometergeld", "solar roof")


def ask(times: int, ended: threading.Event | None = None) -> list[float]:
    seconds = []
    with httpx.Client(base_url=ADDRESS, timeout=60, trust_env=False) as client:
        for number in range(times):
            if ended is not None and ended.is_set():
                break
            begun = time.perf_counter()
            answer = client.get("/api/v1/search", params={"q": f"{QUESTIONS[number % 5]} {number}"})
            seconds.append(time.perf_counter() - begun)
            assert answer.status_code == 200
            time.sleep(0.02)
    return seconds


def searches_meanwhile() -> None:
    folder = data("financebench-20mb")
    if folder is None:
        return
    with Serving() as serving, tempfile.TemporaryDirectory() as filings:
        serving.kb("source", "add", "samples", str(samples.documents()))
        serving.kb("ingest")
        ask(30)
        idle = ask(200)
        for file in sorted((folder / "docs").iterdir())[:6]:
            shutil.copy(file, filings)
        serving.kb("source", "add", "filings", filings)
        httpx.post(f"{ADDRESS}/api/v1/sources/filings/run", headers={"Origin": ADDRESS})
        ended = threading.Event()
        watching = threading.Thread(target=wait_for_run, args=("filings", ended))
        watching.start()
        time.sleep(3)
        busy = ask(100_000, ended)
        watching.join()
    print(
        f"- searches while 6 filings are read: p50 {percentile(busy, 0.5):.0f} ms, p95 "
        f"{percentile(busy, 0.95):.0f} ms; idle p50 {percentile(idle, 0.5):.0f}, p95 "
        f"{percentile(idle, 0.95):.0f}: **p95 {percentile(busy, 0.95) / percentile(idle, 0.95):.1f} × idle**",
        flush=True,
    )


def wait_for_run(name: str, ended: threading.Event) -> None:
    while not ended.is_set():
        sources = httpx.get(f"{ADDRESS}/api/v1/sources", timeout=60).json()["sources"]
        [source] = [s for s in sources if s["name"] == name]
        if source["last_run"]["counts"]:
            ended.set()
        time.sleep(0.5)


def hostile() -> None:
    folder = data("robustness-dev-20mb")
    if folder is None:
        return
    with Serving() as serving:
        serving.kb("source", "add", "samples", str(samples.documents()))
        serving.kb("ingest")
        serving.kb("source", "add", "hostile", str(folder / "files"))
        begun = time.monotonic()
        httpx.post(f"{ADDRESS}/api/v1/sources/hostile/run", headers={"Origin": ADDRESS})
        ended = threading.Event()
        watching = threading.Thread(target=wait_for_run, args=("hostile", ended))
        watching.start()
        health, most, failures = [], 0.0, 0
        while not ended.is_set():
            asked = time.perf_counter()
            try:
                failures += httpx.get(f"{ADDRESS}/health", timeout=10).status_code != 200
            except httpx.HTTPError:
                failures += 1
            health.append(time.perf_counter() - asked)
            most = max(most, serving.memory())
            time.sleep(0.1)
        seconds = time.monotonic() - begun
        files = httpx.get(f"{ADDRESS}/api/v1/files?source=hostile", timeout=60).json()["files"]
        check = subprocess.run([sys.executable, "-m", "kb", "check", "--json"], env=serving.environment,
                               capture_output=True, text=True, check=True)  # fmt: skip
    states: dict[str, int] = {}
    for file in files:
        states[file["state"]] = states.get(file["state"], 0) + 1
    silent = [f for f in files if f["state"] not in {"indexed", "partial"} and not f["reason"]]
    print(
        f"- the hostile collection: {len([f for f in files if ' › ' not in f['path']])} files and "
        f"{len([f for f in files if ' › ' in f['path']])} members in {seconds:.0f} s: {states}; without a reason: "
        f"{len(silent)}; /health failed {failures} times, p50 {percentile(health, 0.5):.0f} ms, at most "
        f"{max(health) * 1000:.0f} ms; memory of all processes at most {most:.0f} MB; kb check {check.stdout.strip()}",
        flush=True,
    )
