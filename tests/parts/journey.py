"""``python -I journey.py PLAN SEEN``: what one person does with an installation, on a bare host.

Nothing of the program is imported here: it is used by its commands and its addresses alone. PLAN and
SEEN are files of JSON; ``tests/test_journey.py`` writes the one, and says what has to be in the other.
"""

import http.client
import json
import os
import re
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

HANGING = 600.0
"""Seconds after which something hangs: no measure."""
SOURCE, CHANGED, ADDED = "documents", "gauge.txt", "note-{}.txt"
TIDE = "The tide stood at {} inches, says {}."


@dataclass(frozen=True)
class Plan:
    """What is done: with which program and documents, where, and what is asked and erased there.

    ``catalog`` is the address of an empty database in PostgreSQL.
    """

    kb: str
    folder: str
    documents: str
    catalog: str
    questions: list[str]
    erased: str

    def place(self, name: str, catalog: str = "") -> "Place":
        return Place(self.kb, Path(self.folder, name), catalog)


class Service:
    """A running ``kb serve``, asked as a program on its own machine asks."""

    def __init__(self, port: int) -> None:
        self._port = port

    def request(self, method: str, path: str, value: Any = None) -> str:
        connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=HANGING)
        headers = {"Accept": "application/json", "Content-Type": "application/json"}
        try:
            connection.request(method, path, json.dumps(value) if value else None, headers)
            answered = connection.getresponse()
            body = answered.read().decode()
        finally:
            connection.close()
        if answered.status >= 300:
            raise RuntimeError(f"{method} {path}: {answered.status} {body}")
        return body

    def get(self, path: str, **query: Any) -> Any:
        return json.loads(self.request("GET", f"{path}?{urlencode(query)}"))

    def answer(self, question: str) -> dict[str, Any]:
        return json.loads(self.request("POST", "/api/v1/ask", {"question": question}))

    def hits(self, question: str) -> list[dict[str, Any]]:
        return self.get("/api/v1/search", q=question)["hits"]

    def marked(self, cited: dict[str, Any]) -> list[str]:
        """What the page of a cited document marks: words of a text, or boxes on a page."""
        about = {"passage": cited["passage_id"], "start": cited["start"], "end": cited["end"]}
        page = self.request("GET", f"/documents/{cited['document_id']}?{urlencode(about)}")
        return re.findall(r'<mark\b[^>]*>.*?</mark>|<rect class="cited"[^>]*>', page, re.DOTALL)


@dataclass(frozen=True)
class Place:
    """A knowledge base: its data directory, and its catalog's address (empty: SQLite, in there)."""

    kb: str
    data: Path
    catalog: str

    @property
    def environment(self) -> dict[str, str]:
        return os.environ | {
            "KB_DATA_DIR": str(self.data),
            "KB_CATALOG__URL": self.catalog,
            "KB_ENGINES__EMBEDDER_DIR": str(self.data.parent / "embedder"),
            # A runtime that needs no measuring.
            "KB_EMBEDDING__RUNTIME": "openvino",
            "KB_EMBEDDING__DTYPE": "float32",
        }

    def typed(self, *arguments: str) -> dict[str, Any]:
        """What a command says as JSON; it has to end well."""
        done = subprocess.run(
            [self.kb, *arguments, "--json"],
            env=self.environment, capture_output=True, text=True, timeout=HANGING,
        )  # fmt: skip
        if done.returncode:
            raise RuntimeError(f"kb {' '.join(arguments)}: {done.stdout}{done.stderr}")
        return json.loads(done.stdout)

    def sound(self) -> dict[str, Any]:
        return {"check": self.typed("check"), "audit": self.typed("audit", "verify")}

    @contextmanager
    def serving(self) -> Iterator[Service]:
        said = self.data.with_suffix(".said")
        command = [self.kb, "serve", "--port", "0"]
        with said.open("w") as log:
            process = subprocess.Popen(command, env=self.environment, stderr=log)
        try:
            wait_for(lambda: "ready at" in said.read_text() or process.poll() is not None)
            found = re.search(r"ready at http://[^:]+:(\d+)", said.read_text())
            if not found:
                raise RuntimeError(f"kb serve: {said.read_text()}")
            yield Service(int(found[1]))
        finally:
            process.terminate()
            process.wait(HANGING)


def wait_for(condition: Callable[[], Any]) -> None:
    deadline = time.monotonic() + HANGING
    while not condition():
        if time.monotonic() > deadline:
            raise RuntimeError("it did not happen in time")
        time.sleep(0.05)


