"""The ledger as a file for a spreadsheet."""

import csv
import io
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Any

from litestar import Request, get
from litestar.response import Stream

from kb.surface import reasons
from kb.types.library import After, LedgerFilter
from web.api.ledger import StateQuery, check_state
from web.asker import knowledge_base, principal_of, shares
from web.auth.who import READER
from web.i18n import language_of, translations

COLUMNS = (
    "source", "path", "state", "code", "reason", "parser", "pages", "language", "confidence",
    "chunks", "bytes", "version", "changed", "indexed",
)  # fmt: skip
FORMULA = ("=", "+", "-", "@", "\t", "\r")
PART = 500
"""Rows of the ledger that are read at once."""


@get("/documents.csv", include_in_schema=False, who=READER)
async def ledger_as_csv(
    request: Request[Any, Any, Any],
    in_state: StateQuery = None,
    source: str | None = None,
    text: str | None = None,
    code: str | None = None,
    folder: str | None = None,
) -> Stream:
    """Every row that the filters leave, for the asker."""
    check_state(in_state or None)
    wanted = LedgerFilter(in_state or None, source or None, text or None, code or None, folder)
    return Stream(
        _lines(request, wanted),
        media_type="text/csv; charset=utf-8",
        headers={"Content-Disposition": "attachment; filename=documents.csv"},
    )


async def _lines(request: Request[Any, Any, Any], wanted: LedgerFilter) -> AsyncIterator[str]:
    base, principal = knowledge_base(request), principal_of(request)
    words = translations(language_of(request))
    yield "\ufeff" + _line(COLUMNS)
    after = None
    while True:
        rows = await shares(request).exports.run(
            base.ledger.rows, principal, wanted, limit=PART, after=after
        )
        for row in rows:
            reason = reasons.render(row.code, row.parameters, words)
            values = {
                "reason": reason,
                "changed": _moment(row.mtime_ns / 1e9 if row.mtime_ns else None),
                "indexed": _moment(row.indexed_at),
            }
            yield _line([values[n] if n in values else getattr(row, n) for n in COLUMNS])
        if len(rows) < PART:
            return
        after = After(rows[-1].source, rows[-1].raw_path)


def _line(values: Any) -> str:
    output = io.StringIO()
    csv.writer(output).writerow([_safe(v) for v in values])
    return output.getvalue()


def _safe(value: Any) -> Any:
    """Text that a spreadsheet would take for a formula stands behind an apostrophe."""
    if isinstance(value, str) and value.startswith(FORMULA):
        return "'" + value
    return "" if value is None else value


def _moment(stamp: float | None) -> str:
    return datetime.fromtimestamp(stamp, UTC).isoformat(timespec="seconds") if stamp else ""
