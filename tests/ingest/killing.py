"""What the kill tests are made of: a folder that changes, processes that are killed, a reader.

A kill counts once it is proven: a process ended by SIGKILL, and where a named step was asked for, it
said on stderr that it had come to that step. Each process's stderr is kept beside the data.
"""

import asyncio
import contextlib
import io
import os
import random
import signal
import subprocess
import sys
import tarfile
import threading
import time
import zipfile
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path

import psutil
from sqlalchemy import func, select

from kb import failpoints
from kb import settings as settings_module
from kb.catalog import runs, sources
from kb.catalog.tables import runs as runs_table
from kb.cli.ingesting import run_of
from kb.errors import ConflictError, KbError, RetryableError
from kb.knowledge_base import KnowledgeBase
from kb.rights import access
from kb.types.library import ASKED, Following, LedgerFilter
from tests.parts.processes import run_kb

ZEROS = {"lost": 0, "duplicate": 0, "orphan": 0, "wrong_access": 0}
WORDS = "tram rain gate lamp dock hall road pump sand wire".split()
BETWEEN = " › "

MOST = {
    "attempt_begun": 5, "embedded": 5, "planned": 1, "upserted": 1, "flushed": 1, "committed": 1,
    "members_recorded": 4, "removed": 1, "renamed": 1, "rights_written": 1, "points_deleted": 1,
    "swept": 1, "blob_written": 6, "run_begun": 1,
}  # fmt: skip
"""How often a run over one changed folder comes to a step for sure: it is killed up to that time."""
AFTER_A_KILL = {"points_deleted", "swept"}
"""Steps that a run comes to for sure only after one that was killed with points in the index."""


class Folder:
    """Notes that change, and containers of every depth, each round with other contents."""

    def __init__(self, path: Path, chance: random.Random):
        self.path, self.chance, self.round = path, chance, 0
        self.beacons = [
            f"The quay beacon of {path.name} is painted green every spring.",
            f"The spare lantern of {path.name} lies in the second crate from the door.",
        ]
        path.mkdir()
        for number in range(6):
            self._note(number)
        (path / "called-0.txt").write_text(f"The file of {path.name} that is called otherwise.")
        self._always()

    def _words(self) -> str:
        return f"{' '.join(self.chance.sample(WORDS, 4))} {self.chance.random()}"

    def _note(self, number: int) -> None:
        text = f"Note {number} of {self.path.name}, round {self.round}: {self._words()}."
        (self.path / f"note-{number}.txt").write_text(text)

    def _always(self) -> None:
        self.chance.shuffle(WORDS)
        survey = f"\n\nRound {self.round} of the survey.\n"
        (self.path / "beacon.txt").write_text(self.beacons[0] + survey)
        if self.round % 2 or not self.round:
            (self.path / "ferries.eml").write_bytes(self._mail().as_bytes())
        (self.path / "crates.zip").write_bytes(self._zip(self.beacons[1] + survey))
        if self.round % 2 == 0:
            self._tar()

    def _mail(self) -> EmailMessage:
        message = EmailMessage()
        message["From"], message["To"], message["Subject"] = "a@b", "b@c", f"Ferries {self.round}"
        message.set_content("See the attachment.")
        for number in range(self.chance.randrange(1, 4)):
            text = f"Ferry {number} of {self.path.name} leaves at {self.round}: {self._words()}."
            message.add_attachment(text, filename=f"{number}.txt")
        return message

    def _zip(self, beacon: str) -> bytes:
        """Texts, and a zip in the zip."""
        inner, outer = io.BytesIO(), io.BytesIO()
        with zipfile.ZipFile(inner, "w") as file:
            file.writestr("deep.txt", f"Deep in {self.path.name}: {self._words()}.")
        with zipfile.ZipFile(outer, "w") as file:
            file.writestr("lantern.txt", beacon)
            for number in range(self.chance.randrange(1, 4)):
                file.writestr(f"crate-{number}.txt", f"In {self.path.name}: {self._words()}.")
            file.writestr("inner.zip", inner.getvalue())
        return outer.getvalue()

    def _tar(self) -> None:
        with tarfile.open(self.path / "charts.tar", "w") as file:
            for number in range(2):
                text = f"Chart {number} of {self.path.name}: {self._words()}.".encode()
                member = tarfile.TarInfo(f"chart-{number}.txt")
                member.size = len(text)
                file.addfile(member, io.BytesIO(text))

    def change(self) -> None:
        """Some files changed, two renamed, one gone, one new; each container has other members.

        One of the renamed comes again with other contents, under its old name.
        """
        (self.path / f"called-{self.round}.txt").rename(self.path / f"called-{self.round + 1}.txt")
        self.round += 1
        self._always()
        for number in self.chance.sample(range(6), 2):
            self._note(number)
        for path in sorted(self.path.glob("extra-*.txt"))[:2]:
            path.unlink()
        (self.path / f"extra-{self.round}.txt").write_text(f"Extra {self.round} {self._words()}.")
        note = self.path / f"note-{self.chance.randrange(6)}.txt"
        note.rename(self.path / f"extra-moved-{self.round}.txt")
        self._note(int(note.stem.split("-")[1]))

    def expected(self) -> set[str]:
        """Every path that the ledger should have, by the standard library's readers."""
        found = set()
        for path in self.path.iterdir():
            found |= {path.name, *_members(path.name, path.read_bytes())}
        return found


