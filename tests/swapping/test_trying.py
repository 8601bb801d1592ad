"""Another language model beside today's: both answers, the measures, and nothing changed."""

import json

import httpx
import pytest

from tests.parts.fake_models import FakeOllama, Says

RIGHT = Says(["The ferry to the island leaves at seven in the morning [1]."])
AWAY = Says(["NOT IN THE DOCUMENTS"])
LINE = {
    "id": "f1", "question": "When does the ferry to the island leave?", "answers": ["seven"],
    "docs": ["ferry.txt"],
}  # fmt: skip


@pytest.fixture
def asked(command, tmp_path):
    files = tmp_path / "files"
    files.mkdir()
    (files / "ferry.txt").write_text("The ferry to the island leaves at seven in the morning.")
    command("source", "add", "files", str(files))
    command("ingest")

    def run(server, *arguments: str, code: int = 0):
        return command("models", "try", *arguments, code=code, env=server.env)

    return run


def questions(tmp_path, *lines: str):
    file = tmp_path / "questions.jsonl"
    file.write_text("\n".join(lines))
    return str(file)


def test_both_answers_lie_side_by_side(asked, tmp_path, command):
    file = questions(tmp_path, *(json.dumps(LINE | {"id": f"f{n}"}) for n in range(5)))
    page = tmp_path / "beside.html"
    with FakeOllama(RIGHT, others={"other": AWAY}) as server:
        found = asked(server, "other", "--questions", file, "--output", str(page))
    assert (found["before"]["model"], found["after"]["model"]) == ("m", "other")
    [first, *_] = found["answers"]
    assert "seven in the morning" in first["before"]["text"]
    assert (first["before"]["mode"], first["after"]["mode"]) == ("generated", "abstained")
    assert "questions: answered_answerable" in found["gate"]["lost"]
    assert "seven in the morning" in page.read_text() and "other" in page.read_text()
    [entry] = [e for e in command("audit", "list")["entries"] if e["action"] == "model.try"]
    assert (entry["target"], entry["detail"]["used"]) == ("other", "m")
    assert entry["detail"]["questions"] == 5


def test_a_question_a_line_is_enough(asked, tmp_path):
    file = questions(tmp_path, "When does the ferry leave?", "Who oils the pump?")
    with FakeOllama(RIGHT, others={"other": RIGHT}) as server:
        found = asked(server, "other", "--questions", file)
    assert [one["question"] for one in found["answers"]] == [
        "When does the ferry leave?", "Who oils the pump?",
    ]  # fmt: skip
    measures = [row["measure"] for one in found["gate"]["sets"] for row in one["rows"]]
    assert measures == ["answered_answerable"], "nothing is known of where the answers stand"


def test_what_cannot_be_tried_is_said(asked, tmp_path, command):
    file = questions(tmp_path, "When does the ferry leave?")
    with FakeOllama(RIGHT) as server:
        missing = asked(server, "nowhere", "--questions", file, code=1)
        assert missing["error"]["code"] == "model_unknown"
        embedding = asked(server, "english", "--questions", file, code=1)
        assert embedding["error"]["code"] == "not_a_language_model"
        empty = asked(server, "m", "--questions", questions(tmp_path, ""), code=1)
        assert "has no questions" in empty["error"]["message"]
    none = command("models", "try", "m", "--questions", questions(tmp_path, "Why?"), code=1)
    assert none["error"]["code"] in {"model_unknown", "no_model"}


@pytest.fixture
def under_two_names(ollama):
    """A real Ollama whose one model has two names; what it says of them."""
    names = {"source": "smol", "destination": "beside"}
    httpx.post(f"{ollama}/api/copy", json=names).raise_for_status()
    yield ollama, {m["name"]: m["digest"] for m in httpx.get(f"{ollama}/api/tags").json()["models"]}
    httpx.request("DELETE", f"{ollama}/api/delete", json={"model": "beside"})


@pytest.mark.real
@pytest.mark.slow
def test_a_real_server_is_asked_for_both(asked, command, under_two_names, tmp_path):
    """Both write, are named with the server's digests, and have answered the same passages."""
    url, digests = under_two_names
    env = {"KB_LLM__PROVIDER": "ollama", "KB_LLM__URL": url, "KB_LLM__MODEL": "smol"}
    file = questions(tmp_path, json.dumps(LINE))
    found = command("models", "try", "beside", "--questions", file, env=env)
    for side, name in (("before", "smol"), ("after", "beside")):
        assert found[side] == {"model": name, "digest": digests[f"{name}:latest"]}
        [answer] = [one[side] for one in found["answers"]]
        assert answer["mode"] in {"generated", "abstained"}
        assert answer["text"]
        assert answer["seconds"] > 0
    assert {row["measure"] for one in found["gate"]["sets"] for row in one["rows"]}
