"""A sinkhole sees whoever tries to reach out, in whatever way; and Commonplace does not try."""

import json
import os
import subprocess
import sys

import pytest

from kb.doctor import egress
from kb.silence import packets

OUTSIDE = """
import asyncio, contextlib, socket, urllib.request
async def opened():
    await asyncio.open_connection("203.0.113.1", 443)
def uvloops():
    import uvloop
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(opened())
def grpcs():
    import grpc
    grpc.channel_ready_future(grpc.insecure_channel("203.0.113.2:50051")).result(1)
def libpqs():
    import psycopg
    psycopg.connect("postgresql://kb@203.0.113.3/kb?connect_timeout=2")
def names():
    urllib.request.urlopen("http://telemetry.example.com/used")
def ipv6():
    socket.create_connection(("2001:db8::4", 80), 1)
def datagrams():
    socket.socket(socket.AF_INET, socket.SOCK_DGRAM).sendto(b"used", ("203.0.113.5", 8125))
def own():
    with socket.create_server(("127.0.0.1", 0)) as server:
        socket.create_connection(server.getsockname()).close()
for call in (uvloops, grpcs, libpqs, names, ipv6, datagrams, own):
    with contextlib.suppress(Exception):
        call()
"""


def can_sink() -> bool:
    return subprocess.run(["unshare", "-rnm", "true"], capture_output=True).returncode == 0


needs_namespaces = pytest.mark.skipif(not can_sink(), reason="namespaces are not allowed here")


@needs_namespaces
def test_every_way_out_is_seen_and_the_loopback_is_none(tmp_path):
    report, scratch = tmp_path / "report.json", tmp_path / "scratch"
    scratch.mkdir()
    command = [sys.executable, "-c", OUTSIDE]
    done = subprocess.run(
        [sys.executable, "-m", "kb.silence.sinkhole", str(report), *command],
        env=os.environ | {"TMPDIR": str(scratch)}, capture_output=True, text=True, timeout=300,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert list(scratch.iterdir()) == []
    told = json.loads(report.read_text())
    assert told["control"]
    assert set(told["tried"]) == {
        "tcp 203.0.113.1 443", "tcp 203.0.113.2 50051", "tcp 203.0.113.3 5432",
        "name telemetry.example.com", "tcp 2001:db8::4 80", "udp 203.0.113.5 8125",
    }  # fmt: skip


LEFT = """
import subprocess, sys
lasting = "import os, time; os.setsid(); print(os.getpid(), flush=True); time.sleep(600)"
parent = f"import subprocess, sys; p = subprocess.Popen([sys.executable, '-c', {lasting!r}])"
done = subprocess.Popen([sys.executable, "-c", parent + "; p.wait()"], start_new_session=True,
                        stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
print(done.pid, done.stdout.readline().strip(), flush=True)
"""


@needs_namespaces
def test_what_a_command_leaves_running_ends_with_it(tmp_path):
    """As engines are left: else they write into folders that are removed, and try things unseen."""
    done = subprocess.run(
        [sys.executable, "-m", "kb.silence.sinkhole", str(tmp_path / "report.json"),
         sys.executable, "-c", LEFT],
        capture_output=True, text=True, timeout=300,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    left = done.stdout.split()
    assert len(left) == 2
    assert [pid for pid in left if os.path.exists(f"/proc/{pid}")] == []


LOST = """
import os
if not os.fork():
    if child := os.fork():
        print(child, flush=True)
    os._exit(0)
os.wait()
"""
WAITING = f"""
import os, subprocess, sys, time
child = int(subprocess.check_output([sys.executable, "-c", {LOST!r}]))
deadline = time.monotonic() + 200
while os.path.exists(f"/proc/{{child}}") and time.monotonic() < deadline:
    time.sleep(0.05)
sys.exit(os.path.exists(f"/proc/{{child}}"))
"""


@needs_namespaces
def test_who_has_lost_their_parent_is_gone_when_they_have_ended(tmp_path):
    """As by init: whoever waits for an engine that another process started would wait for ever."""
    done = subprocess.run(
        [sys.executable, "-m", "kb.silence.sinkhole", str(tmp_path / "report.json"),
         sys.executable, "-c", WAITING],
        capture_output=True, text=True, timeout=300,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr


@needs_namespaces
@pytest.mark.case("S15")
@pytest.mark.real
@pytest.mark.slow
def test_a_demonstration_tries_to_reach_nothing(command):
    """Reading the samples, OCR among them, searching, answering, serving pages."""
    found = command("doctor", "--egress")
    assert (found["silent"], found["control_seen"], found["tried"]) == (True, True, {})
    assert found["did"][0].endswith("samples read")
    assert len(found["did"]) == 4


@needs_namespaces
@pytest.mark.real
@pytest.mark.slow
def test_a_library_that_reports_is_found_by_it(monkeypatch, tmp_path):
    """In a parser too, which else has no network: there it is let try, so that it is seen."""
    (tmp_path / "sitecustomize.py").write_text(
        "import socket, sys, contextlib\n"
        "if any('forkserver' in word for word in sys.argv + sys.orig_argv):\n"
        "    with contextlib.suppress(OSError):\n"
        "        socket.create_connection(('203.0.113.9', 443), 1)\n"
    )
    given = egress._environment
    monkeypatch.setattr(
        egress, "_environment",
        lambda folder: given(folder) | {"PYTHONPATH": f"{tmp_path}:{given(folder)['PYTHONPATH']}"},
    )  # fmt: skip
    found = egress.look()
    assert not found.holds
    assert set(found.tried) == {"tcp 203.0.113.9 443"}


@pytest.mark.parametrize(
    ("packet", "expected"),
    [
        (b"", None),
        (b"\x45" + bytes(8) + b"\x06" + bytes(2) + bytes(4) + bytes([127, 0, 0, 1]) + bytes(20), None),
        (bytes([0x45]) + bytes(8) + bytes([17]) + bytes(6) + bytes([8, 8, 8, 8]) + b"\0\1\0\x35" + bytes(4), "udp 8.8.8.8 53"),
        (bytes([0x45]) + bytes(8) + bytes([1]) + bytes(6) + bytes([8, 8, 8, 8]) + b"\x08" + bytes(7), "icmp 8.8.8.8"),
        (bytes([0x45]) + bytes(8) + bytes([1]) + bytes(6) + bytes([8, 8, 8, 8]) + b"\x03" + bytes(7), None),
    ],
)  # fmt: skip
def test_what_a_packet_tries(packet, expected):
    assert packets.reached(packet) == expected


def test_a_question_is_read_and_answered():
    question = b"\xab\xcd\x01\0\0\1\0\0\0\0\0\0\x03www\x07example\0\0\1\0\1"
    assert packets.asked(question) == "www.example"
    answer = packets.unknown(question)
    assert answer[:2] == question[:2]
    assert answer[3] & 15 == 3, "there is no such name"
    assert packets.asked(answer) == "www.example"
