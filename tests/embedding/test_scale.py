"""A model's scale is measured once and kept; whatever part of the range a model uses, results are
the same."""

import json
import logging
import shutil
from concurrent.futures import ThreadPoolExecutor
from functools import cached_property

import msgspec
import numpy as np
import pytest

from kb.answers import evidence, support
from kb.answers.calibration import shipped
from kb.embedding import models, scale, scaling
from kb.embedding.agreement import TEXTS
from kb.embedding.elsewhere import Elsewhere, questions
from kb.embedding.encoder import Model
from kb.embedding.opening import open_runtime
from kb.embedding.pinned import ENGLISH, MULTILINGUAL
from kb.embedding.scale import Scale
from kb.index.base import DENSE, AskedBy, IndexPoint, IndexQuery
from kb.index.edge import EdgeIndex
from kb.settings import Embedding
from kb.types.passages import Passage, PassageStanding, StoredChunk
from tests.answers.support_pairs import pairs
from tests.parts import heads
from tests.parts.sharing import shared_folder
from tests.parts.slowly import slow

OUTSIDE = [
    "Who won the football world cup in 1974?",
    "How far is the moon from the earth?",
    "Which enzyme digests lactose?",
    "When was the violin invented?",
    "What is the capital of Mongolia?",
    "How do whales breathe?",
    "Why did the Roman Empire fall?",
    "Which planet has the most moons?",
]


def opened(name="torch", **chosen) -> Model:
    settings = Embedding(**chosen)
    files = models.find(settings)
    return Model(files, open_runtime(settings, name, "float32", shared_folder() / "models"))


class Judged:
    """A model with its scale: what it ranks, how sure it is, and which sentences it holds."""

    def __init__(self, model: Model):
        self.model = model
        self.scale = scaling.measured(model)
        english = [t for t in json.loads(TEXTS.read_text()) if t["language"] == "en"]
        self.passages = [t["passage"] for t in english]
        self.questions = [t["question"] for t in english]
        self.vectors = dict(zip(self.passages, self.embedded(self.passages), strict=True))

    @cached_property
    def elsewhere(self) -> Elsewhere:
        asked = [one.question for one in questions() if one.language == "en"]
        return Elsewhere(self.embedded(asked), ["en"] * len(asked))

    def embedded(self, texts):
        parts = [texts[i : i + 8] for i in range(0, len(texts), 8)]
        return np.concatenate([self.model.runtime.vectors(part) for part in parts])

    def asked(self, vector) -> AskedBy:
        unrelated, related = self.scale.unrelated.cosine, self.scale.related.cosine
        return AskedBy(vector.tobytes(), unrelated, related, ["en"])

    async def rankings(self, folder) -> list[list[int]]:
        index = EdgeIndex(folder)
        await index.create("g1", {DENSE: self.model.runtime.dimension})
        points = [
            IndexPoint(n, {DENSE: self.vectors[text].tobytes()}, text, "en", ["everyone"])
            for n, text in enumerate(self.passages)
        ]
        await index.upsert("g1", points)
        found = []
        for question, vector in zip(self.questions, self.embedded(self.questions), strict=True):
            asked = IndexQuery({DENSE: self.asked(vector)}, question, ["everyone"], 20, fused=True)
            hits = await index.query("g1", asked)
            found.append([point for point, _ in hits.fused[:5]])
        await index.close()
        return found

    def sureness(self) -> list[float]:
        """Of each question, those that no passage answers among them."""
        found = []
        for question in [*self.questions, *OUTSIDE]:
            [vector] = self.model.runtime.vectors([question])
            cosines = {text: float(vector @ self.vectors[text]) for text in self.passages}
            first = sorted(cosines, key=lambda text: -cosines[text])[:3]
            matches = [
                evidence.Match.of(*one, self.scale) for one in self.model.matches(question, first)
            ]
            read = [passage(text, cosines[text], self.scale) for text in first]
            leaning = self.scale.apart(self.elsewhere.leaning(vector.tobytes(), "en"))
            readings = evidence.readings(question, read, matches, self.scale, leaning)
            found.append(evidence.judged(question, read, readings, shipped()[0]).near)
        return found

    def holds(self) -> list[bool]:
        """Of the labelled sentences, whether their passages hold them."""
        chosen = pairs()[::6]
        texts = {p.sentence for p in chosen}
        for pair in chosen:
            texts |= {pair.passage[s:e] for s, e in support.stretches(pair.passage)}
        ordered = sorted(texts, key=len)
        vectors = dict(zip(ordered, self.embedded(ordered), strict=True))

        def likeness(a, b):
            return self.scale.alike(float(vectors[a] @ vectors[b]))

        return [support.judge(p.sentence, p.passage, "", likeness).holds for p in chosen]


