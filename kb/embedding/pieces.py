"""A model's tokenizer: cuts texts into its pieces, and counts them. The model is not loaded."""

from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

from tokenizers import Tokenizer

from kb.embedding.unigram import OtherKind, Unigram

Marks = tuple[list[int], list[int]]
"""What a model has before and behind each text."""


class Pieces(Protocol):
    """A tokenizer in memory. Every method may be called from several threads.

    ``largest`` is the largest number that a piece has; -1: there is none. ``splitter`` puts the
    model's marks around a text.
    """

    largest: int
    splitter: Tokenizer

    def cut(self, texts: Sequence[str]) -> list[list[int]]:
        """The pieces of each text by their numbers, without the model's marks."""

    def count(self, texts: Sequence[str]) -> list[int]:
        """How many pieces each text has, the model's marks not counted."""


class Ordinary:
    """Any tokenizer, as ``tokenizers`` has it (:class:`Pieces`)."""

    def __init__(self, content: bytes) -> None:
        self.splitter = Tokenizer.from_str(content.decode())
        self.splitter.no_truncation()
        self.splitter.no_padding()
        self.largest = max(self.splitter.get_vocab().values(), default=-1)

    def cut(self, texts: Sequence[str]) -> list[list[int]]:
        """See :class:`Pieces`."""
        encoded = self.splitter.encode_batch_fast(list(texts), add_special_tokens=False)
        return [one.ids for one in encoded]

    def count(self, texts: Sequence[str]) -> list[int]:
        """See :class:`Pieces`."""
        encoded = self.splitter.encode_batch_fast(list(texts), add_special_tokens=False)
        return list(map(len, encoded))


def opened(file: Path) -> Pieces:
    """The tokenizer in a file (``tokenizer.json``); where that is no tokenizer, any error."""
    content = file.read_bytes()
    try:
        return Unigram(content)
    except OtherKind:
        return Ordinary(content)


def marks_of(pieces: Pieces) -> Marks:
    """The marks of the model.

    Raises:
        ValueError: a letter has no pieces, so there is no telling.
    """
    encoded = pieces.splitter.encode("a")
    mask = encoded.special_tokens_mask
    if 0 not in mask:
        raise ValueError("a letter has no pieces")
    before, behind = mask.index(0), mask[::-1].index(0)
    return encoded.ids[:before], encoded.ids[len(mask) - behind :]
