"""The commands: their JSON to the letter, their exit codes, their words."""

import re
import subprocess
import sys

import pytest

from kb import samples
from tests.parts.processes import run_kb, stop_engines

FILE_KEYS = {"source", "path", "state", "code", "reason", "pages", "chunks", "bytes"}
HIT_KEYS = {
    "document_id",
    "version",
    "passage_id",
    "document",
    "source",
    "title",
    "page",
    "section",
    "text",
    "score",
    "copies",
}
ASK_KEYS = {
    "id",
    "conversation",
    "answer",
    "mode",
    "notice",
    "sentences",
    "citations",
    "model",
    "seconds",
}
CITATION_KEYS = {
    "n",
    "document_id",
    "version",
    "passage_id",
    "document",
    "source",
    "page",
    "section",
    "quote",
    "start",
    "end",
    "supported",
}


def test_the_whole_way_by_commands(command, tmp_path):
    assert command("group", "add", "board") == {"group": "board"}
    assert command("user", "add", "ann", "--groups", "board")["groups"] == ["board"]
    command("user", "add", "bob")
    command("source", "add", "samples", str(samples.documents()), "--schedule", "0 2 * * *")
    secret = tmp_path / "secret"
    secret.mkdir()
    (secret / "merger.txt").write_text("The merger will be announced in November.")
    command("source", "add", "secret", str(secret), "--readers", "board")

    counts = command("ingest")
    assert set(counts) == {
        "seen",
        "indexed",
        "unchanged",
        "removed",
        "held",
        "skipped",
        "failed",
        "chunks",
        "seconds",
    }
    assert (counts["seen"], counts["indexed"], counts["failed"]) == (14, 15, 0)

    files = command("files")["files"]
    assert all(set(f) == FILE_KEYS for f in files)
    assert {f["state"] for f in files} == {"indexed"}
    assert command("files", "--state", "failed") == {"files": []}

    hits = command("search", "How many days of leave?", "--limit", "3")["hits"]
    assert len(hits) == 3
    assert all(set(h) == HIT_KEYS for h in hits)
    assert hits[0]["document"] == "staff-handbook.docx"
    assert hits[0]["section"].endswith("Annual leave")

    answer = command("ask", "How many days of leave does a full-time employee have?")
    assert set(answer) == ASK_KEYS
    assert (answer["mode"], answer["model"]) == ("quotes", None)
    assert len(answer["conversation"]) == 32
    assert answer["notice"]["code"] == "no_model"
    assert len(answer["sentences"]) <= 3
    assert sum(len(s["text"]) for s in answer["sentences"]) <= 500
    first = answer["citations"][0]
    assert set(first) == CITATION_KEYS
    assert "28 days" in " ".join(c["quote"] for c in answer["citations"])
    assert {n for s in answer["sentences"] for n in s["citations"]} == {
        c["n"] for c in answer["citations"]
    }

    page = command("search", "How much energy did the solar roof produce?")["hits"][0]
    assert (page["document"], page["page"]) == ("annual-report-2025.pdf", 2)

    assert command("search", "merger", "--as", "ann")["hits"][0]["document"] == "merger.txt"
    assert "merger.txt" not in {
        h["document"] for h in command("search", "merger", "--as", "bob")["hits"]
    }
    assert "merger.txt" not in {f["path"] for f in command("files", "--as", "bob")["files"]}

    nothing = command("ask", "What is the melting point of tungsten?")
    assert (nothing["mode"], nothing["sentences"], nothing["citations"]) == ("abstained", [], [])

    assert command("check") == {"lost": 0, "duplicate": 0, "orphan": 0, "wrong_access": 0}
    assert command("status")["documents"] == {"indexed": 15}
    assert command("reindex")["generation"] == "g2"
    assert command("search", "merger", "--as", "ann")["hits"][0]["document"] == "merger.txt"

    command("source", "readers", "secret", "everyone")
    assert command("search", "merger", "--as", "bob")["hits"][0]["document"] == "merger.txt"
    assert command("check")["wrong_access"] == 0

    assert command("source", "remove", "secret") == {"removed": 1}
    assert [s["name"] for s in command("source", "list")["sources"]] == ["samples"]
    assert command("check") == {"lost": 0, "duplicate": 0, "orphan": 0, "wrong_access": 0}


