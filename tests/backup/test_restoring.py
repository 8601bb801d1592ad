"""What was saved comes back, whichever database keeps it; what cannot be restored is told."""

import stat
from contextlib import closing
from pathlib import Path

import msgspec
import pytest
from sqlalchemy import text

from kb.backup import marking
from kb.backup.manifest import FORMAT
from kb.backup.restoring import checked_moves
from kb.backup.store import Store
from kb.catalog import audit, phrases
from kb.catalog.database import open_catalog
from kb.errors import ConfigurationError, ConflictError, DamagedError, KbError, NotFoundError
from kb.files.blobs import ELEMENTS, Blobs
from tests.backup.conftest import all_of, looked_into, restored, settings_of

LEFT = {
    "leases", "rates", "answer_turns", "sessions", "links", "removed_folders", "backups",
}  # fmt: skip
"""What means nothing elsewhere, or may have been taken back since."""
CHANGED = {"audit", "counters", "generations", "swaps", "sources"}
"""What is looked at by itself."""


def column(settings, query):
    with looked_into(settings) as connection:
        return connection.execute(text(query)).scalars().all()


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.slow)])
def elsewhere(request):
    """Settings of the catalog into which is restored."""
    if request.param == "sqlite":
        return {}
    return {"catalog.url": request.getfixturevalue("postgres")}


@pytest.mark.case("R32")
def test_every_row_comes_back_over_either_database(base, elsewhere, tmp_path):
    """From SQLite, by way of the other database, to SQLite again."""
    before = all_of(base.settings)
    base.save(tmp_path / "first")
    there, _ = restored(tmp_path / "first", tmp_path / "there", **elsewhere)
    base.settings = there
    base.save(tmp_path / "second")
    back, _ = restored(tmp_path / "second", tmp_path / "back")
    for settings in (there, back):
        after = all_of(settings)
        assert set(after) == set(before)
        for name in set(before) - LEFT - CHANGED:
            assert len(before[name]) >= 3
            assert after[name] == before[name], name
        assert not any(after[name] for name in ("sessions", "links", "removed_folders"))
    assert all_of(back)["generations"] == all_of(there)["generations"]


@pytest.mark.case("R32")
def test_what_lay_in_the_data_directory_comes_back_at_another_path(base, elsewhere, tmp_path):
    base.save(tmp_path / "backups")
    there, said = restored(
        tmp_path / "backups", tmp_path / "there", moved={"root-1": "/srv/new"}, **elsewhere
    )
    blobs = Blobs(there.data / "blobs")
    assert [blobs.get(f"blob-{n}", ELEMENTS) for n in (1, 2)] == [
        b"what was read 1", b"what was read 2",
    ]  # fmt: skip
    assert blobs.get("nobody", ELEMENTS) is None
    roots = column(there, "SELECT root FROM sources ORDER BY id")
    assert roots == ["/srv/new", str(there.data / "uploads" / "abc"), "root-3"]
    assert [(p.name, p.read_bytes()) for p in (there.data / "uploads" / "abc").iterdir()] == [
        ("Fähre \udcff.txt", b"handed in")
    ]
    before = next((base.settings.data / "uploads" / "abc").iterdir()).stat().st_mtime_ns
    assert next((there.data / "uploads" / "abc").iterdir()).stat().st_mtime_ns == before
    assert [(s.name, s.is_here) for s in said.sources] == [
        ("name-1", False), ("name-2", True), ("name-3", False),
    ]  # fmt: skip
    assert stat.S_IMODE(there.data.stat().st_mode) == 0o700
    with closing(open_catalog(there)) as catalog, catalog.reading() as connection:
        verdict = audit.verify(connection)
        assert (verdict.intact, verdict.entries) == (True, 6)
        last = audit.page(connection, limit=1)[0]
        assert (last.action, last.target) == ("restore", said.backup)
        found = connection.execute(phrases.points_with(connection, ["text-2"])).scalars().all()
        assert found == [2]


@pytest.mark.case("R32")
def test_the_files_of_an_import_come_along(base, tmp_path):
    """They lie nowhere else; their names are those of somebody else's files, whatever they are."""
    mine = Path("imported", "0" * 31 + "7")
    names = ["notes.txt", ".upload-plan.txt", ".unfinished/draft.txt"]
    for name in names:
        (base.settings.data / mine / name).parent.mkdir(parents=True, exist_ok=True)
        (base.settings.data / mine / name).write_text(name)
    base.change(
        f"UPDATE sources SET uploads = 1, root = '{base.settings.data / mine}' WHERE id = 3"
    )
    base.save(tmp_path / "backups")
    there, said = restored(tmp_path / "backups", tmp_path / "there")
    assert [(there.data / mine / name).read_text() for name in names] == names
    assert column(there, "SELECT root FROM sources WHERE id = 3") == [str(there.data / mine)]
    assert [s.is_here for s in said.sources if s.name == "name-3"] == [True]


def test_folders_that_change_places_are_not_taken_for_one(base, tmp_path):
    base.change("UPDATE sources SET root = '/srv/' || id, uploads = 0")
    base.save(tmp_path / "backups")
    moved = {"/srv/1": "/srv/2", "/srv/2": "/srv/3", "/srv/3": "/srv/1"}
    there, _ = restored(tmp_path / "backups", tmp_path / "there", moved=moved)
    roots = column(there, "SELECT root FROM sources ORDER BY id")
    assert roots == ["/srv/2", "/srv/3", "/srv/1"]


