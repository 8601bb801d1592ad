"""The folder that somebody would like to follow: whether it may be, and can be listed."""

import os
from pathlib import Path

from kb.errors import UsageError
from kb.files.originals import beneath


def check(root: str, allowed: tuple[str, ...] = ()) -> Path:
    """The folder of a new source, absolute; beneath one of ``allowed``, where there are any.

    Raises:
        UsageError: it is not a folder that can be listed, or not an allowed one.
    """
    if "://" in root:
        raise UsageError(
            "{path} is an address, not a folder.", code="not_a_folder", detail={"path": root}
        )
    if "\0" in root or not root.strip():
        raise UsageError("Name a folder.", code="not_a_folder")
    try:
        path = Path(root).expanduser().absolute()
        real = os.path.realpath(os.fsencode(path))
        is_folder = path.is_dir()
    except (OSError, RuntimeError, UnicodeEncodeError) as error:  # too long; there is no such home
        raise UsageError(
            "There is no folder {path}.", code="not_a_folder", detail={"path": root[:200]}
        ) from error
    if allowed and not any(beneath(real, os.path.realpath(os.fsencode(a))) for a in allowed):
        raise UsageError(
            "{path} is not beneath the folders that may be followed (ingest.roots).",
            code="not_allowed",
            detail={"roots": list(allowed), "path": str(path)},
        )
    if not is_folder:
        raise UsageError(
            "There is no folder {path}.", code="not_a_folder", detail={"path": str(path)}
        )
    try:
        with os.scandir(path) as entries:
            next(entries, None)
    except OSError as error:
        raise UsageError(
            "The folder {path} cannot be listed. Look at its permissions.",
            code="not_a_folder",
            detail={"path": str(path), "reason": error.strerror},
        ) from error
    return path.resolve()
