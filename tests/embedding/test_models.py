"""The embedding model on disk."""

import pytest

from kb.embedding import models
from kb.embedding.models import engine_fingerprint, fingerprint
from kb.settings import Embedding


def test_unknown_model_is_named(tmp_path):
    from kb.errors import ConfigurationError

    with pytest.raises(ConfigurationError, match="no-such/model"):
        models.find(Embedding(model="no-such/model"))


def test_another_release_has_an_embedder_of_its_own_and_the_same_vectors(settings, monkeypatch):
    vectors, engine = (f(settings.embedding) for f in (fingerprint, engine_fingerprint))
    monkeypatch.setattr("kb.embedding.models.__version__", "99")
    assert fingerprint(settings.embedding) == vectors
    assert engine_fingerprint(settings.embedding) != engine
