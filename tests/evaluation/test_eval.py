"""``kb eval`` and its page: on the samples, and on a collection made here."""

import importlib.util
import json
import re
import shutil

import httpx
import pytest

from kb import samples
from kb.cli import evaluating
from kb.errors import UsageError
from kb.evaluation import baselines, running
from tests.parts.processes import Serving, kb, stop_engines

ROW = {"system", "queries", "ndcg@10", "recall@10", "recall@100", "mrr", "seconds"}
FIGURES = {
    "questions", "document_hit@1", "document_hit@5", "page_hit@1", "page_hit@5", "page_hit@10",
    "citation_page_precision", "citation_page_recall", "answer_in_quotes", "answered_answerable",
    "abstained_unanswerable", "shown_answerable", "shown_right", "sure_wrong", "sure_unanswerable",
    "far_outside", "seconds", "failures",
}  # fmt: skip
TEXTS = {
    "tram": "The tram depot in Harbour Street keeps forty electric trams.",
    "leave": "Employees who work full time have 28 days of annual leave.",
    "bread": "Das Brot wird jeden Morgen um vier Uhr gebacken.",
    "roof": "The solar roof of the school was repaired in 2021.",
}
ASKED = {
    "q1": ("How many trams are in the depot?", "en", "tram"),
    "q2": ("How much annual leave is there?", "en", "leave"),
    "q3": ("Wann wird das Brot gebacken?", "de", "bread"),
}


@pytest.fixture
def collection(tmp_path):
    folder = tmp_path / "made-set"
    folder.mkdir()
    with (folder / "corpus.jsonl").open("w") as file:
        for name, text in TEXTS.items():
            file.write(json.dumps({"_id": name, "title": "", "text": text}) + "\n")
    with (folder / "queries.jsonl").open("w") as file:
        for name, (text, lang, _) in ASKED.items():
            file.write(json.dumps({"_id": name, "text": text, "lang": lang}) + "\n")
    rows = "".join(f"{q}\t{text}\t1\n" for q, (_, _, text) in ASKED.items())
    (folder / "qrels.tsv").write_text("query-id\tcorpus-id\tscore\n" + rows)
    return folder


def test_a_collection_is_measured_beside_plain_systems(command, collection, tmp_path):
    figures = command("eval", "beir", str(collection), "--output", str(tmp_path / "report"))
    assert set(figures) == {"rows", "by_language"}
    assert [set(r) for r in figures["rows"]] == [ROW] * 5
    assert [r["system"] for r in figures["rows"]] == [
        "bm25", "dense", "rrf", "weighted", "commonplace",
    ]  # fmt: skip
    assert figures["rows"][-1]["ndcg@10"] == 1.0
    assert figures["rows"][-1]["queries"] == 3
    assert set(figures["by_language"]) == {"de", "en"}
    assert (tmp_path / "report/report.html").exists()
    some = command(
        "eval", "beir", str(collection), "--systems", "dense,commonplace", "--limit", "2"
    )
    assert [(r["system"], r["queries"]) for r in some["rows"]] == [("dense", 2), ("commonplace", 2)]


def test_what_cannot_be_measured_says_why(command, collection, tmp_path):
    told = command("eval", "beir", str(tmp_path / "nowhere"), code=1)
    assert "corpus.jsonl cannot be read" in told["error"]["message"]
    told = command("eval", "beir", str(collection), "--systems", "bm25,magic", code=1)
    assert told["error"]["code"] == "unknown_system"
    told = command("eval", "docs", str(collection), code=1)
    assert "no folder docs" in told["error"]["message"]


def test_plain_systems_that_are_not_installed_say_how_to_install_them(monkeypatch):
    found = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda m: None if m == "bm25s" else found(m))
    baselines.check_installed(["dense", "commonplace"])
    with pytest.raises(UsageError, match=r"Comparing with bm25, rrf .*'commonplace-kb\[eval\]'"):
        baselines.check_installed(["bm25", "dense", "rrf", "commonplace"])


def test_where_none_is_named_those_that_are_not_installed_are_left_out(monkeypatch, capfd):
    found = importlib.util.find_spec
    assert evaluating._all_systems() == [*running.SYSTEMS]
    monkeypatch.setattr(importlib.util, "find_spec", lambda m: None if m == "bm25s" else found(m))
    assert evaluating._all_systems() == ["dense", "commonplace"]
    assert "Left out: bm25, rrf, weighted" in capfd.readouterr().err


@pytest.mark.slow
def test_documents_are_measured_and_runs_compared_in_the_page(environment, tmp_path):
    folder = tmp_path / "handbook"
    folder.mkdir()
    shutil.copytree(samples.documents(), folder / "docs")
    shutil.copy(samples.questions(), folder / "questions.jsonl")
    figures = kb(environment, tmp_path, "eval", "docs", str(folder))
    assert set(figures) == FIGURES
    assert figures["document_hit@5"] > 0.9
    assert figures["answer_in_quotes"] > 0.8
    assert figures["abstained_unanswerable"] >= 0.5
    assert figures["shown_answerable"] >= 0.95
    assert (figures["sure_unanswerable"], figures["far_outside"]) == (0.0, None)
    for failure in figures["failures"]:
        assert set(failure) == {"id", "question", "expected", "got"}
    again = kb(environment, tmp_path, "eval", "docs", str(folder), "--limit", "10")
    assert again["questions"] == 10
    server = Serving(environment, tmp_path)
    try:
        with httpx.Client(base_url=server.address, timeout=300, trust_env=False) as web:
            listed = web.get("/evaluation").text
            second, first = re.findall(r'name="run" value="(\d+)"', listed)
            shown = web.get(f"/evaluation/{first}")
            assert "<svg" in shown.text and "handbook" in shown.text
            runs = [("run", first), ("run", second)]
            assert "came out otherwise" in web.get("/evaluation/compare", params=runs).text
            assert web.get("/evaluation/compare", params=runs[:1]).status_code == 400
            assert web.get("/evaluation/999").status_code == 404
            gone = web.post(f"/evaluation/{second}/forget", headers={"Origin": server.address})
            assert gone.status_code in (200, 303)
            assert web.get("/evaluation").text.count('name="run"') == 1
    finally:
        server.stop()
        stop_engines(tmp_path / "data")
