"""kill -9 at every step of a swap: the live index answers, the next command goes on, nothing is lost."""

import signal

import pytest

from kb import failpoints
from tests.parts.processes import kb, run_kb, stop_engines
from tests.parts.swaps import TEXTS, models_in

pytestmark = pytest.mark.slow
ZEROS = {"lost": 0, "duplicate": 0, "orphan": 0, "wrong_access": 0}


@pytest.fixture
def built(environment, tmp_path):
    """An index of the first of two models, in settings that name none; and both models' names."""
    first, second = models_in(tmp_path)
    environment.pop("KB_EMBEDDING__MODEL")
    environment |= {"KB_ENGINES__EMBEDDER_DIR": str(tmp_path / "e")}
    files = tmp_path / "files"
    files.mkdir()
    for name, text in TEXTS.items():
        (files / name).write_text(text)
    kb(environment, tmp_path, "source", "add", "files", str(files))
    kb(environment | {"KB_EMBEDDING__MODELS": first}, tmp_path, "ingest")
    yield environment, first, second
    stop_engines(tmp_path)


def killed_at(step: str, environment, tmp_path, *arguments: str) -> None:
    done = run_kb(environment | {"KB_FAILPOINT": step}, tmp_path, *arguments, "--json")
    assert done.returncode == -signal.SIGKILL, (step, done.returncode, done.stderr[-2000:])
    assert failpoints.TOLD + step in done.stderr


@pytest.mark.case("N02", "N07")
def test_killed_at_every_step_it_goes_on_from_there(built, tmp_path):
    environment, first, second = built
    expected = set(TEXTS)

    def found() -> set[str]:
        names = {*TEXTS, "tram.txt"}
        return {name for name in names if name in paths(name.partition(".")[0])}

    def paths(word: str) -> list[str]:
        return [hit["document"] for hit in kb(environment, tmp_path, "search", word)["hits"]]

    for step in failpoints.SWAP_STEPS:
        killed_at(step, environment, tmp_path, "models", "use", second, "--force")
        assert kb(environment, tmp_path, "check") == ZEROS, step
        assert found() == expected, step
        if step == "versions_loaded":  # half-built it has what is erased now
            kb(environment, tmp_path, "purge", "pump.txt", "--yes")
            expected.discard("pump.txt")
        if step == "handed_over":
            (tmp_path / "files" / "tram.txt").write_text("The tram to the depot leaves at eight.")
            kb(environment, tmp_path, "ingest")
            expected.add("tram.txt")
    done = kb(environment, tmp_path, "models", "use", second, code=1)
    assert done["error"]["code"] == "models_in_use"
    counts = kb(environment, tmp_path, "ingest")
    assert (counts["unchanged"], counts["indexed"]) == (len(expected), 0)
    shown = kb(environment, tmp_path, "models", "show", second)["swap"]
    assert (shown["state"], shown["generation"]) == ("switched", "g2")
    assert {one["name"] for one in shown["gate"]["sets"]} == {"shipped"}
    back = kb(environment, tmp_path, "models", "rollback")
    assert (back["generation"], back["models"]) == ("g1", [first])
    assert found() == expected
    assert kb(environment, tmp_path, "check") == ZEROS


@pytest.mark.case("N02")
def test_a_rollback_that_is_killed_is_done_or_not_begun(built, tmp_path):
    environment, first, second = built
    kb(environment, tmp_path, "models", "use", second, "--force")
    killed_at("switched", environment, tmp_path, "models", "rollback")
    assert kb(environment, tmp_path, "check") == ZEROS
    assert kb(environment, tmp_path, "models", "rollback")["models"] == [second]
    assert kb(environment, tmp_path, "check") == ZEROS
