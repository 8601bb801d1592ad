"""The web process and workers connect to what is configured, and to nothing else."""

import json
import os
import socket
import subprocess
import sys

import httpx
import pytest

from kb.settings import load
from kb.silence.destinations import configured
from kb.silence.guard import NetworkGuard, Refused
from tests.parts.processes import Serving, free_port, kb, wait_for

REPORTING = '''
import asyncio, os, sys, threading, time, urllib.request
def loops():
    # Not by gc.get_objects: it breaks what another thread is making.
    import uvloop
    frame = sys._current_frames()[threading.main_thread().ident]
    while frame:
        for one in frame.f_locals.values():
            if isinstance(one, asyncio.Runner) and isinstance(one._loop, uvloop.Loop):
                yield one._loop
        frame = frame.f_back
def from_the_loop():
    for loop in {*loops()}:
        reaching = loop.create_connection(asyncio.Protocol, "203.0.113.78", 9)
        asyncio.run_coroutine_threadsafe(reaching, loop).result(5)
def from_a_thread():
    urllib.request.urlopen("http://203.0.113.77:9/used", timeout=1)
def report():
    """A library that reports to its maker, again and again, once the program is up."""
    while True:
        time.sleep(0.2)
        for reach in (from_a_thread, from_the_loop):
            try:
                reach()
            except Exception:
                pass
if "serve" in os.sys.argv or "worker" in os.sys.argv:
    threading.Thread(target=report, daemon=True).start()
'''


@pytest.fixture
def reporting(environment, tmp_path):
    """An environment in which some library reports to two addresses for examples.

    To 203.0.113.77 from a thread; to 203.0.113.78 from uvloop's loop, if there is one.
    """
    (tmp_path / "site").mkdir()
    (tmp_path / "site" / "sitecustomize.py").write_text(REPORTING)
    return environment | {"PYTHONPATH": str(tmp_path / "site") + os.pathsep + os.getcwd()}


def refusals(environment, folder) -> set[tuple[str, str]]:
    """Who was refused what, by the audit log."""
    found = kb(environment, folder, "audit", "list", "--action", "connection.refused")
    return {(one["actor"], one["target"]) for one in found["entries"]}


THREADS, LOOPS = ("system", "203.0.113.77:9"), ("system", "203.0.113.78:9")


@pytest.mark.real
def test_a_library_that_reports_is_refused_logged_counted_and_in_the_audit_log(
    reporting, environment, tmp_path
):
    server = Serving(reporting, tmp_path)
    try:
        wait_for(lambda: refusals(environment, tmp_path) == {THREADS, LOOPS})
        text = httpx.get(server.address + "/metrics", timeout=60).text
        [count] = [x for x in text.splitlines() if x.startswith("commonplace_connections_refused ")]
        assert float(count.split()[1]) > 0
        said = server.said()
    finally:
        server.stop()
    assert "refused to connect to 203.0.113.77:9" in said
    assert "refused to connect to 203.0.113.78:9" in said


@pytest.mark.slow
@pytest.mark.real
def test_a_worker_refuses_as_well(reporting, environment, tmp_path):
    kb(environment, tmp_path, "status")
    worker = subprocess.Popen(
        [sys.executable, "-m", "kb", "worker"], env=reporting, cwd=tmp_path, stderr=subprocess.PIPE
    )
    try:
        wait_for(lambda: refusals(environment, tmp_path))
    finally:
        worker.terminate()
        worker.communicate()
    assert refusals(environment, tmp_path) == {THREADS}


SEEN = """
import asyncio, contextlib, json, socket, sys, urllib.request
heard = []
def hook(event, arguments):
    if event in ("socket.connect", "socket.sendto"):
        heard.append(event)
sys.addaudithook(hook)
PORT = {port}
async def opened():
    await asyncio.open_connection("127.0.0.1", PORT)
def asyncios():
    asyncio.run(opened())
def uvloops():
    import uvloop
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(opened())
def grpcs():
    import grpc
    grpc.channel_ready_future(grpc.insecure_channel(f"127.0.0.1:{{PORT}}")).result(1)
def libpqs():
    import psycopg
    psycopg.connect(f"postgresql://kb@127.0.0.1:{{PORT}}/kb?connect_timeout=2")
def libldaps():
    import bonsai
    bonsai.LDAPClient(f"ldap://127.0.0.1:{{PORT}}").connect(timeout=2)
seen = {{}}
for call in (
    lambda: socket.create_connection(("127.0.0.1", PORT), 1),
    lambda: urllib.request.urlopen(f"http://127.0.0.1:{{PORT}}"),
    asyncios, uvloops, grpcs, libpqs, libldaps,
):
    heard.clear()
    try:
        call()
    except ModuleNotFoundError:
        continue
    except Exception:
        pass
    seen[call.__name__ if call.__name__ != "<lambda>" else f"socket {{len(seen)}}"] = bool(heard)
print(json.dumps(seen))
"""


