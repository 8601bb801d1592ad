"""Web pages as unstructured reads all of them: what it leaves out is put into tags that it keeps.

It leaves out forms, folded sections, figures and captions, and all that stands beside the first
``<main>``. Navigation stays out. What a form says is written where it stands: labels, values.
"""

import re
from collections.abc import Iterator

from lxml import etree, html

RENAMED = {
    "form": "div",
    "fieldset": "div",
    "details": "div",
    "dialog": "div",
    "figure": "div",
    "main": "div",
    "search": "div",
    "object": "div",
    "legend": "p",
    "summary": "p",
    "figcaption": "p",
    "label": "span",
    "button": "span",
    "output": "span",
    "textarea": "span",
    "del": "s",
}
"""What unstructured leaves out, and what it is to a reader."""
APART = {"button", "textarea"}
"""Boxes within a line: their words touch none beside them."""
LEFT_OUT = re.compile(
    r"<(?:form|fieldset|details|dialog|figure|main|search|legend|summary|figcaption|label|button"
    r"|object|math|output|textarea|del|caption|select|input|svg|img|t[dh])\b",
    re.IGNORECASE,
)
DECLARATION = re.compile(r"^\s*<\?xml[^>]{0,500}\?>")
"""Which lxml refuses at the head of a text."""
FRAME = re.compile(r"<iframe\b[^>]{0,2000}?\ssrcdoc\s*=", re.IGNORECASE)
BOXES = {"checkbox", "radio"}
WORD = re.compile(r"\w\w")
FILE_NAME = re.compile(r"\S+\.(?:png|jpe?g|gif|svg|webp|bmp|tiff?)$", re.IGNORECASE)
TABLE_PARTS = {"thead", "tbody", "tfoot", "tr"}
INSIDE_TABLE = {
    *TABLE_PARTS,
    "td",
    "th",
    "caption",
    "colgroup",
    "col",
    "script",
    "style",
    "template",
}
JOINER = "\u2060"
"""Nothing to see: unstructured leaves out texts of one character, so theirs have two."""
SINGLE = re.compile(r"(>\s{0,200}[^\W_])(\s{0,200}<)")
MAX_FRAMES = 3
"""Most levels of pages within pages (``srcdoc``) that are read."""
DEEPEST, DEEPEST_READ = 1000, 150
"""Levels of elements that are looked at, and those that unstructured reads: what lies deeper it
would lose (libxml2 ends at 256)."""
NO_LINES = {"script", "style", "template", "head", "title"}
BLOCKS = {
    "address", "article", "aside", "blockquote", "br", "caption", "dd", "details", "dialog", "div",
    "dl", "dt", "fieldset", "figcaption", "figure", "footer", "form", "h1", "h2", "h3", "h4", "h5",
    "h6", "header", "hr", "legend", "li", "main", "nav", "ol", "p", "pre", "search", "section",
    "summary", "table", "td", "th", "tr", "ul", *APART,
}  # fmt: skip
"""What begins a line of its own, or touches no words beside it."""


def tree_of(source: str) -> html.HtmlElement | None:
    """A page's tree; None where there is nothing in it that could be one."""
    try:
        return html.document_fromstring(DECLARATION.sub("", source), parser=_parser())
    except (etree.ParserError, ValueError):
        return None


def _parser() -> html.HTMLParser:
    """Elements that nobody closed are nested in one another by the hundred."""
    return html.HTMLParser(huge_tree=True)


def flatten(tree: html.HtmlElement, deepest: int) -> None:
    """What lies deeper becomes lines of text where it is: others read only so far."""
    depth, walking = 0, etree.iterwalk(tree, events=("start", "end"))
    for event, node in walking:
        depth += 1 if event == "start" else -1
        if event == "start" and depth >= deepest and len(node):
            walking.skip_subtree()
            _become_lines(node)


def _become_lines(node: html.HtmlElement) -> None:
    pieces: list[str] = []
    for event, inner in etree.iterwalk(node, events=("start", "end")):
        is_text = isinstance(inner.tag, str) and inner.tag not in NO_LINES
        if event == "start":
            pieces.append("\n" if inner.tag in BLOCKS else "")
            pieces.append((inner.text or "") if is_text else "")
        elif inner is not node:
            pieces += ["\n" if inner.tag in BLOCKS else "", inner.tail or ""]
    tail = node.tail
    for child in list(node):
        node.remove(child)
    node.text, node.tail = None, tail
    for line in "".join(pieces).split("\n"):
        if line.strip():
            node.append(_paragraph(line))


def with_frames(source: str) -> str:
    """A page with the pages that are written into it (``srcdoc``) in their place."""
    for _ in range(MAX_FRAMES):
        if not FRAME.search(source):
            break
        tree = tree_of(source)
        if tree is None:
            break
        for frame in list(tree.iter("iframe")):
            written = frame.get("srcdoc") or ""
            _become(frame, "div", "")
            if written.strip():
                frame.append(html.fragment_fromstring(written, create_parent="div"))
        source = html.tostring(tree, encoding="unicode")
    return source


