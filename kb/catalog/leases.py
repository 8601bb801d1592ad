"""Leases: one owner at a time for a piece of work, taken over when the owner is gone."""

import os
import socket
import uuid
from pathlib import Path

from sqlalchemy import Connection, delete, select, update

from kb.catalog.database import insert_ignoring, now
from kb.catalog.tables import leases
from kb.errors import LeaseLost

SECONDS = 60.0
"""How long a lease holds without a heartbeat."""


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
    return False


def take(connection: Connection, name: str, owner: str) -> bool:
    """Take or keep a lease; False where somebody else holds it."""
    values = {"owner": owner, "until": now() + SECONDS}
    # Two that take a lease that nobody had: one inserts it, the other waits and finds it taken.
    insert_ignoring(connection, leases, [{"name": name, **values}])
    row = connection.execute(select(leases).where(leases.c.name == name).with_for_update()).one()
    if row.owner != owner and row.until > now() and not _is_gone(row.owner):
        return False
    connection.execute(update(leases).where(leases.c.name == name).values(**values))
    return True


def hold_or_raise(connection: Connection, name: str, owner: str) -> None:
    """Within a writing transaction: still ours? Extends it.

    Raises:
        LeaseLost: somebody else owns it by now.
    """
    held = connection.execute(
        update(leases)
        .where(leases.c.name == name, leases.c.owner == owner)
        .values(until=now() + SECONDS)
    )
    if held.rowcount != 1:
        raise LeaseLost("Another process has taken over this work.", detail={"lease": name})


def release(connection: Connection, name: str, owner: str) -> None:
    """Give a lease back; nothing happens where it is no longer ours."""
    connection.execute(delete(leases).where(leases.c.name == name, leases.c.owner == owner))
