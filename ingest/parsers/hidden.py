"""Text that a reader does not see: taken out of the body, and kept apart under a name of its own.

It is found like other text, is never quoted or given to a language model, and the ledger says
that it is there. What hides instructions from people must not show them to a model.
"""

import re

from lxml import etree, html

from ingest.parsers.ooxml import W, remove
from kb.types.parsed import HIDDEN, Element

STYLE = re.compile(
    r"display\s*:\s*none|visibility\s*:\s*hidden|font-size\s*:\s*0(?![.\d])|opacity\s*:\s*0(?![.\d])"
    r"|(?<![-\w])color\s*:\s*(?:transparent|white\b|#fff(?:fff)?\b)|(?:left|top|text-indent)\s*:\s*-\d{3,}",
    re.IGNORECASE,
)
BACKGROUND = re.compile(r"background(?:-color)?\s*:", re.IGNORECASE)
UNSEEN_TAGS = {"script", "style", "template", "noscript", "head", "title"}
SMALLEST_HALF_POINTS = 4
"""Word counts sizes in half points: 2 pt and less is not read by anybody."""


def elements(texts: list[str]) -> tuple[Element, ...]:
    """Hidden texts as elements, without repeats."""
    plain = dict.fromkeys(" ".join(text.split()) for text in texts)
    return tuple(Element(kind="NarrativeText", text=t, section=HIDDEN) for t in plain if t)


def in_html(source: str) -> tuple[str, list[str]]:
    """A page without its hidden parts, and their texts."""
    if not STYLE.search(source) and not re.search(r"\shidden\b", source):
        return source, []
    try:
        tree = html.document_fromstring(source)
    except (etree.ParserError, ValueError):
        return source, []
    found = [node for node in tree.iter(etree.Element) if _is_hidden(node)]
    texts: list[str] = []
    for node in found:
        if node.getparent() is not None and not any(a in found for a in node.iterancestors()):
            texts.append(str(node.text_content()))
            node.drop_tree()
    return (html.tostring(tree, encoding="unicode"), texts) if texts else (source, [])


def _is_hidden(node: html.HtmlElement) -> bool:
    if node.tag in UNSEEN_TAGS or node.tag in {"html", "body"}:
        return False
    style = node.get("style", "")
    return "hidden" in node.attrib or bool(STYLE.search(style) and not BACKGROUND.search(style))


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
