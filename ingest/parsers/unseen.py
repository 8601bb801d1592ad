"""Text of a web page that a browser does not show, by what it would compute of the style.

Colours against the backgrounds of all elements around, by attribute, style and the page's own
sheets. Not computed: scripts, what lies over a text, positions other than far outside, clipping.
"""

import re
from dataclasses import dataclass, replace

from lxml import html

from ingest.parsers import colours
from ingest.parsers.colours import Colour, Mixed
from ingest.parsers.stylesheets import Sheets

NO_TEXT = {"script", "style", "template", "noscript", "head", "title", "option"}
WHITE: Mixed = (255, 255, 255)
"""Red, green and blue, 0 to 255: the ground of a page that says nothing else."""
BLACK = Colour((0, 0, 0))
GROUNDS: dict[str, Mixed | None] = {"mark": (255, 255, 0), "button": None, "input": None}
"""Backgrounds that browsers give by themselves."""
LINK = Colour((0, 0, 238))
FAR = re.compile(r"-\s*(?:\d{3,}(?:\.\d+)?px|\d{2,}(?:\.\d+)?r?em|[1-9]\d{3,}%|\d{3,}v[wh])")
NUMBER = re.compile(r"-?\d*\.?\d+")
BACKGROUND = re.compile(r"rgba?\([^()]*\)|[^\s,]+")
"""The words of a background; a colour in numbers is one."""
HIDING = {"display", "visibility", "opacity", "position", "font-size", "text-indent"}


@dataclass(frozen=True, slots=True)
class Seen:
    """How the text in an element is shown. ``ground``: None where a picture lies behind it."""

    colour: Colour | None = BLACK
    ground: Mixed | None = WHITE
    is_visible: bool = True
    is_sized: bool = True
    indent: bool = False

    def shows(self) -> bool:
        """Whether a reader sees text in it."""
        if not self.is_visible or not self.is_sized or self.indent:
            return False
        if self.colour is None or self.ground is None:
            return True
        return not colours.is_lost(self.colour, self.ground)


def taken_out(tree: html.HtmlElement) -> tuple[list[str], bool]:
    """The texts that are not seen, which are no longer in the tree then.

    And whether the page's sheets say more than is compared.
    """
    looking = Looking(Sheets(tree))
    looking.at(tree, Seen())
    return looking.texts, looking.is_cut


class Looking:
    """A walk down a page; texts that follow one another are one piece."""

    def __init__(self, sheets: Sheets) -> None:
        self._sheets = sheets
        self._is_open = False
        self.texts: list[str] = []

    @property
    def is_cut(self) -> bool:
        """Whether the page's sheets say more than was compared."""
        return self._sheets.is_cut

    def at(self, node: html.HtmlElement, around: Seen) -> None:
        """Take out what is not seen in an element, in the order of the text."""
        tasks: list[tuple[html.HtmlElement, Seen, bool]] = [(node, around, False)]
        while tasks:
            node, around, is_tail = tasks.pop()
            if is_tail:
                node.tail = self._checked(node.tail, around.shows())
                continue
            seen = self._entered(node, around)
            if seen is not None:
                for child in reversed(node):
                    tasks += [(child, seen, True), (child, seen, False)]

    def _entered(self, node: html.HtmlElement, around: Seen) -> Seen | None:
        """How the text in an element is shown; None where nothing in it is looked at."""
        if not isinstance(node.tag, str) or node.tag in NO_TEXT:
            return None
        style = self._sheets.of(node)
        if node.tag in {"html", "body"}:  # hidden until a script has run
            style = {name: said for name, said in style.items() if name not in HIDING}
        if _is_gone(node, style):
            self._note(str(node.text_content()))
            _empty(node)
            return None
        seen = _seen(node, style, around)
        node.text = self._checked(node.text, seen.shows())
        return seen

    def _checked(self, text: str | None, shows: bool) -> str | None:
        if not text or not text.strip():
            return text
        if not shows:
            self._note(text)
            return " "
        self._is_open = False
        return text

    def _note(self, text: str) -> None:
        if not text.strip():
            return
        if self._is_open:
            self.texts[-1] += " " + text
        else:
            self.texts.append(text)
        self._is_open = True


