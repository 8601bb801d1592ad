"""``kb serve --processes``: one address, several processes; what people see is none's own."""

import contextlib
import http.client
import json
import os
import signal
import socket
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import urlencode, urlsplit

import httpx
import psutil
import pytest

from kb.cli.several import check_shareable
from kb.errors import ConfigurationError
from kb.settings import load
from tests.parts.model_servers import model, ollama
from tests.parts.portal import PASSWORD, copy_furnished
from tests.parts.processes import (
    HANGING, PLAIN, Serving, environment_in, free_port, run_kb, stop_engines, wait_for,
)  # fmt: skip

pytestmark = [pytest.mark.slow, pytest.mark.real]

A_MINUTE = 60
"""Requests of one person in a minute, in these tests."""
FERRY = "When does the ferry to the island leave?"
SAID = "The ferry to the island leaves at seven in the morning [1]."


class Writer:
    """A language model that says a sentence, and then waits for ``go_on`` before it ends."""

    def __init__(self) -> None:
        self.go_on = threading.Event()
        self.server = ollama(model("m"), chat=self._chat)

    def _chat(self, handler, _) -> None:
        handler.send_response(200)
        handler.send_header("Content-Type", "application/x-ndjson")
        handler.send_header("Connection", "close")
        handler.end_headers()
        for text in (SAID, ""):
            said = {"role": "assistant", "content": text}
            part = {"model": "m", "message": said, "done": not text}
            handler.wfile.write(json.dumps(part).encode() + b"\n")
            handler.wfile.flush()
            self.go_on.wait(HANGING)
        handler.close_connection = True


@pytest.fixture(scope="module")
def model_server():
    made = Writer()
    with made.server:
        yield made


@pytest.fixture
def writer(model_server):
    model_server.go_on.clear()
    yield model_server
    model_server.go_on.set()


class Service:
    """A portal (tests/parts/portal.py) behind two web processes."""

    def __init__(self, environment, folder, writer) -> None:
        more = {
            "KB_SERVER__PROCESSES": "2",
            "KB_LLM__PROVIDER": "ollama",
            "KB_LLM__URL": writer.server.url,
            "KB_LLM__FIRST_TOKEN_SECONDS": str(HANGING),
            "KB_LLM__TOKEN_SECONDS": str(HANGING),
            "KB_FAIR_USE__ANSWERS_AT_ONCE": "1",
            "KB_FAIR_USE__ANSWERS_WAITING": "2",
            "KB_FAIR_USE__ANSWERS_WAITING_EACH": "1",
            "KB_FAIR_USE__REQUESTS_PER_MINUTE": str(A_MINUTE),
            "KB_FAIR_USE__REQUESTS_PER_MINUTE_ADDRESS": "1000000",
        }
        self.serving = Serving(environment | more, folder)
        self.address = self.serving.address
        wait_for(lambda: len(self.pids()) == 2)

    def stop(self) -> None:
        """End it, unless a test has."""
        if self.serving.process.poll() is None:
            assert self.serving.stop() == 0

    def pids(self) -> list[int]:
        """The web processes, the oldest first."""
        children = psutil.Process(self.serving.process.pid).children()
        web = [one for one in children if "serve" in one.cmdline()]
        return [one.pid for one in sorted(web, key=lambda one: one.create_time())]

    def client(self) -> httpx.Client:
        """A browser, whose requests come to whichever process takes them."""
        headers = {"Origin": self.address, "Accept": "application/json"}
        return httpx.Client(base_url=self.address, headers=headers, timeout=HANGING, verify=PLAIN)

    def signed_in(self, name: str) -> dict[str, str]:
        """The cookies of somebody who has signed in."""
        with self.client() as client:
            answer = client.post("/login", data={"name": name, "password": PASSWORD})
            assert answer.status_code == 303, answer.text
            return dict(client.cookies)

    def connected(self, pid: int) -> http.client.HTTPConnection:
        """A connection that this process has taken: the others stand still at that moment."""
        there = urlsplit(self.address)
        others = [psutil.Process(one) for one in self.pids() if one != pid]
        for one in others:
            one.suspend()
            wait_for(lambda one=one: one.status() == psutil.STATUS_STOPPED)
        try:
            opened = socket.create_connection((there.hostname, there.port), HANGING)
            ours = opened.getsockname()[1]
            wait_for(lambda: ours in others_ends(pid))
        finally:
            for one in others:
                one.resume()
        connection = http.client.HTTPConnection(there.hostname, there.port)
        connection.sock = opened
        return connection

    def begun(self, pid: int, method: str, path: str, **given) -> http.client.HTTPResponse:
        """A process's answer, of which the head has come."""
        cookies = "; ".join(f"{k}={v}" for k, v in given.get("cookies", {}).items())
        headers = {
            "Origin": self.address, "Accept": given.get("accept", "application/json"),
            "Cookie": cookies, "Connection": "close",
        }  # fmt: skip
        body = None
        if "json" in given:
            headers["Content-Type"], body = "application/json", json.dumps(given["json"])
        if "data" in given:
            headers["Content-Type"] = "application/x-www-form-urlencoded"
            body = urlencode(given["data"])
        connection = self.connected(pid)
        connection.request(method, path, body, headers)
        return connection.getresponse()

    def at(self, pid: int, method: str, path: str, **given) -> tuple[int, str]:
        """The status and the body of a process's answer."""
        answer = self.begun(pid, method, path, **given)
        return answer.status, answer.read().decode()

    def works(self, pid: int) -> bool:
        """Whether a process reads sources."""
        return json.loads(self.at(pid, "GET", "/ready")[1])["worker"]["state"] == "ok"


