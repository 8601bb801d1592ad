"""The pieces of a Unigram tokenizer are those that ``tokenizers`` makes, number by number."""

import json
import subprocess
import sys
import threading

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tokenizers import Tokenizer

from kb.embedding import agreement, models, pieces
from kb.embedding.pieces import Ordinary
from kb.embedding.unigram import BETWEEN_SPACES, MOST_WORDS, OtherKind, Unigram
from kb.samples import documents
from kb.settings import Embedding

WRITTEN = [
    "", " ", "\n\t\r", "a", "Hello world!", "  two  spaces   and more ", "passage: ",
    "Besprechungszimmer im Erdgeschoß, Größe 24 m²", "L’été à l’île: œuvre, naïf", "¿Qué? ¡Sí!",
    "Přílišžluťoučkýkůň", "Łódź, Kraków", "İstanbul'da ıssız", "Ελληνικά μικρά ΣΊΣΥΦΟΣ", "Ще не вмерла",
    "שָׁלוֹם עוֹלָם", "السَّلامُ عليكم ١٢٣", "हिन्दी में लिखा है", "தமிழ் எழுத்து", "ภาษาไทยไม่มีช่องว่าง",
    "日本語の文章です。カタカナとﾊﾝｶｸ", "简体中文没有空格，繁體也是", "한국어 문장입니다", "한글", "አማርኛ", "ქართული",
    "e\u0301 a\u0300\u0301\u0302 ﬁn ﬀ Ⅳ ½ ㎏ ㍿ ＦＵＬＬ", "😀👩‍👩‍👧‍👦🏳️‍🌈🇩🇪👍🏽", "\ud7ff\ue000\ufdd0\ufffe\uffff\U0010ffff",
    "\x00\x01\x07\x1b\x7f\x85\xa0\xad", "\u200b\u200c\u200d\u200e\u2028\u2029\u2060\u3000\ufeff\ufffd",
    "<s> </s> <pad> <unk> <mask>", "<s><s>x</s>y<unk>z<mask>", " <mask>  <mask> ", "＜s＞ ＜unk＞x＜mask＞",
    "▁ ▁▁ ▁a a▁ ▁▁▁b", "aaaaaaaaaaaaaaaaaaaaaaaa", "-" * 80, "." * 33, "=" * 17 + "ー" * 17 + "哈" * 17,
    "x" * 5000, "Donaudampfschifffahrtsgesellschaftskapitän" * 40, "的" * 3000, "0123456789" * 60,
    "https://example.org/a/b?c=d&e=%20#f", "SGVsbG8gd29ybGQhIFRoaXMgaXMgYmFzZTY0Lg==", "{\"a\": [1, 2.5e-3]}",
    "ᚠᛇᚻ", "𝕳𝖊𝖑𝖑𝖔 𐍈", "\U00020000\U0002f800", "\u0e33\u0eb3", "\u0344\u0958", "کتابخانه‌ها",
]  # fmt: skip
"""Scripts, marks, controls, what is added to the vocabulary, words that are long."""
SCRIPTS = [
    (0x20, 0x7E),
    (0xA0, 0x24F),
    (0x300, 0x36F),
    (0x370, 0x52F),
    (0x590, 0x6FF),
    (0x900, 0xDFF),
]
SCRIPTS += [(0xE00, 0xEFF), (0x1100, 0x11FF), (0x2000, 0x2BFF), (0x3000, 0x33FF), (0x4E00, 0x9FFF)]
SCRIPTS += [(0xAC00, 0xD7A3), (0xF900, 0xFFFF), (0x1F300, 0x1FAFF), (0x20000, 0x2A6DF)]


@pytest.fixture(scope="module")
def content(multilingual) -> bytes:
    return (models.find(multilingual).folder / "tokenizer.json").read_bytes()


@pytest.fixture(scope="module")
def theirs(content):
    return Ordinary(content)


@pytest.fixture(scope="module")
def ours(content):
    return Unigram(content)


@pytest.fixture(scope="module")
def vocabulary(theirs) -> list[tuple[str, float]]:
    """The pieces and their scores as the library has read them."""
    return json.loads(theirs.splitter.to_str())["model"]["vocab"]


def built_in() -> list[str]:
    read = [file.read_text() for file in documents().rglob("*.md")]
    return [text for pair in agreement.built_in() for text in pair] + read


