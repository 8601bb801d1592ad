"""An answer's form while the answer is being written."""

import re
import time
from collections.abc import Sequence
from dataclasses import dataclass

from kb.answers import forms, links
from kb.types.answers import Forming
from kb.types.forms import Form
from kb.types.passages import Passage

TOLD_EVERY = 0.15
"""Seconds between two forms: each is parsed from the beginning."""
OPEN_WORD = re.compile(r"(?:!?\[[^\]\n]*(?:\]\([^)\n]*)?|\S*[.:/@<]\S*)$")
"""A word that may still become an address, a link or a marker: it waits for its end."""


@dataclass(slots=True)
class Pen:
    """Gives what has changed since the last time. ``passages`` are those of the prompt."""

    passages: Sequence[Passage]
    _told: Form = ()
    _last: float = 0.0

    def wrote(self, text: str) -> Forming | None:
        """The form of the text so far, from the first block that is otherwise than before."""
        now = time.monotonic()
        if now - self._last < TOLD_EVERY:
            return None
        self._last = now
        known = "\n".join(passage.text for passage in self.passages)
        form = forms.so_far(OPEN_WORD.sub("", text), len(self.passages))
        form = links.cleaned(form, lambda _: known)
        same = 0
        while same < min(len(form), len(self._told)) and form[same] == self._told[same]:
            same += 1
        if same == len(form) == len(self._told):
            return None
        self._told = form
        return Forming(same, form[same:])