def _empty(node: html.HtmlElement) -> None:
    """Without its content; the text behind it stays."""
    tail = node.tail
    node.clear()
    node.tail = tail


def _is_gone(node: html.HtmlElement, style: dict[str, str]) -> bool:
    """Whether nothing in it can be seen, whatever its children say."""
    display = style.get("display", "none" if "hidden" in node.attrib else "")
    if node.tag in {"html", "body"}:
        return False
    if style.get("content-visibility") == "hidden":
        return True
    if display == "none" or _number(style.get("opacity", "1"), 1.0) <= colours.FAINT:
        return True
    is_placed = style.get("position", "") in {"absolute", "fixed"}
    return is_placed and any(FAR.fullmatch(style.get(side, "")) for side in ("left", "top"))


def _seen(node: html.HtmlElement, style: dict[str, str], around: Seen) -> Seen:
    return replace(
        around,
        colour=_colour(node, style, around),
        ground=_ground(node, style, around.ground),
        is_visible=_is_visible(style, around),
        is_sized=_is_sized(style, around),
        indent=_is_indented(style, around),
    )


def _colour(node: html.HtmlElement, style: dict[str, str], around: Seen) -> Colour | None:
    written = style.get("color") or node.get("color" if node.tag == "font" else "text")
    if not written and node.tag == "a" and node.get("href"):
        return LINK
    if not written or written in {"inherit", "unset", "currentcolor"}:
        return around.colour
    return colours.read(written)


def _ground(node: html.HtmlElement, style: dict[str, str], behind: Mixed | None) -> Mixed | None:
    """What lies behind the text: the last colour that is not clear; None for a picture."""
    written = [style.get("background"), style.get("background-color"), node.get("bgcolor")]
    picture = f"{style.get('background', '')} {style.get('background-image', '')}"
    if node.get("background") or "url(" in picture or "gradient(" in picture:
        return None
    if not any(written):
        return GROUNDS.get(str(node.tag), behind)
    found = [_background(w) for w in written if w]
    if any(f is None for f in found):
        return None
    for front in found:
        if front is not None and front.opaque > 0:
            return (
                colours.over(front, behind)
                if behind is not None
                else (front.mixed if front.opaque > 0.95 else None)
            )
    return behind


def _background(written: str) -> Colour | None:
    """The colour in a background, which may stand among other words."""
    if written in {"none", "inherit", "initial", "unset", "0"}:
        return colours.CLEAR
    whole = colours.read(written) or colours.read("#" + written)
    if whole is not None:
        return whole
    parts = BACKGROUND.findall(written)
    return next((c for part in parts if (c := colours.read(part)) is not None), None)


def _is_visible(style: dict[str, str], around: Seen) -> bool:
    said = style.get("visibility", "inherit")
    return around.is_visible if said in {"inherit", "unset"} else said not in {"hidden", "collapse"}


def _is_sized(style: dict[str, str], around: Seen) -> bool:
    written = style.get("font-size") or next(
        (w for w in style.get("font", "").split() if NUMBER.match(w) and not w.isdecimal()), ""
    )
    if not NUMBER.match(written):
        return around.is_sized
    if written.endswith(("em", "%")) and not written.endswith("rem"):
        return around.is_sized and _number(written, 1.0) > 0
    return (
        _number(written, 1.0) >= 1 if written.endswith(("px", "pt")) else _number(written, 1.0) > 0
    )


def _is_indented(style: dict[str, str], around: Seen) -> bool:
    said = style.get("text-indent")
    return around.indent if said is None else bool(FAR.fullmatch(said))


def _number(written: str, usual: float) -> float:
    match = NUMBER.match(written.strip())
    return float(match.group()) if match else usual
