"""What runs the tests in a sinkhole: its exit status and its last line, as CI reads them."""

import subprocess
import sys

import pytest

from tests.silence.test_sinkhole import needs_namespaces

TRY = """
import contextlib, socket, sys
with contextlib.suppress(OSError):
    socket.create_connection((sys.argv[1], 443), 1)
print("2 passed in 0.01s")
sys.exit(int(sys.argv[2]))
"""
WITHOUT_NAMESPACES = (
    "unshare", "-Ur", "sh", "-c",
    "echo 0 >/proc/sys/user/max_user_namespaces; "
    'exec setpriv --bounding-set=-all --inh-caps=-all "$@"', "sh",
)  # fmt: skip
OUTSIDE = "FAILED: tests tried to reach what is outside (attempts): "


def run(address: str, status: int, *before: str) -> tuple[int, list[str]]:
    """How a command ends that tries to reach an address, and what is said."""
    done = subprocess.run(
        [*before, sys.executable, "-m", "tests.parts.silently", "--in-ci",
         sys.executable, "-c", TRY, address, str(status)],
        capture_output=True, text=True, timeout=300,
    )  # fmt: skip
    assert done.stderr == ""
    return done.returncode, done.stdout.splitlines()


@needs_namespaces
@pytest.mark.parametrize(
    ("address", "status", "ended", "tried"),
    [
        ("127.0.0.1", 0, 0, ""),
        ("127.0.0.1", 2, 2, ""),
        ("192.0.2.9", 0, 0, ""),
        ("1.1.1.1", 0, 3, "tcp 1.1.1.1 443"),
        ("pypi.org", 2, 2, "name pypi.org"),
    ],
)
def test_who_reaches_out_fails_a_run_that_did_well(address, status, ended, tried):
    code, said = run(address, status)
    assert code == ended
    assert said[0].startswith("In a network that leads nowhere")
    assert said[1] == "2 passed in 0.01s"
    assert len(said[2:]) == (1 if tried else 0)
    if tried:
        assert said[2].startswith(f"{OUTSIDE}{tried} (")


@pytest.mark.parametrize("status", [0, 2])
@needs_namespaces
def test_where_no_namespace_can_be_made_the_tests_run_all_the_same(status):
    code, said = run("127.0.0.1", status, *WITHOUT_NAMESPACES)
    assert code == status
    assert said[0].startswith("No sinkhole can be made here (OSError: ")
    assert said[1:] == ["2 passed in 0.01s"]