@pytest.fixture(scope="module")
def minilm():
    return Judged(opened())


@pytest.fixture(scope="module", params=["squeezed", *slow("spread")])
def otherwise(request, minilm, tmp_path_factory):
    """MiniLM behind a head that moves its cosines.

    Squeezed, they are the same up to a constant, but for word pieces; without the constant part,
    near ones may change places.
    """
    folder = tmp_path_factory.mktemp("model") / request.param
    if request.param == "squeezed":
        heads.squeezed(folder, 0.3)
    else:
        vectors = minilm.embedded([*minilm.passages, *minilm.questions])
        pieces = np.concatenate(minilm.model.runtime.pieces(minilm.questions))
        heads.spread(folder, vectors.mean(axis=0), pieces.mean(axis=0))
    judged = Judged(opened(model=str(folder)))
    judged.alike = 0.96 if request.param == "squeezed" else 0.85
    return judged


def test_the_scale_says_how_the_cosines_lie(minilm, otherwise):
    one, other = minilm.scale, otherwise.scale
    if otherwise.model.runtime.dimension == heads.WIDTH + 1:
        assert other.floor == pytest.approx(0.7 + 0.3 * one.floor, abs=0.001)
        assert other.spread == pytest.approx(0.3 * one.spread, abs=0.001)
    else:
        assert other.spread > 1.05 * one.spread
    assert (other.languages, other.multilingual) == (("en",), False)


OPEN = "not reached yet: docs/retrieval.md, A model's scale"


async def test_another_scale_gives_the_same_rankings(request, minilm, otherwise, tmp_path):
    if otherwise.model.runtime.dimension != heads.WIDTH + 1:
        request.applymarker(pytest.mark.xfail(reason=OPEN, strict=True))
    ours = await minilm.rankings(tmp_path / "a")
    theirs = await otherwise.rankings(tmp_path / "b")
    shared = [len(set(a) & set(b)) / 5 for a, b in zip(ours, theirs, strict=True)]
    first = [a[0] == b[0] for a, b in zip(ours, theirs, strict=True)]
    print(f"first place {np.mean(first):.3f}, first five {np.mean(shared):.3f}")
    assert np.mean(first) >= otherwise.alike
    assert np.mean(shared) >= otherwise.alike


@pytest.mark.slow
@pytest.mark.xfail(reason=OPEN, strict=True)
def test_another_scale_gives_the_same_evidence(minilm, otherwise):
    ours, theirs = (np.array(j.sureness()) for j in (minilm, otherwise))
    same = np.mean((ours >= 0.5) == (theirs >= 0.5))
    print(f"the same ends {same:.3f}, apart {np.abs(ours - theirs).mean():.3f}")
    assert 0.15 < np.mean(ours >= 0.5) < 0.9  # some are answered, some are not
    assert same >= otherwise.alike
    assert np.abs(ours - theirs).mean() < 1 - otherwise.alike


@pytest.mark.slow
def test_another_scale_holds_the_same_sentences(minilm, otherwise):
    ours, theirs = minilm.holds(), otherwise.holds()
    assert 10 < sum(ours) < len(ours) - 10
    assert np.mean([a == b for a, b in zip(ours, theirs, strict=True)]) >= 0.98


@pytest.fixture(scope="module")
def quick():
    """MiniLM in the runtime that starts at once."""
    return opened("openvino")


@pytest.fixture
def counted(quick, monkeypatch):
    """How often a scale is measured."""
    calls = []
    measured = scaling.measured
    monkeypatch.setattr(scaling, "measured", lambda m: calls.append(m) or measured(m))
    return calls


