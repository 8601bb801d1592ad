"""What of an answer is a sentence to be judged, and which passages it names. Pure."""

import bisect
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from kb.answers import addresses, markers, runs
from kb.text import sentences
from kb.types.forms import Runs

LONGEST_LABEL = 5
"""Words of the longest label: a paragraph, all bold and without a full stop, that is a heading."""
LONGEST_LEAD = 15
"""Words of the longest lead-in: a sentence that ends with a colon, as «The documents say:»."""
DIGIT = re.compile(r"\d")


@dataclass(frozen=True, slots=True)
class Claim:
    """A sentence of an answer without its markers, and the passages that these named.

    ``weighed`` is what is compared with the passages, where it is not the sentence itself.
    """

    text: str
    named: tuple[int, ...]
    weighed: str = ""

    @property
    def compared(self) -> str:
        """What is compared with the passages: an address speaks for nothing by its own words."""
        text = self.weighed or self.text
        return addresses.without(text, addresses.found(text))


@dataclass(frozen=True, slots=True)
class Taken:
    """Runs without their markers; ``named`` are the passages named at places of their text."""

    runs: Runs
    named: tuple[tuple[int, tuple[int, ...]], ...]


@dataclass(frozen=True, slots=True)
class Stretch:
    """A sentence within its block. ``breaks``: it begins a line."""

    runs: Runs
    named: tuple[int, ...]
    breaks: bool

    @property
    def text(self) -> str:
        """The stretch's words on one line."""
        return " ".join(runs.plain(self.runs).split())


def taken(whole: Runs, passages: int) -> Taken:
    """Runs of an answer over so many passages, without markers; of these those that name one."""
    named, gone = [], 0
    found = markers.found(runs.plain(whole), runs.code(whole), passages)
    for marker in found:
        numbers = tuple(n for n in dict.fromkeys(marker.numbers) if 1 <= n <= passages)
        named.append((marker.start - gone, numbers))
        gone += marker.end - marker.start
    return Taken(runs.without(whole, [(m.start, m.end) for m in found]), tuple(named))


def sentences_of(block: Taken) -> Iterator[Stretch]:
    """The sentences of a block; a marker belongs to the sentence that it stands in or behind."""
    spans = list(_spans(runs.plain(block.runs)))
    starts = [start for start, _, _ in spans]
    owned: dict[int, list[tuple[int, tuple[int, ...]]]] = {}
    for place, numbers in block.named:
        owner = max(0, bisect.bisect_left(starts, place) - 1)
        owned.setdefault(owner, []).append((place, numbers))
    cuts = runs.parts(block.runs, [(start, end) for start, end, _ in spans])
    for number, ((start, _, breaks), cut) in enumerate(zip(spans, cuts, strict=True)):
        mine = owned.get(number, [])
        named = tuple(dict.fromkeys(n for _, numbers in mine for n in numbers))
        shown = cut
        if any(place <= start for place, _ in mine):
            shown = runs.capitalised(_without_front(cut))
        if shown:
            yield Stretch(shown, named, breaks)


def _spans(text: str) -> Iterator[tuple[int, int, bool]]:
    """Sentences of each line, and whether they begin one that is not the first."""
    position, begun = 0, False
    for line in text.split("\n"):
        for count, (start, end) in enumerate(sentences.spans(line)):
            yield position + start, position + end, begun and count == 0
            begun = True
        position += len(line) + 1


def _without_front(cut: Runs) -> Runs:
    """Without the punctuation that a marker at the beginning leaves behind."""
    text = runs.plain(cut)
    return runs.part(cut, len(text) - len(text.lstrip(",;: ")), len(text))


def is_judged(sentence: Runs) -> bool:
    """Whether a sentence claims something: labels and lead-ins without a number do not."""
    text = runs.plain(sentence).strip()
    if DIGIT.search(text):
        return True
    count = len(text.split())
    if text.endswith(":") and count <= LONGEST_LEAD:
        return False
    is_bold = all(run.strong for run in sentence if run.text.strip())
    return not (is_bold and count <= LONGEST_LABEL and text[-1:] not in ".!?")


def of_row(head: Sequence[str], cells: Sequence[str]) -> Claim:
    """A row of a table: told with its columns; compared by its cells and the numbers above."""
    pairs = [(h, c) for h, c in zip(head, cells, strict=False) if c]
    told = "; ".join(f"{h}: {c}" if h else c for h, c in pairs)
    above = [word for h, _ in pairs for word in h.split() if DIGIT.search(word)]
    return Claim(told, (), "; ".join([*(c for _, c in pairs), *above]))
