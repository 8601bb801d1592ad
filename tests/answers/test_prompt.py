"""Prompts fit the model's window."""

from kb.answers import prompt
from kb.llm.tokens import tokens
from tests.parts.passages import passage


def test_the_prompt_fits_the_window_and_keeps_the_best():
    many = [passage("words and more words " * 60, n << 20) for n in range(1, 40)]
    built = prompt.build("What?", many, 2048, 400)
    total = sum(tokens(m["content"]) for m in built.messages)
    assert total <= 2048 - 400
    assert 1 <= len(built.passages) < 39
    assert built.passages[0] is many[0]


def test_one_passage_too_long_is_cut_not_dropped():
    built = prompt.build("What?", [passage("word " * 5000)], 1024, 200)
    assert len(built.passages) == 1
    assert sum(tokens(m["content"]) for m in built.messages) <= 1024 - 200
