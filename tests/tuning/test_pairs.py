"""What is learned from: whose documents, and what of it is still there."""

import pytest

from kb.catalog import chunks, groups
from kb.catalog.database import current_seq
from kb.errors import NotFoundError, UsageError
from kb.tuning import pairs
from kb.tuning.pairs import JUDGED, PINNED, RATED
from kb.types.tunings import Taught

FERRY = "The ferry to the island leaves at seven in the morning, every day but Sunday."
SALARY = "The salary of the keeper of the lighthouse is four thousand a month."


@pytest.fixture
async def told(house):
    """An open folder and one of a group's, with a passage each."""
    with house.kb.catalog.writing() as c:
        groups.add(c, "hr")
    house.follow("open", root=house.root / "open")
    house.follow("closed", readers=["hr"], root=house.root / "closed")
    house.write("open/ferry.txt", FERRY)
    house.write("closed/salary.txt", SALARY)
    for name in ("open", "closed"):
        await house.ingest(name)
    return house


def points_in(house, path: str) -> list[int]:
    with house.kb.catalog.reading() as c:
        every = chunks.hydrate(c, house.owner, chunks.current_points(c), current_seq(c))
    return [p for p, one in every.items() if one.path == path]


def taught(house, *named) -> Taught:
    return house.kb.tunings.taught(named)


def judge(house, question: str, path: str) -> None:
    house.kb.opinions.judge(house.owner, question, points_in(house, path), right=True)


async def test_only_what_everyone_may_read_is_learned_from_unless_a_source_is_named(told):
    judge(told, "When does the ferry leave?", "ferry.txt")
    judge(told, "What does the keeper earn?", "salary.txt")
    found = taught(told)
    assert [p.question for p in found.pairs] == ["When does the ferry leave?"]
    assert (found.withheld, found.gone) == (1, 0)
    assert [p.point for p in found.passages] == points_in(told, "ferry.txt")
    named = taught(told, "closed")
    assert {p.question: p.text for p in named.pairs} == {
        "When does the ferry leave?": FERRY, "What does the keeper earn?": SALARY,
    }  # fmt: skip
    assert named.withheld == 0
    assert len(named.passages) == 2
    with pytest.raises(NotFoundError):
        taught(told, "nowhere")


async def test_a_passage_that_is_gone_is_counted(told):
    judge(told, "When does the ferry leave?", "ferry.txt")
    told.write(
        "open/ferry.txt", "The ferry to the island does not leave any more, since the bridge."
    )
    await told.ingest("open")
    found = taught(told)
    assert (found.pairs, found.gone, found.withheld) == ((), 1, 0)


async def test_what_was_erased_teaches_nothing(told):
    judge(told, "When does the ferry leave?", "ferry.txt")
    await told.kb.upkeep.erase([told.ledger()["ferry.txt"].id], told.owner)
    found = taught(told)
    assert (found.pairs, found.passages, found.gone, found.withheld) == ((), (), 0, 0)


async def test_good_citations_and_pins_are_learned_from_too(told):
    kb, owner = told.kb, told.owner
    answer = await kb.answers.answer("When does the ferry to the island leave?", owner)
    assert answer.citations, "it is quoted"
    assert taught(told).pairs == ()
    kb.opinions.give(owner, answer.id, "good", answer.citations[0].n, "")
    [rated] = taught(told).pairs
    assert (rated.origin, rated.path) == (RATED, "ferry.txt")
    kb.opinions.give(owner, answer.id, "bad", answer.citations[0].n, "")
    assert taught(told).pairs == ()
    kb.opinions.give(owner, answer.id, "good", 0, "")
    assert taught(told).pairs == (), "one citation was called bad, and the others are that one"
    [point] = points_in(told, "ferry.txt")
    kb.pins.add(owner, "Ferry?", "At seven.", f"{point >> 20}-{point & 0xFFFFF}")
    [pinned] = taught(told).pairs
    assert (pinned.origin, pinned.question, pinned.text) == (PINNED, "Ferry?", FERRY)
    judge(told, "When does the boat go?", "ferry.txt")
    assert {p.origin for p in taught(told).pairs} == {PINNED, JUDGED}


async def test_too_little_says_what_is_missing(told):
    judge(told, "When does the ferry leave?", "ferry.txt")
    judge(told, "What does the keeper earn?", "salary.txt")
    found = taught(told)
    with pytest.raises(UsageError, match=r"1 questions .* in 1 documents; .* 40 in 10") as error:
        pairs.check_enough(found, ())
    assert "1 right passages are in documents that not everyone may read" in error.value.message
    assert error.value.detail == {"questions": 1, "documents": 1, "gone": 0, "withheld": 1}
