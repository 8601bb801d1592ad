"""Erasing reaches what evaluations keep."""

from kb.catalog import evaluations
from kb.catalog.evaluations import Evaluation, QuestionResult


async def test_erased_words_are_in_no_evaluation(house):
    """N24: neither in a kept workplace over a folder, nor in what an evaluation was answered."""
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
    await house.kb.erase(house.owner, [house.ledger()["one.txt"].id])
    assert [p.name for p in places.iterdir()] == ["collection"]
    with house.kb.catalog.reading() as connection:
        assert evaluations.questions(connection, number)["q1"].got == ""
        assert evaluations.get(connection, number).figures == {"answers": 1.0}
