"""Owned for good: the whole journey of a knowledge base, as one person takes it.

A bundle is installed where no way leads out. What is done then, by commands and addresses of the
installed program alone, stands in ``tests/parts/journey.py``; how it has to be, here.
"""

import json
import re
import shutil
import sys
from dataclasses import asdict, dataclass
from pathlib import Path

import pytest

from tests.parts import journey
from tests.parts.bundled import without_a_way_out
from tests.parts.processes import SHARED
from tests.proof.bytes import places

pytestmark = [pytest.mark.slow, pytest.mark.real, pytest.mark.case("R32", "N24")]
OF_SAMPLES = ["s34", "s15", "s20", "s22", "s14", "s25", "s28", "s09", "s01"]
"""Questions of an attachment, a page, a scan, a slide, a text, a table; in four languages."""
OF_OFFICE = [
    "en-56beb4343aeaaa14008c925b",
    "en-572734af708984140094dae3",
    "en-571cb27fdd7acb1400e4c132",
]
OFFICE = SHARED / "office-qa-dev"
CANARY, ERASED = "quorvexine", "quorvexine-letter.txt"
LETTER = f"The stone in the keeper's vault weighs 48151 grams. Signed: {CANARY}, keeper.\n"
ZEROS = {"lost": 0, "duplicate": 0, "orphan": 0, "wrong_access": 0}
OF_AN_ASKING = {"id", "conversation", "seconds"}
"""What is another each time that a question is asked, in the same knowledge base too."""
OF_A_BASE = {"document_id", "version", "passage_id"}
"""Numbers by which one knowledge base knows its documents: a restore keeps them, an import does not."""


@dataclass(frozen=True)
class Question:
    """What is asked, the document that answers it, and words of the answer."""

    asked: str
    document: str
    words: str


ABOUT_IT = Question("How many grams does the stone in the keeper's vault weigh?", ERASED, "48151")


def questions_of(file: Path, numbers: list[str]) -> list[Question]:
    rows = {row["id"]: row for row in map(json.loads, file.read_text().splitlines())}
    return [
        Question(row["question"], row["docs"][0], row["answers"][0])
        for row in (rows[number] for number in numbers)
    ]


def furnished(folder: Path, installed) -> list[Question]:
    """Fill a folder with documents; the ten questions that they answer."""
    [samples] = installed.into.glob("lib/python3*/site-packages/kb/samples")
    shutil.copytree(samples / "docs", folder)
    (folder / ERASED).write_text(LETTER)
    (folder / journey.CHANGED).write_text(journey.TIDE.format(0, journey.CHANGED))
    questions = [ABOUT_IT]
    if OFFICE.is_dir():
        shutil.copytree(OFFICE / "docs", folder, dirs_exist_ok=True)
        questions += questions_of(OFFICE / "questions.jsonl", OF_OFFICE)
    return [*questions, *questions_of(samples / "questions.jsonl", OF_SAMPLES)][:10]


def travelled(installed, catalog: str, folder: Path, questions: list[Question]) -> dict:
    """What was seen on the journey, which nothing of it tried to leave."""
    plan = {
        "kb": str(installed.into / "bin" / "kb"), "folder": str(folder), "catalog": catalog,
        "documents": str(folder / "documents"), "questions": [q.asked for q in questions],
        "erased": ERASED,
    }  # fmt: skip
    (folder / "plan.json").write_text(json.dumps(plan))
    names = (journey.__file__, str(folder / "plan.json"), str(folder / "seen.json"))
    _, told = without_a_way_out(installed.home, sys.executable, "-I", *names)
    assert (told["control"], told["tried"]) == (True, {}), "what was tried on purpose was seen"
    return json.loads((folder / "seen.json").read_text())


def by_its_socket(postgresql, url: str) -> str:
    """The address of a database for a host that has no network."""
    return f"postgresql+psycopg://kb@/{url.rpartition('/')[2]}?host={postgresql.folder}&port={postgresql.port}"


