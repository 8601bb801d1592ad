"""Words as they are compared."""

from kb.text import words


def test_inflection_does_not_hide_a_word():
    asked = words.content("Wie lange gilt die Genehmigung?")
    assert words.coverage(asked, "Genehmigungen gelten ein Jahr.") > 0.4
