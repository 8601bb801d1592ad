"""Of two things that a question compares, each is found, also the one that is far down by itself."""

import pytest

from tests.parts.house import house_with

LETTERS = ("north", "south", "east", "west", "harbour", "market", "castle", "mill")
DOCUMENTS = {
    **{
        f"{place}.txt": f"Difference between the prices of the Solaro plan at the {place} office: {n} euros. "
        "The Solaro plan and other plans differ in price."
        for n, place in enumerate(LETTERS)
    },
    "kestrel.txt": "Kestrel: customers pay once a quarter and may leave at any time.",
}


@pytest.fixture
async def house(settings, tmp_path):
    async with house_with(settings, tmp_path / "files", DOCUMENTS) as made:
        yield made


async def test_the_best_of_each_thing_is_among_what_an_answer_is_made_from(house):
    question = "What is the difference in price between the Solaro plan and Kestrel?"
    found = await house.kb.answers.looked_up(question, house.owner)
    paths = [p.chunk.path for p in found.passages]
    assert "kestrel.txt" in paths[:3], paths
    assert {path.removesuffix(".txt") for path in paths} & set(LETTERS)
