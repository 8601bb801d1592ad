"""Formulas of Office files (OMML) as a line of text, as one would read them out: (a+b)/c, x^2."""

from collections.abc import Callable

from lxml import etree

from ingest.parsers.ooxml import M, W

SIMPLE = set("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.,αβγδπσμλω")
DEEPEST = 60
"""Formulas that are nested deeper are read without their structure."""


def linear(node: etree._Element, depth: int = 0) -> str:
    """A formula, or a part of one, as text."""
    if node.tag in {f"{M}t", f"{W}t"}:
        return node.text or ""
    if depth > DEEPEST:
        return "".join(t.text or "" for t in node.iter(f"{M}t", f"{W}t"))
    name = etree.QName(node).localname if isinstance(node.tag, str) else ""
    if name.endswith("Pr"):
        return ""
    shape = SHAPES.get(name)
    if shape is not None:
        return shape(node, depth + 1)
    return "".join(linear(child, depth + 1) for child in node)


def _part(node: etree._Element, name: str, depth: int) -> str:
    found = node.find(f"{M}{name}")
    return "" if found is None else linear(found, depth)


def _grouped(text: str) -> str:
    return text if set(text) <= SIMPLE else f"({text})"


def _fraction(node: etree._Element, depth: int) -> str:
    return f"{_grouped(_part(node, 'num', depth))}/{_grouped(_part(node, 'den', depth))}"


def _script(node: etree._Element, depth: int) -> str:
    low, high = _part(node, "sub", depth), _part(node, "sup", depth)
    base = _part(node, "e", depth)
    return base + (f"_{_grouped(low)}" if low else "") + (f"^{_grouped(high)}" if high else "")


def _root(node: etree._Element, depth: int) -> str:
    degree = _part(node, "deg", depth)
    return f"{degree}√{_grouped(_part(node, 'e', depth))}"


def _sum(node: etree._Element, depth: int) -> str:
    sign = _set(node, "naryPr", "chr", "∫")
    low, high = _part(node, "sub", depth), _part(node, "sup", depth)
    limits = (f"_{_grouped(low)}" if low else "") + (f"^{_grouped(high)}" if high else "")
    return f"{sign}{limits} {_part(node, 'e', depth)}"


def _brackets(node: etree._Element, depth: int) -> str:
    between = _set(node, "dPr", "sepChr", "|")
    inner = between.join(linear(e, depth) for e in node.findall(f"{M}e"))
    return f"{_set(node, 'dPr', 'begChr', '(')}{inner}{_set(node, 'dPr', 'endChr', ')')}"


def _matrix(node: etree._Element, depth: int) -> str:
    rows = ([linear(e, depth) for e in row.findall(f"{M}e")] for row in node.findall(f"{M}mr"))
    return "; ".join(" ".join(row) for row in rows)


def _lines(node: etree._Element, depth: int) -> str:
    return "; ".join(linear(e, depth) for e in node.findall(f"{M}e"))


def _function(node: etree._Element, depth: int) -> str:
    return f"{_part(node, 'fName', depth)} {_part(node, 'e', depth)}"


def _limit(node: etree._Element, depth: int) -> str:
    return f"{_part(node, 'e', depth)}_{_grouped(_part(node, 'lim', depth))}"


def _set(node: etree._Element, properties: str, name: str, usual: str) -> str:
    """A character that a formula's properties may set to another than the usual one."""
    found = node.find(f"{M}{properties}/{M}{name}")
    return usual if found is None else found.get(f"{M}val", "")


SHAPES: dict[str, Callable[[etree._Element, int], str]] = {
    "f": _fraction,
    "sSub": _script,
    "sSup": _script,
    "sSubSup": _script,
    "rad": _root,
    "nary": _sum,
    "d": _brackets,
    "m": _matrix,
    "eqArr": _lines,
    "func": _function,
    "limLow": _limit,
    "limUpp": _limit,
}
