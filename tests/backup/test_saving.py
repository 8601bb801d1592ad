"""What is saved: all of one moment, each file once; what is as before is not written again."""

import json
import os
import stat
import threading
import tomllib
from contextlib import closing
from pathlib import Path

import pytest
import zstandard
from sqlalchemy import text

from kb.backup import saving
from kb.backup.manifest import PoolFile
from kb.backup.store import Store
from kb.catalog import backups, leases
from kb.catalog.database import open_catalog
from kb.errors import ConflictError, LeaseLost
from kb.files.blobs import ELEMENTS, Blobs
from kb.settings import Retention
from kb.upkeep.collecting import collect
from tests.backup.conftest import restored
from tests.backup.test_restoring import column


def table(folder: Path, name: str) -> list[list]:
    """The rows of a table in the newest backup, read with nothing but zstd and JSON."""
    store = Store(folder)
    manifest = json.loads((folder / "backups" / f"{store.names()[-1]}.json").read_text())
    parts = next(t["parts"] for t in manifest["tables"] if t["name"] == name)
    found = []
    for part in parts:
        packed = (folder / "pool" / part["sha256"][:2] / part["sha256"]).read_bytes()
        lines = zstandard.ZstdDecompressor().decompressobj().decompress(packed).splitlines()
        assert json.loads(lines[0])["table"] == name
        found += [json.loads(line) for line in lines[1:]]
    return found


def files(folder: Path) -> dict[Path, tuple[int, int]]:
    """What was written into the pool, and when."""
    found = {p: p.stat() for p in (folder / "pool").rglob("*") if p.is_file()}
    return {p: (s.st_mtime_ns, s.st_ino) for p, s in found.items()}


def test_a_backup_is_read_without_commonplace(base, tmp_path):
    made = base.save(tmp_path / "backups")
    assert len(table(tmp_path / "backups", "documents")) == 3
    assert [row[0] for row in table(tmp_path / "backups", "chunks")] == [1, 2, 3]
    assert (made.documents, made.files, made.missing) == (3, 3, [])
    names = {p.name for p in (tmp_path / "backups").iterdir()}
    assert names == {"README.txt", "backups", "lock", "pool"}


def test_what_the_knowledge_base_itself_lacks_is_told(base, tmp_path):
    assert Blobs(base.settings.data / "blobs").forget("blob-2", ELEMENTS)
    assert base.save(tmp_path / "backups").missing == ["blob-2.elements"]
    _, said = restored(tmp_path / "backups", tmp_path / "there")
    assert said.missing == ["blob-2.elements"]


def test_nobody_else_may_look_into_it(base, tmp_path):
    (tmp_path / "backups").mkdir(mode=0o755)
    base.save(tmp_path / "backups")
    kept = [tmp_path / "backups", *(tmp_path / "backups").rglob("*")]
    for path in (one for one in kept if one.name != "README.txt"):
        wanted = 0o700 if path.is_dir() else 0o600
        assert stat.S_IMODE(path.stat().st_mode) == wanted, path


def test_secrets_stay_out_unless_they_are_asked_for(base, tmp_path):
    for with_secrets in (False, True):
        folder = tmp_path / f"{with_secrets}"
        base.save(folder, with_secrets=with_secrets)
        store = Store(folder)
        manifest = store.manifest(store.chosen())
        toml = store.pool.path(manifest.configuration.sha256).read_text()
        kept = tomllib.loads(toml)
        assert kept["server"] == {"port": 9000}
        assert ("hush" in toml, manifest.secrets) == (with_secrets, with_secrets)
        assert "models_dir" not in toml


@pytest.mark.case("R32")
def test_what_is_unchanged_is_neither_read_nor_written_again(base, tmp_path, monkeypatch):
    """Passages, vectors and entries by their marks, files by size and time."""
    folder = tmp_path / "backups"
    base.save(folder)
    before, read = files(folder), []
    told = saving.rows.rows

    def rows(connection, one, part):
        read.append(one.name)
        return told(connection, one, part)

    monkeypatch.setattr(saving.rows, "rows", rows)
    monkeypatch.setattr(saving, "blocks_of", lambda path: read.append(path.name) or [b""])
    made = base.save(folder)
    assert not {"chunks", "vectors", "audit"} & set(read) - {"audit"}
    assert not [name for name in read if name.endswith((ELEMENTS, ".txt"))]
    assert before.items() <= files(folder).items()
    assert made.new_bytes < made.bytes / 3


