"""Which moments a document can be from, in seconds since the epoch. Pure."""

from datetime import datetime

AHEAD = 2 * 86_400.0
"""A clock may be wrong, or of another zone; what lies further ahead is no date of writing."""
UNSET = {
    int(datetime.fromisoformat(f"{moment}+00:00").timestamp())
    for moment in (
        "1970-01-01T00:00", "1980-01-01T00:00", "2000-01-01T00:00", "2006-09-16T00:00",
        "2013-12-23T23:15:00", "2013-01-27T09:14:16", "2013-01-27T09:15:58",
    )
}  # fmt: skip
"""What clocks begin with that nobody has set, and what is written whenever it is: by reportlab
where it writes the same file each time, by Excel for new sheets, by python-docx and python-pptx."""


def is_believed(moment: float, now: float) -> bool:
    """Whether a document can be from then: not before 1970, and not ahead."""
    return 0 < moment <= now + AHEAD


def is_set(moment: float) -> bool:
    """Whether a clock that somebody has set may say this."""
    return int(moment) not in UNSET