@dataclass
class Load:
    """A writer whose files a worker reads, and a reader who goes on asking, until they are ended."""

    service: Service
    folder: Path
    questions: list[str]
    written: int = 0
    """Rounds of the writer that are found by now: each a file that was changed, and a new one."""
    answers: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    _over: threading.Event = field(default_factory=threading.Event)

    @contextmanager
    def going_on(self) -> Iterator[None]:
        works = (self._write, self._ask)
        threads = [threading.Thread(target=self._again_and_again, args=(one,)) for one in works]
        for thread in threads:
            thread.start()
        try:
            yield
        finally:
            self._over.set()
            for thread in threads:
                thread.join()

    def done(self) -> dict[str, int]:
        return {"written": self.written, "answered": len(self.answers)}

    def went_on(self, before: dict[str, int]) -> bool:
        """Whether both have done something since, or cannot any more."""
        return bool(self.problems) or all(n > before[what] for what, n in self.done().items())

    def wait_for_both(self) -> None:
        before = self.done()
        wait_for(lambda: self.went_on(before))

    def _again_and_again(self, work: Callable[[], None]) -> None:
        try:
            while not self._over.is_set():
                work()
        except Exception as error:
            self.problems.append(repr(error))

    def _write(self) -> None:
        number = self.written + 1
        texts = {name: TIDE.format(number, name) for name in (CHANGED, ADDED.format(number))}
        for name, text in texts.items():
            (self.folder / name).write_text(text)
        self.service.request("POST", f"/api/v1/sources/{SOURCE}/run")
        wait_for(lambda: all(found(self.service, *one) for one in texts.items()))
        self.written = number

    def _ask(self) -> None:
        question = self.questions[len(self.answers) % len(self.questions)]
        self.answers.append((question, self.service.answer(question)))


def found(service: Service, name: str, text: str) -> bool:
    return any(hit["document"] == name and hit["text"] == text for hit in service.hits(text))


def travel(plan: Plan) -> dict[str, Any]:
    """The journey; what was seen at each of its places."""
    first, second, third = (
        plan.place("first"),
        plan.place("second", plan.catalog),
        plan.place("third"),
    )
    backups, bag, seen = f"{plan.folder}/backups", f"{plan.folder}/bag", {}
    first.typed("source", "add", SOURCE, plan.documents)
    seen["read"] = first.typed("ingest")
    with first.serving() as service:
        seen["first"] = answered(service, plan.questions)
        seen["load"] = backed_up_under_load(first, service, plan, backups)
    seen["verified"] = first.typed("backup", "verify", backups)
    seen["restored"] = second.typed("restore", backups)
    with second.serving() as service:
        seen["second"] = answered(service, plan.questions)
        seen["tide"] = tide(service)
    seen["exported"] = second.typed("export", bag)
    seen["imported"] = third.typed("import", bag)
    with third.serving() as service:
        seen["third"] = answered(service, plan.questions)
        seen["purged"] = purged(third, plan)
        seen["afterwards"] = answered(service, plan.questions)
        seen["hits"] = [service.hits(one) for one in plan.questions]
    second.typed("ingest")  # what was found before its backup, and not read yet, is read
    seen["sound"] = [place.sound() for place in (first, second, third)]
    return seen


def answered(service: Service, questions: list[str]) -> list[dict[str, Any]]:
    """The answer to each question, with what the documents' pages mark for each citation."""
    answers = [service.answer(one) for one in questions]
    return [a | {"marked": [service.marked(c) for c in a["citations"]]} for a in answers]


def backed_up_under_load(
    place: Place, service: Service, plan: Plan, backups: str
) -> dict[str, Any]:
    """Back up while a worker reads what a writer wrote, and a reader asks: until one was answered."""
    load = Load(service, Path(plan.documents), plan.questions)
    with load.going_on():
        before = after = load.done()
        while after["answered"] == before["answered"] and not load.problems:
            wait_for(lambda: load.problems or source_of(service)["running"])
            before = load.done()
            made = place.typed("backup", backups)
            after = load.done()
        load.wait_for_both()
    wait_for(lambda: not (source_of(service)["running"] or source_of(service)["requested"]))
    return {
        "made": made, "before": before, "after": after, "ended": load.done(),
        "answers": load.answers, "problems": load.problems, "last_run": source_of(service)["last_run"],
    }  # fmt: skip


def source_of(service: Service) -> dict[str, Any]:
    [source] = service.get("/api/v1/sources")["sources"]
    return source


def tide(service: Service) -> dict[str, Any]:
    """How far the writer's files are: what the one that changes says, and which were added."""
    listed = service.get("/api/v1/files", text=".txt", state="indexed")["files"]
    said = [
        hit["text"] for hit in service.hits(TIDE.format("", CHANGED)) if hit["document"] == CHANGED
    ]
    return {"said": said, "added": [one["path"] for one in listed]}


def waits_in(spool: Path, name: str) -> bool:
    """Whether something about a file is on its way into the audit log; what came there is blank."""
    return name.encode() in spool.read_bytes()


def purged(place: Place, plan: Plan) -> dict[str, Any]:
    """Erase a document with proof; how the data directory was before is kept beside it."""
    wait_for(lambda: not any(waits_in(spool, plan.erased) for spool in place.data.glob("audit/*")))
    sockets = shutil.ignore_patterns("run")
    shutil.copytree(place.data, place.data.with_name("before"), ignore=sockets)
    proof = f"{plan.folder}/proof.json"
    done = place.typed("purge", plan.erased, "--proof", proof)
    return done | {"verified": place.typed("purge", "verify", proof)}


if __name__ == "__main__":
    planned = Plan(**json.loads(Path(sys.argv[1]).read_text()))
    Path(sys.argv[2]).write_text(json.dumps(travel(planned)))
