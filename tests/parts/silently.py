"""``python -m tests.parts.silently [--in-ci] COMMAND …``: tests in a network that leads nowhere.

What is tried there is told at the end. What tests try on purpose goes to names and addresses that
are kept for examples (RFC 2606, RFC 5737, RFC 3849), or to addresses of nobody's; anything else is a
fault, and the exit status is then 3. It needs root, or namespaces of users.

With ``--in-ci`` the command's own last lines stay the last where nothing is wrong; and where no
namespace can be made, one line says so and the command runs in the network as it is.
"""

import ipaddress
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from kb.silence import sinkhole

IN_CI = "--in-ci"
TRIED = 3
"""Exit status: the command did well, but something tried to reach out, or it was not seen."""
NAMES = (".invalid", ".example", ".test", ".localhost", ".example.org", ".example.com", ".lan")
NETWORKS = [
    ipaddress.ip_network(one)
    for one in (
        "192.0.2.0/24", "198.51.100.0/24", "203.0.113.0/24", "240.0.0.0/4", "2001:db8::/32",
        "0.0.0.0/8", "::/128",
    )
]  # fmt: skip


def is_for_examples(tried: str) -> bool:
    """Whether a test may try it: nobody is there."""
    kind, where = tried.split()[:2]
    if kind == "name":
        return f".{where.lower().rstrip('.')}".endswith(NAMES) or "." not in where
    address = ipaddress.ip_address(where)
    return any(address in network for network in NETWORKS if network.version == address.version)


def main(command: list[str]) -> int:
    """Run a command in a sinkhole and tell what it tried; its exit status, or that of a fault."""
    status, told = watched(command)
    outside = outside_of(told)
    print(f"Tried on purpose first, and seen: {told['control']}")
    print(f"Names and addresses for examples that tests tried: {len(told['tried']) - len(outside)}")
    print(f"Others: {len(outside)}", *(f"  {one}: {n}" for one, n in outside.items()), sep="\n")
    return status or (TRIED if fault(told) else 0)


def main_in_ci(command: list[str]) -> int:
    """Run a command in a sinkhole, if one can be made; a last line says what is wrong, if anything."""
    if refused := refusal():
        say(f"No sinkhole can be made here ({refused}): what the tests try to reach is not seen.")
        os.execvp(command[0], command)
    say(
        "In a network that leads nowhere; what is tried to reach beyond it is seen, and is a fault."
    )
    status, told = watched(command)
    if wrong := fault(told):
        say(wrong)
    return status or (TRIED if wrong else 0)


def watched(command: list[str]) -> tuple[int, dict[str, Any]]:
    """How a command ended in a sinkhole, and the sinkhole's report."""
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder) / "report.json"
        return sinkhole.main(report, command), json.loads(report.read_text(encoding="utf-8"))


def refusal() -> str:
    """Why no sinkhole can be made here; empty: one can. Tried by a process of its own."""
    done = subprocess.run(
        [sys.executable, "-m", "kb.silence.sinkhole", os.devnull, "true"],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    return (done.stderr.strip().splitlines() or ["?"])[-1] if done.returncode else ""


def fault(told: dict[str, Any]) -> str:
    """What is wrong by a sinkhole's report, in one line; empty: nothing."""
    if not told["control"]:
        return (
            "FAILED: what was tried on purpose was not seen, so that nothing is known of the tests"
        )
    tried = ", ".join(f"{one} ({n})" for one, n in outside_of(told).items())
    return f"FAILED: tests tried to reach what is outside (attempts): {tried}" if tried else ""


def outside_of(told: dict[str, Any]) -> dict[str, int]:
    """What was tried and is not for examples, with the number of attempts."""
    return {one: n for one, n in sorted(told["tried"].items()) if not is_for_examples(one)}


def say(line: str) -> None:
    print(line, flush=True)


if __name__ == "__main__":
    given = sys.argv[1:]
    sys.exit(main_in_ci(given[1:]) if given[:1] == [IN_CI] else main(given))
