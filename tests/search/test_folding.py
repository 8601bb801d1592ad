"""Neighbouring passages become one."""

import random
from dataclasses import replace

from kb.search import folding
from tests.parts.passages import passage


def test_neighbours_on_a_page_become_one_passage():
    a, b = passage("one", (1 << 20) | 4, page=2), passage("two", (1 << 20) | 5, page=2)
    [joined] = folding.join_neighbours([b, a])
    assert joined.text == "one\ntwo"
    assert joined.passage_id == "1-4-5"


def test_neighbours_on_two_pages_stay_apart():
    a, b = passage("one", (1 << 20) | 4, page=2), passage("two", (1 << 20) | 5, page=3)
    assert len(folding.join_neighbours([a, b])) == 2


def test_near_copies_are_those_that_share_most_words_and_most_triples():
    """Against the definition, worked out in full, over texts of which many are nearly the same."""
    chance = random.Random(7)
    vocabulary = [f"word{n}" for n in range(900)]
    texts = [" ".join(chance.choices(vocabulary, k=chance.randrange(1, 130))) for _ in range(12)]
    for _ in range(60):
        words = chance.choice(texts).split()
        for _ in range(chance.randrange(0, 1 + len(words) // 30)):
            words[chance.randrange(len(words))] = chance.choice(vocabulary)
        texts.append(" ".join(words[: len(words) - chance.randrange(0, 1 + len(words) // 5)]))
    chance.shuffle(texts)
    passages = [passage(text, n << 20) for n, text in enumerate(texts)]
    expected: list[str] = []
    for text in texts:
        if not any(alike(text, other) for other in expected):
            expected.append(text)
    assert 12 < len(expected) < len(texts) - 12
    apart = folding.without_near_copies(passages, len(texts))
    assert [p.text for p in apart] == expected


def alike(one: str, other: str) -> bool:
    def share(a, b):
        return len(a & b) / len(a | b) >= 0.85

    def triples(words):
        return {tuple(words[i : i + 3]) for i in range(max(1, len(words) - 2))}

    a, b = one.split(), other.split()
    return share(set(a), set(b)) and share(triples(a), triples(b))


def test_of_two_things_that_are_compared_the_best_of_each_is_among_the_first():
    def scored(point, score):
        return replace(passage(f"{point}", point << 20), score=score)

    whole = [scored(n, 1 - n / 10) for n in range(8)]
    near, far = scored(3, 1.5), scored(99, 0.2)
    found = folding.with_each(whole, [[near], [far, whole[5]]], 6)
    assert [p.points[0] >> 20 for p in found] == [0, 3, 99, 1, 2, 4]
    assert [round(p.score, 1) for p in found] == [1.0, 1.0, 0.2, 0.9, 0.8, 0.6]
    assert folding.with_each([], [[near], []], 6) == (near,)
