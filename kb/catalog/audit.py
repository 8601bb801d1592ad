"""The audit log: what was done, by whom. Entries are added; nothing changes one.

Each entry's hash covers the one before it (a hash chain): an entry that was changed, removed or
moved no longer fits its successor. A counter beside the log says how many there are, so that a
cut-off end is seen too. Words can be taken out of an entry when a document is erased: the entry
keeps its hash, and a later one vouches for what is left of it.
"""

import hashlib
import json
from collections.abc import Callable, Iterator, Sequence
from itertools import islice
from typing import Any

import msgspec
from sqlalchemy import Connection, Row, delete, func, insert, select, update

from kb.catalog import vouching
from kb.catalog.database import insert_ignoring
from kb.catalog.tables import REDACTED, audit, counters
from kb.types.audit import START, AuditEntry, ChainVerdict, Logged

COUNTER = "audit"
EXPIRED = "audit.expired"
REFUSED = "connection.refused"
"""The action of an entry of what was not connected to."""
PART = 1000
"""Entries of the log that are read at once."""
VOUCHED = 500
"""Entries that one entry vouches for at most."""
Blanked = Callable[[dict[str, Any]], dict[str, Any] | None]
"""What is left of an entry; None: it stays as it is."""
UNREADABLE = "audit.unreadable"
"""The action that stands for an entry that is none."""
LONGEST = 2000
"""Characters that are shown of such an entry."""


def append(connection: Connection, entries: Sequence[AuditEntry]) -> None:
    """Add entries at the end, in the caller's transaction: both happen, or neither."""
    if not entries:
        return
    seq, previous = _end(connection, len(entries))
    rows = []
    for number, entry in enumerate(entries, seq + 1):
        text = _text(number, entry)
        previous = _hash(previous, text)
        rows.append(
            {
                "seq": number,
                "at": entry.at,
                "actor": _kept(entry.actor),
                "action": entry.action,
                "entry": text,
                "hash": previous,
            }
        )
    connection.execute(insert(audit), rows)


def taken_up(connection: Connection, spool: str) -> int:
    """Up to which number the records of a spool are in the chain; its row is ours from now on."""
    name = f"spool:{spool}"
    insert_ignoring(connection, counters, [{"name": name, "value": 0}])
    mine = select(counters.c.value).where(counters.c.name == name).with_for_update()
    return int(connection.scalar(mine) or 0)


def take_up(connection: Connection, spool: str, number: int) -> None:
    """The records of a spool are in the chain up to this number."""
    mine = counters.c.name == f"spool:{spool}"
    connection.execute(update(counters).where(mine).values(value=number))


def _end(connection: Connection, more: int) -> tuple[int, str]:
    """The last entry's number and hash; the counter's row is ours until the transaction ends."""
    insert_ignoring(connection, counters, [{"name": COUNTER, "value": 0}])
    connection.execute(
        update(counters).where(counters.c.name == COUNTER).values(value=counters.c.value + more)
    )
    end = connection.scalar(select(counters.c.value).where(counters.c.name == COUNTER)) or 0
    last = connection.execute(
        select(audit.c.seq, audit.c.hash).order_by(audit.c.seq.desc()).limit(1)
    ).one_or_none()
    return end - more, last.hash if last else START


def _text(number: int, entry: AuditEntry) -> str:
    values = {
        "seq": number,
        "at": round(entry.at, 3),
        "actor": _kept(entry.actor),
        "action": entry.action,
        "target": entry.target[:500],
        "detail": entry.detail,
    }
    return _written(values)


def _written(values: dict[str, Any]) -> str:
    written = json.dumps(values, ensure_ascii=False, sort_keys=True)
    # Half a surrogate pair has no bytes in UTF-8: it stands there as JSON's escape of it.
    return written.encode("utf-8", "backslashreplace").decode()


def _kept(actor: str) -> str:
    """A name as a column of text can have it."""
    return (
        actor[:200].replace("\0", "\N{REPLACEMENT CHARACTER}").encode("utf-8", "replace").decode()
    )


def _hash(previous: str, text: str) -> str:
    return hashlib.sha256(f"{previous}\n{text}".encode("utf-8", "surrogatepass")).hexdigest()


def verify(connection: Connection) -> ChainVerdict:
    """Walk the whole chain."""
    expected, previous = None, START
    count = 0
    promised = connection.scalar(select(counters.c.value).where(counters.c.name == COUNTER)) or 0
    stubs: dict[int, str] = {}
    confirmed: set[tuple[int, str]] = set()
    vouched, redacted = vouching.all_of(connection), 0
    for row in _rows(connection):
        if not row.entry and expected is None:  # what stood before it has expired
            stubs[row.seq] = row.hash
            expected, previous = row.seq + 1, row.hash
            continue
        if row.seq != (1 if expected is None else expected):
            return ChainVerdict(
                count, intact=False, broken_at=row.seq, reason="missing", head=previous
            )
        is_redacted = vouching.holds(vouched, row.seq, row.hash, row.entry)
        is_whole = is_redacted or _hash(previous, row.entry) == row.hash
        if not is_whole or not _columns_agree(row):
            return ChainVerdict(
                count, intact=False, broken_at=row.seq, reason="changed", head=previous
            )
        redacted += is_redacted
        if row.action == EXPIRED:
            detail = json.loads(row.entry)["detail"]
            confirmed.add((detail["seq"], detail["hash"]))
        count, expected, previous = count + 1, row.seq + 1, row.hash
    if (0 if expected is None else expected - 1) != promised:
        return ChainVerdict(
            count, intact=False, broken_at=expected, reason="missing", head=previous
        )
    if set(stubs.items()) - confirmed:
        return ChainVerdict(
            count, intact=False, broken_at=min(stubs), reason="missing", head=previous
        )
    return ChainVerdict(count, intact=True, head=previous, redacted=redacted)


