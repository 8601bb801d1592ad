"""The error tree. Whether trying again can help is a type, not a flag.

KbError                     has a code, a sentence, a detail; every surface shows these three
  UsageError                the caller asked for something that cannot be: HTTP 400, exit 2
    NotFoundError           nothing of that name, or nothing the asker may see: 404
    ConflictError           it exists already, or is busy: 409
    NotSignedInError        nobody knows who asks: 401
    ForbiddenError          they may not do this: 403
  ConfigurationError        a setting is unknown or wrong; names the file and the nearest key
  PermanentError            trying again will not help
    FileProblem             one file cannot be read; the code is the reason in the ledger
    DamagedError            something stored is damaged; the sentence says what heals it: 503
  RetryableError            trying again later may help: 503
    EngineError             an engine process did not answer
    LeaseLost               somebody else took over this work
    TooManyError            too much at once; says when to come again: 429
      BusyError             the queue is full, whoever asks: 503
    ModelError              the language model failed, was silent, or broke off

The sentence is a template, ``There is no group called {group}.``, and the detail holds what goes
into it: whoever shows the error to people looks the template up in their language first.

An error crosses to another process by :func:`told` and :func:`rebuilt`, and keeps its class.
"""

import re
from collections.abc import Mapping
from typing import Any

PLACE = re.compile(r"\{(\w+)\}")


def filled(template: str, detail: Mapping[str, Any]) -> str:
    """A template with what goes into it; a place of which nothing is known stays as it is."""
    return PLACE.sub(lambda m: _plain(detail[m[1]]) if m[1] in detail else m[0], template)


def _plain(value: Any) -> str:
    return ", ".join(map(str, value)) if isinstance(value, list | tuple) else str(value)


class KbError(Exception):
    """An error that a person can be shown.

    ``code`` is stable and meant for programs, ``message`` is one sentence for people in English,
    ``template`` the same before the parameters in ``detail`` were put into it.
    """

    code = "error"
    status = 500

    def __init__(
        self, message: str, *, code: str | None = None, detail: Mapping[str, Any] | None = None
    ) -> None:
        self.template = message
        self.detail = dict(detail or {})
        self.message = filled(message, self.detail)
        self.code = code or type(self).code
        super().__init__(self.message)

    def as_json(self) -> dict[str, Any]:
        """The one shape in which errors leave the program."""
        return {"error": {"code": self.code, "message": self.message, "detail": self.detail}}


class UsageError(KbError):
    """The request itself is wrong."""

    code = "bad_request"
    status = 400


class NotFoundError(UsageError):
    """There is no such thing, or the asker may not know of it."""

    code = "not_found"
    status = 404


class ConflictError(UsageError):
    """The request collides with what is there."""

    code = "conflict"
    status = 409


class NotSignedInError(UsageError):
    """Nobody knows who asks."""

    code = "not_signed_in"
    status = 401


class ForbiddenError(UsageError):
    """Who asks may not do this."""

    code = "forbidden"
    status = 403


class ConfigurationError(KbError):
    """A setting is unknown or has a wrong value."""

    code = "configuration"


class PermanentError(KbError):
    """Trying again will not help."""

    code = "permanent"


class FileProblem(PermanentError):
    """One file cannot be read.

    The code is looked up in ``kb.surface.reasons`` and rendered there.
    """

    def __init__(self, code: str, **parameters: Any) -> None:
        super().__init__(code, code=code, detail=parameters)


class DamagedError(PermanentError):
    """Something that is stored is damaged. The message says what heals it."""

    code = "damaged"
    status = 503


class RetryableError(KbError):
    """Trying again later may help."""

    code = "unavailable"
    status = 503


class EngineError(RetryableError):
    """An engine process did not start, answer, or finish."""

    code = "engine_unavailable"


class LeaseLost(RetryableError):
    """Somebody else holds the lease by now; nothing of this attempt may be published."""

    code = "lease_lost"


class TooManyError(RetryableError):
    """Too much at once. ``seconds``: when to come again."""

    code = "too_many"
    status = 429

    def __init__(self, message: str, *, code: str | None = None, seconds: float = 5.0) -> None:
        self.seconds = max(1, round(seconds))
        super().__init__(message, code=code, detail={"seconds": self.seconds})


class BusyError(TooManyError):
    """The queue is full, whoever asks."""

    code = "busy"
    status = 503


class ModelError(RetryableError):
    """The language model failed, stayed silent, or broke off."""

    code = "model_unavailable"


def told(error: KbError) -> dict[str, Any]:
    """An error as plain values, for another process: its class and whether to try again too."""
    return {
        "kind": type(error).__name__,
        "retryable": isinstance(error, RetryableError),
        "code": error.code,
        "message": error.template,
        "detail": error.detail,
    }


def rebuilt(told: Mapping[str, Any]) -> KbError:
    """The error that another process told of.

    A class that is unknown here (the other process is of another release) becomes the nearest one
    that keeps whether to try again.
    """
    fallback = RetryableError if told.get("retryable") else KbError
    kind = _kinds(KbError).get(told.get("kind", ""), fallback)
    error = kind.__new__(kind)
    detail = dict(told.get("detail") or {})
    KbError.__init__(error, str(told["message"]), code=str(told["code"]), detail=detail)
    if isinstance(error, TooManyError):
        error.seconds = max(1, round(float(detail.get("seconds", 5))))
    return error


def _kinds(kind: type[KbError]) -> dict[str, type[KbError]]:
    """A class and everything below it, by name."""
    found = {kind.__name__: kind}
    for lower in kind.__subclasses__():
        found |= _kinds(lower)
    return found
