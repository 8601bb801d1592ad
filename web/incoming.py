"""What comes in with a request, read so that whatever is wrong with it is the request's fault.

Text with U+0000 is refused everywhere: PostgreSQL cannot store it, and nobody types it.
"""

from typing import Any

from litestar import Request
from litestar.datastructures import FormMultiDict
from litestar.exceptions import HTTPException
from litestar.types import HTTPScope

from kb.errors import NotFoundError, UsageError

DEEPEST = 100
"""Most levels of lists and objects in one another, in a JSON body."""


LONGEST_PART = 255
"""Most bytes of one part of an address; no file has a longer name, and no page asks for one."""


class _WrongCharset(UsageError):
    """Text in another encoding than UTF-8."""

    status = 415


def refusal(scope: HTTPScope) -> UsageError | None:
    """Why a request is not for any route to see; None where all is well."""
    query = scope["query_string"]
    if b"%00" in query or any(b"\0" in part for part in _raw(scope)):
        return UsageError("Text must not hold the character U+0000.", code="bad_text")
    if any(
        len(part.encode("utf-8", "replace")) > LONGEST_PART for part in scope["path"].split("/")
    ):
        return NotFoundError("There is no such address.")
    kind = next((v for n, v in scope["headers"] if n == b"content-type"), b"")
    charset = _parameter(kind.decode("latin-1"), "charset")
    if charset and charset.lower() not in {"utf-8", "utf8", "us-ascii", "ascii"}:
        return _WrongCharset("Send text as UTF-8.", code="wrong_charset")
    return None


def _raw(scope: HTTPScope) -> list[bytes]:
    return [scope["query_string"], *(v for header in scope["headers"] for v in header)]


def _parameter(value: str, name: str) -> str:
    for part in value.split(";")[1:]:
        key, _, given = part.partition("=")
        if key.strip().lower() == name:
            return given.strip().strip('"').strip()
    return ""


class Incoming(Request[Any, Any, Any]):
    """A request whose body is a bad request where it cannot be read."""

    async def json(self) -> Any:
        """The JSON body.

        Raises:
            UsageError: it is nested too deeply, or its text cannot be stored.
        """
        try:
            found = await super().json()
        except HTTPException:
            raise
        except RecursionError as error:
            raise _too_deep() from error
        except ValueError as error:  # bytes that are not UTF-8 among them
            raise UsageError("The JSON cannot be read.", code="bad_json") from error
        _check_values(found)
        return found

    async def form(self) -> FormMultiDict:
        """The form's fields.

        Raises:
            UsageError: it cannot be read, or its text cannot be stored.
        """
        try:
            found = await super().form()
        except HTTPException:
            raise
        except Exception as error:  # whatever the parsers trip over is in the body
            raise UsageError(
                "The form cannot be read; send it as UTF-8.", code="bad_form"
            ) from error
        for name, value in found.multi_items():
            _check_text(name)
            if isinstance(value, str):
                _check_text(value)
        return found


def _check_values(value: Any, depth: int = 0) -> None:
    if depth > DEEPEST:
        raise _too_deep()
    if isinstance(value, str):
        _check_text(value)
    elif isinstance(value, dict):
        for name, inner in value.items():
            _check_text(name)
            _check_values(inner, depth + 1)
    elif isinstance(value, list):
        for inner in value:
            _check_values(inner, depth + 1)


def _check_text(text: str) -> None:
    if "\0" in text:
        raise UsageError("Text must not hold the character U+0000.", code="bad_text")
    if not text.isascii():
        try:
            text.encode()
        except UnicodeEncodeError as error:
            raise UsageError("Text must be UTF-8.", code="bad_text") from error


def _too_deep() -> UsageError:
    return UsageError(
        "The JSON is nested more than {deepest} deep.", code="too_deep", detail={"deepest": DEEPEST}
    )