def others_ends(pid: int) -> set[int]:
    """The ports at the other ends of a process's connections."""
    return {c.raddr.port for c in psutil.Process(pid).net_connections() if c.raddr}


@pytest.fixture(scope="module")
def service(postgresql, furnished_postgresql, embedder_dir, model_server, tmp_path_factory):
    """One for all tests of this file: its processes come and go."""
    base, (template, made) = tmp_path_factory.mktemp("p"), furnished_postgresql
    url = postgresql.database(like=template)
    environment = environment_in(base, embedder_dir, url)
    known = {name: value for name, value in environment.items() if name.startswith("KB_")}
    copy_furnished(made, load({}, known), base / "files")
    running = Service(environment, base, model_server)
    yield running
    model_server.go_on.set()
    running.stop()
    stop_engines(base / "data")
    postgresql.drop(url)


class Asking:
    """A question whose answer is streamed; ``events`` are those that have come."""

    def __init__(self, service: Service, pid: int, cookies: dict[str, str], **more) -> None:
        self.events: list[tuple[str, dict]] = []
        self._answer = service.begun(
            pid, "POST", "/api/v1/ask", json={"question": FERRY, **more}, cookies=cookies,
            accept="text/event-stream",
        )  # fmt: skip
        assert self._answer.status == 200
        self._thread = threading.Thread(target=self._read, daemon=True)
        self._thread.start()

    def _read(self) -> None:
        name = ""
        with contextlib.suppress(OSError, http.client.HTTPException):  # its process was killed
            for raw in self._answer:
                line = raw.decode().rstrip()
                if line.startswith("event: "):
                    name = line.removeprefix("event: ")
                elif line.startswith("data: "):
                    self.events.append((name, json.loads(line.removeprefix("data: "))))

    def has(self, name: str) -> bool:
        return name in [event for event, _ in self.events]

    def finished(self) -> dict:
        """The answer, once it is there."""
        self._thread.join(HANGING)
        assert self.events and self.events[-1][0] == "done", self.events[-1:]
        return self.events[-1][1]


def test_sqlite_is_refused_with_what_to_do(environment, tmp_path):
    given = {k: v for k, v in environment.items() if k != "KB_CATALOG__URL"}
    done = run_kb(given, tmp_path, "serve", "--port", "0", "--processes", "2")
    assert done.returncode == 1
    assert "2 web processes need a catalog in PostgreSQL" in done.stderr
    assert "--processes" in done.stderr and "catalog.url" in done.stderr
    assert not (tmp_path / "data" / "catalog.sqlite3").exists()
    with pytest.raises(ConfigurationError) as refused:
        check_shareable(load({"server.processes": 2, "data_dir": str(tmp_path)}, {}))
    assert refused.value.code == "processes_need_postgresql"


def test_what_the_first_process_ends_with_is_what_the_service_ends_with(environment, tmp_path):
    nobody = f"postgresql+psycopg://kb@127.0.0.1:{free_port()}/nobody"
    given = environment | {"KB_CATALOG__URL": nobody}
    done = run_kb(given, tmp_path, "serve", "--port", "0", "--processes", "2")
    assert done.returncode == 1
    assert "kb: The catalog at postgresql+psycopg://kb@127.0.0.1:" in done.stderr
    assert "another is started" not in done.stderr


