"""When a document is from, by what stands in it."""

from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

EARLIEST = datetime(1970, 1, 1, tzinfo=UTC)
AHEAD = timedelta(days=2)
"""A clock may be wrong, or of another zone; what lies further ahead is no date of writing."""


def of_header(value: str) -> float | None:
    """The moment that a mail's header names (Unix seconds); None where that cannot be."""
    try:
        moment = parsedate_to_datetime(value)
        moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
        return moment.timestamp() if EARLIEST < moment <= datetime.now(UTC) + AHEAD else None
    except (TypeError, ValueError, OverflowError, IndexError):  # as many as there are programs
        return None
