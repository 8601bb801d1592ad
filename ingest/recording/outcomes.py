"""What the ledger learns of a file: its members, or why it yields nothing."""

from ingest.reading.reader import Work
from kb.catalog import containers, documents, versions
from kb.catalog import members as members_catalog
from kb.catalog.database import Connection
from kb.catalog.names import MEMBER
from kb.errors import EngineError, KbError
from kb.text.pathnames import cut
from kb.types.parsed import State
from kb.types.versions import KeptMember

SKIPPING = {
    "empty",
    "needs_libreoffice",
    "no_text",
    "not_regular",
    "path_too_long",
    "signature_only",
    "symlink_outside",
    "too_deep",
    "too_large",
    "unknown_type",
}
"""Codes of reasons that are nobody's fault: the file is skipped, not failed."""
RETRIED = {"bytes_missing", "changed_while_reading", "disk_full"}
COUNTING_TRIES = {
    "parser_timeout",
    "parser_memory",
    "parser_space",
    "parser_crashed",
    "unexpected",
}
UNDECIDED = COUNTING_TRIES | {"unreadable"}
"""Codes of reasons that say nothing of the file itself: what is published of it stays, and it is
tried again."""


def problem(
    connection: Connection,
    item: Work,
    error: KbError,
    fingerprint: str,
    most_tries: int,
    worker: str,
) -> State:
    """Record that a file yields nothing, with what to do next; returns where it stands now."""
    tries = documents.tries(connection, item.document_id) + 1
    versions.failed(connection, item.document_id, worker, item.begun_at, error.code, error.detail)
    if error.code in RETRIED or isinstance(error, EngineError):
        documents.note_retry(connection, item.document_id, error, tries)
        if error.code == "bytes_missing":
            documents.try_again(connection, [item.document_id])
        return State.WAITING
    state = State.SKIPPED if error.code in SKIPPING else State.FAILED
    if error.code in COUNTING_TRIES and tries >= most_tries:
        state = State.QUARANTINED
    elif error.code in UNDECIDED and versions.is_published(connection, item.document_id):
        documents.note_retry(connection, item.document_id, error, tries)
        return state
    documents.note_problem(
        connection,
        item.document_id,
        state,
        error.code,
        error.detail,
        item.seen.stat if item.seen else None,
        settings=None if error.code in UNDECIDED and state == State.FAILED else fingerprint,
        tries=tries,
    )
    return state


def members(
    connection: Connection, source_id: int, item: Work, found: tuple[KeptMember, ...]
) -> list[Work]:
    """A container's members as documents; those that it has no more are removed.

    Each is due from now on, with its bytes among the blobs: a run that ends before its turn comes
    leaves it to the next.
    """
    parent = documents.by_id(connection, item.document_id)
    if parent is None:
        return []
    work: dict[str, Work] = {}
    for member in found:
        name = _unused(member.name, work)
        path = f"{parent.path}{MEMBER}{name}"
        document_id = documents.add(
            connection,
            source_id,
            cut(parent.raw_path + b"\0" + name.encode()),
            path,
            parent_id=item.document_id,
            size=member.size,
            rights=parent.rights,
        )
        work[name] = Work(document_id, path, item.depth + 1, pending=member.content_hash)
    pending = {w.document_id: w.pending for w in work.values() if w.pending}
    members_catalog.expect(connection, pending)
    direct = containers.direct_children(connection, item.document_id)
    documents.remove(connection, [c for c in direct if c not in pending])
    return list(work.values())


def _unused(name: str, taken: dict[str, Work]) -> str:
    candidate, number = name, 2
    while candidate in taken:
        candidate = f"{name} ({number})"
        number += 1
    return candidate
