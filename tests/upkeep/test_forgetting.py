"""Erasing reaches what evaluations keep."""

import pytest

from kb.catalog import evaluations
from kb.errors import RetryableError
from kb.types.evaluations import Evaluation, QuestionResult


@pytest.mark.case("N24")
async def test_erased_words_are_in_no_evaluation(house):
    """Neither in a kept workplace over a folder, nor in what an evaluation was answered."""
    house.follow()
    house.write("one.txt", "The words of one are these.")
    await house.ingest()
    places = house.kb.settings.data / "evaluation"
    for name in ("documents/data", "collection/texts"):
        (places / name).mkdir(parents=True)
        (places / name / "x.html").write_text("The words of one are these.")
    done = Evaluation("documents", "docs", {}, {"answers": 1.0}, 0.0, 1.0)
    result = QuestionResult("q1", "Which words?", {}, "The words of one are these.")
    with house.kb.catalog.writing() as connection:
        number = evaluations.keep(connection, done, [result])
    await house.kb.documents.erase(house.owner, [house.ledger()["one.txt"].id])
    assert [p.name for p in places.iterdir()] == ["collection"]
    with house.kb.catalog.reading() as connection:
        assert evaluations.questions(connection, number)["q1"].got == ""
        assert evaluations.get(connection, number).figures == {"answers": 1.0}


@pytest.mark.case("N24")
async def test_a_workplace_that_cannot_be_deleted_is_named(house, monkeypatch):
    """Nothing is called erased that is still there."""
    house.follow()
    house.write("one.txt", "The words of one are these.")
    await house.ingest()
    place = house.kb.settings.data / "evaluation/documents"
    place.mkdir(parents=True)

    def refuse(path):
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr("kb.upkeep.forgetting.shutil.rmtree", refuse)
    with pytest.raises(RetryableError, match="evaluation/documents"):
        await house.kb.documents.erase(house.owner, [house.ledger()["one.txt"].id])
    assert "one.txt" in house.ledger()
