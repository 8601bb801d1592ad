"""Text of an OpenDocument file that nobody sees, and what is no text at all (scripts, templates).

OpenDocument 1.3, part 3: hidden sections 19.799, hidden texts 7.7.4 and 7.7.7, characters 20.189.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from lxml import etree

from ingest.parsers.opendocument import DRAW, OFFICE, STYLE, TABLE, TEXT, cut

FO = "{urn:oasis:names:tc:opendocument:xmlns:xsl-fo-compatible:1.0}"
NO_TEXT = (
    f"{OFFICE}scripts", f"{OFFICE}event-listeners", f"{OFFICE}forms", f"{TEXT}script",
    *(
        f"{TEXT}{name}-source"
        for name in ("table-of-content", "illustration-index", "table-index", "object-index",
                     "user-index", "alphabetical-index", "bibliography")
    ),
)  # fmt: skip
STYLED = {f"{TEXT}{name}": family for name, family in
          (("p", "paragraph"), ("h", "paragraph"), ("span", "text"), ("a", "text"))}  # fmt: skip
GROUNDS = {f"{TABLE}table-cell", f"{DRAW}frame", f"{DRAW}custom-shape", f"{DRAW}rect"}
"""What may have a ground of its own; letters in it are taken for seen."""
SMALLEST_POINTS = 2.0
"""Points up to which letters are too small to be seen."""
LONGEST_CHAIN = 20
"""Most styles that are followed: a style itself, and those that it is based on."""
TRUE = {"true", "1"}


@dataclass(frozen=True, slots=True)
class _Look:
    """What styles say of letters; None where they say nothing."""

    is_hidden: bool | None = None
    is_white: bool | None = None
    is_tiny: bool | None = None
    has_ground: bool = False

    def under(self, above: "_Look") -> "_Look":
        """This, and what it leaves open as it is said above."""
        return _Look(
            above.is_hidden if self.is_hidden is None else self.is_hidden,
            above.is_white if self.is_white is None else self.is_white,
            above.is_tiny if self.is_tiny is None else self.is_tiny,
            self.has_ground or above.has_ground,
        )

    @property
    def is_unseen(self) -> bool:
        """Whether nobody reads such letters."""
        return bool(self.is_hidden or self.is_tiny or (self.is_white and not self.has_ground))


PLAIN = _Look()


def taken_out(
    root: etree._Element, styles: Iterable[etree._Element], *, by_look: bool
) -> list[str]:
    """The texts that nobody sees, which are no longer in the tree then.

    ``by_look``: white letters on nothing and tiny ones, too (slides have pictures behind them).
    """
    for node in list(root.iter(*NO_TEXT)):
        cut(node)
    looking = _Looking([*styles, root], by_look=by_look)
    body = root.find(f"{OFFICE}body")
    if body is not None:
        looking.at(body, PLAIN)
    return looking.texts


class _Looking:
    """A walk down a document."""

    def __init__(self, roots: list[etree._Element], *, by_look: bool) -> None:
        self._by_look = by_look
        self._nodes = {
            (node.get(f"{STYLE}family", ""), node.get(f"{STYLE}name", "")): node
            for root in roots
            for node in root.iter(f"{STYLE}style", f"{STYLE}default-style")
        }
        self._looks: dict[tuple[str, str], _Look] = {}
        self.texts: list[str] = []

    def at(self, node: Any, around: _Look) -> None:
        """Take out what is not seen in a node."""
        look = around
        if node.tag in STYLED:
            named = self._look(STYLED[node.tag], node.get(f"{TEXT}style-name", ""))
            look = named.under(around)
        elif node.tag in GROUNDS:
            look = _Look(has_ground=True).under(around)
        node.text = self._checked(node.text, look)
        for child in list(node):
            if _is_gone(child):
                self._note("".join(str(t) for t in child.itertext()))
                cut(child)
                continue
            self.at(child, look)
            child.tail = self._checked(child.tail, look)

    def _checked(self, text: str | None, look: _Look) -> str | None:
        if not text or not look.is_unseen:
            return text
        self._note(text)
        return None

    def _note(self, text: str) -> None:
        if text.strip():
            self.texts.append(text)

    def _look(self, family: str, name: str) -> _Look:
        """A style with those that it is based on."""
        key = (family, name)
        if key not in self._looks:
            look, at, steps = PLAIN, self._nodes.get(key), 0
            while at is not None and steps < LONGEST_CHAIN:
                look = look.under(self._said(at))
                at = self._nodes.get((family, at.get(f"{STYLE}parent-style-name", "")))
                steps += 1
            usual = self._nodes.get((family, ""))
            self._looks[key] = look if usual is None else look.under(self._said(usual))
        return self._looks[key]

    def _said(self, style: Any) -> _Look:
        letters = style.find(f"{STYLE}text-properties")
        boxes = style.find(f"{STYLE}paragraph-properties")
        grounds = [n.get(f"{FO}background-color", "") for n in (letters, boxes) if n is not None]
        has_ground = any(ground not in {"", "transparent", "#ffffff"} for ground in grounds)
        if letters is None:
            return _Look(has_ground=has_ground)
        display, color = letters.get(f"{TEXT}display"), letters.get(f"{FO}color")
        size = letters.get(f"{FO}font-size", "")
        if not self._by_look:
            return _Look(None if display is None else display == "none")
        return _Look(
            None if display is None else display == "none",
            None if color is None else color.lower() == "#ffffff",
            _points(size) <= SMALLEST_POINTS if size.endswith("pt") else None,
            has_ground,
        )


def _is_gone(node: Any) -> bool:
    """Whether a node is hidden with all that is in it."""
    if node.tag == f"{TEXT}section":
        display = node.get(f"{TEXT}display", "true")
        return display == "none" or (
            display == "condition" and node.get(f"{TEXT}is-hidden") in TRUE
        )
    if node.tag == f"{TEXT}hidden-text":
        return node.get(f"{TEXT}is-hidden") in TRUE
    if node.tag in {f"{TEXT}p", f"{TEXT}h"}:
        marks = node.iterchildren(f"{TEXT}hidden-paragraph")
        return any(mark.get(f"{TEXT}is-hidden") in TRUE for mark in marks)
    return bool(node.get(f"{DRAW}display") == "none")


def _points(size: str) -> float:
    try:
        return float(size.removesuffix("pt"))
    except ValueError:
        return SMALLEST_POINTS + 1
