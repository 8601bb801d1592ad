"""The multilingual model (float16 weights, 250,002 pieces) in every runtime: the same vectors."""

import numpy as np
import pytest

from kb.embedding import agreement, models
from kb.embedding.models import TokenCounter
from kb.embedding.opening import open_runtime
from kb.embedding.runtimes import optimised, ranges
from tests.embedding.runtimes.test_runtimes import TEXTS, cosines
from tests.parts.sharing import shared_folder

LEAST = {"float32": 0.99999, "int8": 0.98}
PIECES = ["The pump is oiled.", "Besprechungszimmer"]


@pytest.fixture(scope="module")
def folder():
    return shared_folder() / "models"


@pytest.fixture(scope="module")
def reference(multilingual, folder):
    return open_runtime(multilingual, "torch", "float32", folder)


@pytest.fixture(scope="module")
def expected(reference):
    return reference.vectors(TEXTS), reference.pieces(PIECES)


@pytest.mark.slow
@pytest.mark.parametrize("dtype", LEAST)
def test_vectors_and_pieces_are_those_of_torch_in_float32(multilingual, folder, expected, dtype):
    runtime = open_runtime(multilingual, "openvino", dtype, folder)
    vectors, pieces = expected
    assert cosines(runtime.vectors(TEXTS), vectors).min() > LEAST[dtype]
    for one, other in zip(runtime.pieces(PIECES), pieces, strict=True):
        assert cosines(one, other).mean() > LEAST[dtype] - 0.02


@pytest.mark.slow
def test_built_in_texts_rank_alike_in_8_bits(multilingual, folder, reference):
    runtime = open_runtime(multilingual, "openvino", "int8", folder)
    both = [agreement.vectors_of(one, models.find(multilingual), 2) for one in (reference, runtime)]
    agreed = agreement.between(*both)
    assert agreed.problem() == "", agreed


def test_its_8_bit_ranges_come_with_the_package(multilingual, folder):
    files = models.find(multilingual)
    spans = ranges.shipped(files.digest)
    assert len(spans) == 4 * 12
    assert optimised.graph_file(files, spans, folder).is_file()


def test_tokens_are_those_that_transformers_makes(reference, multilingual):
    ours = TokenCounter(models.find(multilingual)).pieces(TEXTS)
    theirs = [
        reference._model.tokenizer(t, truncation=True, max_length=512)["input_ids"] for t in TEXTS
    ]
    assert ours == theirs


def test_weights_in_float16_are_widened_and_not_changed(multilingual):
    from safetensors import safe_open

    from kb.embedding.runtimes.bert import weights_of

    files = models.find(multilingual)
    ours = weights_of(files.weights)
    with safe_open(files.weights, "np") as theirs:
        assert set(ours) == set(theirs.keys())
        for name, found in ours.items():
            assert found.dtype == np.float32
            assert np.array_equal(found, theirs.get_tensor(name))
