"""A cut answer gone on with: what it began with, and how the model is asked for the rest. Pure.

What may be unfinished is written anew: a sentence without its end, the last row, the last line of
code, a heading that nothing follows. What is kept ends with the white space that is before it.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from dataclasses import replace as replaced

from msgspec.structs import replace

from kb.answers import markdown, runs
from kb.text.sentences import ABBREVIATIONS
from kb.types.answers import Answer
from kb.types.forms import Block, Form, Said, TextRun

REQUEST = (
    "Your answer was cut. Write what is missing, from where it ends above to its end. Repeat "
    "nothing."
)
CONTINUED = "continued"
"""The setting by which a receipt says that its answer was written in two goes."""
STOPS, CLOSING = ".!?…", "\"'»”’)]"
BLOCK = re.compile(r"(?:[-*+]|\d{1,9}[.)]|#{1,6})\s|\||```|~~~|>")
LISTED = re.compile(r"(?:[-*+]|\d{1,9}[.)])\s")
HAS_LETTERS = re.compile(r"[^\W\d_]")
PAIRS = (("(", ")"), ("[", "]"), ("“", "”"), ("«", "»"))
MARKS = ("**", "~~", "`", "*", "_")


@dataclass(frozen=True, slots=True)
class KeptBlocks:
    """Blocks that are kept, what stands between them and the rest, and whether code is open."""

    form: Form
    gap: str = ""
    in_code: bool = False


def begun(answer: Answer) -> str:
    """What of it is whole, as Markdown."""
    bare = [replaced(s, citations=()) for s in answer.sentences]
    kept = _kept(answer.form)
    text = markdown.written(kept.form, bare)
    return (text.rpartition("\n")[0] if kept.in_code else text) + kept.gap


def _kept(form: Form) -> KeptBlocks:
    """A form without what is unfinished at its end."""
    if not form:
        return KeptBlocks(())
    before, last = form[:-1], form[-1]
    rest = _of(last)
    if rest.form:
        return replaced(rest, form=(*before, *rest.form))
    return KeptBlocks(before, "\n\n" if before else "")


def _of(block: Block) -> KeptBlocks:
    match block.kind:
        case "paragraph":
            return _of_paragraph(block)
        case "list":
            mark = "- " if block.start is None else f"{block.start + len(block.items) - 1}. "
            return _within(block, " " * len(mark))
        case "quote":
            return _within(block, "> ")
        case "table" if len(block.rows) > 1:
            return KeptBlocks((replace(block, rows=block.rows[:-1]),), "\n")
        case "code":
            return _of_code(block)
    return KeptBlocks(())


def _of_paragraph(block: Block) -> KeptBlocks:
    count = len(block.said)
    while count and not _is_whole(block.said[count - 1]):
        count -= 1
    if not count:
        return KeptBlocks(())
    gap = _gap(block.said[count:])
    return KeptBlocks((replace(block, said=block.said[:count]),), gap)


def _gap(dropped: Sequence[Said]) -> str:
    """What stands before sentences that are written anew; a mere mark may begin another block."""
    if not dropped or (dropped[0].breaks and not HAS_LETTERS.search(runs.plain(dropped[0].runs))):
        return ""
    return "\n" if dropped[0].breaks else " "


def _of_code(block: Block) -> KeptBlocks:
    *lines, _ = runs.plain(block.said[0].runs).split("\n")
    if not lines:
        return KeptBlocks(())
    said = (Said((TextRun("\n".join(lines), code=True),)),)
    return KeptBlocks((replace(block, said=said),), "\n", in_code=True)


def _within(block: Block, front: str) -> KeptBlocks:
    """A list or quotation; ``front`` is what its lines begin with."""
    items = block.items
    rest = _kept(items[-1])
    if rest.form:
        kept = (replace(block, items=(*items[:-1], rest.form)),)
        return KeptBlocks(kept, rest.gap.replace("\n", f"\n{front}"), rest.in_code)
    if len(items) > 1:
        return KeptBlocks((replace(block, items=items[:-1]),), "\n")
    return KeptBlocks(())


def _is_whole(said: Said) -> bool:
    """Whether a sentence has its end: a full stop that is no number's, and every mark closed."""
    text = runs.plain(said.runs).rstrip()
    closed_by = text.rstrip(CLOSING)
    begun = closed_by.rstrip(STOPS)
    if begun == closed_by:
        return False
    word = "" if begun[-1:].isspace() else " ".join(begun[-80:].split()[-1:])
    word = word.rpartition("(")[2].casefold()
    if text[-1] == "." and (word[-1:].isdigit() or len(word) < 2 or word in ABBREVIATIONS):
        return False
    told = "".join(run.text for run in said.runs if not run.code)
    closed = all(told.count(mark) % 2 == 0 for mark in MARKS)
    return closed and all(told.count(first) == told.count(last) for first, last in PAIRS)


def messages(asked: Sequence[dict[str, str]], text: str) -> list[dict[str, str]]:
    """The conversation with the model, as far as it came, and the request to go on."""
    said = {"role": "assistant", "content": text}
    return [*asked, said, {"role": "user", "content": REQUEST}]


def joined(before: str, after: str) -> str:
    """One answer of what was kept and the rest, which stands where that ends, however it begins."""
    body = after.lstrip()
    if not before or not body:
        return before or after
    space = after[: len(after) - len(body)]
    breaks, own = space.count("\n"), space.rpartition("\n")[2]
    line, newline, front = before.rpartition("\n")
    if newline and not front.strip(" >"):
        blank = "\n" if breaks > 1 and not line.endswith("\n") else ""
        if breaks or own:
            front = own
        elif body[0] == ">":
            front = front.partition(">")[0]
        return f"{line}\n{blank}{front}{body}"
    if breaks or (space and not before[-1].isspace()):
        return before.rstrip(" ") + after
    if before[-1].isspace():
        return before + body
    return before + _between(front, body) + body


def _between(last: str, body: str) -> str:
    """What stands between a line that has ended and what begins without white space."""
    if not BLOCK.match(body):
        return " "
    indent = last[: len(last) - len(last.lstrip())]
    alike = (LISTED.match(last.lstrip()) and LISTED.match(body.lstrip())) or last.lstrip()[
        :1
    ] == body[0] != "#"
    return f"\n{indent}" if alike else "\n\n"