def test_no_number_is_given_a_second_time(base, elsewhere, tmp_path):
    """The last version is gone when the backup is made: the next one is another all the same."""
    base.change(
        "INSERT INTO versions (number, document_id, state, points, worker, fence, started_at)"
        " VALUES (900, 1, 'swept', 0, 'w', 0, 1)",
        "DELETE FROM versions WHERE number = 900",
    )
    base.save(tmp_path / "backups")
    there, _ = restored(tmp_path / "backups", tmp_path / "there", **elsewhere)
    with closing(open_catalog(there)) as catalog, catalog.writing() as connection:
        made = connection.execute(
            text(
                "INSERT INTO versions (document_id, state, points, worker, fence, started_at)"
                " VALUES (1, 'begun', 0, 'w', 0, 1) RETURNING number"
            )
        ).scalar_one()
        assert made == 901
        added = text("INSERT INTO groups (name) VALUES ('crew') RETURNING id")
        assert connection.execute(added).scalar_one() == 4


@pytest.mark.slow
def test_a_text_that_postgresql_cannot_keep_is_kept_without_its_nul(base, postgres, tmp_path):
    base.change("UPDATE asked SET question = 'a' || char(0) || 'b' WHERE id = 1")
    base.save(tmp_path / "backups")
    there, _ = restored(tmp_path / "backups", tmp_path / "there", **{"catalog.url": postgres})
    assert column(there, "SELECT question FROM asked WHERE id = 1") == [
        "a\N{REPLACEMENT CHARACTER}b"
    ]


@pytest.mark.case("R32")
def test_what_is_not_empty_is_not_touched(base, tmp_path):
    base.save(tmp_path / "backups")
    before = (base.settings.data / "catalog.sqlite3").read_bytes()
    with pytest.raises(ConflictError) as found:
        restored(tmp_path / "backups", base.settings.data)
    assert found.value.code == "not_empty"
    assert (base.settings.data / "catalog.sqlite3").read_bytes() == before
    (tmp_path / "there" / "models").mkdir(parents=True)
    restored(tmp_path / "backups", tmp_path / "there")  # models may come first


@pytest.mark.slow
def test_a_database_with_a_catalog_is_not_touched(base, postgresql_template, tmp_path):
    base.save(tmp_path / "backups")
    with pytest.raises(ConflictError) as found:
        restored(tmp_path / "backups", tmp_path / "there", **{"catalog.url": postgresql_template})
    assert found.value.code == "not_empty"
    assert not (tmp_path / "there").exists()


def test_half_a_restore_is_no_knowledge_base(base, tmp_path):
    """Nobody opens it, and another backup is not mixed in."""
    name = base.save(tmp_path / "backups").name
    there = settings_of(tmp_path / "there")
    there.data.mkdir()
    marking.write(there.data, marking.RestoreMark("ticket", name, marking.DATA))
    with pytest.raises(ConfigurationError) as found:
        open_catalog(there)
    assert found.value.code == "restoring"
    later = base.save(tmp_path / "backups").name
    with pytest.raises(ConflictError) as other:
        restored(tmp_path / "backups", there.data)
    assert (other.value.code, later > name) == ("restoring_another", True)
    _, said = restored(tmp_path / "backups", there.data, at=name)
    assert said.backup == name
    open_catalog(there).close()


@pytest.mark.case("R33")
def test_a_newer_format_or_schema_is_refused(base, tmp_path):
    name = base.save(tmp_path / "backups").name
    store = Store(tmp_path / "backups")
    manifest = store.manifest(name)
    for change, code in (
        ({"format": FORMAT + 1}, "backup_too_new"),
        ({"schema": "9999"}, "catalog_too_new"),
    ):
        store.keep(msgspec.structs.replace(manifest, **change))
        with pytest.raises(KbError) as found:
            restored(tmp_path / "backups", tmp_path / "there")
        assert found.value.code == code
        assert not (tmp_path / "there").exists()


@pytest.mark.case("R33")
@pytest.mark.parametrize("path", ["..%2Fout", "/etc/kb", "catalog.sqlite3", "blobs/../../out"])
def test_no_manifest_writes_outside_the_data_directory(base, tmp_path, path):
    name = base.save(tmp_path / "backups").name
    store = Store(tmp_path / "backups")
    manifest = store.manifest(name)
    file = msgspec.structs.replace(manifest.files[0], path=path)
    store.keep(msgspec.structs.replace(manifest, files=[file]))
    with pytest.raises(DamagedError):
        restored(tmp_path / "backups", tmp_path / "there" / "data")
    assert not [p for p in (tmp_path / "there").rglob("*") if p.name in {"out", "kb"}]


def test_a_backup_that_is_not_there_is_told(base, tmp_path):
    base.save(tmp_path / "backups")
    with pytest.raises(NotFoundError):
        restored(tmp_path / "nowhere", tmp_path / "there")
    with pytest.raises(NotFoundError) as found:
        restored(tmp_path / "backups", tmp_path / "there", at="20200101T000000Z")
    assert Store(tmp_path / "backups").names()[0] in found.value.message


def test_moved_folders_are_pairs():
    assert checked_moves(("/a=/b", "/c=/d=e")) == {"/a": "/b", "/c": "/d=e"}
    for wrong in ("/a", "a=/b", "/a=b"):
        with pytest.raises(KbError):
            checked_moves((wrong,))


def test_the_restored_catalog_is_another(base, tmp_path):
    """Else the next backup of one could be built on passages of the other."""
    base.save(tmp_path / "backups")
    there, _ = restored(tmp_path / "backups", tmp_path / "there")
    query = "SELECT value FROM counters WHERE name = 'identity'"
    assert column(there, query) != column(base.settings, query)
    assert column(there, "SELECT DISTINCT state FROM generations") == ["gone"]
