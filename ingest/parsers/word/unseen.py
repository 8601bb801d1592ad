"""Text of a Word document that nobody sees: hidden, white on nothing, or too small to be read.

What a run says itself counts, then its style, its paragraph's and its table's, each with those that
it is based on (ECMA-376, part 1, 17.7.2; toggles 17.7.3). A hidden mark of a paragraph's end hides
no text (17.3.2.36), and what only a web view hides is seen on paper (17.3.2.44).
"""

from dataclasses import dataclass, field
from typing import Any

from lxml import etree

from ingest.parsers.ooxml import M, W, remove

SMALLEST_HALF_POINTS = 4
"""Word counts sizes in half points: 2 pt and less is not read by anybody."""
OFF = {"0", "false", "off"}
BACKGROUNDS = {"background1", "bg1", "light1", "lt1"}
LONGEST_CHAIN = 20
"""Styles that are based on one another are followed so far."""
STAYING = {f"{W}{name}" for name in ("rPr", "fldChar", "instrText", "fldData")}
"""What keeps a field together stays in a hidden run: fields begin and end in others."""
TEXTS = (f"{W}t", f"{M}t")
BOX = f"{W}txbxContent"


@dataclass(frozen=True, slots=True)
class _Said:
    """What is said of letters at one place; None where nothing is."""

    vanish: bool | None = None
    size: int | None = None
    is_white: bool | None = None
    has_ground: bool = False

    def under(self, above: "_Said") -> "_Said":
        """What is said of letters here; what that leaves open, as it is said above."""
        return _Said(
            above.vanish if self.vanish is None else self.vanish,
            above.size if self.size is None else self.size,
            above.is_white if self.is_white is None else self.is_white,
            self.has_ground or above.has_ground,
        )


NOTHING = _Said()


@dataclass(slots=True)
class Styles:
    """The styles of a document, as far as they hide text."""

    defaults: _Said = NOTHING
    by_id: dict[str, _Said] = field(default_factory=dict)
    usual: str = ""
    """The style of paragraphs that name none."""
    has_page: bool = False
    """Whether the pages have a colour of their own."""


def styles_of(root: etree._Element | None) -> Styles:
    """What a part of styles says."""
    styles = Styles()
    if root is None:
        return styles
    styles.defaults = _said(root.find(f"{W}docDefaults/{W}rPrDefault/{W}rPr"), None)
    nodes = {node.get(f"{W}styleId", ""): node for node in root.iterchildren(f"{W}style")}
    for identity, node in nodes.items():
        said, at, steps = NOTHING, node, 0
        while at is not None and steps < LONGEST_CHAIN:
            said = said.under(_said(at.find(f"{W}rPr"), at.find(f"{W}pPr")))
            based = at.find(f"{W}basedOn")
            at, steps = nodes.get("" if based is None else based.get(f"{W}val", "")), steps + 1
        styles.by_id[identity] = said
        if node.get(f"{W}type") == "paragraph" and node.get(f"{W}default") in {"1", "true"}:
            styles.usual = identity
    return styles


def taken_out(root: etree._Element, styles: Styles) -> list[str]:
    """The texts of hidden runs in a part of a document, which are taken out of it."""
    if root.find(f"{W}background") is not None:
        styles.has_page = True
    texts: list[str] = []
    around: _Around | None = None
    last: Any = None
    for run in list(root.iter(f"{W}r", f"{M}r")):
        if around is None or run.getparent() is not around.parent:
            around = _around(run, styles)
        if not _is_unseen(run, around, styles):
            continue
        text = "".join(node.text or "" for node in run.iter(*TEXTS))
        for child in [c for c in run if c.tag not in STAYING]:
            remove(child)
        if text.strip() and last is not None and around.paragraph is last:
            texts[-1] += text
        elif text.strip():
            texts.append(text)
            last = around.paragraph
    return texts


@dataclass(frozen=True, slots=True)
class _Around:
    """What is true of all runs in one parent."""

    parent: Any
    paragraph: Any
    said: _Said
    is_hidden: bool
    has_ground: bool


