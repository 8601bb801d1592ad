"""``GET /api/v1/files``."""

import base64
from typing import Annotated, Any

import msgspec
from litestar import Request, get
from litestar.params import Parameter

from kb.errors import UsageError
from kb.surface import shapes
from kb.types.library import After, LedgerFilter
from kb.types.parsed import State
from web.asker import knowledge_base, principal_of
from web.auth.who import READER
from web.i18n import language_of, translations

MOST = 1000
"""Files that one request may list."""
StateQuery = Annotated[str | None, Parameter(query="state", description="Only this state.")]
"""The framework keeps the name ``state`` for itself, hence another one in the code."""


@get("/api/v1/files", summary="The ledger", who=READER)
async def files(
    request: Request[Any, Any, Any],
    in_state: StateQuery = None,
    source: str | None = None,
    text: str | None = None,
    limit: Annotated[int, Parameter(description="How many files at most, 1 to 1000.")] = MOST,
    cursor: Annotated[str | None, Parameter(description="What `next` said before.")] = None,
) -> dict[str, Any]:
    """The files that the asker may see (``text``: in their path), each with state and reason.

    They come a page at a time, by source and path. Where another page follows, ``next`` is its
    ``cursor``; a page without ``next`` is the last.
    """
    check_state(in_state)
    if not 1 <= limit <= MOST:
        raise UsageError(
            "The limit goes from 1 to {highest}.",
            code="limit_out_of_range",
            detail={"lowest": 1, "highest": MOST},
        )
    wanted = LedgerFilter(state=in_state, source=source, text=text)
    after = place_of(cursor) if cursor else None
    base, principal = knowledge_base(request), principal_of(request)
    rows = await base.read(base.ledger.rows, principal, wanted, limit=limit + 1, after=after)
    words = translations(language_of(request))
    page: dict[str, Any] = {"files": [shapes.file(r, words) for r in rows[:limit]]}
    if len(rows) > limit:
        last = rows[limit - 1]
        page["next"] = cursor_of(After(last.source, last.raw_path))
    return page


def cursor_of(place: After) -> str:
    """A row's place in the ledger, as a word for an address."""
    plain = msgspec.msgpack.encode((place.source, place.raw_path))
    return base64.urlsafe_b64encode(plain).decode().rstrip("=")


def place_of(cursor: str) -> After:
    """The place that :func:`cursor_of` has written down.

    Raises:
        UsageError: it is none of its cursors.
    """
    try:
        plain = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4))
        return After(*msgspec.msgpack.decode(plain, type=tuple[str, bytes]))
    except (ValueError, msgspec.MsgspecError) as error:
        raise UsageError("This is no cursor of ours.", code="bad_cursor") from error


def check_state(state: str | None) -> None:
    """Check the name of a state.

    Raises:
        UsageError: there is no such state.
    """
    if state and state not in {s.value for s in State}:
        raise UsageError(
            "There is no state {state}.",
            detail={"states": [s.value for s in State], "state": state[:40]},
        )
