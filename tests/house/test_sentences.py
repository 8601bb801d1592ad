"""No error is told in English on a page of another language."""

import pytest

from kb.errors import FileProblem, KbError, filled
from kb.surface import faults, reasons
from tests.parts.sentences import below, of_people, raised
from web.i18n import languages, translations

OTHERS = [language for language in languages() if language != "en"]


def test_a_sentence_that_somebody_can_cause_is_one_text_with_places():
    """What is put together where it is raised, no catalogue has."""
    together = [f"{one.file}:{one.line}" for one in of_people() if one.sentence is None]
    assert together == []
    assert len(of_people()) > 100


@pytest.mark.parametrize("language", OTHERS)
def test_every_error_has_words_in_every_language(language):
    """By its own sentence where somebody at a page can cause it; else by its code or its class."""
    words = translations(language)
    own = {one.sentence for one in of_people()}
    for one in raised():
        english = one.sentence or "a sentence about {path} that was put together"
        error = one.kind.__new__(one.kind)
        KbError.__init__(error, english)
        said = faults.sentence(error, words)
        assert said != filled(english, {}), (one, "is English")
        if one.sentence in own:
            assert said == words.gettext(one.sentence), one
    for code, sentence in faults.BY_CODE.items():
        assert words.gettext(sentence) != sentence, code
    for code in (*reasons.REASONS, *reasons.COUNTED):
        assert faults.sentence(FileProblem(code), words) != faults.sentence(FileProblem(code))


def test_every_class_has_a_sentence_for_what_is_not_its_own():
    for kind in below(KbError):
        codes = {above.code for above in kind.__mro__ if issubclass(above, KbError)}
        assert codes & set(faults.BY_CODE), kind


def test_what_goes_into_a_sentence_is_put_in_once():
    """A value that looks like a place is no place."""
    error = KbError("There is no group {group} for {user}.", detail={"group": "{user}", "user": 1})
    assert error.message == "There is no group {user} for 1."
    german = translations("de")
    missing = KbError("There is no group called {group}. Groups are added under People, or with: kb "
                      "group add {group}", detail={"group": "a & b"})  # fmt: skip
    assert "„Personen“" in faults.sentence(missing, german)
    assert "a & b" in faults.sentence(missing, german)
