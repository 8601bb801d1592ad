"""Text that a reader does not see: taken out of the body, and kept apart under a name of its own.

It is found like other text, is never quoted or given to a language model, and the ledger says
that it is there. What hides instructions from people must not show them to a model.
"""

import re

from lxml import etree, html

from ingest.parsers import pages, unseen
from ingest.parsers.ooxml import W, remove
from kb.types.parsed import HIDDEN, Element

STYLED = re.compile(r"style|\shidden|color|background|\stext\s*=", re.IGNORECASE)
SMALLEST_HALF_POINTS = 4
"""Word counts sizes in half points: 2 pt and less is not read by anybody."""


def elements(texts: list[str]) -> tuple[Element, ...]:
    """Hidden texts as elements, without repeats."""
    plain = dict.fromkeys(" ".join(text.split()) for text in texts)
    return tuple(Element(kind="NarrativeText", text=t, section=HIDDEN) for t in plain if t)


def in_html(source: str) -> tuple[str, list[str]]:
    """A page without its hidden parts, and their texts."""
    source = pages.with_frames(source)
    if not STYLED.search(source):
        return source, []
    tree = pages.tree_of(source)
    if tree is None:
        return source, []
    texts = unseen.taken_out(tree)
    return (html.tostring(tree, encoding="unicode"), texts) if texts else (source, [])


def in_word(root: etree._Element) -> list[str]:
    """The texts of hidden runs in a part of a Word document, which are taken out of it."""
    texts: list[str] = []
    for paragraph in list(root.iter(f"{W}p")):
        runs = [run for run in paragraph.iter(f"{W}r") if _is_unseen(run)]
        nodes = [node for run in runs for node in run.iter(f"{W}t")]
        text = "".join(node.text or "" for node in nodes)
        if not text.strip():
            continue
        texts.append(text)
        for node in nodes:
            remove(node)
    return texts


def _is_unseen(run: etree._Element) -> bool:
    properties = run.find(f"{W}rPr")
    if properties is None:
        return False
    vanish = properties.find(f"{W}vanish")
    if vanish is not None and vanish.get(f"{W}val") not in {"0", "false", "off"}:
        return True
    size = properties.find(f"{W}sz")
    half_points = size.get(f"{W}val", "") if size is not None else ""
    if half_points.isdecimal() and int(half_points) <= SMALLEST_HALF_POINTS:
        return True
    color = properties.find(f"{W}color")
    is_white = color is not None and (color.get(f"{W}val") or "").upper() == "FFFFFF"
    return is_white and not _has_ground(run, properties)


def _has_ground(run: etree._Element, properties: etree._Element) -> bool:
    """Whether something dark may lie behind white letters: a mark, a shade, a cell's shade."""
    if properties.find(f"{W}highlight") is not None or properties.find(f"{W}shd") is not None:
        return True
    return any(
        a.tag in {f"{W}tc", f"{W}txbxContent"}
        or (a.tag == f"{W}p" and a.find(f"{W}pPr/{W}shd") is not None)
        for a in run.iterancestors()
    )
