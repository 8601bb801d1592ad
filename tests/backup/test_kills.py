"""A backup, a restore or an upgrade is killed at every named step: whole, or recognisably not.

Whatever was killed is begun again by the same command; what was there before is as it was.
"""

import json
import shutil

import pytest

from kb.backup.store import Store
from kb.backup.verifying import verify
from kb.failpoints import BACKUP_STEPS, RESTORE_STEPS, TOLD, UPGRADE_STEPS
from tests.backup.conftest import all_of, settings_of
from tests.backup.test_upgrading import of_schema
from tests.parts.processes import kb, run_kb, stop_engines

pytestmark = [pytest.mark.slow, pytest.mark.case("R34")]
LATE = {"file_saved": 2, "file_restored": 2}


def killed(environment, folder, step, *arguments):
    """The command is killed at this step; it says so."""
    failpoint = f"{step}:{LATE.get(step, 1)}"
    done = run_kb(environment | {"KB_FAILPOINT": failpoint}, folder, *arguments, "--json")
    assert TOLD + step in done.stderr, (step, done.stderr[-2000:])


@pytest.fixture(scope="module")
def lived_in(tmp_path_factory, embedder_dir):
    """A data directory with three documents and an account, and its environment."""
    from tests.parts.processes import environment_in

    folder = tmp_path_factory.mktemp("lived")
    environment = environment_in(folder, embedder_dir)
    (folder / "files").mkdir()
    for name in ("ferry", "tram", "bus"):
        (folder / "files" / f"{name}.txt").write_text(f"The {name} leaves at seven from the pier.")
    kb(environment, folder, "source", "add", "lines", str(folder / "files"))
    kb(environment, folder, "ingest")
    kb(environment, folder, "user", "add", "ada", "--administrator")
    stop_engines(folder / "data")
    return folder, environment


def found(environment, folder):
    hits = kb(environment, folder, "search", "when does the tram leave")["hits"]
    return [(hit["document"], hit["text"]) for hit in hits]


def test_a_backup_is_whole_or_none(lived_in, tmp_path):
    folder, environment = lived_in
    place = tmp_path / "backups"
    for n, step in enumerate(BACKUP_STEPS):
        names = Store(place).names()
        killed(environment, folder, step, "backup", str(place))
        whole = Store(place).names()
        assert len(whole) == len(names) + (step == "manifest_written"), step
        verify(Store(place), whole)
        (folder / "files" / "ferry.txt").write_text(f"The ferry leaves at {n} from the pier.")
    made = kb(environment, folder, "backup", str(place))
    assert verify(Store(place), Store(place).names()).backups[-1] == made["name"]
    assert kb(environment, folder, "check") == dict.fromkeys(
        ("lost", "duplicate", "orphan", "wrong_access"), 0
    )
    listed = all_of(settings_of(folder / "data"))["backups"]
    assert len(listed) == len(BACKUP_STEPS) + 1


def test_a_restore_is_begun_again_and_ends(lived_in, tmp_path):
    folder, environment = lived_in
    kb(environment, folder, "backup", str(tmp_path / "backups"))
    wanted = found(environment, folder)
    there = tmp_path / "there"
    other = environment | {"KB_DATA_DIR": str(there)}
    for step in RESTORE_STEPS:
        killed(other, tmp_path, step, "restore", str(tmp_path / "backups"))
        if step not in {"catalog_restored", "index_begun"}:
            refused = run_kb(other, tmp_path, "status", "--json")
            assert json.loads(refused.stdout)["error"]["code"] == "restoring", step
    said = kb(other, tmp_path, "restore", str(tmp_path / "backups"))
    assert said["index"] == {"built": True, "points": 3, "reason": None}
    assert found(other, tmp_path) == wanted
    assert kb(other, tmp_path, "audit", "verify")["intact"]
    assert kb(other, tmp_path, "check") == dict.fromkeys(
        ("lost", "duplicate", "orphan", "wrong_access"), 0
    )
    restores = [e for e in all_of(settings_of(there))["audit"] if "restore" in e]
    assert len(restores) == 1
    stop_engines(there)


@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
def test_an_upgrade_has_happened_or_not(environment, tmp_path, request, kind):
    url = request.getfixturevalue("postgres") if kind == "postgresql" else ""
    more = {"catalog.url": url} if url else {}
    environment |= {"KB_CATALOG__URL": url} if url else {}
    settings = settings_of(tmp_path / "data", **more)
    shutil.rmtree(settings.data, ignore_errors=True)
    of_schema(settings, "0014")
    before = all_of(settings)
    for step in UPGRADE_STEPS:
        killed(environment, tmp_path, step, "upgrade")
        assert all_of(settings) == before
        assert kb(environment, tmp_path, "upgrade", "--check")["schema"] == "0014"
    assert kb(environment, tmp_path, "upgrade")["changed"]
    assert kb(environment, tmp_path, "upgrade", "--check")["steps"] == []