def test_rates_lockouts_and_sessions_are_those_of_both(service):
    one, other = service.pids()
    carl = service.signed_in("carl")
    begun = time.monotonic()
    first = [service.at(one, "GET", "/account", cookies=carl)[0] for _ in range(A_MINUTE // 2)]
    second = [service.at(other, "GET", "/account", cookies=carl)[0] for _ in range(A_MINUTE)]
    filled = (time.monotonic() - begun) * A_MINUTE / 60
    assert set(first) == {200}
    assert len(first) + second.count(200) <= A_MINUTE + filled + 1
    assert set(second) == {200, 429}

    wrong = {"name": "nobody", "password": "not this one"}
    tries = [service.at(pid, "POST", "/login", data=wrong)[0] for pid in [one, other] * 3]
    assert tries == [401] * 5 + [429], "the sixth failure within minutes has to wait"

    nina = service.signed_in("nina")
    assert [service.at(pid, "GET", "/account", cookies=nina)[0] for pid in (one, other)] == [
        200
    ] * 2
    assert service.at(other, "POST", "/logout", cookies=nina)[0] == 303
    assert [service.at(pid, "GET", "/account", cookies=nina)[0] for pid in (one, other)] == [
        401
    ] * 2


def test_the_queue_of_answers_is_one_and_a_stop_reaches_whoever_writes(service, writer):
    one, other = service.pids()
    anna, rita, otto, nina = map(service.signed_in, ("anna", "rita", "otto", "nina"))
    writing = Asking(service, one, anna, stop="enough")
    wait_for(lambda: writing.has("token"))
    waiting = [Asking(service, other, rita)]
    wait_for(lambda: asks(service, one, rita)[0] == 429)
    waiting.append(Asking(service, one, otto))
    wait_for(lambda: asks(service, other, nina)[0] == 503)
    assert not any(asking.has("passages") for asking in waiting)

    stop = {"json": {"stop": "enough"}}
    assert service.at(other, "POST", "/api/v1/ask/stop", cookies=rita, **stop)[0] == 404
    assert service.at(other, "POST", "/api/v1/ask/stop", cookies=anna, **stop)[0] == 204
    assert writing.finished()["notice"]["code"] == "stopped"
    wait_for(lambda: waiting[0].has("token"))
    assert not waiting[1].has("passages"), "one at once, and the first who waited"
    writer.go_on.set()
    assert [asking.finished()["mode"] for asking in waiting] == ["generated"] * 2


def asks(service, pid, cookies) -> tuple[int, str]:
    """A question that is refused; one that would wait is given up, and leaves the queue."""
    answer = service.begun(
        pid, "POST", "/api/v1/ask", json={"question": FERRY}, cookies=cookies,
        accept="text/event-stream",
    )  # fmt: skip
    try:
        return answer.status, answer.read().decode() if answer.status != 200 else ""
    finally:
        answer.close()


def test_a_killed_process_costs_no_later_request_and_gives_back_its_turn_and_its_work(
    service, writer
):
    wait_for(lambda: [service.works(pid) for pid in service.pids()].count(True) == 1)
    one, other = sorted(service.pids(), key=service.works, reverse=True)
    anna, rita = map(service.signed_in, ("anna", "rita"))
    lost = Asking(service, one, anna)
    wait_for(lambda: lost.has("token"))
    waits = Asking(service, other, rita)
    os.kill(one, signal.SIGKILL)
    with service.client() as client:
        codes = [client.get("/account", headers={"Connection": "close"}) for _ in range(20)]
    assert {answer.status_code for answer in codes} == {401}, "nobody has signed in there"
    wait_for(lambda: waits.has("token"))
    wait_for(lambda: one not in service.pids() and len(service.pids()) == 2)
    assert f"web process {one} ended (-9): another is started" in service.serving.said()
    wait_for(lambda: [service.works(pid) for pid in service.pids()].count(True) == 1)
    writer.go_on.set()
    assert waits.finished()["mode"] == "generated"


def test_a_rolling_restart_fails_no_request_and_cuts_no_answer(service, writer):
    before = service.pids()
    writing = Asking(service, before[0], service.signed_in("anna"))
    wait_for(lambda: writing.has("token"))
    done, failed, ended = [], [], threading.Event()

    def load(*, kept: bool) -> None:
        """Requests one after another, on one connection or each on its own."""
        headers = {} if kept else {"Connection": "close"}
        with service.client() as client:
            while not ended.is_set():
                try:
                    answer = client.get("/login", headers=headers)
                    (done if answer.status_code == 200 else failed).append(answer.status_code)
                except httpx.HTTPError as error:
                    failed.append(repr(error))

    with ThreadPoolExecutor(4) as threads:
        try:
            for number in range(4):
                threads.submit(load, kept=number % 2 == 0)
            service.serving.process.send_signal(signal.SIGHUP)
            wait_for(lambda: len(service.pids()) == 3)
            writer.go_on.set()
            wait_for(lambda: "Every web process was replaced" in service.serving.said())
        finally:
            ended.set()
    assert failed == []
    assert len(done) > 20
    assert not set(before) & set(service.pids())
    assert len(service.pids()) == 2
    assert writing.finished()["mode"] == "generated"


def test_an_answer_goes_on_while_the_other_process_is_killed(service, writer):
    one, other = service.pids()
    writing = Asking(service, one, service.signed_in("otto"))
    wait_for(lambda: writing.has("token"))
    os.kill(other, signal.SIGKILL)
    wait_for(lambda: len(service.pids()) == 2 and other not in service.pids())
    writer.go_on.set()
    assert writing.finished()["mode"] == "generated"


def test_processes_end_with_their_parent(service):
    pids = service.pids()
    service.serving.process.send_signal(signal.SIGKILL)
    wait_for(lambda: not any(is_there(pid) for pid in pids))
    assert len(pids) == 2


def is_there(pid: int) -> bool:
    """Whether a process runs; one that has ended waits here for whoever asks how."""
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False