CHANGES = {
    "a passage of a new version": (
        "INSERT INTO versions (number, document_id, state, points, worker, fence, started_at)"
        " VALUES (7, 1, 'current', 1, 'w', 0, 9)",
        "INSERT INTO chunks (point, version, ordinal, text, text_hash, embedded_text, vector_hash,"
        " layout) VALUES (7340032, 7, 0, 'new', 'h', 'new', 'v', x'00')",
    ),
    "a passage that is gone": ("DELETE FROM chunks WHERE point = 2",),
    "a passage in the place of another": (
        "DELETE FROM chunks WHERE point = 2",
        "UPDATE versions SET started_at = 77.5 WHERE number = 2",
        "INSERT INTO chunks (point, version, ordinal, text, text_hash, embedded_text, vector_hash,"
        " layout) VALUES (2, 2, 0, 'other', 'h', 'other', 'v', x'00')",
    ),
    "a vector that is gone": ("DELETE FROM vectors WHERE hash = 'hash-2'",),
    "a vector of another name": ("UPDATE vectors SET model = 'renamed' WHERE hash = 'hash-2'",),
    "a vector in the place of another": (
        "UPDATE vectors SET hash = 'hash-9', kept_at = 99 WHERE hash = 'hash-2'",
    ),
    "entries that have expired": (
        "DELETE FROM audit WHERE seq < 3",
        "UPDATE audit SET entry = '', actor = '', action = '' WHERE seq = 3",
    ),
    "an entry that was emptied": ("UPDATE audit SET entry = '', action = '' WHERE seq = 1",),
    "a document": ("UPDATE documents SET title = 'another' WHERE id = 3",),
}


@pytest.mark.case("R32")
@pytest.mark.parametrize("change", CHANGES)
def test_what_was_changed_is_in_the_next_backup(base, tmp_path, change, monkeypatch):
    monkeypatch.setattr(saving.rows, "ENTRIES", 2)  # else each part has the last entry too
    base.save(tmp_path / "backups")
    base.change(*CHANGES[change])
    base.save(tmp_path / "backups")
    base.save(tmp_path / "anew")
    for name in ("chunks", "vectors", "documents", "versions"):
        assert table(tmp_path / "backups", name) == table(tmp_path / "anew", name)
    entries = [row for row in table(tmp_path / "backups", "audit") if '"backup"' not in str(row)]
    anew = [row for row in table(tmp_path / "anew", "audit") if '"backup"' not in str(row)]
    assert entries == anew


def test_a_changed_upload_is_saved_again(base, tmp_path):
    folder = tmp_path / "backups"
    base.save(folder)
    file = next((base.settings.data / "uploads" / "abc").iterdir())
    file.write_bytes(b"handed in anew")
    base.save(folder)
    there, _ = restored(folder, tmp_path / "there")
    assert next((there.data / "uploads" / "abc").iterdir()).read_bytes() == b"handed in anew"


def test_all_is_of_one_moment_while_others_write(base, tmp_path, monkeypatch):
    """Two tables that change together agree in the backup, however long it takes to read them."""
    told = saving.rows.rows

    def rows(connection, one, part):
        with closing(open_catalog(base.settings)) as other, other.writing() as writer:
            writer.execute(text("UPDATE people SET seen_at = coalesce(seen_at, 0) + 1"))
            writer.execute(text("UPDATE documents SET bytes = bytes + 1"))
        return told(connection, one, part)

    base.change("UPDATE people SET seen_at = 0", "UPDATE documents SET bytes = 0")
    monkeypatch.setattr(saving.rows, "rows", rows)
    base.save(tmp_path / "backups")
    there, _ = restored(tmp_path / "backups", tmp_path / "there")
    seen = column(there, "SELECT DISTINCT seen_at FROM people")
    assert seen == column(there, "SELECT DISTINCT bytes FROM documents") == [0]
    assert column(base.settings, "SELECT min(bytes) FROM documents")[0] > 20


