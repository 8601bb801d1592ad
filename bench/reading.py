"""How much of a file's text our elements have, beside an independent reading of the same file.

Of each format the share of the reference's words that are found, how many files have fewer than
99 of 100, and the worst files with words that are missing or the reason that the ledger gives.
``KB_BENCH_SETS`` (``samples,faults,robustness-dev-20mb``) names some of the sets.
"""

import os
import re
import tempfile
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import msgspec

from bench import references
from bench.measuring import DATA, data
from ingest import parsers
from ingest.parsers import detection
from ingest.parsers.kinds import EVERYTHING
from ingest.parsers.options import Options
from kb import samples
from kb.errors import FileProblem
from kb.files import sandbox
from kb.types.parsed import Parsed

FAULTS = DATA.parent / "faults"
AIM = 0.99
WORST = 12
WORD = re.compile(r"\w+")
MAX_DEPTH = 3
LIMITS = sandbox.Limits(seconds=60)


@dataclass(frozen=True, slots=True)
class Compared:
    """One file: how many words the reference has, and those of them that we do not."""

    path: Path
    kind: str
    words: int
    missing: Counter[str]
    reason: str | None = None

    @property
    def share(self) -> float:
        """Of the reference's words, those that our elements have."""
        return 1 - self.missing.total() / self.words if self.words else 1.0


async def main() -> None:
    sandbox.preload(EVERYTHING)
    with tempfile.TemporaryDirectory() as folder:
        compared = [c for path in files() if (c := compare(path, Path(folder))) is not None]
    _table(compared)
    _worst(compared)


def files() -> list[Path]:
    """The samples, the development data for hard files, and the inputs that once failed."""
    named = os.environ.get("KB_BENCH_SETS", "samples,faults,robustness-dev-20mb").split(",")
    beside = {"samples": samples.documents(), "faults": FAULTS}
    folders = [beside.get(name) or data(name) for name in named]
    return [p for f in folders if f is not None for p in sorted(f.rglob("*")) if p.is_file()]


def compare(path: Path, folder: Path) -> Compared | None:
    """A file beside its reference; None where there is no reference for its kind."""
    try:
        kind = detection.kind_of(path, path.name)
    except FileProblem:
        return None
    reference = references.of(kind, path)
    if reference is None:
        return None
    wanted = words(reference)
    try:
        found = Counter[str]()
        for text in texts(path, path.name, folder, 0):
            found += words(text)
    except FileProblem as problem:
        return Compared(path, kind, wanted.total(), wanted, problem.code)
    return Compared(path, kind, wanted.total(), wanted - found)


def words(text: str) -> Counter[str]:
    """Words with how often they stand there, however they are written."""
    return Counter(WORD.findall(text.casefold().replace("\xad", "")))


def texts(path: Path, name: str, folder: Path, depth: int) -> Iterator[str]:
    """What our elements say, those of the files within it, too.

    Raises:
        FileProblem: the file cannot be read; what is within it may be unread.
    """
    content = sandbox.run(parsers.parse, str(path), name, Options(), limits=LIMITS)
    parsed = msgspec.msgpack.decode(content, type=Parsed)
    yield parsed.title or ""
    for element in parsed.elements:
        yield f"{element.text}\n{element.section or ''}"
    for number, member in enumerate(parsed.members if depth < MAX_DEPTH else ()):
        inner = folder / f"{depth}-{number}"
        inner.write_bytes(member.content)
        try:
            yield from texts(inner, member.name, folder, depth + 1)
        except FileProblem:
            continue


def _table(compared: list[Compared]) -> None:
    by_kind: dict[str, list[Compared]] = defaultdict(list)
    for one in compared:
        by_kind[one.kind].append(one)
    print(f"| format | files | words | share of them | files below {AIM} | with a reason |")
    print("|---|---|---|---|---|---|")
    for kind, some in sorted(by_kind.items()):
        read = [c for c in some if c.reason is None]
        total = sum(c.words for c in read)
        share = 1 - sum(c.missing.total() for c in read) / max(1, total)
        below = sum(c.share < AIM for c in read)
        print(
            f"| {kind} | {len(some)} | {total} | {share:.4f} | {below} | {len(some) - len(read)} |"
        )


def _worst(compared: list[Compared]) -> None:
    below = sorted((c for c in compared if c.share < AIM), key=lambda c: (c.share, -c.words))
    print("\n| file | share | words | missing, or the reason |\n|---|---|---|---|")
    for one in [c for c in below if c.reason is None][:WORST] + [c for c in below if c.reason]:
        said = one.reason or " ".join(word for word, _ in one.missing.most_common(8))
        print(f"| {one.path.name} | {one.share:.3f} | {one.words} | {said} |")
