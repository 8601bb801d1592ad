"""Which line is a heading."""

import pytest

from ingest.parsers import text_types


@pytest.mark.parametrize(
    ("text", "is_sentence"),
    [
        ("Annual leave and public holidays", False),
        ("Verpflegung und Unterkunft", False),
        ("Personnes à mobilité réduite", False),
        ("Employees are paid monthly", True),
        ("Das Tagegeld beträgt 28 Euro", True),
        ("Les chiens paient le demi-tarif et doivent porter une muselière", True),
    ],
)
def test_a_heading_is_told_from_a_sentence(text, is_sentence):
    assert any(tag == "VB" for _, tag in text_types.pos_tag(text)) == is_sentence
