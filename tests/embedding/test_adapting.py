"""An adapter of questions: what it does to a vector and to a scale, and what it refuses."""

import hashlib

import msgspec
import numpy as np
import pytest

from kb.embedding import adapting
from kb.embedding.adapting import Adapter, KeptAdapters, Learned, Tuning
from kb.embedding.questions import QueryVector, QuestionVectors
from kb.embedding.scale import Readings, Scale
from kb.errors import DamagedError

SIZE, RANK = 24, 3
SCALE = Scale(
    floor=0.1,
    spread=0.09,
    texts=0.08,
    unrelated=Readings(cosine=0.06, met=0.2, least=0.1),
    related=Readings(cosine=0.42, met=0.43, least=0.28),
    languages=("en",),
)


def floats(values) -> bytes:
    return np.ascontiguousarray(values, dtype="<f4").tobytes()


@pytest.fixture
def numbers():
    drawn = np.random.default_rng(1)
    asked = drawn.normal(size=SIZE)
    return asked / np.linalg.norm(asked), drawn.normal(size=(2, RANK, SIZE))


@pytest.fixture
def learned(numbers):
    down, up = numbers[1]
    return Learned(dimension=SIZE, down=floats(down), up=floats(up), slope=0.9, offset=0.02)


def test_a_question_is_moved_by_the_map_and_has_length_one(numbers, learned):
    asked, (down, up) = numbers
    wanted = asked + up.T @ (down @ asked)
    found = np.frombuffer(Adapter(learned).moved(floats(asked)), dtype="<f4")
    assert found == pytest.approx(wanted / np.linalg.norm(wanted), abs=1e-5)
    assert np.linalg.norm(found) == pytest.approx(1, abs=1e-6)


def test_a_cosine_reads_by_the_carried_scale_what_it_read_before(learned):
    carried = learned.carried(SCALE)
    for before in (0.06, 0.1, 0.3, 0.42):
        after = (before - learned.offset) / learned.slope
        assert carried.read(after, 0, 0).cosine == pytest.approx(SCALE.read(before, 0, 0).cosine)
    assert carried.near(carried.floor) == pytest.approx(0) == SCALE.near(SCALE.floor)
    assert carried.spread == pytest.approx(SCALE.spread / 0.9)
    assert (carried.texts, carried.languages) == (SCALE.texts, SCALE.languages)
    assert carried.read(0, 0.43, 0.28).met == SCALE.read(0, 0.43, 0.28).met == 1


def test_only_models_that_were_learned_for_are_moved(numbers, learned):
    vector = floats(numbers[0])
    question = QuestionVectors(
        {n: QueryVector(vector, 1.0, SCALE, computed_by=n) for n in ("mine", "other")}
    )
    moved = Tuning("tuned-7", {"mine": Adapter(learned)}).of(question)
    assert moved.by["other"] == question.by["other"]
    assert moved.by["mine"].vector != vector
    assert moved.by["mine"].computed_by == "mine, tuned-7"
    assert moved.by["mine"].scale == learned.carried(SCALE)


def test_what_was_kept_is_read_again(numbers, learned):
    content = adapting.written({"mine": learned})
    found = adapting.read("tuned-1", content, hashlib.sha256(content).hexdigest())
    vector = floats(numbers[0])
    assert found.adapters["mine"].moved(vector) == Adapter(learned).moved(vector)
    assert found.name == "tuned-1"


def spoiled(learned, **changed) -> bytes:
    return adapting.written({"mine": msgspec.structs.replace(learned, **changed)})


def test_what_is_damaged_is_refused_and_says_what_to_do(learned):
    content = adapting.written({"mine": learned})
    of_a_later_release = msgspec.msgpack.encode(KeptAdapters(release=99, adapters={}))
    bad = [
        (content, "0" * 64),
        *((one, None) for one in (
            b"", b"\x81", of_a_later_release, spoiled(learned, down=learned.down[:-4]),
            spoiled(learned, up=learned.up[: -4 * SIZE]), spoiled(learned, dimension=0),
        )),
    ]  # fmt: skip
    for one, digest in bad:
        with pytest.raises(DamagedError, match="kb tune rollback"):
            adapting.read("tuned-1", one, digest or hashlib.sha256(one).hexdigest())


def test_a_vector_of_another_length_is_refused(learned):
    with pytest.raises(DamagedError, match="another length"):
        Adapter(learned).moved(floats(np.ones(SIZE + 1)))