def test_owned_for_good(installed, postgresql, postgres, tmp_path):
    questions = furnished(tmp_path / "documents", installed)
    files = len([*(tmp_path / "documents").iterdir()])
    seen = travelled(installed, by_its_socket(postgresql, postgres), tmp_path, questions)
    assert (seen["read"]["seen"], seen["read"]["failed"], seen["read"]["skipped"]) == (files, 0, 0)
    each_is_answered(seen["first"], questions)
    nobody_noticed_the_backup(seen["load"], seen["first"], questions)
    it_is_of_one_moment(seen["tide"], seen["load"])
    it_came_as_it_was(seen)
    for after, without in (("second", OF_AN_ASKING), ("third", OF_AN_ASKING | OF_A_BASE)):
        for was, came in zip(seen["first"], seen[after], strict=True):
            assert lasting(came, without) == lasting(was, without), after
    it_is_gone(seen, tmp_path)
    for one in seen["sound"]:
        assert one["check"] == ZEROS
        assert one["audit"]["intact"] and one["audit"]["entries"]


def each_is_answered(answers: list, questions: list[Question]) -> None:
    """By the document that has it, with its words, marked where they stand on its page."""
    for answer, question in zip(answers, questions, strict=True):
        assert answer["mode"] == "quotes", question
        quotes = [c["quote"] for c in answer["citations"] if c["document"] == question.document]
        assert question.words in " ".join(quotes), question
        assert all(answer["marked"]), question
    assert {cited["page"] for answer in answers for cited in answer["citations"]} > {None, 1}


def nobody_noticed_the_backup(load: dict, answers: list, questions: list[Question]) -> None:
    """Both were at work while it was made, and whoever asked had the answers of before."""
    assert load["problems"] == []
    assert load["last_run"]["error"] is None and load["last_run"]["counts"]["failed"] == 0
    assert load["before"]["answered"] < load["after"]["answered"] < load["ended"]["answered"]
    assert load["after"]["written"] < load["ended"]["written"]
    wanted = {q.asked: a for q, a in zip(questions, answers, strict=True)}
    for asked, answer in load["answers"]:
        assert lasting(answer, OF_AN_ASKING) == lasting(wanted[asked], OF_AN_ASKING | {"marked"})


def it_is_of_one_moment(tide: dict, load: dict) -> None:
    """What the writer had written until then is there, as it was then; and nothing of later.

    Two files are written in each round, and published one after the other: of one round, one alone
    may be there.
    """
    [said] = tide["said"]
    rounds = range(load["before"]["written"], load["after"]["written"] + 2)
    [number] = [n for n in rounds if said == journey.TIDE.format(n, journey.CHANGED)]
    added = len([path for path in tide["added"] if path.startswith("note-")])
    assert added in rounds and abs(added - number) <= 1
    assert {*tide["added"]} >= {journey.ADDED.format(n) for n in range(1, added + 1)}


def it_came_as_it_was(seen: dict) -> None:
    """The backup that was verified is restored; nothing is embedded; a third place has as much.

    A file that was found when the backup was made, and not read yet, is a document that nobody can
    search for: it comes along in the restored base and in the export, and is none in the third.
    """
    assert seen["restored"]["backup"] == seen["load"]["made"]["name"]
    assert seen["restored"]["backup"] in seen["verified"]["backups"]
    assert seen["restored"]["index"]["built"] and not seen["restored"]["missing"]
    restored, imported = seen["restored"], seen["imported"]["imported"]
    assert imported["embedded"] == 0
    counts = seen["exported"]["exported"]["counts"]
    assert counts["documents"] == restored["documents"]
    assert counts["searched"] == imported["documents"]
    assert restored["answers"] >= len(seen["first"]), "what was kept before comes along"
    assert imported["answers"] == restored["answers"] + len(seen["second"])


def it_is_gone(seen: dict, folder: Path) -> None:
    """No answer, no hit, no byte has it, and before each had."""
    assert any(ERASED in documents_of(answer["citations"]) for answer in seen["third"])
    for answer in seen["afterwards"]:
        assert ERASED not in documents_of(answer["citations"])
    assert seen["hits"] and not any(ERASED in documents_of(hits) for hits in seen["hits"])
    assert seen["purged"]["verified"]["found"] == []
    needle = {"canary": CANARY.encode()}
    before = places(folder / "before", needle)["canary"]
    kinds = {place.partition("/")[0].removesuffix("-wal") for place in before}
    assert kinds == {"blobs", "catalog.sqlite3", "imported"}
    assert not places(folder / "third", needle)["canary"]


def documents_of(found: list) -> set[str]:
    return {one["document"] for one in found}


def lasting(value, without):
    """What was told, but for what differs between two askings, or between two bases."""
    if isinstance(value, dict):
        return {k: lasting(v, without) for k, v in value.items() if k not in without}
    return [lasting(one, without) for one in value] if isinstance(value, list) else value
