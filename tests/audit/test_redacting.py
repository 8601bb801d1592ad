"""Words are taken out of entries, and the chain still shows every other change."""

import json

import pytest
from sqlalchemy import text

from kb.catalog import audit, rows
from kb.catalog.tables import REDACTED
from kb.catalog.tables import audit as audit_table
from kb.catalog.vouching import all_of, holds
from kb.types.audit import AuditEntry


def blanked(said):
    if "heliotrope" not in said["target"]:
        return None
    return said | {"target": "", "detail": said["detail"] | {"redacted": True}}


@pytest.fixture
def written(catalog):
    """Five entries, two of which name what is erased."""
    with catalog.writing() as connection:
        names = ("ferry", "heliotrope", "tram", "heliotrope again", "bus")
        audit.append(connection, [AuditEntry("ada", "document.open", n, {"id": 1}) for n in names])
    return catalog


def redact(catalog) -> int:
    with catalog.reading() as connection:
        wanted = audit.redactable(connection, blanked)
    with catalog.writing() as connection:
        return audit.redact(connection, wanted, blanked)


def change(catalog, seq: int, old: str, new: str) -> None:
    with catalog.writing() as connection:
        change = text("UPDATE audit SET entry = replace(entry, :old, :new) WHERE seq = :seq")
        connection.execute(change, {"old": old, "new": new, "seq": seq})


def verdict(catalog):
    with catalog.reading() as connection:
        return audit.verify(connection)


def test_words_go_and_the_chain_holds(written):
    before = verdict(written).head
    assert redact(written) == 2
    assert redact(written) == 0, "once is enough"
    found = verdict(written)
    assert (found.intact, found.redacted, found.entries) == (True, 2, 6)
    with written.reading() as connection:
        lines = [json.loads(line) for line in audit.lines(connection)]
    assert "heliotrope" not in json.dumps(lines)
    assert lines[1]["actor"] == "ada"
    assert lines[4]["hash"] == before, "what was held elsewhere still fits"


@pytest.mark.parametrize(
    ("seq", "old", "new"),
    [(3, "tram", "ship"), (2, "ada", "eve"), (2, "redacted", "replaced"), (6, "entries", "others")],
)
def test_any_other_change_is_seen(written, seq, old, new):
    """Of one that was not redacted, of what is left of one that was, of the one that vouches."""
    redact(written)
    change(written, seq, old, new)
    assert not verdict(written).intact


def test_an_altered_entry_is_not_laundered(written):
    change(written, 2, "ada", "eve")
    assert redact(written) == 1
    assert (verdict(written).intact, verdict(written).broken_at) == (False, 2)
    with written.reading() as connection:
        assert audit.redactable(connection, blanked) == [], "its words go all the same"


def test_words_leave_an_entry_twice(written):
    """Another document's erasing takes more out of it, and the chain holds."""
    redact(written)

    def more(said):
        return said | {"detail": {"redacted": True}} if said["detail"].get("id") else None

    with written.writing() as connection:
        assert audit.redact(connection, [2, 3], more) == 2
    assert (verdict(written).intact, verdict(written).redacted) == (True, 3)


@pytest.mark.parametrize("redacted", [{}, {"redacted": False}])
def test_nothing_else_is_passed_off_as_redacted(written, redacted):
    """Who may write the catalog vouches for an entry that does not say that words are gone."""
    with written.writing() as connection:
        forged = {"target": "tram", "detail": {"id": 2} | redacted}
        audit.redact(connection, [3], lambda said: said | forged)
    assert (verdict(written).intact, verdict(written).broken_at) == (False, 3)


def test_only_a_later_entry_vouches(written):
    """One from before cannot say what is to stand there afterwards."""
    redact(written)
    with written.writing() as connection:
        row = connection.execute(audit_table.select().where(audit_table.c.seq == 2)).one()
        assert holds(all_of(connection), 2, row.hash, row.entry)
        that = audit_table.update().where(audit_table.c.action == REDACTED)
        connection.execute(that.values(seq=0))
        assert not holds(all_of(connection), 2, row.hash, row.entry)


def test_a_backup_reads_entries_again_that_were_redacted(written):
    """Their part has another mark, though the chain's end in it be the same."""

    def mark():
        with written.reading() as connection:
            [one] = [k for k in rows.kept(connection) if k.name == "audit"]
            return [part.mark for part in rows.parts(connection, one)]

    before = mark()
    redact(written)
    assert mark() != before
