"""A file that the disk lost is found, and named with the backups that it belongs to."""

import pytest

from kb.backup.backups import verify_in
from kb.backup.store import Store
from kb.backup.verifying import verify
from kb.errors import ConflictError, DamagedError
from tests.backup.conftest import restored, settings_of


def piece_of(store, kind):
    manifest = store.manifest(store.chosen())
    if kind == "configuration":
        return manifest.configuration
    if kind == "file":
        return manifest.files[-1]
    return next(t.parts[0] for t in manifest.tables if t.name == kind)


@pytest.mark.case("R33")
@pytest.mark.parametrize("how", ["flipped", "cut", "gone"])
@pytest.mark.parametrize("kind", ["configuration", "file", "chunks", "people"])
def test_damage_is_found_and_not_restored(base, tmp_path, kind, how):
    base.save(tmp_path / "backups")
    store = Store(tmp_path / "backups")
    path = store.pool.path(piece_of(store, kind).sha256)
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    if how == "gone":
        path.unlink()
    else:
        path.write_bytes(content if how == "flipped" else content[:-1])
    with pytest.raises(DamagedError) as found:
        verify(store, store.names())
    assert found.value.detail["files"] == [str(path)]
    assert found.value.detail["backups"] == store.names()
    with pytest.raises(DamagedError):
        restored(tmp_path / "backups", tmp_path / "there")
    assert not (tmp_path / "there").exists()


@pytest.mark.case("R33")
@pytest.mark.parametrize("suffix", ["json", "sha256"])
def test_a_damaged_manifest_is_found_and_the_one_before_is_restored(base, tmp_path, suffix):
    first = base.save(tmp_path / "backups").name
    second = base.save(tmp_path / "backups").name
    store = Store(tmp_path / "backups")
    path = tmp_path / "backups" / "backups" / f"{second}.{suffix}"
    path.write_bytes(path.read_bytes().replace(b"1", b"2", 1))
    with pytest.raises(DamagedError) as found:
        verify(store, store.names())
    assert second in found.value.message
    with pytest.raises(DamagedError):
        store.thin_out(1)
    _, said = restored(tmp_path / "backups", tmp_path / "there", at=first)
    assert said.backup == first


def test_what_is_whole_is_said_to_be(base, tmp_path):
    names = [base.save(tmp_path / "backups").name for _ in range(2)]
    store = Store(tmp_path / "backups")
    found = verify(store, store.names())
    assert found.backups == names
    assert found.files == len([p for p in store.pool.root.rglob("*") if p.is_file()])
    assert store.pool.remove_others(set()) == found.files


def test_a_copy_of_the_folder_is_as_good(base, tmp_path):
    """Also one that cannot be written, and came without its lock."""
    base.save(tmp_path / "backups")
    (tmp_path / "backups" / "lock").unlink()
    (tmp_path / "backups").rename(tmp_path / "copy")
    with Store(tmp_path / "copy").shared():
        restored(tmp_path / "copy", tmp_path / "there")
    assert not (tmp_path / "copy" / "lock").exists()


def test_verifying_needs_no_knowledge_base_and_makes_none(base, tmp_path):
    """On the machine to which one moves there is none yet."""
    name = base.save(tmp_path / "backups").name
    nowhere = settings_of(tmp_path / "nowhere")
    found = verify_in(nowhere, str(tmp_path / "backups"), "", lambda _d, _t: None, newest=True)
    assert found.backups == [name]
    assert not nowhere.data.exists()


def test_nobody_reads_while_files_are_removed(base, tmp_path):
    base.save(tmp_path / "backups")
    store = Store(tmp_path / "backups")
    with store.alone(), pytest.raises(ConflictError), store.shared():
        raise AssertionError("both are at work")
    with store.shared(), Store(tmp_path / "backups").shared():
        assert verify(store, store.names()).backups == store.names()
