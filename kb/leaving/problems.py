"""What is said of a folder that cannot be exported to, or imported."""

from kb.errors import UsageError


def damaged(what: str, where: str = "") -> UsageError:
    """The error for a folder that is no whole export: what is wrong with it."""
    return UsageError(
        "This is not a whole export: {what}. Copy the folder again from where it was made, or "
        "export again.",
        code="bad_export",
        detail={"what": what, "where": where},
    )
