"""The child in which a file is read, and the limits that hold it."""

import gc
import os
import time
from pathlib import Path

import psutil
import pytest

from kb.errors import FileProblem
from kb.files import sandbox
from tests.parts.processes import wait_for


def hang() -> bytes:
    time.sleep(60)
    return b""


def eat_memory() -> bytes:
    return bytes(bytearray(10 * 1024**3))


def crash() -> bytes:
    os.abort()


def write_forever() -> bytes:
    with open("big", "wb") as file:
        while True:
            file.write(b"x" * 1024**2)


def fill_folder() -> bytes:
    for number in range(1000):
        Path(f"part{number}").write_bytes(bytes(4 * 1024**2))
        time.sleep(0.01)
    return b""


def wait_in_vain() -> bytes:
    raise TimeoutError("/usr/bin/tesseract says nothing")


def fork_bomb() -> bytes:
    while True:
        try:
            if os.fork() == 0:
                continue
        except OSError:
            time.sleep(1)


def leave_one_behind() -> bytes:
    """A grandchild in a session of its own, which outlives whoever started it."""
    reading, writing = os.pipe()
    if os.fork() == 0:
        os.setsid()
        os.write(writing, b"x")
        time.sleep(600)
    os.read(reading, 1)
    return b"left"


def network() -> bytes:
    import socket

    socket.create_connection(("127.0.0.1", 9), timeout=1)
    return b"connected"


def forked() -> list[psutil.Process]:
    """Servers that fork, and what they and their children forked; of other workers' tests, too."""
    return [
        p
        for p in psutil.process_iter(["cmdline", "status", "ppid"])
        if "forkserver" in " ".join(p.info["cmdline"] or [])
    ]


def frozen() -> bytes:
    return str(gc.get_freeze_count()).encode()


@pytest.mark.case("R21")
@pytest.mark.parametrize(
    ("call", "codes"),
    [
        (hang, {"parser_timeout"}),
        (eat_memory, {"parser_memory"}),
        (crash, {"parser_crashed"}),
        (fill_folder, {"parser_space"}),
        (fork_bomb, {"parser_timeout", "parser_crashed", "parser_memory"}),
        (write_forever, {"damaged", "parser_crashed"}),
        (network, {"damaged"}),
    ],
)
def test_a_child_is_held_to_its_limits(call, codes):
    # The clock is the limit of what never ends; whatever else is tried reaches its own limit.
    limits = sandbox.Limits(
        seconds=3 if call in (hang, fork_bomb) else 120,
        memory=1024**3,
        file_size=8 * 1024**2,
        folder_size=64 * 1024**2,
    )
    with pytest.raises(FileProblem) as problem:
        sandbox.run(call, limits=limits)
    assert problem.value.code in codes
    wait_for(lambda: len(forked()) < 20)


def test_a_child_does_not_look_through_what_its_server_has_loaded():
    """It would write into all of it, and so copy it."""
    assert int(sandbox.run(frozen, limits=sandbox.Limits())) > 10_000


def test_a_program_that_does_not_answer_is_not_the_files_damage():
    """The machine may be busy: what is published stays, and the next run tries it again."""
    with pytest.raises(FileProblem) as problem:
        sandbox.run(wait_in_vain, limits=sandbox.Limits())
    assert (problem.value.code, problem.value.detail["what"]) == (
        "unexpected",
        "/usr/bin/tesseract says nothing",
    )


@pytest.mark.slow
@pytest.mark.case("R21")
def test_what_a_child_started_ends_with_it():
    assert sandbox.run(leave_one_behind, limits=sandbox.Limits()) == b"left"
    wait_for(
        lambda: not [p for p in forked() if p.info["status"] == "sleeping" and p.info["ppid"] == 1]
    )


def believe() -> bytes:
    return str(None.text).encode()  # type: ignore[attr-defined]


def test_what_nobody_foresaw_is_told_in_words_and_kept_for_programs():
    with pytest.raises(FileProblem) as told:
        sandbox.run(believe, limits=sandbox.Limits(seconds=10))
    assert told.value.code == "damaged"
    assert told.value.detail["error"].startswith("AttributeError")
    assert "Error" not in told.value.detail["what"]
