"""A cut answer gone on with: what it began with, and how the model is asked for the rest. Pure."""

import re
from collections.abc import Sequence
from dataclasses import replace

from kb.answers import markdown
from kb.types.answers import Answer

REQUEST = (
    "Your answer was cut. Write what is missing, from where it ends above to its end. Repeat "
    "nothing."
)
CONTINUED = "continued"
"""The setting by which a receipt says that its answer was written in two goes."""
UNFINISHED = re.compile(r"(?<=[.!?\n])[^.!?\n]*$")


def begun(answer: Answer) -> str:
    """Its whole sentences: what was cut in the middle is written anew."""
    bare = [replace(s, citations=()) for s in answer.sentences]
    text = markdown.written(answer.form, bare)
    return text if text[-1:] in ".!?|" else UNFINISHED.sub("", text).rstrip(" ")


def messages(asked: Sequence[dict[str, str]], text: str) -> list[dict[str, str]]:
    """The conversation with the model, as far as it came, and the request to go on."""
    said = {"role": "assistant", "content": text}
    return [*asked, said, {"role": "user", "content": REQUEST}]


def joined(before: str, after: str) -> str:
    """Both as one answer."""
    if not before or not after or before[-1].isspace() or after[0].isspace():
        return before + after
    return f"{before} {after}"
