"""The vectors of an export, given to the documents that they are of."""

from collections.abc import Sequence
from pathlib import Path

from kb.catalog.database import Catalog
from kb.embedding.client import Embeddings
from kb.leaving.matrices import Matrix
from kb.leaving.problems import damaged
from kb.leaving.remaking import Remade
from kb.types.leaving import LeftModel
from kb.upkeep.loading import keep_vectors, vectors_of

By = dict[str, dict[str, bytes]]
"""Vectors (float32 bytes) by model, and by the hash of what was embedded."""


class Vectors:
    """The tables of vectors, by their models' fingerprints.

    Raises:
        UsageError: a table is not whole.
    """

    def __init__(self, folder: Path, models: Sequence[LeftModel]) -> None:
        self._tables = {model.fingerprint: _table(folder, model) for model in models if model.count}

    async def of(self, made: Remade, catalog: Catalog, embeddings: Embeddings) -> tuple[By, int]:
        """A document's vectors by the models that embed its language, and how many were computed.

        Those that came along are kept first; only what is not there then is computed.
        """
        found, computed = By(), 0
        for model in await embeddings.for_language(made.left.language):
            came = self._of_model(model.fingerprint, made)
            if came:
                await catalog.write(keep_vectors, catalog, {model.fingerprint: came})
            missing = {h: text for h, text in made.texts.items() if h not in came}
            more = await vectors_of(catalog, embeddings, model.fingerprint, missing)
            found[model.fingerprint] = came | more
            computed += len(more)
        return found, computed

    def _of_model(self, fingerprint: str, made: Remade) -> dict[str, bytes]:
        table = self._tables.get(fingerprint)
        if table is None:
            return {}
        return {text_hash: table.row(text_hash) for text_hash in made.texts if text_hash in table}

    def close(self) -> None:
        """Close the tables."""
        for table in self._tables.values():
            table.close()


def _table(folder: Path, model: LeftModel) -> Matrix:
    file, hashes = folder / model.file, folder / model.hashes
    for path in (model.file, model.hashes):
        if not path.startswith("data/vectors/") or ".." in path or not (folder / path).is_file():
            raise damaged(f"vectors of {model.name} are missing", "data/export.json")
    rows = hashes.read_text(encoding="ascii", errors="replace").split()
    return Matrix(file, rows, model.dimension)
