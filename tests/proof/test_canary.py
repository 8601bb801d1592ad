"""Erased, provably: a canary is in no byte that is left, and the statement says where was looked."""

import hashlib
import sqlite3

import pytest

from kb import signing
from kb.proof import stating
from tests.proof.bytes import places
from tests.proof.conftest import NAME, QUESTION, SECRET, WORD, minisign, stated

pytestmark = [pytest.mark.case("N24"), pytest.mark.slow]


def everywhere(found: dict[str, set[str]]) -> set[str]:
    return {f"{name}: {path}" for name, paths in found.items() for path in paths}


@pytest.mark.both_catalogs
async def test_no_byte_of_it_is_left(met, tmp_path, request, catalog_kind):
    """In the data directory, and in PostgreSQL's folder but for the log, which is named."""
    await met.house.kb.close()
    before = places(met.data, met.needles())
    assert before["word"] and before["name"] and before["vector 0"], before
    assert any(p.startswith("index/") for p in before["vector 0"])
    proof = tmp_path / "proof.json"
    done = met.kb("purge", NAME, "--proof", str(proof), "--json")
    assert (done["erased"]["documents"], done["erased"]["answers"]) == (2, 2)
    after = places(met.data, met.needles())
    assert not everywhere(after), after
    if catalog_kind == "postgresql":
        folder = request.getfixturevalue("postgresql").folder
        left = {p for paths in places(folder, met.needles()).values() for p in paths}
        assert {p.split("/")[1] for p in left} <= {"pg_wal"}, left
        assert "write-ahead log" in {one["kind"] for one in stated(proof)["remains"]}
    for word in (WORD, NAME):
        assert word not in proof.read_text()
    assert met.kb("check") == dict.fromkeys(("lost", "duplicate", "orphan", "wrong_access"), 0)
    walked = met.kb("audit", "verify")
    assert walked["intact"] and walked["redacted"] >= 4
    assert met.kb("search", "when does the ferry leave")["hits"][0]["document"] == "ferry.txt"
    assert met.kb("purge", "verify", str(proof))["found"] == []


async def test_the_statement_says_what_went_and_who_signs(met, tmp_path):
    """Hashes that others can compute, a signature that minisign checks, an entry in the log."""
    text = " ".join(SECRET.split())
    [source] = [p for p in (met.data / "uploads").rglob("*") if p.name == NAME]
    content = hashlib.sha256(source.read_bytes()).hexdigest()
    await met.house.kb.close()
    proof = tmp_path / "proof.json"
    key = met.kb("purge", "key")
    done = met.kb("purge", NAME, "--proof", str(proof), "--json")["proof"]
    said = stated(proof)
    documents = {d["path_sha256"]: d for d in said["erased"]["documents"]}
    assert documents[hashlib.sha256(NAME.encode()).hexdigest()]["content_sha256"] == content
    passages = {p["sha256"] for p in said["erased"]["passages"]}
    assert hashlib.sha256(text.encode()).hexdigest() in passages
    assert {v["sha256"] for v in said["erased"]["vectors"]} == {
        hashlib.sha256(v).hexdigest() for v in met.vectors
    }
    assert f"{content}.original" in said["erased"]["stored_values"]
    assert all(one["found"] == [] for one in said["looked_again"])
    looked = {one["place"]: one["looked_at"] for one in said["looked_again"]}
    assert looked["every byte of the data directory"] > 100_000
    assert done["sha256"] == hashlib.sha256(proof.read_bytes()).hexdigest()
    entries = met.kb("audit", "list", "--action", "document.erase.stated")["entries"]
    assert [e["detail"]["sha256"] for e in entries] == [done["sha256"]]
    checked = minisign("-Vm", str(proof), "-P", key["key"])
    assert checked.returncode == 0, checked.stderr
    proof.write_text(proof.read_text().replace('"owner"', '"nobody"', 1))
    assert minisign("-Vm", str(proof), "-P", key["key"]).returncode == 1
    error = met.kb("purge", "verify", str(proof), code=1)["error"]
    assert error["code"] == "signature_wrong"


def test_the_key_is_the_owners_alone(tmp_path):
    """It is made once, and nobody else reads it."""
    made = stating.key_of(tmp_path)
    secret = tmp_path / "signing" / "secret.key"
    assert secret.stat().st_mode & 0o777 == 0o600
    assert stating.key_of(tmp_path).public == made.public == stating.public_key(tmp_path)
    secret.chmod(0o640)
    with pytest.raises(signing.UsageError):
        stating.key_of(tmp_path)


async def test_sqlite_has_nothing_free_and_no_log(met, tmp_path):
    """By a program that is not ours: no free page, and the log is empty."""
    await met.house.kb.close()
    met.kb("purge", NAME, "--proof", str(tmp_path / "proof.json"), "--json")
    log = met.data / "catalog.sqlite3-wal"
    assert QUESTION.encode() not in (log.read_bytes() if log.exists() else b"")
    with sqlite3.connect(met.data / "catalog.sqlite3") as catalog:
        assert (
            catalog.execute("SELECT count(*) FROM asked WHERE question LIKE '%zebra%'").fetchone()[
                0
            ]
            == 0
        )
        assert catalog.execute("SELECT count(*) FROM saved_searches").fetchone()[0] == 0
