"""Two tiny embedding models, and a knowledge base whose index was built with the first of them."""

from pathlib import Path

import msgspec
import numpy as np
from safetensors.numpy import load_file, save_file

from kb.cli.ingesting import run_of
from kb.knowledge_base import KnowledgeBase
from kb.swapping.swapping import Swapper
from tests.parts import tiny
from tests.parts.house import House
from tests.parts.sharing import shared_folder

WEIGHTS = "model.safetensors"
TEXTS = {
    "ferry.txt": "The ferry leaves at seven in the morning.",
    "boiler.txt": "The boiler is serviced each October.",
    "pump.txt": "The pump in the yard is oiled monthly.",
}
"""Short: a letter is a token of these models, and they read 64."""
NOTHING_LOST = {"sets": [], "lost": []}
LOST = {"sets": [], "lost": ["own: document_hit@1"]}


def models_in(folder: Path) -> tuple[str, str]:
    """Two models: the same architecture, other weights."""
    first, second = folder / "first", folder / "second"
    for place in (first, second):
        if not place.exists():
            tiny.model(place)
    chance = np.random.default_rng(11)
    found = load_file(second / WEIGHTS)
    others = {n: (w + chance.normal(0, 0.05, w.shape)).astype("f4") for n, w in found.items()}
    save_file(others, second / WEIGHTS, metadata={"format": "pt"})
    return str(first), str(second)


def left_open(settings, folder: Path, *names: str):
    """Settings that name these embedding models, or none; with an embedder of their own."""
    replace = msgspec.structs.replace
    derived = str(shared_folder() / "models")
    embedding = replace(settings.embedding, model="", models=names, derived_dir=derived)
    engines = replace(settings.engines, embedder_dir=str(folder / "e"))
    return replace(settings, embedding=embedding, engines=engines)


async def built_with(settings, tmp_path: Path, *names: str, texts=TEXTS) -> House:
    """A house over some texts: the index was built with these models, and the settings name none."""
    named = House(left_open(settings, tmp_path, *names), tmp_path / "files")
    named.follow()
    for name, text in texts.items():
        named.write(name, text)
    assert (await named.ingest()).indexed == len(texts)
    await named.kb.close()
    return House(left_open(settings, tmp_path), tmp_path / "files")


async def read_folder(base, source) -> None:
    """Reads a folder of documents, as commands do."""
    await run_of(base, source).run(confirm_removals=True)


async def swap(house: House, *names: str, force: bool = True, **options):
    asked = await house.kb.write(house.kb.swaps.ask, house.owner, names, force=force)
    return await Swapper(house.kb, read_folder, **options).go(house.owner, asked)


def generations_of(kb: KnowledgeBase) -> dict[int, str]:
    """The states of all generations."""
    from sqlalchemy import select

    from kb.catalog.tables import generations

    with kb.catalog.reading() as connection:
        query = select(generations.c.id, generations.c.state)
        return dict(connection.execute(query).tuples().all())


async def points(house: House, generation: str) -> dict[int, list[str]]:
    """The readers of each point of a generation."""
    return await house.kb.index.readers(generation, None, 1000)
