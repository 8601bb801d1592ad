"""Fields of a document: their results are seen, their instructions are not."""

from dataclasses import dataclass, field

from lxml import etree

from ingest.parsers.ooxml import W, remove

BEGIN, SEPARATE, END = "begin", "separate", "end"
MOST_OPEN = 100
"""Fields within one another; those deeper are text."""
COUNTERS = ("PAGE", "NUMPAGES", "SECTIONPAGES")


@dataclass(slots=True)
class _Open:
    """A field that has begun: what stands before its result is an instruction."""

    form: str
    has_result: bool = False
    unseen: list[etree._Element] = field(default_factory=list)
    seen: int = 0
    instruction: str = ""


def show(root: etree._Element) -> None:
    """Take instructions out, and write down what is chosen in a form's field."""
    walk = _FieldWalk()
    for node in list(root.iter(f"{W}fldChar", f"{W}t", f"{W}instrText")):
        if node.tag == f"{W}fldChar":
            walk.mark(node)
        elif node.tag == f"{W}t":
            walk.text(node)


class _FieldWalk:
    """The fields that are open at one place of a document, the innermost last."""

    def __init__(self) -> None:
        self._open: list[_Open] = []

    def text(self, node: etree._Element) -> None:
        """Note a text: of an instruction, or seen in every field around it."""
        for one in self._open:
            if not one.has_result:
                one.unseen.append(node)
                return
        for one in self._open:
            one.seen += bool(node.text)

    def mark(self, node: etree._Element) -> None:
        """Follow a mark: a field begins, its result does, or it ends."""
        kind = node.get(f"{W}fldCharType")
        if kind == BEGIN and len(self._open) < MOST_OPEN:
            self._open.append(_Open(_form(node)))
        elif self._open and kind == SEPARATE:
            _close_instruction(self._open[-1])
            self._open[-1].has_result = True
        elif self._open and kind == END:
            ended = self._open.pop()
            _close_instruction(ended)
            if ended.form and not ended.seen:
                text = etree.Element(f"{W}t")
                text.text = ended.form
                node.addnext(text)


def _close_instruction(one: _Open) -> None:
    """Only now is it sure that it was one: a field that never ends hides nothing."""
    for node in one.unseen:
        remove(node)
    one.unseen = []


def _form(node: etree._Element) -> str:
    """What a form's list or box shows."""
    box = node.find(f"{W}ffData/{W}checkBox")
    if box is not None:
        checked = box.find(f"{W}checked")
        if checked is None:
            checked = box.find(f"{W}default")
        is_checked = checked is not None and checked.get(f"{W}val", "1") not in {"0", "false"}
        return "☒" if is_checked else "☐"
    choices = node.find(f"{W}ffData/{W}ddList")
    if choices is None:
        return ""
    entries = [entry.get(f"{W}val", "") for entry in choices.findall(f"{W}listEntry")]
    chosen = choices.find(f"{W}result")
    number = "0" if chosen is None else chosen.get(f"{W}val", "0")
    return entries[int(number)] if number.isdecimal() and int(number) < len(entries) else ""


def drop_counters(root: etree._Element) -> None:
    """Numbers of pages out of a header or footer: they are of one page each."""
    for simple in list(root.iter(f"{W}fldSimple")):
        if _counts(simple.get(f"{W}instr", "")):
            remove(simple)
    fields: list[_Open] = []
    for node in list(root.iter(f"{W}fldChar", f"{W}t", f"{W}instrText")):
        kind = node.get(f"{W}fldCharType")
        if kind == BEGIN and len(fields) < MOST_OPEN:
            fields.append(_Open(""))
        elif fields and kind == SEPARATE:
            fields[-1].has_result = True
        elif fields and kind == END:
            fields.pop()
        elif fields and node.tag == f"{W}instrText":
            fields[-1].instruction += node.text or ""
        elif fields and fields[-1].has_result and _counts(fields[-1].instruction):
            remove(node)


def _counts(instruction: str) -> bool:
    return instruction.strip().upper().startswith(COUNTERS)
