"""With the models that people have: from the English one to both, and back."""

import pytest

from kb.cli.ingesting import run_of
from kb.embedding.pinned import ENGLISH, MULTILINGUAL
from kb.swapping import gate
from kb.swapping.swapping import Swapper
from tests.parts.house import House
from tests.parts.processes import stop_engines
from tests.parts.weights import with_models
from tests.search.test_two_models import ASKED, LETTERS

pytestmark = pytest.mark.slow


async def read(base, source) -> None:
    await run_of(base, source).run(confirm_removals=True)


async def test_from_the_english_model_to_both_and_back(settings, tmp_path, models_dir):
    """The gate lets it through by itself; German questions find what they did not."""
    english = House(with_models(settings, models_dir, ENGLISH), tmp_path / "files")
    english.follow()
    for name, text in LETTERS.items():
        english.write(name, text)
    await english.ingest()
    await english.kb.close()
    house = House(with_models(settings, models_dir), tmp_path / "files")
    kb = house.kb
    try:
        names = (MULTILINGUAL, ENGLISH)
        found = await kb.search.passages("Wann fährt das Schiff zur Insel?", house.owner, 10)
        with kb.catalog.writing() as connection:
            from kb.catalog import judged

            [ferry] = [p.chunk for p in found.passages if p.chunk.path == "ferry.txt"]
            judged.add(
                connection, house.owner, "Wann fährt das Schiff zur Insel?", ferry, ferry.text
            )
        asked = await kb.write(kb.swaps.ask, house.owner, names, force=False)
        done = await Swapper(kb, read).go(house.owner, asked)
        assert done.state == "switched", done.gate
        own, shipped = done.gate["sets"]
        assert (own["name"], own["questions"]) == (gate.OWN, 1)
        assert (shipped["name"], shipped["questions"]) == (gate.SHIPPED, 39)
        for question, path in ASKED.items():
            assert (await house.paths(question))[0] == path, question
        assert kb.embeddings.names == names
        counts = await house.ingest()
        assert (counts.unchanged, counts.indexed) == (len(LETTERS), 0)
        answer = await kb.answers.answer("When does the ferry to the island leave?", house.owner)
        assert "multilingual-e5-small" in answer.settings["embedding"]
        back = await kb.swaps.rollback(house.owner)
        assert back.models == (ENGLISH,) and back.seconds < 1.0
        answer = await kb.answers.answer("When does the ferry to the island leave?", house.owner)
        assert "multilingual" not in answer.settings["embedding"]
        assert not any((await kb.upkeep.check()).values())
    finally:
        await kb.index.engine.leave()
        await kb.close()
        stop_engines(tmp_path)