def _members(path: str, content: bytes) -> set[str]:
    found = set()
    if path.endswith(".zip"):
        with zipfile.ZipFile(io.BytesIO(content)) as file:
            inside = {name: file.read(name) for name in file.namelist()}
    elif path.endswith(".tar"):
        with tarfile.open(fileobj=io.BytesIO(content)) as tar:
            inside = {m.name: b"" for m in tar.getmembers()}
    elif path.endswith(".eml"):
        message = message_from_bytes(content, policy=policy.default)
        inside = {str(a.get_filename()): b"" for a in message.iter_attachments()}
    else:
        inside = {}
    for name, inner in inside.items():
        found |= {path + BETWEEN + name, *_members(path + BETWEEN + name, inner)}
    return found


class World:
    """Folders that are sources, the processes at work on them, and a knowledge base that looks."""

    def __init__(self, environment, base: Path, chance: random.Random, folders: int = 1):
        self.environment, self.base, self.chance = environment, base, chance
        self.folders = {f"files{n}": Folder(base / f"files{n}", chance) for n in range(folders)}
        self.logs = base / "logs"
        self.logs.mkdir()
        self.asked = base / "failpoint"
        self.asked.write_text("")
        self.kills = 0
        self._begun = time.monotonic()
        self._runner = asyncio.Runner()
        self._kb: KnowledgeBase | None = None

    def follow(self, *, watch: bool = False) -> None:
        """Make each folder a source, and read it for the first time."""
        with self.kb.catalog.writing() as connection:
            for name, folder in self.folders.items():
                everyone = access.readers(connection, [access.EVERYONE])
                sources.add(connection, name, str(folder.path), everyone, Following(watch=watch))
        self.settle()

    def start(self, *arguments: str, failpoint: str = "") -> subprocess.Popen:
        """Start a command; what it says on stderr is kept."""
        log = self.logs / f"{len(list(self.logs.iterdir())):05}.txt"
        with log.open("wb") as errors:
            process = subprocess.Popen(
                [sys.executable, "-m", "kb", *arguments],
                env=self.environment | ({"KB_FAILPOINT": failpoint} if failpoint else {}),
                cwd=self.base, stdout=subprocess.DEVNULL, stderr=errors,
            )  # fmt: skip
        process.log = log
        return process

    def killed_at(self, step: str, *arguments: str, times: int = 1) -> None:
        """Run a command that has to be killed at a named step; anything else fails the test."""
        asked = {"KB_FAILPOINT": f"{step}:{times}"}
        done = run_kb(self.environment | asked, self.base, *arguments)
        code, told = done.returncode, done.stderr
        assert code == -signal.SIGKILL, (step, times, code, told[-2000:])
        assert failpoints.TOLD + step in told, (step, told[-2000:])
        self.kills += 1

    def times(self, step: str) -> int:
        return self.chance.choice(sorted({1, 1 + MOST[step] // 2, MOST[step]}))

    @property
    def kb(self) -> KnowledgeBase:
        if self._kb is None:
            values = {k: v for k, v in self.environment.items() if k.startswith("KB_")}
            self._kb = KnowledgeBase(settings_module.load({}, values))
        return self._kb

    def ask_for(self, name: str) -> None:
        """What "Read now" does: a watch that began after the change does not see the change."""
        with self.kb.catalog.writing() as connection:
            sources.request_run(connection, self.kb.sources.named(name).id, ASKED)

    def is_running(self, name: str) -> bool:
        """Whether a run over a source has begun and not ended."""
        with self.kb.catalog.reading() as connection:
            return self.kb.sources.named(name).id in runs.running(connection)

    def last_ended(self, name: str) -> int:
        """The newest run over a source that has ended; 0: none."""
        mine = runs_table.c.source_id == self.kb.sources.named(name).id
        query = select(func.max(runs_table.c.id)).where(mine, runs_table.c.finished_at.is_not(None))
        with self.kb.catalog.reading() as connection:
            return int(connection.scalar(query) or 0)

    def settle(self, *names: str) -> None:
        """Without any help but the next runs, everything is in its place again."""
        self._runner.run(self._settle(names or tuple(self.folders)))

    async def _settle(self, names: tuple[str, ...]) -> None:
        for name in names:
            limit = time.monotonic() + 900
            while time.monotonic() < limit:
                try:
                    counts = await run_of(self.kb, self.kb.sources.named(name)).run()
                except (ConflictError, RetryableError):  # a worker is at it; an engine starts
                    await asyncio.sleep(0.5)
                    continue
                if not (counts.indexed or counts.failed or counts.removed):
                    break
        found = await self.kb.upkeep.check()
        assert found == ZEROS, (found, self.waiting())
        for name in names:
            ledger = self.kb.ledger.rows(self.kb.principal(None), LedgerFilter(source=name))
            assert {f.path for f in ledger} == self.folders[name].expected()
            assert {(f.state, f.code) for f in ledger} == {("indexed", None)}, [
                (f.path, f.state, f.code) for f in ledger
            ]

    def tell(self, reader: "Reader") -> None:
        """Where the test stands, for whoever watches (pytest -s)."""
        seconds = time.monotonic() - self._begun
        print(
            f"{self.kills} kills in {seconds:.0f} s, {reader.answers} answers, {reader.wrong}",
            flush=True,
        )

    def waiting(self) -> list[tuple[str, str | None]]:
        rows = self.kb.ledger.rows(self.kb.principal(None), LedgerFilter(state="waiting"))
        return [(row.path, row.code) for row in rows]

    def close(self) -> None:
        if self._kb is not None:
            self._runner.run(self._kb.close())
        self._runner.close()


class Reader(threading.Thread):
    """Asks for the beacons all the time; an error is no answer, a missing or double hit is wrong."""

    def __init__(self, environment, beacons: list[str]):
        super().__init__(daemon=True)
        values = {k: v for k, v in environment.items() if k.startswith("KB_")}
        self.settings = settings_module.load({}, values)
        self.beacons = beacons
        self.ended = threading.Event()
        self.answers, self.wrong = 0, []

    def run(self):
        asyncio.run(self._ask())

    async def _ask(self):
        reader = KnowledgeBase(self.settings)
        while not self.ended.is_set():
            for beacon in self.beacons:
                with contextlib.suppress(KbError):
                    found = await reader.search.passages(beacon, reader.principal(None), 20)
                    times = sum(beacon in p.text for p in found.passages)
                    self.answers += 1
                    if times != 1:
                        self.wrong.append((time.time(), times, beacon))
            await asyncio.sleep(0.1)  # the processor is the killed ones', too
        await reader.close()

    def stop(self):
        self.ended.set()
        self.join(300)


def engines(name: str, folder: str) -> list[psutil.Process]:
    return [
        p
        for p in psutil.process_iter(["cmdline"])
        if name in " ".join(p.info["cmdline"] or []) and folder in " ".join(p.info["cmdline"] or [])
    ]


def kill_some(process: subprocess.Popen, environment, chance: random.Random) -> int:
    """The process itself, what it started, an engine, or several at once; how many kinds died."""
    children = []
    with contextlib.suppress(psutil.NoSuchProcess):
        if process.poll() is None:
            children = psutil.Process(process.pid).children(recursive=True)
    kinds = {
        "itself": [psutil.Process(process.pid)] if process.poll() is None else [],
        "index": engines("kb.index.process", environment["KB_DATA_DIR"]),
        "embedder": engines("kb.embedding.process", environment["KB_ENGINES__EMBEDDER_DIR"]),
        "children": children,
    }
    # Each alone, two of them, all at once; half of the time the process itself is among them.
    chosen = set(chance.sample(sorted(kinds), chance.choice((1, 1, 2, 4))))
    chosen |= {"itself"} if chance.random() < 0.5 else set()
    return sum(bool([p for p in kinds[kind] if _kill(p)]) for kind in sorted(chosen))


def _kill(process: psutil.Process) -> bool:
    """Whether it was alive, and is dead by this; its parent is left to ask how it ended."""
    try:
        if process.status() == psutil.STATUS_ZOMBIE:
            return False
        os.kill(process.pid, signal.SIGKILL)
    except (psutil.NoSuchProcess, ProcessLookupError):
        return False
    try:
        # A child of ours: it is called a zombie before its last thread has ended, and ``poll`` does not
        # yet know of its end then.
        os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)
    except ChildProcessError:
        with contextlib.suppress(psutil.NoSuchProcess):
            while process.is_running() and process.status() != psutil.STATUS_ZOMBIE:
                time.sleep(0.01)
    return True
