"""Leases: one owner at a time for a piece of work, taken over when the owner is gone."""

import os
import socket
import uuid
from pathlib import Path

from sqlalchemy import Connection, case, delete, select, update

from kb.catalog.database import insert_ignoring, now, row_to_change
from kb.catalog.tables import counters, leases
from kb.errors import LeaseLost

SECONDS = 60.0
"""How long a lease holds without a heartbeat."""
FENCE = "fence"
"""The counter that fencing numbers come from."""


def _boot() -> str:
    """Tells this run of this machine (or container) from any other."""
    boot = Path("/proc/sys/kernel/random/boot_id")
    namespace = Path("/proc/self/ns/pid")
    if boot.exists():
        return f"{boot.read_text().strip()[:8]}{os.stat(namespace).st_ino}"
    return socket.gethostname()


def new_owner() -> str:
    """A name for this owner: machine run, process, and a random part."""
    return f"{_boot()}:{os.getpid()}:{uuid.uuid4().hex[:8]}"


def _is_gone(owner: str) -> bool:
    """True only where it is certain that the owner's process has ended."""
    boot, pid, _ = owner.split(":")
    if boot != _boot():
        return False
    try:
        os.kill(int(pid), 0)
    except ProcessLookupError:
        return True
    except PermissionError:
        return False
    return _is_zombie(pid)


def _is_zombie(pid: str) -> bool:
    """Whether a process has ended and only its parent has not asked how."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return False
    return stat.rpartition(")")[2].split()[0] == "Z"


def take(connection: Connection, name: str, owner: str) -> int:
    """Take or keep a lease; returns its fencing number, 0 where somebody else holds the lease.

    The number grows with every change of owner, whatever the lease: what was begun under a lower
    number of the same lease was begun by somebody who has lost it.
    """
    free = {"name": name, "owner": "", "until": 0.0, "fence": 0}
    row = row_to_change(connection, leases, "name", free)
    if row.owner not in {"", owner} and row.until > now() and not _is_gone(row.owner):
        return 0
    fence = int(row.fence) if row.owner == owner else _next_fence(connection)
    connection.execute(
        update(leases)
        .where(leases.c.name == name)
        .values(owner=owner, until=now() + SECONDS, fence=fence)
    )
    return fence


def _next_fence(connection: Connection) -> int:
    insert_ignoring(connection, counters, [{"name": FENCE, "value": 0}])
    connection.execute(
        update(counters).where(counters.c.name == FENCE).values(value=counters.c.value + 1)
    )
    return int(connection.scalar(select(counters.c.value).where(counters.c.name == FENCE)) or 0)


def is_held(connection: Connection, name: str) -> bool:
    """Whether somebody who may be alive holds a lease."""
    row = connection.execute(select(leases).where(leases.c.name == name)).one_or_none()
    return row is not None and bool(row.owner) and row.until > now() and not _is_gone(row.owner)


def standing(connection: Connection) -> dict[str, bool]:
    """Every lease that was not given back, and whether its owner may be alive."""
    rows = connection.execute(select(leases).where(leases.c.owner != ""))
    moment = now()
    return {row.name: row.until > moment and not _is_gone(row.owner) for row in rows}


def hold_or_raise(connection: Connection, name: str, owner: str, fence: int | None = None) -> None:
    """Within a writing transaction: still ours, under this fencing number? Extends it.

    Raises:
        LeaseLost: somebody else owns it by now, or took it away after a silence.
    """
    ours = [leases.c.name == name, leases.c.owner == owner]
    if fence is not None:
        ours.append(leases.c.fence == fence)
    held = connection.execute(update(leases).where(*ours).values(until=now() + SECONDS))
    if held.rowcount != 1:
        raise LeaseLost("Another process has taken over this work.", detail={"lease": name})


def extend(connection: Connection, name: str, owner: str, seconds: float) -> None:
    """Hold a lease for so long at least: for work during which no heartbeat can be sent.

    Where the owner's process ends meanwhile, this machine takes over at once all the same.

    Raises:
        LeaseLost: somebody else owns it by now.
    """
    until = now() + seconds
    held = connection.execute(
        update(leases)
        .where(leases.c.name == name, leases.c.owner == owner)
        .values(until=case((leases.c.until > until, leases.c.until), else_=until))
    )
    if held.rowcount != 1:
        raise LeaseLost("Another process has taken over this work.", detail={"lease": name})


def release(connection: Connection, name: str, owner: str) -> None:
    """Give a lease back; nothing happens where it is no longer ours."""
    connection.execute(delete(leases).where(leases.c.name == name, leases.c.owner == owner))
