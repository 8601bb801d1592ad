"""What the makers of everything in a bundle say of its licence: in a word, and their own texts."""

import re
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from email.message import Message
from email.parser import BytesParser
from pathlib import Path, PurePosixPath

from kb.embedding.folders import licence as licence_of_model

TEXTS = re.compile(r"(LICEN[CS]E|NOTICE|COPYING|COPYRIGHT)([._-].*)?", re.IGNORECASE)
CODE = {".py", ".pyi", ".pyc", ".so"}
OF_INDEX = "License :: "
LONGEST = 100
"""Characters: what is longer is a text, not a word."""
UNTOLD = "not stated"


@dataclass(frozen=True, slots=True)
class Licence:
    """``word`` is an SPDX expression where ``is_spdx``, else what the maker calls it."""

    word: str
    is_spdx: bool
    texts: dict[str, bytes]


def of_wheel(wheel: Path) -> Licence:
    """The licence of a package: every text of one in its wheel, and what its metadata says.

    Where no text is in the wheel, what the metadata says stands for it.
    """
    with zipfile.ZipFile(wheel) as content:
        names = [name for name in content.namelist() if _is_text(name)]
        texts = {name: content.read(name) for name in sorted(names)}
        [told] = [n for n in content.namelist() if re.fullmatch(r"[^/]+\.dist-info/METADATA", n)]
        metadata = BytesParser().parsebytes(content.read(told))
    word, is_spdx = _word(metadata)
    if not texts:
        texts = {"LICENSE-as-stated.txt": "\n".join(_stated(metadata)).encode() + b"\n"}
    return Licence(word, is_spdx, texts)


def of_model(folder: Path) -> Licence:
    """The licence of a model in a folder."""
    files = sorted(file for file in folder.iterdir() if TEXTS.fullmatch(file.name))
    texts = {file.name: file.read_bytes() for file in files}
    word = licence_of_model(folder) or UNTOLD
    return Licence(word, False, texts or {"LICENSE-as-stated.txt": f"{word}\n".encode()})


def _is_text(name: str) -> bool:
    path = PurePosixPath(name)
    return bool(TEXTS.fullmatch(path.name)) and path.suffix not in CODE


def _word(metadata: Message) -> tuple[str, bool]:
    expression = str(metadata.get("License-Expression") or "").strip()
    if expression:
        return expression, True
    said = str(metadata.get("License") or "").strip()
    if said and "\n" not in said and len(said) <= LONGEST:
        return said, False
    classified = [name.rpartition(" :: ")[2] for name in _classifiers(metadata)]
    return (" and ".join(classified) or (UNTOLD if not said else said.split("\n")[0][:LONGEST])), (
        False
    )


def _classifiers(metadata: Message) -> list[str]:
    said = metadata.get_all("Classifier") or []
    return [str(one) for one in said if str(one).startswith(OF_INDEX)]


def _stated(metadata: Message) -> Iterator[str]:
    """What the metadata says, where there is no text."""
    yield f"{metadata['Name']} has no text of a licence in its wheel. It is said to be:"
    for key in ("License-Expression", "License", "Author", "Author-email", "Home-page"):
        if metadata.get(key):
            yield f"{key}: {metadata[key]}"
    yield from _classifiers(metadata)