def plain(source: str) -> str:
    """A page with everything that a reader sees in tags that unstructured reads."""
    source = SINGLE.sub(f"\\1{JOINER}\\2", DECLARATION.sub("", source))
    if not LEFT_OUT.search(source) and source.count("<") < DEEPEST_READ:
        return source
    tree = tree_of(source)
    if tree is None:
        return source
    flatten(tree, DEEPEST_READ)
    for node in list(tree.iter(etree.Element)):
        _write_out(node)
    for table in list(tree.iter("table")):
        _mend(table)
    for cell in list(tree.iter("td", "th")):
        _part_lines(cell)
    for node in list(tree.iter(*RENAMED)):
        if node.tag in APART:
            node.text = f" {node.text or ''}"
            node.tail = f" {node.tail or ''}"
        node.tag = RENAMED[node.tag]
    written: str = html.tostring(tree, encoding="unicode")
    return written


def _part_lines(cell: html.HtmlElement) -> None:
    """A cell as one text: unstructured parts words at marks, and joins lines without a blank."""
    if len(cell) == 0 or next(cell.iter("table"), None) is not None:
        return
    _become_lines(cell)
    text = " ".join(str(line.text).strip() for line in cell)
    for line in list(cell):
        cell.remove(line)
    cell.text = text


def _write_out(node: html.HtmlElement) -> None:
    """Write what an element without text shows as text."""
    if node.tag == "input":
        _become(node, "span", _input(node))
    elif node.tag == "select":
        _become(node, "span", ", ".join(_options(node)))
    elif node.tag == "svg":
        texts = (" ".join(t.itertext()) for t in node.iter("text", "foreignobject"))
        _become(node, "span", " ".join(" ".join(texts).split()))
    elif node.tag == "math":
        for written in list(node.iter("annotation", "annotation-xml")):
            written.drop_tree()
        _become(node, "span", "".join("".join(node.itertext()).split()))
    elif node.tag == "img" and _says_something(node.get("alt", "")):
        _become(node, "span", node.get("alt", ""))


def _become(node: html.HtmlElement, tag: str, text: str) -> None:
    tail = node.tail
    node.clear()
    node.tag, node.text, node.tail = tag, f" {text} " if text else "", tail


def _input(node: html.HtmlElement) -> str:
    kind = node.get("type", "").strip().lower()
    if kind in BOXES:
        return "☑" if "checked" in node.attrib else "☐"
    if kind == "image":
        return str(node.get("alt", ""))
    if kind in {"hidden", "password", "file", "color", "range"}:
        return ""
    return str(node.get("value") or node.get("placeholder") or "")


def _options(node: html.HtmlElement) -> Iterator[str]:
    """What may be chosen; what is chosen comes first."""
    options = list(node.iter("option"))
    chosen = [o for o in options if "selected" in o.attrib]
    for option in [*chosen, *(o for o in options if o not in chosen)]:
        text = " ".join(option.text_content().split()) or option.get("label", "")
        if text:
            yield text


def _says_something(alternative: str) -> bool:
    return bool(WORD.search(alternative)) and not FILE_NAME.match(alternative.strip())


def _mend(table: html.HtmlElement) -> None:
    """A table as browsers build it: captions and stray texts before it, every cell in a row."""
    for part in [table, *table.iter(*TABLE_PARTS)]:
        _unwrap(part)
    strays: list[html.HtmlElement] = []
    for caption in list(table.iterchildren("caption")):
        caption.tag = "p"
        strays.append(caption)
    for part in [table, *(p for p in table.iter(*TABLE_PARTS) if _table_of(p) is table)]:
        strays += _strays(part)
    for stray in strays:
        _take_before(table, stray)
    for cell in [c for c in table.iter("td", "th") if _table_of(c) is table]:
        parent = cell.getparent()
        if parent.tag != "tr":
            row = html.Element("tr")
            cell.addprevious(row)
            row.append(cell)


def _table_of(node: html.HtmlElement) -> html.HtmlElement | None:
    return next(node.iterancestors("table"), None)


def _unwrap(part: html.HtmlElement) -> None:
    """Forms and other boxes between a table and its rows or cells."""
    for child in list(part.iterchildren(etree.Element)):
        if child.tag in INSIDE_TABLE or child.tag == "table":
            continue
        if next(child.iterchildren("tr", "td", "th", "tbody"), None) is not None:
            child.drop_tag()


def _strays(part: html.HtmlElement) -> list[html.HtmlElement]:
    found = []
    for child in list(part.iterchildren(etree.Element)):
        if child.tag not in INSIDE_TABLE:
            found.append(child)
        if child.tail and child.tail.strip():
            found.append(_paragraph(child.tail))
            child.tail = None
    if part.text and part.text.strip():
        found.insert(0, _paragraph(part.text))
        part.text = None
    return found


def _paragraph(text: str) -> html.HtmlElement:
    made = html.Element("p")
    made.text = text
    return made


def _take_before(table: html.HtmlElement, stray: html.HtmlElement) -> None:
    if stray.getparent() is not None:
        stray.tail = None
    if table.getparent() is not None:
        table.addprevious(stray)
