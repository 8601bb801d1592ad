"""What exporting and importing take over the made-up base of ``python -m bench backups``.

Its vectors are named as the model's that is used, so that nothing is embedded; files do not come
along, since there are none. ``KB_BENCH_DOCUMENTS`` names another size than 10,000.
"""

import os
import resource
import time
from collections.abc import Awaitable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import psutil

from bench.backups import EACH, SIZE, fill, megabytes
from bench.common import knowledge_base
from bench.measuring import ENGINES
from kb.rights import access
from kb.types.leaving import Choice

MODEL = {"embedding.models": "english"}


async def main() -> None:
    size = int(os.environ.get("KB_BENCH_DOCUMENTS", SIZE))
    async with knowledge_base(MODEL) as base, knowledge_base(MODEL) as other:
        with TemporaryDirectory(prefix="kb-bench-") as place:
            [model] = base.embeddings.models
            fill(base.catalog, base.blobs, size, model.fingerprint)
            bag, owner = Path(place) / "export", access.owner()
            print("| what | seconds | of processor | of the index process |\n|---|---|---|---|")
            choice = Choice(None, ())
            export = base.leaving.export(owner, bag, choice, lambda *_: None)
            await timed("export", base.settings.data, export)
            print(f"|  its folder: {megabytes(bag):.0f} MB | | | |")
            taking = other.leaving.take_in(owner, bag, {}, lambda *_: None)
            came = await timed("import", other.settings.data, taking)
            assert (came.documents, came.passages, came.embedded) == (size, size * EACH, 0), came


async def timed(what: str, data: Path, work: Awaitable[Any]) -> Any:
    begun, used = time.monotonic(), _used()
    result = await work
    seconds, processor = time.monotonic() - begun, _used() - used
    print(f"| {what} | {seconds:.1f} | {processor:.1f} | {engines(data):.1f} |", flush=True)
    return result


def _used() -> float:
    own = resource.getrusage(resource.RUSAGE_SELF)
    return own.ru_utime + own.ru_stime


def engines(data: Path) -> float:
    """Processor seconds of the engines that work on a data directory, since they began."""
    found = 0.0
    for process in psutil.process_iter(["cmdline"]):
        command = process.info["cmdline"] or []
        if set(ENGINES) & set(command) and any(str(data) in word for word in command):
            times = process.cpu_times()
            found += times.user + times.system
    return found
