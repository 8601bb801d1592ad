"""Who may use a route. Every route says it; one that does not is the owner's alone."""

from enum import StrEnum


class Who(StrEnum):
    """From everybody to the few."""

    ANYONE = "anyone"
    READER = "reader"
    """Whoever is signed in; what they see is decided by their rights."""
    CURATOR = "curator"
    """Whoever answers for a source; which one is checked in the route."""
    ADMINISTRATOR = "administrator"
    METRICS = "metrics"
    """An administrator, or a token made for monitoring."""


ANYONE, READER, CURATOR = Who.ANYONE, Who.READER, Who.CURATOR
ADMINISTRATOR, METRICS = Who.ADMINISTRATOR, Who.METRICS
