"""A new knowledge base as a newcomer has it: multilingual, and English passages twice."""

import pytest
from sqlalchemy import func, select

from kb.catalog.chunks import short_hash
from kb.catalog.tables import generations, vectors
from kb.embedding.pinned import ENGLISH, MULTILINGUAL
from kb.index.generation import vector_names
from kb.knowledge_base import KnowledgeBase
from kb.surface.status import status
from kb.types.files import Stat
from kb.types.parsed import Chunk
from kb.types.versions import Content, Facts, Ready
from kb.upkeep.rebuilding import Rebuilder
from tests.parts.house import house_with
from tests.parts.processes import stop_engines
from tests.parts.weights import with_models

LETTERS = {
    "ferry.txt": "The ferry to the island leaves at seven in the morning, every day but Sunday.",
    "boiler.txt": "The boiler in the cellar is serviced each October by the firm of Mr Hall.",
    "urlaub.txt": "Die Beschäftigten haben dreißig Tage Urlaub im Jahr, Teilzeitkräfte anteilig.",
    "cantine.txt": "La cantine ouvre à midi et ferme à quatorze heures, du lundi au vendredi.",
}
ASKED = {
    "When does the boat go over to the island?": "ferry.txt",
    "Wann fährt das Schiff zur Insel?": "ferry.txt",
    "How much paid time off do staff get?": "urlaub.txt",
    "Wie oft darf ich freinehmen?": "urlaub.txt",
    "À quelle heure peut-on déjeuner ?": "cantine.txt",
    "Who looks after the heating?": "boiler.txt",
}


@pytest.fixture
async def newcomers(settings, tmp_path, models_dir):
    """A house with the settings as they come, over four letters in three languages."""
    chosen = with_models(settings, models_dir)
    async with house_with(chosen, tmp_path / "files", LETTERS) as made:
        yield made


def counted(kb) -> dict[str, int]:
    """Vectors by the model's name."""
    with kb.catalog.reading() as c:
        by_model = select(vectors.c.model, func.count()).group_by(vectors.c.model)
        found = dict(c.execute(by_model).tuples().all())
    return {model.name: found.get(model.fingerprint, 0) for model in kb.embeddings.models}


async def test_what_a_newcomer_has_finds_passages_across_languages(newcomers):
    assert newcomers.kb.embeddings.names == (MULTILINGUAL, ENGLISH)
    assert counted(newcomers.kb) == {MULTILINGUAL: 4, ENGLISH: 2}
    for question, path in ASKED.items():
        assert (await newcomers.paths(question))[0] == path, question
    assert (await newcomers.ingest()).unchanged == len(LETTERS)
    assert not any((await newcomers.kb.upkeep.check()).values())
    with newcomers.kb.catalog.reading() as c:
        description = c.scalar(select(generations.c.description))
    assert description == {"models": [MULTILINGUAL, ENGLISH], "languages": True}


async def test_points_have_the_vectors_of_the_models_that_know_them(newcomers):
    """Put to one of the two models alone, what it has vectors of comes."""
    kb = newcomers.kb
    [multilingual, english] = vector_names(kb.embeddings.models).values()
    found = await kb.search.passages("island", newcomers.owner, 10)
    assert len(found.passages) == 4
    with_both = {p.chunk.path for p in found.passages if p.chunk.language == "en"}
    assert with_both == {"ferry.txt", "boiler.txt"}
    stop_engines(kb.settings.data)
    from kb.index.edge import EdgeIndex

    opened = EdgeIndex(kb.settings.data / "index")
    points = [p.chunk.point for p in found.passages]
    standing = await opened.vectors("g1", points, [multilingual, english])
    await opened.close()
    having = sorted(len(vectors) for vectors in standing.values())
    assert having == [1, 1, 2, 2]


async def test_answers_say_by_which_models_they_were_found(newcomers):
    """The English question by both, the German one by the one that knows it."""
    both = "multilingual-e5-small, openvino float32; all-MiniLM-L6-v2, openvino float32"
    for question, by in (
        ("When does the ferry to the island leave?", both),
        ("Wie viele Tage Urlaub haben die Beschäftigten?", both.partition(";")[0]),
    ):
        found = await newcomers.kb.search.passages(question, newcomers.owner, 5)
        assert found.computed_by == by
        answer = await newcomers.kb.answers.answer(question, newcomers.owner)
        assert answer.settings["embedding"] == by
        assert answer.sentences, "it is answered, by quotations"
    told = await status(newcomers.kb)
    names = [one["model"] for one in told["embedding_models"]]
    assert names == ["multilingual-e5-small", "all-MiniLM-L6-v2"]
    assert all(one["runtime"] == "openvino" for one in told["embedding_models"])


async def test_a_rebuild_embeds_nothing_and_gives_the_same(newcomers):
    before = {question: await newcomers.paths(question) for question in ASKED}
    kb = newcomers.kb
    await kb.index.engine.leave()
    await Rebuilder(kb.settings, kb.catalog, kb.embeddings).rebuild()
    assert counted(kb) == {MULTILINGUAL: 4, ENGLISH: 2}
    assert {question: await newcomers.paths(question) for question in ASKED} == before


@pytest.mark.slow
async def test_each_alone_works_and_needs_only_a_rebuild(newcomers, settings, tmp_path, models_dir):
    await newcomers.kb.index.engine.leave()
    for name in (ENGLISH, MULTILINGUAL):
        alone = KnowledgeBase(with_models(settings, models_dir, name))
        await Rebuilder(alone.settings, alone.catalog, alone.embeddings).rebuild()
        assert counted(alone) == {name: 4}
        found = await alone.search.passages("When does the ferry leave?", newcomers.owner, 5)
        assert found.passages[0].chunk.path == "ferry.txt"
        await alone.index.engine.leave()
        await alone.close()


async def test_what_was_embedded_for_an_index_of_before_gets_what_it_lacks(newcomers):
    """A document that is published just after the switch: its vectors are of the old models."""
    english = newcomers.kb.embeddings.models[1].fingerprint
    texts = ["The tram to the depot leaves at eight."]
    [vector] = await newcomers.kb.embeddings.passages(texts, model=english)
    chunk = Chunk(
        ordinal=0, text=texts[0], embedded_text=texts[0], page=None, section=None, spans=(), lines=()
    )  # fmt: skip
    facts = Facts(stat=Stat(1, 0, 0), content_hash="h", language="en")
    ready = Ready(1, 1, 1, Content(facts, (chunk,)), {english: {short_hash(texts[0]): vector}})
    found = await newcomers.kb.publisher._vectors(ready)
    assert found[english] == ready.vectors[english]
    assert set(found) == {model.fingerprint for model in newcomers.kb.embeddings.models}
    assert counted(newcomers.kb) == {MULTILINGUAL: 5, ENGLISH: 2}, "what was computed is kept"
