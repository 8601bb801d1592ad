"""The embedding model on disk."""

import hashlib
import shutil

import msgspec
import pytest

from kb.embedding import models
from kb.embedding.client import Embeddings
from kb.embedding.models import engine_fingerprint, fingerprint
from kb.embedding.pinned import ENGLISH, PINNED
from kb.errors import ConfigurationError
from kb.settings import Embedding


def test_unknown_model_is_named(tmp_path):
    with pytest.raises(ConfigurationError, match="no-such/model"):
        models.find(Embedding(model="no-such/model"))


def test_another_release_has_an_embedder_of_its_own_and_the_same_vectors(settings, monkeypatch):
    vectors, engine = (f(settings.embedding) for f in (fingerprint, engine_fingerprint))
    monkeypatch.setattr("kb.embedding.models.__version__", "99")
    assert fingerprint(settings.embedding) == vectors
    assert engine_fingerprint(settings.embedding) != engine


@pytest.fixture
def changed(tmp_path, monkeypatch):
    """The default model, of whose weights one bit is another."""
    folder = tmp_path / "model"
    shutil.copytree(models.find(Embedding()).folder, folder)
    weights = bytearray((folder / models.WEIGHTS).read_bytes())
    weights[-1] ^= 1
    (folder / models.WEIGHTS).write_bytes(weights)
    return folder


def test_the_default_models_weights_are_those_that_were_measured():
    files = models.find(Embedding())
    models.check_weights(files)
    assert hashlib.sha256(files.weights.read_bytes()).hexdigest() == PINNED[ENGLISH].weights


async def test_other_weights_are_refused_by_the_embedder_which_says_what_to_do(settings, changed):
    """By every call, as an error that trying again does not help."""
    pinned = Embedding(model=str(changed), sha256=PINNED[ENGLISH].weights)
    engines = msgspec.structs.replace(settings.engines, embedder_dir="")
    embeddings = Embeddings(msgspec.structs.replace(settings, embedding=pinned, engines=engines))
    for _ in range(2):
        with pytest.raises(ConfigurationError, match="copy the model anew") as refused:
            await embeddings.texts(["The pump is oiled."])
        assert refused.value.code == "model_changed"


def test_a_model_of_ones_own_is_what_it_is_unless_it_is_pinned(changed):
    own = models.find(Embedding(model=str(changed)))
    models.check_weights(own)
    assert own.digest == hashlib.sha256(own.weights.read_bytes()).hexdigest()
    right = models.find(Embedding(model=str(changed), sha256=own.digest))
    models.check_weights(right)
    with pytest.raises(ConfigurationError):
        models.check_weights(models.find(Embedding(model=str(changed), sha256="0" * 64)))
