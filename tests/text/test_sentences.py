"""Where sentences end."""

import pytest

from kb.text import sentences


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("One. Two! Three?", 3),
        ("Dr. Meier arrives at 5 p.m. today. He stays.", 2),
        ("Die Sitzung ist am 3. Mai 2025. Sie dauert z. B. zwei Stunden.", 2),
        ("Art. 5 gilt. Abs. 2 auch.", 2),
        ("Le train part à 8 h. Il arrive à midi.", 2),
        ("3.5 million were spent. No more.", 2),
        ("", 0),
    ],
)
def test_sentences_end_where_people_see_them_end(text, count):
    assert len(sentences.spans(text)) == count


def test_sentence_spans_are_verbatim():
    text = "  First one.  Second one.\n\nThird "
    assert [text[s:e] for s, e in sentences.spans(text)] == ["First one.", "Second one.", "Third"]
