"""What an error says to people, in their language.

The sentence of an error that a person can cause (``UsageError``, ``TooManyError`` and what is below
them) is a message id of gettext, with the places that its detail fills. What an engine, a model
server or the disk says is English and names paths and addresses: in another language the sentence
of its code stands in its place, and the log of the service has the rest.
"""

from collections.abc import Mapping
from gettext import NullTranslations
from typing import Any

from kb.errors import FileProblem, KbError, filled
from kb.surface import reasons

ENGLISH = NullTranslations()


def _(text: str) -> str:
    return text


VAGUE = _("This cannot be done right now. Try again later; the log of the service says more.")
INTERNAL = _("Something went wrong here; the log of the service says what.")
BY_CODE: dict[str, str] = {
    # Of the tree of errors, by class: what fits whatever has no sentence of its own.
    "error": INTERNAL,
    "internal": INTERNAL,
    "permanent": INTERNAL,
    "configuration": _(
        "Something is set up wrong here. Whoever runs the service finds what it is in its log."
    ),
    "damaged": _(
        "Something that is stored here is damaged. Whoever runs the service finds in its log what "
        "heals it."
    ),
    "unavailable": VAGUE,
    "directory_unavailable": _("The directory does not answer right now. Try again later."),
    "lease_lost": _("Another process has taken over this work."),
    "engine_unavailable": _(
        "A part of Commonplace does not answer yet. Try again in a moment; the log of the service "
        "says more."
    ),
    # Of the framework, which refuses a request before any route sees it.
    "bad_request": _("This request is not as it has to be."),
    "not_signed_in": _("Sign in first."),
    "forbidden": _("This is not yours to see or do."),
    "not_found": _("There is no such address."),
    "method_not_allowed": _("This address does not take such a request."),
    "too_large": _("This is larger than what is taken here."),
    "wrong_media_type": _("This address does not take content of that kind."),
    "http_error": _("This request is not as it has to be."),
    # What a run or a change of models ended with; it is kept as it was, and shown later.
    "interrupted": _("The run was stopped."),
    "stopped": _("The run was stopped on request. What it had read stays."),
    "run_failed": _("Reading failed; the log of the service says why. It is tried again."),
    "unexpected": _("The run met what nobody expected; the log of the service says what."),
    "source_unreachable": _("The folder {path} is not there. Its documents stay as they are."),
    "not_a_folder": _("There is no folder {path}."),
    "catalog_unavailable": _("The catalog cannot be used right now. It is tried again."),
    "disk_full": _("There is no room left on the disk. Make room, then read again."),
    "swap_failed": _("The change of models failed; the log of the service says why."),
    # Of a backup, which is kept as it ended, and shown later.
    "backup_inside": _(
        "{folder} and the data directory {data} lie one in the other: what destroys the one "
        "destroys the other. Name a folder elsewhere, best on another disk."
    ),
    "not_for_backups": _(
        "{folder} holds other files ({files}). Name an empty folder, or one that holds backups."
    ),
    "backup_open_to_others": _(
        "Others could read {folder}, and its rights cannot be changed from here. Mount it with "
        "umask=077, or name another folder."
    ),
    "backup_folder_unusable": _(
        "The folder for backups {folder} cannot be used. Is it mounted, and may this account write "
        "there?"
    ),
    "backup_no_room": _(
        "The backup needs {needed_mb} MB more in {folder}, and {free_mb} are free. Make room "
        "there, or lower backup.keep."
    ),
    "backup_disk_full": _(
        "The disk of the folder for backups {folder} is full. Make room there, or lower "
        "backup.keep."
    ),
    "backup_damaged": _(
        "A file in the folder of backups is damaged. To see which: kb backup verify FOLDER"
    ),
    "backup_interrupted": _("The backup was stopped before it was whole."),
    # Of the language model, where its own words do not help.
    "no_provider": _("No provider is configured."),
    "model_unavailable": _("The language model does not answer."),
    "model_missing": _("The language model is not installed."),
    "model_silent": _("The language model was silent."),
    "model_out_of_memory": _("The language model does not fit into its server's memory."),
    "model_busy": _("The language model is busy."),
    "model_not_allowed": _("The language model may not be used (key, or it runs elsewhere)."),
    "model_cannot_chat": _("The model that is set does not chat."),
    "model_not_json": _("A web page answers in the language model's place."),
    "model_cut_off": _("The language model broke off."),
    "model_failed": _("The language model failed."),
    "model_prompt_cut": _("The passages did not fit into the language model's window."),
    "model_only_thought": _("The language model used up its tokens thinking and wrote no answer."),
    "model_empty": _("The language model wrote nothing. Ask again, or take another model."),
}
"""By code, of an error or of the classes of ``kb.errors``."""


def sentence(error: KbError, words: NullTranslations = ENGLISH) -> str:
    """What an error says, in a language."""
    if isinstance(error, FileProblem):
        return reasons.render(error.code, error.detail, words) or ""
    said = words.gettext(error.template)
    if said == error.template and type(words) is not NullTranslations:
        return by_code(error.code, error.message, words, error.detail, type(error))
    return filled(said, error.detail)


def by_code(
    code: str,
    english: str,
    words: NullTranslations,
    detail: Mapping[str, Any] | None = None,
    kind: type[KbError] = KbError,
) -> str:
    """The sentence of a code, or that of the error's class; in English what was said itself."""
    if type(words) is NullTranslations:
        return english
    codes = (code, *(above.code for above in kind.__mro__ if issubclass(above, KbError)))
    template = next((BY_CODE[one] for one in codes if one in BY_CODE), INTERNAL)
    return filled(words.gettext(template), detail or {})


def stored(error: Mapping[str, Any], words: NullTranslations = ENGLISH) -> str:
    """What an error says that was kept as JSON, in a language."""
    detail = error.get("detail") or {}
    return by_code(str(error["code"]), str(error["message"]), words, detail)


def told(error: KbError, words: NullTranslations = ENGLISH) -> dict[str, Any]:
    """The one shape in which errors leave the program, in a language."""
    shape = error.as_json()
    shape["error"]["message"] = sentence(error, words)
    return shape
