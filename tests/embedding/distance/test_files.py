"""Which files of a model a host has to have: where others embed, its weights may be away."""

import shutil

import msgspec
import pytest

from kb.doctor import engines
from kb.embedding import models
from kb.embedding.client import Embeddings
from kb.errors import ConfigurationError
from tests.doctor.asking import asked, states
from tests.parts import tiny
from tests.parts.embedders import Lent, calling, far

LETTER = "the pump"


@pytest.fixture
def whole(settings, tmp_path):
    """Settings of a host with a small model, whose digest they say."""
    folder = tiny.model(tmp_path / "whole" / "tiny")
    return _with_model(settings, folder)


def _with_model(settings, folder):
    digest = models.digest_of(folder / models.WEIGHTS)
    embedding = msgspec.structs.replace(settings.embedding, model=str(folder), sha256=digest)
    engines = msgspec.structs.replace(settings.engines, embedder_dir="")
    return msgspec.structs.replace(settings, embedding=embedding, engines=engines)


def without_weights(settings, tmp_path):
    """The same model without its weights, in another folder."""
    folder = tmp_path / "part" / "tiny"
    shutil.copytree(settings.embedding.model, folder)
    found = _with_model(settings, folder)
    (folder / models.WEIGHTS).unlink()
    return found


async def test_a_host_without_weights_cuts_and_has_others_embed(whole, tmp_path):
    part = without_weights(whole, tmp_path)
    async with Lent(whole) as lent, calling(far(part, lent.address)) as there:
        assert await there.texts([LETTER]) == await lent.embeddings.texts([LETTER])
        assert models.counter_of(there.first.files).count(LETTER) == 2
        assert (await states(engines.embedder, asked(far(part, lent.address))))["embedder"] == (
            "ok",
            "",
        )
        await lent.embeddings.engine.leave()


async def test_a_host_that_embeds_needs_them(whole, tmp_path):
    part = without_weights(whole, tmp_path)
    with pytest.raises(ConfigurationError) as problem:
        Embeddings(part)
    assert problem.value.code == "model_not_found"
    assert (await states(engines.embedder, asked(part)))["embedder"] == ("wrong", "model_not_found")


def test_weights_of_which_no_digest_is_known_have_to_be_here(whole, tmp_path):
    part = without_weights(whole, tmp_path)
    nameless = msgspec.structs.replace(part.embedding, sha256="")
    elsewhere = far(msgspec.structs.replace(part, embedding=nameless), "http://127.0.0.1:1")
    with pytest.raises(ConfigurationError) as problem:
        Embeddings(elsewhere)
    assert problem.value.code == "model_not_found"