def test_minilm_knows_english_and_its_unrelated_texts_have_small_cosines(quick):
    found = scaling.measured(quick)
    assert (found.languages, found.multilingual) == (("en",), False)
    assert 0.0 < found.floor < 0.15
    assert found.related.cosine - found.floor > 2 * found.spread
    assert 1.4 < found.fertility < 1.6  # measured on xquad-pool-dev: docs/retrieval.md


def test_a_scale_is_measured_once_by_however_many_at_once(quick, counted, tmp_path):
    with ThreadPoolExecutor(3) as pool:
        found = set(pool.map(lambda _: scaling.scale_of(quick, Embedding(), tmp_path), range(3)))
    assert len(found) == len(counted) == 1
    assert found == {scale.kept(Embedding(), tmp_path)}


@pytest.mark.parametrize("damage", [b"{", *slow(b"", b'{"made_from": 3}', b"\x00" * 100)])
def test_a_damaged_scale_is_made_again(quick, counted, tmp_path, damage):
    file = scale.file_of(Embedding(), tmp_path)
    file.write_bytes(damage)
    assert scale.kept(Embedding(), tmp_path) is None
    found = scaling.scale_of(quick, Embedding(), tmp_path)
    assert found == scale.kept(Embedding(), tmp_path)


@pytest.mark.parametrize("name", [ENGLISH, *slow(MULTILINGUAL)])
def test_the_scales_that_come_with_the_program_are_what_is_measured(name, models_dir):
    """Of these texts, these weights and these prompts: with others there is none."""
    settings = Embedding(model=name, models_dir=str(models_dir))
    model = opened("openvino", model=name, models_dir=str(models_dir))
    found, shipped = scaling.measured(model), scale.shipped(settings)
    for field in ("floor", "spread", "texts", "fertility"):
        assert getattr(shipped, field) == pytest.approx(getattr(found, field), abs=0.003)
    for end in ("unrelated", "related"):
        values = [msgspec.structs.astuple(getattr(one, end)) for one in (shipped, found)]
        assert values[0] == pytest.approx(values[1], abs=0.003)
    assert (shipped.languages, shipped.multilingual) == (found.languages, found.multilingual)
    assert scale.shipped(msgspec.structs.replace(settings, query_prompt="other: ")) is None


def test_other_texts_and_other_prompts_make_another_scale(quick, counted, tmp_path, monkeypatch):
    scale.keep(Embedding(), tmp_path, Scale(floor=0.5))
    assert scaling.scale_of(quick, Embedding(), tmp_path).floor == 0.5
    assert scale.kept(Embedding(query_prompt="query: "), tmp_path) is None
    other = shutil.copy(scale.PAIRS, tmp_path / "pairs.json")
    with open(other, "a") as file:
        file.write("\n")
    monkeypatch.setattr(scale, "PAIRS", tmp_path / "pairs.json")
    assert scaling.scale_of(quick, Embedding(), tmp_path).floor < 0.2
    assert len(counted) == 1


def test_a_scale_that_cannot_be_kept_holds_for_the_process(quick, tmp_path, caplog):
    (tmp_path / "file").write_text("no folder")
    with caplog.at_level(logging.WARNING, logger="kb.embedding"):
        found = scaling.scale_of(quick, Embedding(), tmp_path / "file")
    assert found.languages == ("en",)
    assert "cannot be kept" in caplog.text


def test_a_model_that_tells_nothing_apart_is_never_sure():
    nothing = scale.Readings(cosine=0.5, met=0.5, least=0.5)
    blind = Scale(floor=0.5, unrelated=nothing, related=nothing)
    best = evidence.Match.of(1.0, 1.0, blind)
    found = [passage("", 1.0, blind)]
    readings = evidence.readings("?", found, [best], blind)
    assert evidence.judged("?", found, readings, shipped()[0]).band() == evidence.FAR


def passage(text: str, similarity: float, scale: Scale) -> Passage:
    chunk = StoredChunk(
        0, 0, 1, 1, "a.txt", "s", None, "", "text/plain", "en", None, None, None, text, "", ""
    )
    near = scale.read(similarity, 0.0, 0.0).cosine
    standing = PassageStanding(near, 0.0, 0.0, 0.0)
    return Passage(chunk, text, (0,), near, similarity, standing=standing)
