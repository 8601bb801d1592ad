"""How far questions lean to those that no documents are asked: computed, kept, told by the process."""

from collections import Counter

import numpy as np
import pytest

from kb.embedding import elsewhere
from kb.embedding.client import Embeddings
from kb.embedding.elsewhere import Elsewhere
from kb.settings import Embedding

OFFICE = (
    "How many days of leave does a trainee have?",
    "Which supplier delivers the brake pads?",
    "Who signs invoices above five thousand euros?",
    "When was the north depot inspected?",
)
ANYTHING = (
    "Will there be thunderstorms on Sunday?",
    "How do I bake rye bread at home?",
    "Tell me something funny about elephants.",
    "Who won the chess championship?",
)


def along(*angles: float):
    return np.array([[np.cos(a), np.sin(a)] for a in angles], dtype="<f4")


def test_leaning_is_what_the_nearest_have_more_than_all_of_a_language():
    known = Elsewhere(along(0.0, 0.1, 0.2, 1.5, 1.6, 3.0), ["en"] * 5 + ["de"])
    asked = along(0.0).tobytes()
    cosines = np.cos([0.0, 0.1, 0.2, 1.5, 1.6])
    expected = cosines[:3].mean() - cosines.mean()
    assert known.leaning(asked, "en") == pytest.approx(expected, abs=1e-6)
    assert known.leaning(asked, "de") == pytest.approx(0, abs=1e-6), "one question is all there are"
    every = np.append(cosines, np.cos(3.0))
    assert known.leaning(asked, "") == pytest.approx(cosines[:3].mean() - every.mean(), abs=1e-6)


def test_each_matter_stands_in_every_language_once():
    told = elsewhere.questions()
    languages = Counter(one.language for one in told)
    assert languages == dict.fromkeys(("en", "de", "fr", "it", "es"), len(told) // 5)
    assert len({one.question for one in told}) == len(told)


async def test_questions_of_anything_lean_farther_than_those_of_an_office(settings):
    embeddings = Embeddings(settings)
    far, near = [
        [await embeddings.leaning(question, "en") for question in questions]
        for questions in (ANYTHING, OFFICE)
    ]
    await embeddings.engine.close()
    assert np.mean(far) > np.mean(near) + 0.05, (far, near)


class Counted:
    """In place of a model: one vector for each length of a text, and how many were wanted."""

    def __init__(self):
        self.wanted = 0
        self.runtime = self

    def as_query(self, text):
        return text

    def vectors(self, texts):
        self.wanted += len(texts)
        return along(*(len(text) / 50 for text in texts))


def test_the_built_in_questions_are_embedded_once_a_host(tmp_path):
    model, asked = Counted(), along(0.4).tobytes()
    first = elsewhere.elsewhere_of(model, Embedding(), ["en"], tmp_path).leaning(asked, "en")
    once = model.wanted
    assert once == sum(one.language == "en" for one in elsewhere.questions())
    assert (
        elsewhere.elsewhere_of(model, Embedding(), ["en"], tmp_path).leaning(asked, "en") == first
    )
    assert model.wanted == once
    [file] = tmp_path.iterdir()
    file.write_bytes(file.read_bytes()[:-9])
    assert (
        elsewhere.elsewhere_of(model, Embedding(), ["en"], tmp_path).leaning(asked, "en") == first
    )
    assert model.wanted == 2 * once, "what is damaged is made anew"
