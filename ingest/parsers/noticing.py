"""What the ledger says of a file that was read all the same: only what there is any of. Pure."""

from kb.types.parsed import Notice


def counted(*notices: Notice) -> tuple[Notice, ...]:
    """Notices without those that count nothing."""
    return tuple(notice for notice in notices if any(notice.parameters.values()))


def of_parts(unread: int, cut: int = 0) -> tuple[Notice, ...]:
    """Parts that are missing or damaged, and those that are larger than what is read of them."""
    return counted(Notice("parts_unread", {"parts": unread}), Notice("cut_short", {"parts": cut}))