@pytest.mark.parametrize("texts", [WRITTEN, built_in()], ids=["written", "built in"])
def test_pieces_and_their_count(ours, theirs, texts):
    for text, mine, its in zip(texts, ours.cut(texts), theirs.cut(texts), strict=True):
        assert mine == its, text
    assert ours.count(texts) == theirs.count(texts)
    assert (ours.largest, pieces.marks_of(ours)) == (theirs.largest, pieces.marks_of(theirs))


@pytest.mark.slow
def test_every_piece_beside_others(ours, theirs, vocabulary):
    """Each alone, after a space and grown together with its neighbours: a million pieces or so."""
    every = [piece.replace("▁", " ") for piece, _ in vocabulary]
    texts = ["".join(every[start : start + 50]) for start in range(0, len(every), 50)]
    texts += [" x".join(every[start : start + 50]) for start in range(0, len(every), 50)]
    assert ours.cut(texts) == theirs.cut(texts)


def test_every_character_between_letters(ours, theirs):
    """Of the first plane: which of them part words, which are changed, which are left out."""
    texts = [f"a{chr(n)}b {chr(n)}" for n in range(0x10000) if not 0xD800 <= n < 0xE000]
    assert ours.cut(texts) == theirs.cut(texts)


@settings(max_examples=30)
@given(st.randoms(use_true_random=True))
def test_any_text(ours, theirs, vocabulary, chance):
    texts = [any_text(chance, vocabulary) for _ in range(40)]
    for text, mine, its in zip(texts, ours.cut(texts), theirs.cut(texts), strict=True):
        assert mine == its, text


def any_text(chance, vocabulary) -> str:
    """Up to twelve bits, with nothing, a space or a space without width between them.

    A bit is a character, a few, one that comes again and again, what is written here, or a piece.
    """

    def character() -> str:
        first, last = chance.choice(SCRIPTS)
        return chr(chance.randint(first, last))

    kinds = (
        character,
        lambda: "".join(anything(chance) for _ in range(chance.randint(0, 6))),
        lambda: chance.choice(WRITTEN)[:40],
        lambda: character() * chance.randint(2, 30),
        lambda: chance.choice(vocabulary)[0],
    )
    between = chance.choice(("", " ", "\u200b"))
    return between.join(chance.choice(kinds)() for _ in range(chance.randint(0, 12)))


def anything(chance) -> str:
    """Any character that has a UTF-8 form, as often a byte's as another."""
    last = chance.choice((0xFF, 0xD7FF, 0x10FFFF))
    number = chance.randint(0, last)
    return chr(number) if not 0xD800 <= number < 0xE000 else "\ufffd"


def test_scores_are_read_to_the_last_digit_as_the_library_reads_them(ours, vocabulary):
    words = ours._words
    assert words.last == len(vocabulary) - 1
    for piece, score in vocabulary:
        assert words._scores[words._tree[piece]] == score


def test_threads_find_the_same_pieces_side_by_side(content, theirs, monkeypatch):
    """Also while words are forgotten."""
    monkeypatch.setattr("kb.embedding.unigram.MOST_WORDS", 7)
    ours, texts, found = Unigram(content), WRITTEN[:30], {}
    threads = [
        threading.Thread(target=lambda n=n: found.update({n: [ours.cut(texts) for _ in range(20)]}))
        for n in range(4)
    ]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    assert [found[n] for n in range(4)] == [[theirs.cut(texts)] * 20] * 4


def test_words_that_are_kept_have_a_bound(ours):
    for start in range(0, 3 * MOST_WORDS, 1000):
        ours.count([" ".join(f"w{n}" for n in range(start, start + 1000))])
    assert len(ours._words) <= MOST_WORDS
    ours.count(["z" * 5000])
    assert max(map(len, ours._words)) < 100


@pytest.mark.parametrize("kind", ["english", "multilingual"])
def test_which_tokenizer_a_model_gets(multilingual, kind):
    chosen = multilingual if kind == "multilingual" else Embedding()
    found = pieces.opened(models.find(chosen).folder / "tokenizer.json")
    assert type(found) is (Unigram if kind == "multilingual" else Ordinary)


def written(**changes) -> dict:
    """A Unigram tokenizer of a few pieces."""
    vocab = [["<unk>", 0.0], ["▁a", -2.5], ["a", -3.25], ["b", -3.5], ["ab", -4.125], ["▁", -6.0]]
    model = {"type": "Unigram", "unk_id": 0, "vocab": vocab, "byte_fallback": False} | changes
    added = {"single_word": False, "lstrip": False, "rstrip": False, "normalized": False}
    return {
        "version": "1.0", "truncation": None, "padding": None, "normalizer": None,
        "added_tokens": [{"id": 0, "content": "<unk>", "special": True} | added],
        "pre_tokenizer": {"type": "Metaspace", "replacement": "▁", "prepend_scheme": "always", "split": True},
        "post_processor": None, "decoder": None, "model": model,
    }  # fmt: skip


