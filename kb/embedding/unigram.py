"""A Unigram tokenizer whose vocabulary takes megabytes: the pieces are those of ``tokenizers``.

That library keeps a table for each node of its tree, 290 MB for 250,000 pieces. Here it does all
but the last step: it normalises a text, finds what was added to the vocabulary, and splits the rest
into words. A word's pieces are then found by the same search (Viterbi), with the same sums of the
same numbers, over a compressed tree (marisa-trie).
"""

import math
from array import array
from collections.abc import Iterable, Mapping, Sequence
from itertools import chain
from typing import Any

import marisa_trie
import msgspec
from tokenizers import Tokenizer

PENALTY = 10.0
"""How much less likely than the least likely piece a character is that no piece begins with."""
WORD = "\ufffe"
"""The one piece of the tokenizer that splits: to it each word is unknown, and it gives it back."""
SPACE = "▁"
UNUSUAL = (SPACE, "\x1c", "\x1d", "\x1e", "\x1f")
"""What divides words in one way in Python, and in another for the library."""
BETWEEN_SPACES = {
    "type": "Sequence",
    "pretokenizers": [
        {"type": "WhitespaceSplit"},
        {"type": "Metaspace", "replacement": SPACE, "prepend_scheme": "always", "split": True},
    ],
}
"""How the library splits into words where that is done here, which takes a tenth of its time."""
MOST_DIGITS, MOST_DECIMALS = 10**19, 300
"""Up to these a number is read as one division, the digits by a power of ten."""
PROBE = b"-7.4715776443481445"
"""A number that ``tokenizers`` does not read as the nearest one."""
UNKNOWN = -1
"""In place of a piece's key in the tree: what no piece begins with."""
MOST_WORDS = 20_000
"""Words whose pieces are kept; they take 5 MB."""
LONGEST_KEPT = 32
"""Characters of a word that is kept: a longer one hardly comes again."""


class OtherKind(Exception):
    """A tokenizer whose pieces are not found here."""


class _Model(msgspec.Struct, forbid_unknown_fields=True):
    """All that ``tokenizer.json`` may say of a Unigram model for its pieces to be found here."""

    type: str
    vocab: msgspec.Raw
    unk_id: int | None = None
    byte_fallback: bool = False


class _Added(msgspec.Struct):
    """What is one piece wherever it stands."""

    id: int
    content: str
    normalized: bool


class Unigram:
    """See :class:`kb.embedding.pieces.Pieces`.

    Raises:
        OtherKind: this ``tokenizer.json`` is another kind of tokenizer, or none.
    """

    def __init__(self, content: bytes) -> None:
        try:
            parts = msgspec.json.decode(content, type=dict[str, msgspec.Raw])
            model = msgspec.json.decode(parts["model"], type=_Model)
            added = msgspec.json.decode(parts["added_tokens"], type=list[_Added])
            if model.type != "Unigram" or model.byte_fallback:
                raise OtherKind
            self._words = _Words(model)
        except (msgspec.MsgspecError, KeyError) as error:
            raise OtherKind from error
        self.splitter = _splitter(parts)
        self._added = dict(self._numbered(added))
        self._plain = None if any(one.normalized for one in added) else _plain(self.splitter)
        self._beside = tuple(one.content for one in added)
        self.largest = max(self._words.last, *self._added.values(), 0)

    def cut(self, texts: Sequence[str]) -> list[list[int]]:
        """See :class:`kb.embedding.pieces.Pieces`."""
        return [list(chain.from_iterable(words)) for words in map(self._split, texts)]

    def count(self, texts: Sequence[str]) -> list[int]:
        """See :class:`kb.embedding.pieces.Pieces`."""
        return [sum(map(len, words)) for words in map(self._split, texts)]

    def _split(self, text: str) -> Iterable[Sequence[int]]:
        """The pieces of each word of a text."""
        if self._plain is not None and not any(map(text.__contains__, self._beside)):
            read = self._plain.normalize_str(text)
            if not any(map(read.__contains__, UNUSUAL)):
                return map(self._words.__getitem__, map(SPACE.__add__, read.split()))
        found = self.splitter.encode(text, add_special_tokens=False)
        pairs = zip(found.tokens, found.ids, strict=True)
        return [(self._added[n],) if n else self._words[word] for word, n in pairs]

    def _numbered(self, added: Iterable[_Added]) -> Iterable[tuple[int, int]]:
        """What was added: its number where texts are split, and its own.

        Raises:
            OtherKind: the library would give it another one than the file says.
        """
        following = self._words.last + 1
        for one in added:
            number = self._words.number_of(one.content)
            if number is None:
                number, following = following, following + 1
            here = self.splitter.token_to_id(one.content)
            if here is None or one.id != number:
                raise OtherKind
            yield here, number


