"""Where the files lie that have no folder but the data directory: handed in, or imported."""

import re
from pathlib import Path

OWN = re.compile("[0-9a-f]{32}")
"""What the folder of one source is called there: all in it is that source's."""


SIGNING, SECRET, PUBLIC = "signing", "secret.key", "public.key"
"""Folder of the installation's own key, by which statements are signed, and its files."""


def uploads_folder(data: Path) -> Path:
    """Where the folders of what people hand in are."""
    return data / "uploads"


def imported_folder(data: Path) -> Path:
    """Where the folders of sources are that came with an import (``kb import``)."""
    return data / "imported"
