"""What the reader of an answer has to know: a code with parameters, rendered for people.

The texts are message ids for gettext.
"""

from collections.abc import Callable

from kb.llm.problems import RECOMMENDED
from kb.types.answers import AnswerNotice


def _(text: str) -> str:
    return text


EDITION = _("This is from the edition {edition}; the newest one is {newest}.")
NOTICES = {
    "no_model": _("No language model is connected; these are the documents' own words."),
    "model_unavailable": _(
        "The language model does not answer; these are the documents' own words."
    ),
    "model_missing": _(
        "The language model is not installed (ollama pull {model}); these are the documents' own "
        "words."
    ),
    "model_silent": _("The language model was silent; these are the documents' own words."),
    "model_out_of_memory": _(
        "The language model does not fit into its server's memory; these are the documents' own "
        "words."
    ),
    "model_busy": _("The language model is busy; these are the documents' own words."),
    "model_not_allowed": _(
        "The language model may not be used (key, or it runs elsewhere); these are the documents' "
        "own words."
    ),
    "model_cannot_chat": _(
        "The model that is set does not chat; these are the documents' own words."
    ),
    "model_not_json": _(
        "A web page answers in the language model's place; these are the documents' own words."
    ),
    "model_cut_off": _("The language model broke off; these are the documents' own words."),
    "model_failed": _("The language model failed; these are the documents' own words."),
    "model_prompt_cut": _(
        "The passages did not fit into the language model's window; these are the documents' own "
        "words."
    ),
    "model_only_thought": _(
        "The language model used up its tokens thinking and wrote no answer; these are the "
        "documents' own words."
    ),
    "model_empty": _(
        "The language model wrote nothing; these are the documents' own words. Ask again, or take "
        "another model."
    ),
    "cut": _("This answer is cut: it reached the longest length that is allowed."),
    "stopped": _("You stopped this answer before its end."),
    "earlier_edition": EDITION,
    "pinned": _("{author} has pinned this answer to the question."),
    "pinned_alike": _("{author} has pinned this answer to a question like yours: “{question}”"),
    "may_answer": _("What comes nearest; it may not answer the question."),
    "unsure": _("The passages found may not answer the question; look at the sources."),
    "model_says_no": _("The language model found no answer in the passages that come nearest."),
    "not_found": _("Nothing that was found comes near the question."),
}
TOLD_ONCE = "no_model"
"""A reason for quotations that is no fault: beside another notice it is left out."""


def render(notice: AnswerNotice, translate: Callable[[str], str] = str) -> str:
    """A notice in words; of an unknown code those that fit every failure of a model.

    Why no model has written (``because``), and that an answer is from an earlier edition, is said
    after it.
    """
    codes = [notice.code, notice.parameters.get("because", TOLD_ONCE)]
    texts = [NOTICES.get(code, NOTICES["model_unavailable"]) for code in codes]
    told = texts if codes[1] != TOLD_ONCE else texts[:1]
    if "edition" in notice.parameters and EDITION not in told:
        told.append(EDITION)
    named = {"model": RECOMMENDED, "author": "", "question": ""} | dict(notice.parameters)
    return " ".join(translate(text).format(**named) for text in told)
