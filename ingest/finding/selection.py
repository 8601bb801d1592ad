"""Which files of a folder are read: patterns in gitignore's syntax, and what is litter anyway."""

import os
import re
from fnmatch import translate

from pathspec import GitIgnoreSpec
from pathspec.patterns.gitignore import GitIgnorePatternError

from kb.errors import UsageError

LITTER = (
    "~$*", ".~lock*", "thumbs.db", "desktop.ini", ".*", "$recycle.bin", "@eadir", "__macosx",
    "#recycle", "~snapshot", "*.tmp", "*.crdownload", "*.part",
)  # fmt: skip
"""Names that office programs, systems and shares leave behind; compared without case."""


_LITTER = re.compile("|".join(translate(pattern) for pattern in LITTER))


def is_litter(name: str) -> bool:
    """Whether a file or folder is left out because of its name."""
    return _LITTER.match(name.casefold()) is not None


class Selection:
    """What a source's patterns say. Without ``include`` everything is in.

    ``erased`` are files that are left out whatever the patterns say, each by its very path.
    """

    def __init__(
        self,
        include: tuple[str, ...] = (),
        exclude: tuple[str, ...] = (),
        erased: frozenset[bytes] = frozenset(),
    ) -> None:
        self._patterns = (include, exclude)
        self.erased = erased
        self._include = _spec(include) if include else None
        self._exclude = _spec(exclude) if exclude else None

    def without(self, erased: frozenset[bytes]) -> "Selection":
        """A selection by the same patterns, without files that were erased."""
        return Selection(*self._patterns, erased)

    def enters(self, folder: bytes) -> bool:
        """Whether a folder is looked into."""
        name = os.fsdecode(os.path.basename(folder))
        return not is_litter(name) and not self._excludes(os.fsdecode(folder) + "/")

    def takes(self, path: bytes) -> bool:
        """Whether a file is read."""
        text = os.fsdecode(path)
        if path in self.erased or is_litter(os.path.basename(text)) or self._excludes(text):
            return False
        return self._include is None or self._include.match_file(text)

    def covers(self, path: bytes) -> bool:
        """Whether a look would find this file: each folder above it is entered, and it is taken."""
        parts = path.split(b"/")
        folders = (b"/".join(parts[:n]) for n in range(1, len(parts)))
        return all(self.enters(f) for f in folders) and self.takes(path)

    def _excludes(self, text: str) -> bool:
        return self._exclude is not None and self._exclude.match_file(text)


def _spec(patterns: tuple[str, ...]) -> GitIgnoreSpec:
    try:
        return GitIgnoreSpec.from_lines(patterns)
    except GitIgnorePatternError as error:
        raise UsageError(
            "A pattern is not in gitignore's syntax: {patterns}.",
            code="bad_pattern",
            detail={"patterns": list(patterns)},
        ) from error
