"""Where memory goes: the embedder and a process that reads files, step by step, and all of a service.

MB, resident, and in brackets what it is where pages that several processes have mapped are divided
among them. ``KB_BENCH_MODELS=english`` is one choice of ``embedding.models`` alone.
"""

import json
import os
import subprocess
import sys
import tempfile

from bench.serve import end_engines, environment_of, processes, serve
from kb import samples
from kb.engines.calling import QUIET

CHOICES = ("english", "multilingual", "multilingual,english")
BEGIN = """
import json, re, sys
from pathlib import Path
def held():
    text = Path("/proc/self/smaps_rollup").read_text()
    return [int(re.search(rf"{n}:\\s+(\\d+)", text)[1]) * 1024 / 1e6 for n in ("Rss", "Pss")]
told = {}
from kb import settings as settings_module
from kb.embedding import agreement, chosen, hosted, models
from kb.engines.serving import give_memory_back
"""
LOAD = """
told["imported"] = held()
settings = settings_module.load()
each = chosen.each(settings.embedding)
counters = [models.counter_of(models.find(one)) for one in each]
texts = [passage for passage, _ in agreement.built_in()]
"""
EMBEDDER = f"""{BEGIN}
import msgspec, kb.embedding.process
from kb.embedding.runtimes import compiled
{LOAD}
told["tokenizers"] = held()
by = [hosted.Hosted(msgspec.structs.replace(settings, embedding=one)) for one in each]
told["models"] = held()
for one in by:
    for start in range(0, len(texts), 4):
        one.model.encode(texts[start : start + 4], bulk=True)
    one.model.encode(["How many days of leave are there?"])
told["embedding"] = held()
for one in by:
    one.model.runtime.rest()
give_memory_back()
told["at rest"] = held()
print(json.dumps(told))
"""
READING = f"""{BEGIN}
from kb.cli import ingesting
from ingest import parsers
{LOAD}
told["tokenizers"] = held()
for one in counters:
    one.count_all(texts)
told["counting"] = held()
print(json.dumps(told))
"""


async def main() -> None:
    wanted = os.environ.get("KB_BENCH_MODELS")
    for names in CHOICES:
        if wanted in (None, names):
            print(f"\n`embedding.models = {names}`\n", flush=True)
            with tempfile.TemporaryDirectory() as folder:
                by_steps("embedder", EMBEDDER, folder, names)
                by_steps("a process that reads files", READING, folder, names)
                everything(folder, names)


def settings_of(names: str) -> dict[str, str]:
    return {"embedding.models": names, "embedding.runtime": "openvino", "embedding.dtype": "int8"}


def by_steps(title: str, code: str, folder: str, names: str) -> None:
    """Twice: what is derived from the models is made by the first."""
    environment = environment_of(folder, settings_of(names)) | (QUIET if code is EMBEDDER else {})
    for _ in range(2):
        done = subprocess.run(
            [sys.executable, "-c", code],
            capture_output=True, text=True, check=True, env=environment,
        )  # fmt: skip
    told = json.loads(done.stdout.splitlines()[-1])
    steps = ", ".join(f"{name} {rss:.0f} ({pss:.0f})" for name, (rss, pss) in told.items())
    print(f"- {title}: {steps}", flush=True)


def everything(folder: str, names: str) -> None:
    """All processes of ``kb serve``, when the samples were read and a little was asked."""
    environment = environment_of(folder, settings_of(names))
    for command in (["source", "add", "samples", str(samples.documents())], ["ingest"]):
        subprocess.run(
            [sys.executable, "-m", "kb", *command, "--json"],
            env=environment, check=True, stdout=subprocess.DEVNULL,
        )  # fmt: skip

    try:
        sizes = serve(folder, settings_of(names), both)[2]
    finally:
        end_engines(folder)
    each = ", ".join(
        f"{n.rpartition('.')[2]} {rss:.0f} ({pss:.0f})" for n, (rss, pss) in sizes.items()
    )
    rss, pss = map(sum, zip(*sizes.values(), strict=True))
    print(f"- all processes: {rss:.0f} ({pss:.0f}): {each}")


def both(pid: int, folder: str) -> dict[str, tuple[float, float]]:
    """Of each process of a service what is resident, and that with shared pages divided (MB)."""
    found = ((n, one.memory_full_info()) for n, one in processes(pid, folder).items())
    return {n: (held.rss / 1e6, held.pss / 1e6) for n, held in found}
