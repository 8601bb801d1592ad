"""What each stand-in of kb/embedding/runtimes/lighter.py saves at the start of the embedder.

Each line is a process of its own that loads the model and embeds one sentence, all but one of the
stand-ins in place: the median of three. Processor time is told, which other work on the machine
changes less than the time on the clock.
"""

import json
import statistics
import subprocess
import sys

from kb.embedding.runtimes.lighter import STAND_INS

ROUNDS = 3
START = """
import json, re, sys, time
from kb.embedding.runtimes import lighter
from kb.embedding import models
from kb.embedding.runtimes.reference import Reference
from kb.settings import Embedding
real, without = lighter.libraries, json.loads(sys.argv[1])
lighter.libraries = lambda: real(without)
Reference(models.find(Embedding()), "float32").vectors(["The pump is oiled."])
memory = int(re.search(r"VmRSS:\\s+(\\d+)", open("/proc/self/status").read())[1])
print(json.dumps([memory / 1024, time.process_time()]))
"""


async def main() -> None:
    variants = {"all": [], **{f"without {n}": [n] for n in STAND_INS}, "none": list(STAND_INS)}
    print("| stand-ins | MB | processor seconds |\n|---|---|---|")
    for name, without in variants.items():
        memory, seconds = zip(*(start(without) for _ in range(ROUNDS)), strict=True)
        print(f"| {name} | {statistics.median(memory):.0f} | {statistics.median(seconds):.1f} |")


def start(without: list[str]) -> tuple[float, float]:
    done = subprocess.run(
        [sys.executable, "-c", START, json.dumps(without)],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    memory, seconds = json.loads(done.stdout.splitlines()[-1])
    return memory, seconds
