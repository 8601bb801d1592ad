"""The final view of a part of a document: what a reader sees when all changes are accepted.

unstructured reads paragraphs of runs and tables of cells; what Word wraps around them or says in
other ways (content controls, fields, formulas, text boxes) becomes just that. Pure but for the
tree, which is changed in place.
"""

import functools
from dataclasses import dataclass

from lxml import etree

from ingest.parsers import formulas
from ingest.parsers.ooxml import M, W, choose, remove, replace
from ingest.parsers.word import cells, fields, symbols

TRANSPARENT = tuple(
    f"{W}{name}"
    for name in (
        "ins", "moveTo", "sdt", "sdtContent", "smartTag", "customXml", "fldSimple", "hyperlink",
        "bdo", "dir",
    )
)  # fmt: skip
"""What is around text and is not seen itself."""
OF_WRAPPERS = {f"{W}{n}" for n in ("sdtPr", "sdtEndPr", "smartTagPr", "customXmlPr", "fldData")}
USELESS = (f"{W}rPr", f"{W}lastRenderedPageBreak", f"{W}proofErr")
"""Printers' page breaks would cut sentences; looks cost time in every paragraph."""
NUMBERS = (f"{W}ilvl", f"{W}numId")
"""Numbers of lists: one that is none would cost the whole document."""
LONGEST_NUMBER = 9
"""Most digits of such a number."""
BOX = f"{W}txbxContent"


@dataclass(frozen=True, slots=True)
class TrackedChanges:
    """Tracked changes that there were, in pieces."""

    insertions: int = 0
    deletions: int = 0

    def __add__(self, other: "TrackedChanges") -> "TrackedChanges":
        return TrackedChanges(self.insertions + other.insertions, self.deletions + other.deletions)


def accept(root: etree._Element) -> TrackedChanges:
    """One variant of each alternative, insertions in, deletions out."""
    choose(root)
    insertions = sum(_has_text(node) for node in root.iter(f"{W}ins", f"{W}moveTo"))
    deletions = 0
    for node in reversed(list(root.iter(f"{W}del", f"{W}moveFrom", f"{W}cellDel"))):
        deletions += _delete(node)
    return TrackedChanges(insertions, deletions)


def simplify(root: etree._Element) -> None:
    """Paragraphs of runs, tables of cells, and nothing around them."""
    for formula in list(root.iter(f"{M}oMathPara", f"{M}oMath")):
        _linear(formula)
    for ruby in list(root.iter(f"{W}ruby")):
        _ruby(ruby)
    for symbol in list(root.iter(f"{W}sym")):
        replace(symbol, text_of(symbols.meant(symbol)))
    fields.show(root)
    for wrapper in list(root.iter(*TRANSPARENT)):
        replace(wrapper, *(child for child in wrapper if child.tag not in OF_WRAPPERS))
    _place_boxes(root)
    cells.mend(root)
    for useless in list(root.iter(*USELESS)):
        remove(useless)
    for number in root.iter(*NUMBERS):
        value = number.get(f"{W}val", "")
        if not value.isdecimal() or len(value) > LONGEST_NUMBER:
            number.set(f"{W}val", "0")


def text_of(text: str) -> etree._Element:
    """A run's piece of text."""
    node = etree.Element(f"{W}t")
    node.text = text
    return node


def run_of(text: str) -> etree._Element:
    """A run with a text."""
    run = etree.Element(f"{W}r")
    run.append(text_of(text))
    return run


def _has_text(node: etree._Element) -> bool:
    return next(node.iter(f"{W}t", f"{W}delText", f"{M}t"), None) is not None


def _delete(mark: etree._Element) -> bool:
    """Take out what a mark says is deleted: a text, a row, a cell, or a paragraph's end."""
    parent = mark.getparent()
    if parent is None:
        return False
    if parent.tag in {f"{W}trPr", f"{W}tcPr"}:
        remove(parent.getparent())
        return True
    if parent.tag == f"{W}rPr":
        _join(parent.getparent().getparent())
        return False
    was_text = _has_text(mark)
    remove(mark)
    return was_text


def _join(paragraph: etree._Element) -> None:
    """A paragraph whose end is deleted goes on in the one below."""
    below = paragraph.getnext()
    if paragraph.tag != f"{W}p" or below is None or below.tag != f"{W}p":
        return
    first = next(below.iterchildren(), below)  # `below` where it has no child
    add = first.addnext if first.tag == f"{W}pPr" else functools.partial(below.insert, 0)
    for child in reversed(paragraph):
        if child.tag != f"{W}pPr":
            add(child)
    remove(paragraph)


def _linear(formula: etree._Element) -> None:
    if formula.getparent() is None or any(
        a.tag == f"{M}oMathPara" for a in formula.iterancestors()
    ):
        return
    run = run_of(formulas.linear(formula))
    parent = formula.getparent()
    if parent.tag in {f"{W}p", *TRANSPARENT}:
        replace(formula, run)
    else:
        paragraph = etree.Element(f"{W}p")
        paragraph.append(run)
        replace(formula, paragraph)


def _ruby(ruby: etree._Element) -> None:
    """Base text, then how it is read in brackets."""
    base, reading = (
        "".join(t.text or "" for part in ruby.findall(f"{W}{name}") for t in part.iter(f"{W}t"))
        for name in ("rubyBase", "rt")
    )
    replace(ruby, text_of(f"{base}({reading})" if reading else base))


def _place_boxes(root: etree._Element) -> None:
    """A text box's paragraphs come after the one that it is anchored in."""
    last: dict[etree._Element, etree._Element] = {}
    for box in list(root.iter(BOX)):
        anchor = next((a for a in box.iterancestors(f"{W}p")), None)
        if anchor is None:
            continue
        for block in list(box):
            last.get(anchor, anchor).addnext(block)
            last[anchor] = block
        remove(box)
