"""A knowledge base that was made of an export answers as the one that the export is of."""

import json
from pathlib import Path

import pytest

from kb import samples
from kb.rights import access
from kb.types.asking import Manner
from tests.parts.processes import environment_in, kb, stop_engines

pytestmark = pytest.mark.slow
ZEROS = {"lost": 0, "duplicate": 0, "orphan": 0, "wrong_access": 0}
UNNOTED = Manner(noted=False)


def questions(bag: Path, most: int) -> list[str]:
    """Those of the samples, then sentences and headings of the documents themselves."""
    lines = (bag / "data/texts.jsonl").read_text(encoding="utf-8").splitlines()
    found = [json.loads(line)["question"] for line in samples.questions().read_text().splitlines()]
    for line in map(json.loads, lines):
        parts = [p.split() for p in line["text"].split("\n\n") if len(p) > 12]
        found += [" ".join(words[:20]) for words in parts]
        found += [" ".join(words[n : n + 6]) for words in parts for n in (3, 9, 15, 21)]
    chosen = list(dict.fromkeys(filter(None, found)))[:most]
    assert len(chosen) == most
    return chosen


async def told(base, question: str) -> list:
    """What a search shows: hit by hit, each with where it stands on its page."""
    found = await base.search.passages(question, access.owner(), 10)
    hits = []
    for hit in found.passages:
        chunks, layouts = base.documents.passage(access.owner(), hit.passage_id)
        marks = [(c.text, c.page, layouts[c.point]) for c in chunks]
        others = [(o.chunk.path, o.text) for o in hit.others]
        hits.append({
            "about": (hit.chunk.path, hit.chunk.title, hit.chunk.dated, hit.chunk.language),
            "text": hit.text, "copies": hit.copies, "also": hit.also, "others": others,
            "newest": hit.newest, "marks": marks, "score": hit.score,
            "similarity": hit.similarity,
        })  # fmt: skip
    return hits


def near(hits: list) -> list:
    """The same hits, their numbers but for the last digits of a float32.

    The index adds up what a question's words are worth in the order in which it first met them, and
    Qdrant takes the points of one call in any order: built twice, its sums differ by up to 1e-6 of
    themselves. Rounded to whatever digit, now and then two of them are a whole digit apart.
    """
    numbers = ("score", "similarity")
    return [hit | {n: pytest.approx(hit[n], abs=1e-6, rel=0) for n in numbers} for hit in hits]


async def test_two_hundred_questions_find_the_same(sample_bag, sample_server, arrived, opened):
    before, after = opened(sample_server.environment), opened(arrived[0])
    found = 0
    for question in questions(sample_bag, 200):
        wanted = await told(before, question)
        assert await told(after, question) == near(wanted), question
        found += len(wanted)
    assert found > 1000, "and not because nothing is found"


async def test_quotations_are_the_same(sample_bag, sample_server, arrived, opened):
    before, after = opened(sample_server.environment), opened(arrived[0])
    modes = set()
    for question in questions(sample_bag, 8):
        said = []
        for base in (before, after):
            answer = await base.answers.answer(question, access.owner(), None, UNNOTED)
            cited = [(c.n, c.quote, c.passage.chunk.path, c.passage.chunk.page, c.start, c.end)
                     for c in answer.citations]  # fmt: skip
            said.append((answer.mode, answer.text, answer.notice, cited))
            modes.add(answer.mode)
        assert said[0] == said[1], question
    assert "quotes" in modes


def test_it_is_sound(arrived, tmp_path):
    environment, imported = arrived
    assert imported["embedded"] == imported["without_file"] == imported["already"] == 0
    assert imported["sources"] == {"samples": "samples"}
    assert kb(environment, tmp_path, "check") == ZEROS


def test_a_run_over_it_reads_nothing_anew(arrived, tmp_path):
    """Its files lie where the ledger says, with the times that it knows."""
    counts = kb(arrived[0], tmp_path, "ingest")
    assert counts["indexed"] == counts["removed"] == counts["held"] == 0, counts
    assert counts["unchanged"] == len(list(samples.documents().iterdir()))


def test_nothing_is_embedded(sample_bag, tmp_path):
    """An embedder of its own would have been started: it is not even asked.

    Whoever asks one leaves a lock beside its socket. The folder of both is made before, so that it
    is nobody else's.
    """
    own = tmp_path / "e"
    own.mkdir(mode=0o700)
    environment = environment_in(tmp_path, own)
    told = kb(environment, tmp_path, "import", str(sample_bag))
    stop_engines(tmp_path / "data")
    assert told["imported"]["passages"] > 40
    assert told["imported"]["embedded"] == 0
    assert [path for path in own.rglob("*") if not path.is_dir()] == []


def test_a_name_that_is_taken_says_what_to_do(arrived, sample_bag, tmp_path):
    """The same export again goes on, and finds all of it there; under a new name it comes again."""
    again = kb(arrived[0], tmp_path, "import", str(sample_bag))["imported"]
    assert (again["documents"], again["already"]) == (0, arrived[1]["documents"])


def test_it_comes_beside_another_source_of_that_name(sample_bag, tmp_path, embedder_dir):
    environment = environment_in(tmp_path, embedder_dir)
    (tmp_path / "notes").mkdir()
    (tmp_path / "notes" / "quay.txt").write_text("The quay is green.")
    kb(environment, tmp_path, "source", "add", "samples", str(tmp_path / "notes"))
    error = kb(environment, tmp_path, "import", str(sample_bag), code=1)["error"]
    assert error["code"] == "source_exists"
    assert "--rename 'samples=" in error["message"]
    kb(environment, tmp_path, "ingest")
    told = kb(environment, tmp_path, "import", str(sample_bag), "--rename", "samples=theirs")
    assert told["imported"]["sources"] == {"samples": "theirs"}
    assert kb(environment, tmp_path, "check") == ZEROS
    hits = kb(environment, tmp_path, "search", "green quay")["hits"]
    assert hits[0]["source"] == "samples"
    kb(environment, tmp_path, "source", "remove", "theirs")
    assert list((tmp_path / "data" / "imported").iterdir()) == [], "its files are ours to delete"
    assert kb(environment, tmp_path, "check") == ZEROS
    stop_engines(tmp_path / "data")