def test_a_rule_with_an_exception(command, tmp_path):
    """Everyone but a group: one token in the index, resolved by the memberships of the moment."""
    (tmp_path / "news").mkdir()
    (tmp_path / "news" / "plan.txt").write_text("The picnic is on Sunday, says canary-2210.")
    for group in ("interns", "board"):
        command("group", "add", group)
    command("user", "add", "ivy", "--groups", "interns")
    command("user", "add", "bob")
    command("user", "add", "ida", "--groups", "interns,board")
    added = command(
        "source", "add", "news", str(tmp_path / "news"), "--readers", "everyone,not:interns"
    )
    assert added["source"]["readers"] == ["everyone", "not:interns"]
    command("ingest")

    def seen(*who: str) -> bool:
        return "canary-2210" in str(command("search", "picnic on Sunday", *who))

    assert [seen(), seen("--as", "bob"), seen("--as", "ivy")] == [True, True, False]
    command("source", "readers", "news", "board")
    assert [seen("--as", "bob"), seen("--as", "ida")] == [False, True]
    command("source", "readers", "news", "board,not:interns")
    assert [seen(), seen("--as", "ida")] == [True, False]
    assert not any(command("check").values())
    command("source", "readers", "news", "not:ghosts", code=1)


@pytest.mark.case("S03", "S04")
@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (("ingest",), "no_sources"),
        (("ingest", "nowhere"), "not_found"),
        (("source", "add", "x", "/no/such/folder"), "not_a_folder"),
        (("source", "add", "x", "file:///etc"), "not_a_folder"),
        (("source", "add", "x", "/tmp", "--schedule", "whenever"), "bad_schedule"),
        (("source", "add", "x", "/tmp", "--readers", "ghosts"), "not_found"),
        (("search", "   "), "empty_question"),
        (("search", "x", "--limit", "0"), "limit_out_of_range"),
        (("ask", "y" * 3000), "question_too_long"),
        (("search", "x", "--as", "mallory"), "not_found"),
        (("user", "add", "a,b"), "bad_request"),
        (("group", "add", "everyone"), "bad_request"),
    ],
)
def test_what_cannot_be_done_is_said_in_one_shape(command, arguments, code):
    error = command(*arguments, code=1)["error"]
    assert error["code"] == code
    assert set(error) == {"code", "message", "detail"}


def test_wrong_use_exits_with_two(environment, tmp_path):
    for arguments in (["frobnicate"], ["search"], ["files", "--state", "odd"]):
        done = run_kb(environment, tmp_path, *arguments)
        assert done.returncode == 2
        assert done.stdout == ""


def test_a_wrong_setting_is_named(command):
    error = command("status", code=1, env={"KB_SERVER__PROT": "1"})["error"]
    assert error["code"] == "unknown_setting"
    assert error["detail"]["nearest"] == "server.port"


@pytest.mark.case("S56")
def test_the_first_start_prints_a_link_by_which_the_first_administrator_is_made(
    environment, tmp_path
):
    server = subprocess.Popen(
        [sys.executable, "-m", "kb", "serve", "--port", "0"],
        env=environment, cwd=tmp_path, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    try:
        lines = [server.stderr.readline() for _ in range(3)]
    finally:
        server.terminate()
        server.wait(300)
    assert "ready at" in lines[0]
    assert re.fullmatch(r"  http://127\.0\.0\.1:\d+/link/[\w-]{43}\n", lines[2])


@pytest.mark.slow
def test_another_model_needs_a_new_index(command, tmp_path):
    (tmp_path / "files").mkdir()
    (tmp_path / "files" / "a.txt").write_text("Some words about water pumps.")
    command("source", "add", "files", str(tmp_path / "files"))
    command("ingest")
    other = {
        "KB_EMBEDDING__QUERY_PROMPT": "query: ",
        "KB_ENGINES__EMBEDDER_DIR": str(tmp_path / "e"),
    }
    assert command("search", "pumps", code=1, env=other)["error"]["code"] == "index_mismatch"
    command("reindex", env=other)
    assert command("search", "pumps", env=other)["hits"]
    stop_engines(tmp_path)
