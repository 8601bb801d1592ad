"""An answer's form while the answer is being written."""

import re
import time
from collections.abc import Sequence
from dataclasses import dataclass

from kb.answers import forms, links
from kb.answers.addresses import KnownAddresses
from kb.types.answers import Forming
from kb.types.forms import Form
from kb.types.passages import Passage

TOLD_EVERY = 0.15
"""Seconds between two forms."""
AFFORDABLE = 0.015
"""Seconds of work for a form; after one that took longer there is a longer rest in proportion."""
TAG_BEGUN = re.compile(r"<[a-z/!][^<>]*\Z", re.IGNORECASE)
LONGEST_TAG = 300
"""Characters from the end in which the beginning of a tag is looked for that is not closed yet."""
MAY_BECOME = frozenset(".:/@。｡．")
"""Signs of a word that may still become an address or a tag: it waits for its end."""


@dataclass(slots=True)
class Pen:
    """Gives what has changed since the last time. ``passages`` are those of the prompt.

    Blocks that have ended are not read again.
    """

    passages: Sequence[Passage]
    _told: Form = ()
    _done: int = 0
    """Blocks that have ended, the first of those told."""
    _begins: int = 0
    """The character at which the first block begins that has not."""
    _claims: int = 0
    _last: float = 0.0
    _rest: float = 0.0
    _known: KnownAddresses | None = None
    """Made with the first form, beside the event loop."""

    def is_due(self) -> bool:
        """Whether a form is to be told again."""
        return time.monotonic() - self._last >= self._rest

    def wrote(self, text: str) -> Forming | None:
        """The form of the text so far, from the first block that is otherwise than before."""
        if not self.is_due():
            return None
        begun = time.monotonic()
        tail = shown(text[self._begins :])
        found = forms.so_far(tail, len(self.passages), self._claims)
        read = links.cleaned((*found.done, *found.open), self._known_to)
        forming = self._changed(read)
        self._done += len(found.done)
        self._begins += found.begins
        self._claims = found.claims
        self._last = time.monotonic()
        self._rest = TOLD_EVERY * max(1.0, (self._last - begun) / AFFORDABLE)
        return forming

    def _known_to(self, _: int | None) -> KnownAddresses:
        """The addresses of all passages: what a sentence cites is not known yet."""
        if self._known is None:
            self._known = KnownAddresses.of(self.passages)
        return self._known

    def _changed(self, read: Form) -> Forming | None:
        """What is told of the blocks behind those that have ended."""
        before = self._told[self._done :]
        same = 0
        while same < min(len(read), len(before)) and read[same] == before[same]:
            same += 1
        if same == len(read) == len(before):
            return None
        self._told = (*self._told[: self._done], *read)
        return Forming(self._done + same, read[same:])


def shown(text: str) -> str:
    """A text without the word, the brackets and the tag at its end that may go on."""
    begun = text.rfind("\n") + 1
    line = text[begun:]
    end = len(line)
    if (at := line.rfind("[")) >= 0 and "]" not in line[at:]:
        end = at
    elif (at := line.rfind("](")) >= 0 and ")" not in line[at:]:
        end = max(0, line.rfind("[", 0, at))
    if (tag := TAG_BEGUN.search(line[:end], max(0, end - LONGEST_TAG))) is not None:
        end = tag.start()
    word = max(line.rfind(" ", 0, end), line.rfind("\t", 0, end)) + 1
    if MAY_BECOME & set(line[word:end]):
        end = word
    return text[: begun + end].removesuffix("!") if end < len(line) else text
