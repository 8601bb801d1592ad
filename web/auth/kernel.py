"""Whose process holds the other end of a loopback connection: the kernel's word (Linux).

A proxy on this machine is on loopback too; what it cannot choose is the user that it runs as.
"""

import ipaddress
import sys
from pathlib import Path

TABLES = Path("/proc/net/tcp"), Path("/proc/net/tcp6")
ESTABLISHED = "01"
"""The state of a living connection. (One that was closed, and lingers, is shown as root's.)"""


def user_at(other_end: tuple[str, int], our_end: tuple[str, int]) -> int | None:
    """The user id of the process at the other end of a connection within this machine.

    None where the kernel does not say: it is no Linux, or it knows no such living connection.
    """
    wanted = (_normal(*other_end), _normal(*our_end))
    for table in TABLES:
        try:
            lines = table.read_text(encoding="ascii").splitlines()[1:]
        except OSError:
            continue  # no Linux, or no IPv6
        for line in lines:
            fields = line.split()
            if fields[3] == ESTABLISHED and (_end(fields[1]), _end(fields[2])) == wanted:
                return int(fields[7])
    return None


def _end(text: str) -> tuple[str, int]:
    """An end as the kernel writes it: words of 32 bits in the machine's order, then the port."""
    address, port = text.split(":")
    words = (address[i : i + 8] for i in range(0, len(address), 8))
    raw = b"".join(int(word, 16).to_bytes(4, sys.byteorder) for word in words)
    return _normal(str(ipaddress.ip_address(raw)), int(port, 16))


def _normal(host: str, port: int) -> tuple[str, int]:
    """IPv4 within IPv6 is the same address."""
    try:
        number = ipaddress.ip_address(host)
    except ValueError:
        return host, port
    mapped = number.ipv4_mapped if isinstance(number, ipaddress.IPv6Address) else None
    return str(mapped or number), port
