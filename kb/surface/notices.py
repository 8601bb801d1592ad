"""What the reader of an answer has to know: a code with parameters, rendered for people.

The texts are message ids for gettext.
"""

from collections.abc import Callable

from kb.llm.problems import RECOMMENDED
from kb.types.answers import Notice


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
    "earlier_edition": EDITION,
    "not_found": _("The documents do not say. These passages come nearest."),
}


def render(notice: Notice, translate: Callable[[str], str] = str) -> str:
    """A notice in words; of an unknown code those that fit every failure of a model.

    That an answer is from an earlier edition is said after it.
    """
    given = notice.parameters
    texts = [NOTICES.get(notice.code, NOTICES["model_unavailable"])]
    if "edition" in given and texts != [EDITION]:
        texts.append(EDITION)
    values = dict(given) | {"model": given.get("model") or RECOMMENDED}
    return " ".join(translate(text).format(**values) for text in texts)
