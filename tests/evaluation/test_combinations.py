"""Every option of ``kb eval`` beside every other, on tiny sets; and what stops no evaluation.

``KB_TEST_COMBINATIONS=all`` runs each combination; otherwise each pair of values comes up once.
"""

import itertools
import json
import os
import random

import pytest

from tests.parts.processes import stop_engines

TEXTS = {
    "tram": "The tram depot in Harbour Street keeps forty electric trams.",
    "leave": "Employees who work full time have 28 days of annual leave.",
    "roof": "The solar roof of the school was repaired in 2021.",
}
BEIR = {
    "systems": (None, "bm25", "dense,commonplace", "bm25,dense,rrf,weighted,commonplace"),
    "answers": (False, True),
    "limit": (None, "1"),
    "seed": (None, "3"),
    "output": (False, True),
    "abstention": (False, True),
    "outside": (0, 1, 2),
    "json": (False, True),
}
DOCS = BEIR | {"systems": (None, "bm25", "dense", "bm25,dense,rrf,weighted")}
OWN = {name: BEIR[name] for name in ("answers", "limit", "seed", "output", "json")}


def combinations(options: dict[str, tuple]) -> list[dict]:
    """All of them, or some in which every pair of values of two options comes up."""
    everything = [
        dict(zip(options, values, strict=True)) for values in itertools.product(*options.values())
    ]
    if os.environ.get("KB_TEST_COMBINATIONS") == "all":
        return everything
    random.Random(29).shuffle(everything)
    missing = {pair for one in everything for pair in pairs(one)}
    chosen = []
    while missing:
        best = max(everything, key=lambda one: len(missing & pairs(one)))
        missing -= pairs(best)
        chosen.append(best)
    return chosen


def pairs(one: dict) -> set:
    return set(itertools.combinations(sorted((n, str(v)) for n, v in one.items()), 2))


@pytest.fixture(scope="module")
def sets(tmp_path_factory):
    """A collection, a folder of documents, and questions of another set."""
    base = tmp_path_factory.mktemp("sets")
    beir, docs, outside = base / "beir", base / "docs-set", base / "outside"
    for folder in (beir, docs / "docs", outside):
        folder.mkdir(parents=True)
    lines = [json.dumps({"_id": n, "title": "", "text": t}) for n, t in TEXTS.items()]
    (beir / "corpus.jsonl").write_text("\n".join(lines))
    asked = {"q1": "How many trams are in the depot?", "q2": "How much annual leave is there?"}
    lines = [json.dumps({"_id": n, "text": t, "lang": "en"}) for n, t in asked.items()]
    (beir / "queries.jsonl").write_text("\n".join(lines))
    (beir / "qrels.tsv").write_text("query-id\tcorpus-id\tscore\nq1\ttram\t1\nq2\tleave\t1\n")
    near = [{"id": "n1", "text": "How many buses are in the depot?"}]
    (beir / "unanswerable_queries.json").write_text(json.dumps(near))
    for name, text in TEXTS.items():
        (docs / "docs" / f"{name}.txt").write_text(text)
    questions = [
        {"id": "q1", "question": asked["q1"], "answers": ["forty"], "lang": "en",
         "evidence": [{"doc": "tram.txt", "text": "forty electric trams"}]},
        {"id": "q2", "question": "How many ships are there?", "unanswerable": True},
    ]  # fmt: skip
    (docs / "questions.jsonl").write_text("\n".join(json.dumps(q) for q in questions))
    (outside / "queries.jsonl").write_text(
        json.dumps({"_id": "o1", "text": "Who won the chess tournament?"})
    )
    return {"beir": beir, "docs": docs, "outside": outside}


@pytest.mark.slow
@pytest.mark.case("N29")
@pytest.mark.parametrize(("kind", "options"), [("beir", BEIR), ("docs", DOCS)])
def test_every_combination_of_options_ends_with_its_figures(
    kind, options, sets, environment, tmp_path
):
    """`docs … --systems bm25,dense --output DIR` ended in a traceback after the work."""
    from click.testing import CliRunner

    from kb.cli import cli

    for number, one in enumerate(combinations(options)):
        output = tmp_path / f"report-{number}" if one["output"] else None
        arguments = ["eval", kind, str(sets[kind])]
        arguments += ["--systems", one["systems"]] if one["systems"] else []
        arguments += [f"--{n}" for n in ("answers", "abstention", "json") if one[n]]
        arguments += [v for n in ("limit", "seed") if one[n] for v in (f"--{n}", one[n])]
        arguments += ["--outside", str(sets["outside"])] * (one["outside"] > 0)
        arguments += ["--outside", str(sets["beir"])] * (one["outside"] > 1)
        arguments += ["--output", str(output)] if output else []
        done = CliRunner(env=environment).invoke(cli, arguments, catch_exceptions=False)
        assert done.exit_code == 0, (arguments, done.output)
        if one["json"]:
            assert "error" not in json.loads(done.stdout), arguments
        else:
            assert done.stdout.strip(), arguments
        if output:
            report = json.loads((output / "report.json").read_text())
            assert report["kind"] == kind
            page = (output / "report.html").read_text()
            assert "<table>" in page and page.endswith("</html>")
    stop_engines(tmp_path / "data")


@pytest.mark.case("N29")
def test_figures_are_printed_where_their_page_cannot_be_written(sets, command, tmp_path):
    """The folder becomes a file's place while the work goes on; and before it is told at once."""
    taken = tmp_path / "taken"
    taken.write_text("a file")
    told = command("eval", "docs", str(sets["docs"]), "--output", str(taken), code=1)
    assert "cannot be written" in told["error"]["message"]
    folder = tmp_path / "report"
    (folder / "report.html").mkdir(parents=True)  # the page's name is taken, the folder is fine
    figures = command("eval", "docs", str(sets["docs"]), "--output", str(folder), code=1)
    assert figures["questions"] == 2
    assert json.loads((folder / "report.json").read_text())["figures"]["questions"] == 2


@pytest.mark.case("N29")
def test_a_question_that_is_too_long_is_cut_and_counted(sets, command, tmp_path):
    """One question of over 2,000 characters ended the evaluation of a whole collection."""
    import shutil

    beir, docs = tmp_path / "beir", tmp_path / "docs-set"
    shutil.copytree(sets["beir"], beir)
    shutil.copytree(sets["docs"], docs)
    long = "How much annual leave is there? " + "Please tell me. " * 200
    assert len(long) > 2000
    with (beir / "queries.jsonl").open("a") as file:
        file.write("\n" + json.dumps({"_id": "q3", "text": long}))
    with (beir / "qrels.tsv").open("a") as file:
        file.write("q3\tleave\t1\n")
    with (docs / "questions.jsonl").open("a") as file:
        for number, text in (("q3", long), ("q4", "What about trams type:potato?")):
            record = {"id": number, "question": text, "docs": ["tram.txt"]}
            file.write("\n" + json.dumps(record))
    figures = command("eval", "beir", str(beir), "--systems", "bm25,commonplace")
    assert figures["questions_cut"] == 1
    assert {r["queries"] for r in figures["rows"]} == {3}
    figures = command("eval", "docs", str(docs))
    assert (figures["questions"], figures["questions_cut"]) == (4, 1)
    assert "questions_cut" not in command("eval", "docs", str(sets["docs"]))
