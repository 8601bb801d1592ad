"""Entries of the audit log out of which words were taken, and those that vouch for what is left."""

import hashlib
import json
from typing import Any

from sqlalchemy import Connection, select

from kb.catalog.tables import REDACTED, audit

Vouched = set[tuple[int, str, str]]
"""Number, hash, and digest of what is left of each entry that a later one vouches for."""


def all_of(connection: Connection) -> Vouched:
    """What is vouched for by any entry of the log.

    Whether those that vouch are in the chain themselves is for the walk along it to find.
    """
    found: Vouched = set()
    query = select(audit.c.seq, audit.c.entry).where(audit.c.action == REDACTED)
    for number, text in connection.execute(query).tuples():
        try:
            told = json.loads(text)["detail"]["entries"]
            found |= {(seq, old, left) for seq, old, left in told if seq < number}
        except (ValueError, TypeError, KeyError):  # altered: the walk says so
            continue
    return found


def holds(vouched: Vouched, seq: int, kept: str, text: str) -> bool:
    """Whether an entry is vouched for as it stands there, and says itself what became of it."""
    if (seq, kept, digest(text)) not in vouched:
        return False
    return said_in(text)["detail"].get("redacted") is True


def said(text: str) -> dict[str, Any] | None:
    """What an entry says; None: it has expired, or is none."""
    try:
        found = json.loads(text) if text else None
    except ValueError:
        return None
    return found if isinstance(found, dict) else None


def said_in(text: str) -> dict[str, Any]:
    """What an entry says, with ``target`` and ``detail`` in any case, empty where it has none."""
    found = said(text) or {}
    detail = found.get("detail")
    return found | {
        "target": str(found.get("target", "")),
        "detail": detail if isinstance(detail, dict) else {},
    }


def digest(text: str) -> str:
    """What tells the bytes of an entry."""
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
