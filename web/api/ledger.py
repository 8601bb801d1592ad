"""``GET /api/v1/files``."""

from typing import Annotated, Any

from litestar import Request, get
from litestar.params import Parameter

from kb import shapes
from kb.catalog.ledger import LedgerFilter
from kb.errors import UsageError
from kb.types import State
from web.asker import knowledge_base, principal_of
from web.auth.who import READER
from web.i18n import language_of, translations

StateQuery = Annotated[str | None, Parameter(query="state", description="Only this state.")]
"""The framework keeps the name ``state`` for itself, hence another one in the code."""


@get("/api/v1/files", summary="The ledger", who=READER)
async def files(
    request: Request[Any, Any, Any],
    in_state: StateQuery = None,
    source: str | None = None,
    text: str | None = None,
) -> dict[str, Any]:
    """Every file that the asker may see (``text``: in its path), with its state and the reason."""
    check_state(in_state)
    wanted = LedgerFilter(state=in_state, source=source, text=text)
    kb, principal = knowledge_base(request), principal_of(request)
    rows = await kb.catalog.read(kb.files, principal, wanted)
    translate = translations(language_of(request)).gettext
    return {"files": [shapes.file(r, translate) for r in rows]}


def check_state(state: str | None) -> None:
    """Raises ``UsageError`` for a state that does not exist."""
    if state and state not in {s.value for s in State}:
        raise UsageError(
            f"There is no state {state[:40]}.", detail={"states": [s.value for s in State]}
        )
