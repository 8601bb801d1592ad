"""Vectors as their callers use them."""

import msgspec

from kb.embedding.client import Embeddings
from kb.surface import status


def test_cosine_needs_no_numpy():
    from array import array

    from kb.embedding.client import cosine

    left, right = array("f", [0.6, 0.8]), array("f", [0.8, 0.6])
    assert abs(cosine(left.tobytes(), right.tobytes()) - 0.96) < 1e-6


async def test_questions_and_passages_have_their_prompts_whoever_embeds_them(settings):
    """The plain systems of an evaluation embed questions in bulk; a search embeds one."""
    prompts = {"query_prompt": "query: ", "passage_prompt": "passage: "}
    chosen = msgspec.structs.replace(settings.embedding, **prompts)
    engines = msgspec.structs.replace(settings.engines, embedder_dir="")
    prompted = Embeddings(msgspec.structs.replace(settings, embedding=chosen, engines=engines))
    plain = Embeddings(settings)
    written = await plain.texts(["query: Where is the pump?", "passage: Where is the pump?"])
    [asked] = await prompted.questions(["Where is the pump?"])
    [held] = await prompted.passages(["Where is the pump?"])
    [part] = await prompted.texts(["Where is the pump?"])
    one = (await prompted.query("Where is the pump?")).reading("")[1].vector
    await prompted.engine.leave()
    for ours, expected in zip((asked, one, held, part), written[:1] * 2 + written[1:] * 2):
        assert cosine_of(ours, expected) > 0.9999
    assert cosine_of(asked, held) < 0.999


def cosine_of(left, right):
    from kb.embedding.client import cosine

    return cosine(left, right)


async def test_a_model_whose_prompts_are_missing_says_so_in_the_status(house, tmp_path):
    """Here by its card, of weights that are MiniLM's."""
    import shutil

    from kb.embedding import models
    from kb.knowledge_base import KnowledgeBase
    from kb.settings import Embedding

    folder = tmp_path / "mine"
    shutil.copytree(models.find(Embedding()).folder, folder)
    (folder / "README.md").write_text("---\nbase_model: intfloat/e5-small\n---\n")
    chosen = msgspec.structs.replace(house.kb.settings.embedding, model=str(folder))
    base = KnowledgeBase(msgspec.structs.replace(house.kb.settings, embedding=chosen))
    told = await status.status(base)
    await base.close()
    assert "embedding.query_prompt" in told["embedding_models"][0]["problem"]
