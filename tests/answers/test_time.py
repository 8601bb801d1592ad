"""What a model writes may be hostile: the time to read it grows with its length and no faster."""

import pytest

import kb.answers
import kb.llm
import kb.text
from kb.answers import addresses, claiming, company, forms, markdown, markers
from kb.answers.drafts import showable
from kb.answers.pen import Pen
from kb.answers.speech import Speech
from kb.llm.base import CutShort, Identity
from kb.llm.chatting import CHARACTERS_OF_A_TOKEN, chat
from kb.text import dates, quantities, sentences
from kb.types.answers import Sentence
from tests.parts.passages import passage
from tests.parts.timing import REPEATED, grows, patterns, slow

MUCH = 50_000
"""Characters of an answer; four times as many are read as well, where so many take long."""


@pytest.mark.parametrize(
    "pattern", [one for package in (kb.answers, kb.text, kb.llm) for one in patterns(package)]
)
def test_no_pattern_looks_at_a_character_for_ever(pattern):
    assert not slow(pattern.finditer)


@pytest.mark.parametrize(
    "piece", ["a.", "[", " \n", "(", "[1 , ", "a@b.", "a. ", ".", "<!--", "[.]"]
)
def test_what_runs_over_an_answer_takes_time_by_its_length(piece):
    for work in (
        markers_of,
        sentences.spans,
        addresses.found,
        lambda t: addresses.KnownAddresses([t]),
    ):
        assert not grows(work, piece, MUCH)


def markers_of(text):
    return markers.found(text, [(n, n + 1) for n in range(0, len(text), 9)], 3)


@pytest.mark.parametrize("piece", REPEATED)
def test_an_answer_is_read_and_written_in_time_by_its_length(piece):
    def through(text):
        form, claims = forms.read(text, 3)
        assert all(isinstance(claim.compared, str) for claim in claims)
        checked = tuple(Sentence(claim.text, (), False) for claim in claims)
        written = showable(form, (checked, ()))
        return markdown.written(written.form, checked)

    assert not grows(through, piece)


@pytest.mark.parametrize(
    "piece", ["1 ", "12 kg ", "3 May ", "8.30 ", "and 12, ", "from 3 May 2024 to ", "a"]
)
@pytest.mark.parametrize("read", [quantities.quantities, dates.times, company.placed])
def test_values_are_read_in_time_by_a_texts_length(read, piece):
    assert not grows(read, piece)


def test_many_sentences_in_many_faces_take_time_by_their_number():
    text = "`a` is **b** [1]. " * 500
    taken = claiming.taken(forms.read(text, 1)[0][0].said[0].runs, 1)
    assert taken.runs
    assert not grows(lambda text: forms.read(text, 1), "`a` is **b** [1]. ", len(text))


def test_blocks_that_have_ended_are_not_read_again_while_it_is_written(monkeypatch):
    monkeypatch.setattr("kb.answers.pen.TOLD_EVERY", 0.0)
    parsed = []
    parse = forms.MARKDOWN.parse
    monkeypatch.setattr(
        forms.MARKDOWN, "parse", lambda text: parsed.append(len(text)) or parse(text)
    )
    text = "".join(f"- Point {n} has 28 days.\n\nAnd {n} has a paragraph.\n\n" for n in range(60))
    pen, blocks = Pen([passage("Staff have leave.")]), []
    for end in range(0, len(text) + 1, 9):
        if forming := pen.wrote(text[:end]):
            blocks = [*blocks[: forming.first], *forming.blocks]
    blocks = [*blocks[: forming.first], *forming.blocks] if (forming := pen.wrote(text)) else blocks
    assert tuple(blocks) == forms.read(text, 1)[0]
    assert sum(parsed) < 12 * len(text)


def test_a_long_form_is_told_less_often():
    pen = Pen([passage("Staff have leave.")])
    pen.wrote("a\n" * 4_000)
    assert not pen.is_due()
    assert pen.wrote("a\n" * 4_000 + "b") is None


class Flood:
    """A server that sends without end, whatever it said before."""

    def __init__(self, *first):
        self.first, self.sent = first, 0

    async def identify(self):
        return Identity("m")

    async def stream(self, *_):
        for piece in self.first:
            yield piece
        while self.sent < 100:
            self.sent += 1
            yield "word " * 4_000

    def thought(self, _):
        raise AssertionError("nothing was thought")


@pytest.mark.parametrize("first", [(), (CutShort(),)])
@pytest.mark.parametrize(("tokens", "most"), [(700, 700 * CHARACTERS_OF_A_TOKEN), (None, 16_000)])
async def test_no_more_is_kept_than_an_answer_can_have(tokens, most, first):
    speech, server = Speech(), Flood(*first)
    async for piece in chat(server, [], tokens):
        speech.heard(piece)
    assert speech.cut
    assert len(speech.text) == most
    assert server.sent == 1, "what comes behind it is not waited for"
