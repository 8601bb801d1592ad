"""An engine or parser has no network: by a namespace, by a filter, by each alone."""

import json
import os
import subprocess
import sys

import psutil
import pytest

from kb.files import sandbox
from kb.silence import confining

TRIES = """
import ctypes, errno, json, socket
from kb.silence import confining
{confine}
def made(family, kind=socket.SOCK_STREAM):
    try:
        socket.socket(family, kind).close()
        return "made"
    except OSError as error:
        return errno.errorcode[error.errno]
def ring():
    ctypes.set_errno(0)
    libc = ctypes.CDLL(None, use_errno=True)
    number = libc.syscall({ring}, 4, None)
    return errno.errorcode.get(ctypes.get_errno(), "made")
one, other = socket.socketpair()
one.send(b"hello")
print(json.dumps({{
    "inet": made(socket.AF_INET), "inet6": made(socket.AF_INET6), "unix": made(socket.AF_UNIX),
    "netlink": made(socket.AF_NETLINK, socket.SOCK_RAW), "ring": ring(),
    "pair": other.recv(5).decode(), "silent": confining.is_silent(),
}}))
"""


def tried(confine: str, *before: str) -> dict:
    code = TRIES.format(confine=confine, ring=confining.IO_URING_SETUP)
    done = subprocess.run(
        [*before, sys.executable, "-c", code], capture_output=True, text=True, timeout=100
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_without_either_a_process_has_a_network():
    assert tried("") | {"ring": ""} == {
        "inet": "made", "inet6": "made", "unix": "made", "netlink": "made", "ring": "",
        "pair": "hello", "silent": False,
    }  # fmt: skip


def test_the_filter_alone_leaves_unix_sockets():
    """Where namespaces are refused, as in most containers; io_uring would get past it."""
    found = tried("assert confining.filter_sockets(ctypes.CDLL(None, use_errno=True))")
    assert found == {
        "inet": "EACCES", "inet6": "EACCES", "unix": "made", "netlink": "EACCES",
        "ring": "ENOSYS", "pair": "hello", "silent": True,
    }  # fmt: skip


@pytest.mark.parametrize("before", [(), ("setpriv", "--bounding-set=-all", "--inh-caps=-all")])
def test_an_engine_leaves_the_network_with_and_without_the_systems_rights(before):
    if before and os.getuid() != 0:
        pytest.skip("has no rights to give up")
    found = tried("confining.leave_network()", *before)
    assert (found["inet"], found["silent"], found["unix"]) == ("EACCES", True, "made")


def told_by_a_child() -> bytes:
    namespaces = {"net": os.readlink("/proc/self/ns/net")}
    return json.dumps(tried_here() | namespaces).encode()


def tried_here() -> dict:
    import socket

    try:
        socket.socket(socket.AF_INET).close()
    except OSError as error:
        return {"inet": error.errno}
    return {"inet": 0}


def test_what_reads_a_file_can_make_no_socket():
    found = json.loads(sandbox.run(told_by_a_child, limits=sandbox.Limits(seconds=60)))
    assert found["inet"] == 13


@pytest.mark.real
@pytest.mark.usefixtures("cold_engines")
async def test_engines_run_without_a_network(house, tmp_path):
    """As the product starts them: another namespace of network, or at least the filter."""
    house.follow()
    house.write("ferry.txt", "The ferry to the island leaves at seven in the morning.")
    assert (await house.ingest()).indexed == 1
    here = os.readlink("/proc/self/ns/net")
    data = str(house.kb.settings.data)
    for process in psutil.process_iter(["cmdline", "pid"]):
        command = process.info["cmdline"] or []
        if "kb.index.process" in command and any(data in word for word in command):
            status = open(f"/proc/{process.pid}/status").read()
            assert "Seccomp:\t2" in status
            assert os.readlink(f"/proc/{process.pid}/ns/net") != here
            return
    raise AssertionError("no index engine runs")