def texts(connection: Connection) -> Iterator[dict[int, str]]:
    """Every entry as it stands there, by its number, in parts."""
    rows = _rows(connection)
    while part := {row.seq: row.entry for row in islice(rows, PART)}:
        yield part


def redactable(connection: Connection, blanked: Blanked) -> list[int]:
    """The numbers of the entries of which ``blanked`` leaves less than there is."""
    found = []
    for row in _rows(connection):
        said = vouching.said(row.entry)
        if said is not None and blanked(said) is not None:
            found.append(row.seq)
    return found


def redact(connection: Connection, seqs: Sequence[int], blanked: Blanked) -> int:
    """Take out of entries what ``blanked`` takes; another entry vouches for what is left.

    Words leave one that somebody has altered as well, but nothing vouches for it: it still does
    not fit. Returns for how many something vouches.
    """
    vouched, before_this = [], vouching.all_of(connection)
    for seq in seqs:
        rows = connection.execute(select(audit).where(audit.c.seq.in_((seq - 1, seq)))).all()
        by_seq = {row.seq: row for row in rows}
        row, before = by_seq.get(seq), by_seq[seq - 1].hash if seq - 1 in by_seq else START
        said = vouching.said(row.entry) if row is not None else None
        left = blanked(said) if said is not None else None
        if row is None or left is None:
            continue
        text = _written(left)
        connection.execute(update(audit).where(audit.c.seq == seq).values(entry=text))
        if _hash(before, row.entry) == row.hash or vouching.holds(
            before_this, seq, row.hash, row.entry
        ):
            vouched.append([seq, row.hash, vouching.digest(text)])
    for start in range(0, len(vouched), VOUCHED):
        part = vouched[start : start + VOUCHED]
        append(connection, [AuditEntry("system", REDACTED, "", {"entries": part})])
    return len(vouched)


def last(connection: Connection) -> int:
    """The number of the last entry."""
    promised = select(counters.c.value).where(counters.c.name == COUNTER)
    return int(connection.scalar(promised) or 0)


def _columns_agree(row: Row[Any]) -> bool:
    """The columns that are searched say what the entry says."""
    try:
        said = json.loads(row.entry)
    except ValueError:
        return False
    mine = (row.seq, row.actor, row.action, round(row.at, 3))
    return (said["seq"], said["actor"], said["action"], said["at"]) == mine


def _rows(connection: Connection) -> Iterator[Row[Any]]:
    after = 0
    while rows := connection.execute(
        select(audit).where(audit.c.seq > after).order_by(audit.c.seq).limit(PART)
    ).all():
        yield from rows
        after = rows[-1].seq


def lines(connection: Connection, after: int = 0) -> Iterator[str]:
    """Every entry with its hash as a line of JSON, as it stands there, the oldest first."""
    for row in _rows(connection):
        if row.entry and row.seq > after:
            said = json.loads(row.entry) | {"hash": row.hash}
            yield json.dumps(said, ensure_ascii=False) + "\n"


def page(
    connection: Connection,
    *,
    actor: str = "",
    action: str = "",
    text: str = "",
    before: int = 0,
    limit: int = 100,
) -> list[Logged]:
    """Entries, the newest first, as a person looks at them; those ``before`` one, if given."""
    query = select(audit.c.seq, audit.c.entry).where(audit.c.entry != "")
    query = query.order_by(audit.c.seq.desc())
    if actor:
        query = query.where(audit.c.actor == actor)
    if action:
        query = query.where(audit.c.action.startswith(action, autoescape=True))
    if text:
        query = query.where(audit.c.entry.icontains(text, autoescape=True))
    if before:
        query = query.where(audit.c.seq < before)
    return [_logged(*row) for row in connection.execute(query.limit(limit)).tuples()]


def _logged(seq: int, entry: str) -> Logged:
    """An entry to be looked at; one that somebody has altered may be of any shape."""
    try:
        return msgspec.json.decode(entry, type=Logged)
    except msgspec.MsgspecError:
        return Logged(UNREADABLE, "", 0.0, {"entry": entry[:LONGEST]}, seq, "")


def expired_until(connection: Connection) -> float:
    """Of when the last entry is that has expired (Unix seconds); 0: none has."""
    query = select(func.max(audit.c.at)).where(audit.c.entry == "")
    return float(connection.scalar(query) or 0)


def expire(connection: Connection, before: float) -> int:
    """Remove entries older than ``before``; the last one's hash stays, and the log says so."""
    last = connection.execute(
        select(audit.c.seq, audit.c.hash)
        .where(audit.c.at < before, audit.c.entry != "")
        .order_by(audit.c.seq.desc())
        .limit(1)
    ).one_or_none()
    if last is None:
        return 0
    gone = connection.execute(delete(audit).where(audit.c.seq < last.seq)).rowcount
    connection.execute(
        update(audit).where(audit.c.seq == last.seq).values(entry="", actor="", action="")
    )
    detail = {"seq": last.seq, "hash": last.hash}
    append(connection, [AuditEntry("system", EXPIRED, "", detail)])
    return gone + 1