def _around(run: Any, styles: Styles) -> _Around:
    paragraph = next(run.iterancestors(f"{W}p"), None)
    said = NOTHING
    if paragraph is not None:
        name = _named(paragraph.find(f"{W}pPr"), f"{W}pStyle")
        said = styles.by_id.get(name or styles.usual, NOTHING)
        table = next(paragraph.iterancestors(f"{W}tbl"), None)
        if table is not None:
            style = _named(table.find(f"{W}tblPr"), f"{W}tblStyle")
            said = said.under(styles.by_id.get(style, NOTHING))
    ancestors = list(run.iterancestors())
    return _Around(
        run.getparent(),
        paragraph,
        said,
        any(_hides(ancestor) for ancestor in ancestors),
        any(_has_ground(ancestor) for ancestor in ancestors),
    )


def _is_unseen(run: Any, around: _Around, styles: Styles) -> bool:
    if around.is_hidden:
        return True
    properties = run.find(f"{W}rPr")
    own = _said(properties, None)
    of_letters = styles.by_id.get(_named(properties, f"{W}rStyle"), NOTHING)
    said = own.under(of_letters).under(around.said).under(styles.defaults)
    toggled = bool(of_letters.vanish) != bool(around.said.vanish) or bool(styles.defaults.vanish)
    if toggled if own.vanish is None else own.vanish:
        return True
    if said.size is not None and said.size <= SMALLEST_HALF_POINTS:
        return True
    has_ground = said.has_ground or around.has_ground or styles.has_page
    return bool(said.is_white) and not has_ground


def _named(properties: Any, tag: str) -> str:
    node = None if properties is None else properties.find(tag)
    return "" if node is None else node.get(f"{W}val", "")


def _said(letters: Any, paragraph: Any) -> _Said:
    """What properties of letters say, and whether those of a paragraph give a ground."""
    has_ground = paragraph is not None and _is_shaded(paragraph.find(f"{W}shd"))
    if letters is None:
        return _Said(has_ground=has_ground)
    vanish, size, color = (letters.find(f"{W}{name}") for name in ("vanish", "sz", "color"))
    half_points = "" if size is None else size.get(f"{W}val", "")
    return _Said(
        None if vanish is None else vanish.get(f"{W}val") not in OFF,
        int(half_points) if half_points.isdecimal() and len(half_points) < 6 else None,
        None if color is None else _is_white(color),
        has_ground
        or letters.find(f"{W}highlight") is not None
        or _is_shaded(letters.find(f"{W}shd")),
    )


def _is_white(color: Any) -> bool:
    is_theme = color.get(f"{W}themeColor") in BACKGROUNDS
    is_pure = color.get(f"{W}themeShade") is None
    return is_pure and (is_theme or color.get(f"{W}val", "").upper() == "FFFFFF")


def _is_shaded(shade: Any) -> bool:
    if shade is None:
        return False
    is_clear = shade.get(f"{W}fill", "auto").lower() in {"auto", "ffffff"}
    return not is_clear or shade.get(f"{W}val", "clear") not in {"clear", "nil"}


def _has_ground(node: Any) -> bool:
    """Whether a node may lay something dark behind white letters: a shade, a cell, a box."""
    if node.tag == f"{W}p":
        return _is_shaded(node.find(f"{W}pPr/{W}shd"))
    return node.tag in {f"{W}tc", BOX}


def _hides(node: Any) -> bool:
    """A row or a shape that is hidden with all that is in it."""
    if node.tag == f"{W}tr":
        hidden = node.find(f"{W}trPr/{W}hidden")
        return hidden is not None and hidden.get(f"{W}val") not in OFF
    if not isinstance(node.tag, str):
        return False
    name = etree.QName(node).localname
    if name in {"inline", "anchor"}:
        return any(c.get("hidden") in {"1", "true"} for c in node.iterchildren("{*}docPr"))
    if name in {"shape", "rect", "group", "oval", "roundrect"}:
        style = "".join(node.get("style", "").lower().split())
        return "visibility:hidden" in style or "display:none" in style
    return False
