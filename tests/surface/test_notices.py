"""What the reader of an answer has to know: codes that are told in words at the edge."""

import pytest

from kb.surface import notices, shapes
from kb.types.answers import AnswerNotice
from tests.parts.answers import answered
from web.i18n import translations

NOTICES = [
    AnswerNotice("no_model"),
    AnswerNotice("model_missing", {"model": "granite:2b"}),
    AnswerNotice("model_cut_off"),
    AnswerNotice("not_found"),
]


@pytest.mark.parametrize("notice", NOTICES, ids=lambda notice: notice.code)
def test_an_answer_that_is_opened_again_says_what_it_said_when_it_was_fresh(house, notice):
    fresh = house.kb.receipts.keep(answered(notice), house.owner, None)
    reopened = house.kb.receipts.answer(house.owner, fresh.id)
    for language in ("en", "de"):
        translate = translations(language).gettext
        told = shapes.answer(fresh, translate)["notice"]
        assert shapes.answer(reopened, translate)["notice"] == told
        assert told["message"] == notices.render(notice, translate)


def test_a_notice_that_was_kept_without_parameters_still_has_words(house):
    """Answers of earlier releases have the code alone."""
    fresh = house.kb.receipts.keep(answered(AnswerNotice("model_missing")), house.owner, None)
    with house.kb.catalog.writing() as connection:
        connection.exec_driver_sql('UPDATE answers SET notice = \'{"code": "model_missing"}\'')
    reopened = house.kb.receipts.answer(house.owner, fresh.id)
    assert "ollama pull" in notices.render(reopened.notice)


def test_a_code_that_is_not_known_is_told_as_a_model_that_does_not_answer():
    assert notices.render(AnswerNotice("strange")) == notices.render(
        AnswerNotice("model_unavailable")
    )
