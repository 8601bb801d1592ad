"""Which part of an Office file is the document itself: by what it begins with, not by its name.

A file may hold parts of several kinds of documents, or name one kind and hold another.
"""

import zipfile
from collections.abc import Iterator

from ingest.parsers.ooxml import MAIN, P, Package, S, W

STRICT = "{http://purl.oclc.org/ooxml/"
ROOTS = {
    f"{W}document": "docx",
    f"{P}presentation": "pptx",
    f"{S}workbook": "xlsx",
    f"{STRICT}wordprocessingml/main}}document": "docx",
    f"{STRICT}presentationml/main}}presentation": "pptx",
    f"{STRICT}spreadsheetml/main}}workbook": "xlsx",
}
"""The first element of a main part, in a file of which kind; of both variants of the standard."""


class OfAnotherKind(zipfile.BadZipFile):
    """A part is there, and is not what it is taken for."""


def kind_of(package: Package) -> str | None:
    """What a package is: the first of its main parts that says so decides."""
    roots = (package.tag(name) for name in _named(package, *MAIN))
    return next((ROOTS[root] for root in roots if root in ROOTS), None)


def of(package: Package, kind: str) -> str:
    """The name of the main part of a kind; one that is damaged counts for want of a better one.

    Raises:
        KeyError: there is none.
        OfAnotherKind: there is one, and it begins as no main part of this kind does.
    """
    tags = {name: package.tag(name) for name in _named(package, *_usual(kind))}
    if not tags:
        raise KeyError("its main part is missing")
    for name, tag in tags.items():
        if ROOTS.get(tag) == kind:
            return name
    for name, tag in tags.items():
        if not tag:
            return name
    raise OfAnotherKind(f"its main part begins as none of {kind} does")


def _named(package: Package, *usual: str) -> Iterator[str]:
    """The parts that the package names as its main one, then those that are usually called so."""
    for relation in package.related("").values():
        if relation.kind == "officeDocument":
            yield relation.target
    yield from (name for name in map(package.named, usual) if name)


def _usual(kind: str) -> list[str]:
    return [name for name, of_kind in MAIN.items() if of_kind == kind]
