"""The folders in a folder, for whoever looks for one to follow; only beneath those allowed."""

import os
from typing import Any

from ingest.finding import roots

MOST = 500
"""Folders that are listed; what is beyond is reached by typing."""


def inside(path: str, allowed: tuple[str, ...] = ()) -> dict[str, Any]:
    """``{"path", "above", "folders"}``: without a path the allowed folders, or the root.

    ``above`` is None where nothing higher may be followed; ``folders`` are ``{"name", "path"}``.

    Raises:
        UsageError: it is not a folder that may be followed.
    """
    if not path.strip():
        tops = allowed or (os.sep,)
        return {"path": "", "above": None, "folders": [_named(top, top) for top in tops]}
    root = roots.check(path, allowed)
    found = sorted(_folders(str(root)), key=str.casefold)[:MOST]
    return {
        "path": str(root),
        "above": _above(str(root), allowed),
        "folders": [_named(name, os.path.join(root, name)) for name in found],
    }


def _named(name: str, path: str) -> dict[str, str]:
    return {"name": name, "path": path}


def _folders(root: str) -> list[str]:
    with os.scandir(root) as entries:
        return [e.name for e in entries if _is_shown(e.name) and _is_folder(e)]


def _is_shown(name: str) -> bool:
    """Not what is hidden, nor a name with bytes that no text has: such a folder is typed."""
    return not name.startswith(".") and name.isprintable()


def _is_folder(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_dir()
    except OSError:
        return False


def _above(root: str, allowed: tuple[str, ...]) -> str | None:
    """The folder above; of one that is allowed itself the list of those, of the root nothing."""
    tops = {os.path.realpath(one) for one in allowed}
    if root in tops:
        return "" if len(tops) > 1 else None
    return os.path.dirname(root) if root != os.sep else None
