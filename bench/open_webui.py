"""Pages a second beside Open WebUI: its package, its defaults, the same model folder, no internet.

It is installed in an environment of its own (7 GB) and driven by its own API, two files at a time.
A file counts when its upload has been processed, which is before it is added to a knowledge base.
"""

import os
import shutil
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import httpx
import psutil

from bench.common import filings, follow, ingest, knowledge_base
from bench.processors import Watch
from kb.types.library import LedgerFilter

ENVIRONMENT = Path(".venv/open-webui")
ADDRESS = "http://127.0.0.1:8766"
AT_ONCE = 2


@dataclass(frozen=True, slots=True)
class Took:
    """Seconds by the clock, and of a processor, which other work on the machine hardly changes;
    resident memory at the end (MB)."""

    seconds: float
    processor: float
    megabytes: float = 0.0


async def main() -> None:
    files = filings()
    if not files:
        return
    with tempfile.TemporaryDirectory() as temporary:
        for file in files:
            shutil.copy(file, temporary)
        async with knowledge_base() as base:
            await base.embeddings.query("warm")
            model = str(base.embeddings.first.files.folder)
            follow(base, "filings", Path(temporary))
            with Watch() as watch:
                await ingest(base, "filings")
            pages = sum(
                r.pages or 0 for r in base.ledger.rows(base.principal(None), LedgerFilter())
            )
    ours = Took(watch.used.seconds, watch.used.total)
    print(
        f"- ours: {len(files)} filings, {pages} pages in {told(ours, pages)}",
        flush=True,
    )
    theirs = open_webui(files, model)
    print(
        f"- Open WebUI {version()}: {told(theirs, pages)}, {theirs.megabytes:.0f} MB; **ours is "
        f"{theirs.seconds / ours.seconds:.1f} × as fast, with a processor's time divided by "
        f"{theirs.processor / ours.processor:.1f}**",
        flush=True,
    )


def told(took: Took, pages: int) -> str:
    return (
        f"{took.seconds:.1f} s, {pages / took.seconds:.2f} pages/s, {took.processor:.0f} s of a "
        "processor"
    )


def python() -> Path:
    found = Path(os.environ.get("KB_BENCH_OPEN_WEBUI", ENVIRONMENT)).absolute() / "bin" / "python"
    if not found.exists():
        uv = shutil.which("uv") or ".venv/uv/bin/uv"
        subprocess.run([uv, "venv", "-q", "--python", sys.executable, str(ENVIRONMENT)], check=True)
        subprocess.run(
            [uv, "pip", "install", "-q", "--python", str(found), "open-webui"], check=True
        )
    return found


def version() -> str:
    code = "import importlib.metadata as m; print(m.version('open-webui'))"
    return subprocess.run(
        [str(python()), "-c", code], capture_output=True, text=True
    ).stdout.strip()


def open_webui(files: list[Path], model: str) -> Took:
    with tempfile.TemporaryDirectory() as folder:
        server = subprocess.Popen(
            [str(python().with_name("open-webui")), "serve", "--host", "127.0.0.1", "--port", "8766"],
            env={k: v for k, v in os.environ.items() if not k.startswith("KB_")} | {
                "DATA_DIR": folder, "OFFLINE_MODE": "true", "HF_HUB_OFFLINE": "1",
                "RAG_EMBEDDING_MODEL": model, "WEBUI_AUTH": "False", "WEBUI_SECRET_KEY": "bench",
                "ENABLE_OLLAMA_API": "false", "ENABLE_OPENAI_API": "false",
                "SCARF_NO_ANALYTICS": "true", "DO_NOT_TRACK": "true", "ANONYMIZED_TELEMETRY": "false",
            },
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, cwd=folder,
        )  # fmt: skip
        try:
            client = signed_in()
            upload(client, files[-1], "warm.pdf")
            process = psutil.Process(server.pid)
            begun, used = time.monotonic(), used_by(process)
            with ThreadPoolExecutor(AT_ONCE) as pool:
                list(pool.map(lambda f: upload(client, f, f.name), files))
            seconds = time.monotonic() - begun
            return Took(seconds, used_by(process) - used, process.memory_info().rss / 1e6)
        finally:
            server.terminate()
            server.wait(60)


def used_by(process: psutil.Process) -> float:
    """Seconds of a processor that a process and its children have used."""
    return sum(sum(one.cpu_times()[:4]) for one in (process, *process.children(recursive=True)))


def signed_in() -> httpx.Client:
    client = httpx.Client(base_url=ADDRESS, timeout=3600, trust_env=False)
    for _ in range(300):
        try:
            if client.get("/health").status_code == 200:
                break
        except httpx.HTTPError:
            time.sleep(1)
    who = {"email": "admin@localhost", "password": "admin"}
    client.headers["Authorization"] = (
        f"Bearer {client.post('/api/v1/auths/signin', json=who).json()['token']}"
    )
    return client


def upload(client: httpx.Client, file: Path, name: str) -> None:
    stored = client.post(
        "/api/v1/files/", params={"process": "true", "process_in_background": "false"},
        files={"file": (name, file.read_bytes(), "application/pdf")},
    )  # fmt: skip
    stored.raise_for_status()
    address = f"/api/v1/files/{stored.json()['id']}/process/status"
    while (status := client.get(address).json().get("status")) == "pending":
        time.sleep(0.2)
    assert status == "completed", status
