"""A statement is checked later: what came back is found, and what remains was named."""

import json
import shutil
from pathlib import Path

import pytest

from tests.parts.processes import kb, run_kb, stop_engines
from tests.proof.bytes import places
from tests.proof.conftest import stated

pytestmark = [pytest.mark.slow, pytest.mark.case("N24")]
TEXT = "The vault code is heliotrope quartz, and it is changed in March."


@pytest.fixture
def lived_in(environment, tmp_path):
    """A folder of two files, backed up and exported."""
    files = tmp_path / "files"
    files.mkdir()
    (files / "code.txt").write_text(TEXT)
    (files / "copy.txt").write_text(TEXT)
    (files / "ferry.txt").write_text("The ferry leaves at seven from the pier.")
    place = {"KB_BACKUP__FOLDER": str(tmp_path / "backups"), "KB_BACKUP__SCHEDULE": "30 2 * * *"}
    environment = environment | place | {"KB_BACKUP__KEEP": "3"}
    kb(environment, tmp_path, "source", "add", "files", str(files))
    kb(environment, tmp_path, "ingest")
    kb(environment, tmp_path, "backup")
    kb(environment, tmp_path, "export", str(tmp_path / "left"))
    return environment


def error_of(environment, folder, *arguments):
    done = run_kb(environment, folder, *arguments, "--json")
    assert done.returncode == 1, done.stdout
    return json.loads(done.stdout)["error"]


def test_what_came_back_is_found_and_what_remains_is_named(lived_in, tmp_path):
    proof = tmp_path / "proof.json"
    kb(lived_in, tmp_path, "purge", "code.txt", "--proof", str(proof))
    key = kb(lived_in, tmp_path, "purge", "key")["key"]
    remains = {one["kind"]: one for one in stated(proof)["remains"]}
    assert remains["backup"]["expires"], "three nights from now, by the schedule"
    assert str(tmp_path / "left") == remains["export"]["where"]
    assert "still in the folder" in remains["file"]["said"]
    looked = {one["place"]: one for one in stated(proof)["looked_again"]}
    assert looked["catalog: passages"]["elsewhere"], "the copy has the same text, and stays"
    assert kb(lived_in, tmp_path, "purge", "verify", str(proof))["found"] == []

    kb(lived_in, tmp_path, "source", "change", "files", "--read-again", "code.txt")
    kb(lived_in, tmp_path, "ingest")
    error = error_of(lived_in, tmp_path, "purge", "verify", str(proof))
    assert error["code"] == "erased_is_there"
    assert any("at the path" in one for one in error["detail"]["found"])

    there = lived_in | {"KB_DATA_DIR": str(tmp_path / "there")}
    kb(there, tmp_path, "restore", str(tmp_path / "backups"))
    shutil.rmtree(tmp_path / "there" / "signing", ignore_errors=True)
    error = error_of(there, tmp_path, "purge", "verify", str(proof), "--key", key)
    assert {"catalog: versions", "index: points"} <= {
        one.partition(": version")[0].partition(": point")[0] for one in error["detail"]["found"]
    } | {one.rpartition(": ")[0] for one in error["detail"]["found"]}
    stop_engines(tmp_path / "there")


def test_nothing_is_erased_where_no_statement_could_be_written(lived_in, tmp_path):
    """No folder, a file that is there, and somebody else who is at it."""
    (tmp_path / "taken.json").write_text("{}")
    refused = {"nowhere/proof.json": "statement_folder", "taken.json": "statement_exists"}
    for file, code in refused.items():
        error = error_of(lived_in, tmp_path, "purge", "code.txt", "--proof", str(tmp_path / file))
        assert error["code"] == code
    assert "code.txt" in {f["path"] for f in kb(lived_in, tmp_path, "files")["files"]}


def backed_up_and_restored(environment, folder, name, *more):
    """The environment of a data directory that was restored from a backup of this moment."""
    kb(environment, folder, "backup", str(folder / name), *more)
    there = environment | {"KB_DATA_DIR": str(folder / f"of {name}")}
    kb(there, folder, "restore", str(folder / name))
    return there


def test_the_signing_key_comes_along_with_secrets_alone(lived_in, tmp_path):
    """Without it a restored base makes another, and says whose statement it cannot check by that."""
    proof = str(tmp_path / "proof.json")
    kb(lived_in, tmp_path, "purge", "code.txt", "--proof", proof)
    key = kb(lived_in, tmp_path, "purge", "key")["key"]
    secret = (tmp_path / "data" / "signing" / "secret.key").read_bytes().splitlines()[1]

    plain = backed_up_and_restored(lived_in, tmp_path, "plain")
    assert not places(tmp_path / "plain", {"key": secret})["key"]
    assert not places(tmp_path / "of plain", {"key": secret})["key"]
    error = error_of(plain, tmp_path, "purge", "verify", proof)
    assert "no key yet" in error["message"] and "--key" in error["message"]
    assert kb(plain, tmp_path, "purge", "verify", proof, "--key", key)["found"] == []
    assert kb(plain, tmp_path, "purge", "key")["key"] != key
    assert error_of(plain, tmp_path, "purge", "verify", proof)["code"] == "signature_of_another_key"
    assert kb(plain, tmp_path, "purge", "verify", proof, "--key", key)["found"] == []

    whole = backed_up_and_restored(lived_in, tmp_path, "whole", "--with-secrets")
    assert places(tmp_path / "whole", {"key": secret})["key"], "and it would have been found"
    assert kb(whole, tmp_path, "purge", "verify", proof)["found"] == []
    assert kb(whole, tmp_path, "purge", "key")["key"] == key
    for there in (plain, whole):
        stop_engines(Path(there["KB_DATA_DIR"]))