class _Words(dict[str, Sequence[int]]):
    """The pieces of words by their numbers, found where a word is not kept.

    Raises:
        OtherKind: the vocabulary is none in which they can be found here.
    """

    def __init__(self, model: _Model) -> None:
        vocabulary = msgspec.json.decode(model.vocab, type=list[tuple[str, msgspec.Raw]])
        self.last = len(vocabulary) - 1
        self._unknown = -1 if model.unk_id is None else model.unk_id
        self._tree = marisa_trie.Trie((piece for piece, _ in vocabulary), num_tries=1)
        self._numbers = array("i", bytes(4 * len(self._tree)))
        self._scores = array("d", bytes(8 * len(self._tree)))
        least = 0.0
        for number, (piece, written) in enumerate(vocabulary):
            key, score = self._tree[piece], _read(bytes(written))
            self._numbers[key], self._scores[key] = number, score
            least = min(least, score)
        self._worst = least - PENALTY
        self._longest = max((len(piece) for piece, _ in vocabulary), default=0)
        if not 0 <= self._unknown <= self.last or "" in self._tree or max(self._scores) > 0:
            raise OtherKind

    def number_of(self, piece: str) -> int | None:
        """The number of a piece; None: it is none."""
        key = self._tree.get(piece)
        return None if key is None else self._numbers[key]

    def __missing__(self, word: str) -> Sequence[int]:
        """The pieces of a word that is not kept."""
        found = self._search(word)
        if len(word) <= LONGEST_KEPT:
            if len(self) >= MOST_WORDS:
                self.clear()
            self[word] = found
        return found

    def _search(self, word: str) -> Sequence[int]:
        """The likeliest pieces that a word can be cut into; of two ways alike the first one met."""
        prefixes, scores, longest = self._tree.iter_prefixes_with_ids, self._scores, self._longest
        size = len(word)
        sums, begins, keys = [0.0] + [-math.inf] * size, [0] * (size + 1), [UNKNOWN] * (size + 1)
        for begin in range(size):
            so_far, known = sums[begin], False
            for piece, key in prefixes(word[begin : begin + longest]):
                end, total = begin + len(piece), so_far + scores[key]
                if total > sums[end]:
                    sums[end], begins[end], keys[end] = total, begin, key
                if end == begin + 1:
                    known = True
            if not known and so_far + self._worst > sums[begin + 1]:
                end = begin + 1
                sums[end], begins[end], keys[end] = so_far + self._worst, begin, UNKNOWN
        return self._followed(begins, keys)

    def _followed(self, begins: Sequence[int], keys: Sequence[int]) -> Sequence[int]:
        """The pieces from the first to the last; what is unknown side by side is one."""
        found: list[int] = []
        end = len(begins) - 1
        while end:
            number = self._unknown if keys[end] == UNKNOWN else self._numbers[keys[end]]
            if number != self._unknown or found[-1:] != [number]:
                found.append(number)
            end = begins[end]
        return tuple(reversed(found))


def _splitter(parts: Mapping[str, Any]) -> Tokenizer:
    """What splits texts into words as the tokenizer does.

    Raises:
        OtherKind: it reads numbers otherwise than is known here, or nothing.
    """
    written = {"type": "Unigram", "unk_id": 0, "byte_fallback": False}
    model = written | {"vocab": [(WORD, msgspec.Raw(PROBE))]}
    try:
        made = Tokenizer.from_str(msgspec.json.encode({**parts, "model": model}).decode())
    except Exception as error:  # the library has no narrower type
        raise OtherKind from error
    [[_, read]] = msgspec.json.decode(made.to_str())["model"]["vocab"]
    if read != _read(PROBE):
        raise OtherKind
    made.no_truncation()
    made.no_padding()
    return made


def _plain(splitter: Tokenizer) -> Any:
    """The normalizer of a tokenizer whose words stand between spaces; None: of another one."""
    told = msgspec.json.decode(splitter.to_str())["pre_tokenizer"]
    return splitter.normalizer if told == BETWEEN_SPACES else None


def _read(written: bytes) -> float:
    """A number as ``tokenizers`` reads it, which is not always the nearest one.

    Sums of pieces are alike to the last digit where a character is repeated: which of them counts
    is decided by that digit.

    Raises:
        OtherKind: it is written in a way that is not known here.
    """
    whole, _, part = written.partition(b".")
    try:
        digits = int(whole + part)
    except ValueError as error:  # it has an exponent
        raise OtherKind from error
    if abs(digits) >= MOST_DIGITS or len(part) > MOST_DECIMALS:
        raise OtherKind
    return float(digits) / float(10 ** len(part))
