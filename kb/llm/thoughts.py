"""A model's thoughts, told apart from its answer. Pure.

Most servers tell them apart themselves. Where the template of a model is not known to the server
they come within the text, between tags, or with nothing but the closing tag, because the template
opened them: then all that was told before was a thought.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from kb.llm.base import Thought

NAMES = "think|thinking|thought|reasoning"
MARK = re.compile(
    rf"(?P<open><(?:{NAMES})>|<\|channel\|>\s*(?:analysis|commentary)\s*<\|message\|>)"
    rf"|(?P<close></(?:{NAMES})>)"
    r"|(?P<answer><\|channel\|>\s*final\s*<\|message\|>)"
    r"|(?P<nothing><\|(?:end|return)\|>|<\|start\|>\s*assistant)",
    re.IGNORECASE,
)
"""Tags of DeepSeek and Qwen and of those who follow them; channels as gpt-oss writes them."""
BEGUN = re.compile(
    r"<(?:/?[a-z]*|\|[a-z]*(?:\|(?:>\s*[a-z]*\s*(?:<(?:\|(?:[a-z]*\|?)?)?)?)?)?)$", re.IGNORECASE
)
"""What may still become one of them."""
LONGEST_MARK = 48
"""Characters after a ``<`` in which it may still become a mark."""


@dataclass(slots=True)
class Splitter:
    """Takes pieces of a text, and gives those of the answer; a thought leaves a trace only."""

    _held: str = ""
    _thinking: bool = False
    _answered: bool = False

    def feed(self, piece: str) -> Iterator[str | Thought]:
        """What is known of the text so far, and was not told before."""
        text, self._held = self._held + piece, ""
        position = 0
        for mark in MARK.finditer(text):
            yield from self._told(text[position : mark.start()])
            yield from self._turned(str(mark.lastgroup))
            position = mark.end()
        rest = text[position:]
        begun = BEGUN.search(rest, max(0, len(rest) - LONGEST_MARK))
        if begun:
            rest, self._held = rest[: begun.start()], begun.group()
        yield from self._told(rest)

    def end(self) -> Iterator[str | Thought]:
        """What was held back, because it might have become a mark."""
        rest, self._held = self._held, ""
        yield from self._told(rest)

    def _told(self, text: str) -> Iterator[str | Thought]:
        if self._thinking and text:
            yield Thought()
        elif text:
            self._answered = self._answered or bool(text.strip())
            yield text

    def _turned(self, mark: str) -> Iterator[Thought]:
        if mark == "close" and not self._thinking and self._answered:
            self._answered = False
            yield Thought(all_before=True)
        if mark == "open":
            self._thinking = True
        elif mark in {"close", "answer"}:
            self._thinking = False