def test_what_an_audit_hook_of_python_sees_and_what_not():
    """As docs/independence.md says it."""
    code = SEEN.format(port=free_port())
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=300)
    found = json.loads(done.stdout)
    if "libldaps" not in found:
        found["libldaps"] = False
    assert found == {
        "socket 0": True, "socket 1": True, "asyncios": True,
        "uvloops": False, "grpcs": False, "libpqs": False, "libldaps": False,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("flags", "expected"),
    [
        ({}, {("127.0.0.1", 11434), ("127.0.0.1", 8000)}),
        ({"llm.provider": "none"}, {("127.0.0.1", 8000)}),
        ({"llm.url": "gpu.lan:1234"}, {("gpu.lan", 1234), ("127.0.0.1", 8000)}),
        ({"llm.url": "https://gpu.lan/v1"}, {("gpu.lan", 443), ("127.0.0.1", 8000)}),
        (
            {
                "llm.provider": "none",
                "catalog.url": "postgresql+psycopg://kb:pw@/kb?host=A&host=b:5433",
            },
            {("a", 5432), ("b", 5433), ("127.0.0.1", 8000)},
        ),
        *(
            (
                {"llm.provider": "none", "catalog.url": f"postgresql+psycopg://kb:p{one}w@db/kb"},
                {("db", 5432), ("127.0.0.1", 8000)},
            )
            for one in "#[]:,;&%"  # as they stand in passwords that the database takes
        ),
        ({"llm.url": "http://[::1"}, {("127.0.0.1", 8000)}),
        ({"llm.provider": "none", "server.host": "0:0:0:0:0:0:0:0"}, {("::1", 8000)}),
        (
            {
                "llm.provider": "none",
                "catalog.url": "postgresql+psycopg:///kb?host=/run/postgresql",
            },
            {("127.0.0.1", 8000)},
        ),
        (
            {"llm.provider": "none", "index.backend": "server", "index.url": "http://Qdrant:6333"},
            {("qdrant", 6333), ("qdrant", 6334), ("127.0.0.1", 8000)},
        ),
        (
            {
                "llm.provider": "none",
                "auth.oidc_issuer": "https://id.lan/realm",
                "auth.ldap_url": "ldap://d.lan",
            },
            {("id.lan", 443), ("d.lan", 389), ("127.0.0.1", 8000)},
        ),
        ({"llm.provider": "none", "server.host": "0.0.0.0"}, {("127.0.0.1", 8000)}),
        (
            {
                "llm.provider": "none",
                "engines.embedder_url": ("http://GPU.lan:8001", "https://other.lan/embedder"),
            },
            {("gpu.lan", 8001), ("other.lan", 443), ("127.0.0.1", 8000)},
        ),
        (
            {"llm.provider": "none", "server.public_url": "https://kb.lan"},
            {("kb.lan", 443), ("127.0.0.1", 8000)},
        ),
    ],
)
def test_what_is_configured(flags, expected, monkeypatch):
    monkeypatch.delenv("OLLAMA_HOST", raising=False)
    monkeypatch.delenv("PGHOST", raising=False)
    assert {(one.host, one.port) for one in configured(load(flags, {}))} == expected


def test_a_guard_takes_an_address_however_it_is_spelled():
    settings = load({"llm.url": "http://[::1]:5", "server.host": "127.0.0.1"}, {})
    guard = NetworkGuard(configured(settings), lambda *_: None)
    for host, port in (("::1", 5), ("0:0:0:0:0:0:0:1", 5), ("::ffff:127.0.0.1", 8000)):
        guard.place(host, port)
    for host, port in (("::1", 6), ("127.0.0.1", 5), ("127.0.0.2", 8000)):
        with pytest.raises(Refused):
            guard.place(host, port)
    assert guard.refused == 3
    with pytest.raises(Refused):
        guard.heard("socket.getaddrinfo", ("tracker.example", 443, 0, 0, 0))
    with socket.socket(socket.AF_UNIX) as own:
        guard.heard("socket.connect", (own, "/run/ours.sock"))