def test_the_newest_ones_stay_and_files_that_none_needs_go(base, tmp_path):
    folder = tmp_path / "backups"
    first = base.save(folder, keep=2)
    base.change("DELETE FROM chunks WHERE point = 2")
    second = base.save(folder, keep=2)
    third = base.save(folder, keep=2)
    assert third.removed == [first.name]
    store = Store(folder)
    assert store.names() == [second.name, third.name]
    wanted = {sha for name in store.names() for sha in store.manifest(name).pieces()}
    assert {p.name for p in files(folder)} == wanted
    for name in store.names():
        restored(folder, tmp_path / name, at=name)


@pytest.mark.case("R34")
def test_what_a_backup_wants_is_not_collected_meanwhile(base, tmp_path):
    """The collector looks for the lease, which ends with the process that held it."""
    blobs, retention = Blobs(base.settings.data / "blobs"), Retention(removed_hours=1)
    path = base.settings.data / "blobs" / "no" / f"nobody.{ELEMENTS}"
    os.utime(path, (1, 1))
    with closing(open_catalog(base.settings)) as catalog:
        owner = leases.new_owner()
        with catalog.writing() as connection:
            assert leases.take(connection, backups.LEASE, owner)
        assert collect(catalog, blobs, retention).blobs == 0
        assert path.exists()
        with pytest.raises(ConflictError) as found:
            base.save(tmp_path / "backups")
        assert found.value.code == "backup_busy"
        assert not column(base.settings, "SELECT id FROM backups WHERE id > 3"), "none has failed"
        with catalog.writing() as connection:
            connection.execute(text("UPDATE leases SET until = 1"))
        assert collect(catalog, blobs, retention).blobs == 1
    assert not path.exists()


def test_who_was_silent_for_too_long_makes_no_backup(base, tmp_path, monkeypatch):
    def files(self, moment):
        base.change("UPDATE leases SET owner = 'boot:1:other', fence = fence + 1")
        return []

    monkeypatch.setattr(saving.Saver, "_files", files)
    with pytest.raises(LeaseLost):
        base.save(tmp_path / "backups")
    assert Store(tmp_path / "backups").names() == []
    assert column(base.settings, "SELECT error FROM backups WHERE name IS NULL AND id > 3")


def test_a_pool_that_was_cut_short_is_mended_by_the_next_backup(base, tmp_path):
    """A power cut may leave a name without its bytes."""
    folder = tmp_path / "backups"
    base.save(folder)
    store = Store(folder)
    manifest = store.manifest(store.chosen())
    cut = [manifest.files[0], next(t.parts[0] for t in manifest.tables if t.name == "chunks")]
    for piece in cut:
        store.pool.path(piece.sha256).write_bytes(b"")
    base.save(folder)
    assert all(Store(folder).pool.holds(PoolFile(p.sha256, p.bytes)) for p in cut)
    restored(folder, tmp_path / "there")


def test_a_backup_is_named_after_those_before_it(base, tmp_path, monkeypatch):
    """Also when the clock was put back, or stood still for ten of them."""
    store = Store(tmp_path / "backups")
    monkeypatch.setattr(saving, "now", lambda: 2_000_000_000.0)
    names = [base.save(store.folder).name for _ in range(2)]
    monkeypatch.setattr(saving, "now", lambda: 1_000_000_000.0)
    names.append(base.save(store.folder).name)
    assert (len(set(names)), store.names(), store.chosen()) == (3, names, names[-1])
    for _ in range(9):
        name = store.free_name("20010909T014640Z")
        (store.folder / "backups" / f"{name}.json").touch()
        names.append(name)
    assert (len(set(names)), store.names()) == (12, names)


def test_no_thread_stays_behind_a_backup(base, tmp_path):
    before = {*threading.enumerate()}
    base.save(tmp_path / "backups")
    assert {*threading.enumerate()} <= before
