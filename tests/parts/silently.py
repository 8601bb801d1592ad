"""``python -m tests.parts.silently COMMAND …``: tests in a network that leads nowhere.

What is tried there is told at the end. What tests try on purpose goes to names and addresses that
are kept for examples (RFC 2606, RFC 5737, RFC 3849), or to addresses of nobody's; anything else is a
fault, and the exit status is then 3. It needs root, or namespaces of users.
"""

import ipaddress
import json
import sys
import tempfile
from pathlib import Path

from kb.silence import sinkhole

TRIED = 3
"""Exit status: the command did well, but something tried to reach out."""
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
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder) / "report.json"
        status = sinkhole.main(report, command)
        told = json.loads(report.read_text(encoding="utf-8"))
    outside = {one: n for one, n in sorted(told["tried"].items()) if not is_for_examples(one)}
    print(f"Tried on purpose first, and seen: {told['control']}")
    print(f"Names and addresses for examples that tests tried: {len(told['tried']) - len(outside)}")
    print(f"Others: {len(outside)}", *(f"  {one}: {n}" for one, n in outside.items()), sep="\n")
    return status or (0 if told["control"] and not outside else TRIED)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
