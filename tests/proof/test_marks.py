"""Marks are found wherever they stand, and only there."""

import random

import pytest

from kb.proof.marks import LONGEST, Finder, Maker, telling

TEXT = "The q-vexine zebrastone weighs 48151 grams, says the keeper of the vault."


def marks(*others):
    maker = Maker()
    maker.add("text", TEXT.encode())
    maker.add("vector", bytes(range(7, 71)))
    return telling(maker.marks(), others)


@pytest.mark.parametrize("before", range(9))
def test_a_mark_is_found_at_any_place(before):
    noise = random.Random(before).randbytes(5000 + before)
    found = {mark.kind for mark in Finder(marks()).found_in(noise + TEXT.encode() + noise)}
    assert found == {"text"}
    assert not list(Finder(marks()).found_in(noise * 40))


def test_what_stands_elsewhere_too_is_no_mark():
    left = marks(f"Another one says: {TEXT}")
    assert {mark.kind for mark in left.each} == {"vector"}


def test_marks_do_not_repeat_what_they_are_of():
    made = marks()
    assert len(made.each) == 8
    assert all(mark.length == LONGEST for mark in made.each)
    kept = repr(made)
    assert "zebrastone" not in kept and TEXT.encode()[:8].hex() not in kept


def test_dots_and_short_names_are_no_marks():
    maker = Maker()
    for content in (b"." * 100, b"a.txt", bytes(400)):
        maker.add("text", content)
    assert maker.marks().each == []