FEW = written()["model"]["vocab"]
MORE = [*FEW, ["a▁b", -1.0], ["cd", -9.0], ["e", -30.0], ["de", -1.0], ["d", -2.0]]
ADDED = written()["added_tokens"][0]


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"pre_tokenizer": None},
        {"pre_tokenizer": BETWEEN_SPACES, "normalizer": {"type": "Lowercase"}, "model": written(vocab=MORE)["model"]},
        {"normalizer": {"type": "Lowercase"}},
        {"model": {"type": "Unigram", "unk_id": 0, "vocab": [*FEW, ["a", -9.0]]}},  # said twice
        {"added_tokens": [ADDED, ADDED | {"id": 6, "content": "new"}]},
        {"added_tokens": [ADDED, ADDED | {"id": 4, "content": "ab", "normalized": True}]},
        {"truncation": {"max_length": 2, "strategy": "LongestFirst", "stride": 0, "direction": "Right"}},
        {"padding": {"strategy": {"Fixed": 9}, "direction": "Right", "pad_to_multiple_of": None, "pad_id": 0, "pad_type_id": 0, "pad_token": "<unk>"}},
    ],
)  # fmt: skip
def test_others_of_its_kind(changes):
    file = json.dumps(written() | changes).encode()
    texts = ["ab abba  new", "AB\nab", "xaxb", "", "<unk>b x<unk>y", "newnew a", "\ufffea\ufffe"]
    texts += ["a▁b", "a\x1cb", "cde", "xcde"]
    ours, theirs = Unigram(file), Ordinary(file)
    assert ours.cut(texts) == theirs.cut(texts)
    assert ours.largest == theirs.largest


@pytest.mark.parametrize(
    "changes",
    [
        {"model": {"type": "WordLevel", "vocab": {"a": 0}, "unk_token": "a"}},
        {"model": written()["model"] | {"byte_fallback": True}},
        {"model": written()["model"] | {"unk_id": None}},
        {"model": written()["model"] | {"unk_id": 6}},
        {"model": written()["model"] | {"nbest_size": 3}},
        {"model": written()["model"] | {"vocab": [*FEW, ["c", 0.5]]}},
        {"model": written()["model"] | {"vocab": [*FEW, ["c", -1e-7]]}},
        {"model": written()["model"] | {"vocab": [*FEW, ["", -1.0]]}},
        {"model": written()["model"] | {"vocab": []}},
        {"added_tokens": [ADDED | {"id": 3}]},
        {"pre_tokenizer": {"type": "Unheard"}},
        {"added_tokens": 7},
    ],
)
def test_what_is_of_another_kind_is_left_to_the_library(changes):
    with pytest.raises(OtherKind):
        Unigram(json.dumps(written() | changes).encode())


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b"\xff", b"{}", b'{"model": null}'])
def test_what_is_no_tokenizer(content):
    with pytest.raises(OtherKind):
        Unigram(content)


def test_a_library_that_reads_numbers_otherwise_is_asked_itself(monkeypatch):
    monkeypatch.setattr("kb.embedding.unigram._read", lambda written: float(written))
    with pytest.raises(OtherKind):
        Unigram(json.dumps(written()).encode())


def test_a_process_that_counts_holds_no_vocabulary_of_hundreds_of_megabytes(multilingual):
    """By the library's own tokenizer it is 290 MB."""
    code = """
import re, sys
from pathlib import Path
from kb.embedding import models
from kb.settings import Embedding
def held(): return int(re.search(r"VmRSS:\\s+(\\d+)", Path("/proc/self/status").read_text())[1])
before = held()
counter = models.counter_of(models.find(Embedding(model=sys.argv[1])))
assert counter.count("Hello world!") == 3
print((held() - before) / 1024)
"""
    folder = str(models.find(multilingual).folder)
    done = subprocess.run(
        [sys.executable, "-c", code, folder], capture_output=True, text=True, check=True
    )
    assert float(done.stdout) < 100


def test_the_librarys_own_tokenizer_is_what_is_compared_with(theirs):
    assert isinstance(theirs.splitter, Tokenizer)
    assert theirs.cut(["Hello world!"]) == [[35378, 8999, 38]]
