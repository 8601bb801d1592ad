"""An erasing with a statement is killed at every step: the same command takes it up again."""

import pytest

from kb.failpoints import PURGE_STEPS, TOLD
from tests.parts.processes import kb, run_kb, stop_engines
from tests.proof.bytes import places

pytestmark = [pytest.mark.slow, pytest.mark.case("N24", "R02")]


def test_killed_at_any_step_it_is_taken_up_and_the_proof_is_whole(environment, tmp_path):
    """Until then there is no statement; after it nothing of any of them is left."""
    (tmp_path / "files").mkdir()
    words = {step: f"{step.replace('_', 'vex')}quor" for step in PURGE_STEPS}
    for step, word in words.items():
        text = f"The {word} stone lies in the vault, said the keeper of {step}."
        (tmp_path / "files" / f"{step}.txt").write_text(text)
    (tmp_path / "files" / "kept.txt").write_text("The ferry leaves at seven from the pier.")
    kb(environment, tmp_path, "source", "add", "files", str(tmp_path / "files"))
    kb(environment, tmp_path, "ingest")
    for step in PURGE_STEPS:
        proof = tmp_path / f"{step}.json"
        command = ("purge", f"{step}.txt", "--proof", str(proof), "--json")
        done = run_kb(environment | {"KB_FAILPOINT": step}, tmp_path, *command)
        assert TOLD + step in done.stderr, (step, done.stderr[-2000:])
        assert not proof.exists(), step
        [begun] = kb(environment, tmp_path, "purge", "list")["purges"][:1]
        has_statement = step in ("purge_stated", "purge_half_delivered")
        assert (begun["ended_at"] is not None) == has_statement, step
        again = kb(environment, tmp_path, *command)
        assert again["proof"]["id"] == begun["id"], step
        assert kb(environment, tmp_path, "purge", "verify", str(proof))["found"] == []
    stop_engines(tmp_path / "data")
    left = places(tmp_path / "data", {s: w.encode() for s, w in words.items()})
    assert not any(left.values()), left
    assert len(kb(environment, tmp_path, "purge", "list")["purges"]) == len(PURGE_STEPS)
    assert kb(environment, tmp_path, "audit", "verify")["intact"]
    assert kb(environment, tmp_path, "search", "when does the ferry leave")["hits"]
