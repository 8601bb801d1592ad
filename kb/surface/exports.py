"""A conversation to be taken along: as Markdown here, in Word in ``kb/surface/word.py``. Pure.

Both are written from one list of parts, which are forms like those of answers.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from msgspec.structs import replace

from kb.answers import markdown
from kb.surface import notices, showing
from kb.surface.showing import Translate
from kb.types.answers import Answer, Sentence
from kb.types.conversations import SharedTalk, SharedTurn
from kb.types.forms import Block, Form, Row, Said, TextRun

DEEPEST = 6
"""Of the levels of headings."""
ANSWERS_BELOW = 2
"""Levels above the headings of an answer: the conversation's title, and the question."""


def _(text: str) -> str:
    return text


SOURCES = _("Sources")
PAGE = _("Page {number}")
UNSUPPORTED = _("not found in the documents")
UNTOLD = _("A question about documents that you may not read.")
NOT_SHOWN = _("This answer was made from passages that you may not read, or that have changed.")
SOME_NOT_SHOWN = _("Passages that you may not read, or that have changed, are not shown here.")


@dataclass(frozen=True, slots=True)
class ExportedPart:
    """A stretch of the document, and the sentences that its numbers belong to."""

    form: Form
    sentences: tuple[Sentence, ...] = ()


def parts(talk: SharedTalk, translate: Translate = str) -> list[ExportedPart]:
    """The conversation as far as its reader may read it."""
    found = [ExportedPart((_heading(talk.title, 1),))]
    for turn in talk.turns:
        found += _turn(turn, translate)
    return found


def as_markdown(talk: SharedTalk, translate: Translate = str) -> str:
    """The whole conversation."""
    written = [markdown.written(p.form, p.sentences) for p in parts(talk, translate)]
    return "\n\n".join(text for text in written if text) + "\n"


def told(turn: SharedTurn, *, mine: bool) -> str | None:
    """What a reader has to know of a turn of which they do not see all; None: there is nothing."""
    if turn.receipt is None:
        return UNTOLD
    if turn.receipt.answer is None:
        return NOT_SHOWN
    return SOME_NOT_SHOWN if turn.withheld and not mine else None


def _turn(turn: SharedTurn, translate: Translate) -> Iterator[ExportedPart]:
    if turn.receipt is None:
        yield ExportedPart((_note(translate(UNTOLD)),))
        return
    yield ExportedPart((_heading(turn.receipt.row.question, 2),))
    answer = turn.receipt.answer
    said = told(turn, mine=False)
    if said is not None:
        yield ExportedPart((_note(translate(said)),))
    if answer is None:
        return
    if answer.notice is not None:
        yield ExportedPart((_note(notices.render(answer.notice, translate)),))
    form = _marked(showing.form_of(answer), answer.sentences, translate(UNSUPPORTED))
    yield ExportedPart(_lowered(form), answer.sentences)
    if answer.citations:
        yield ExportedPart((_heading(translate(SOURCES), 3), *_sources(answer, translate)))


def _sources(answer: Answer, translate: Translate) -> Iterator[Block]:
    for source in showing.by_source(answer.citations):
        chunk = source.citations[0].passage.chunk
        page = translate(PAGE).format(number=chunk.page) if chunk.page else None
        where = " › ".join(filter(None, (chunk.source, chunk.path, chunk.section, page)))
        quotes = " … ".join(f"“{' '.join(c.quote.split())}”" for c in source.citations)
        yield Block("paragraph", said=(Said((TextRun(f"[{source.n}] {where}: {quotes}"),)),))


def _heading(text: str, level: int) -> Block:
    return Block("heading", said=(Said((TextRun(" ".join(text.split())),)),), level=level)


def _note(text: str) -> Block:
    return Block("paragraph", said=(Said((TextRun(text, emphasised=True),)),))


def _lowered(form: Form) -> Form:
    """With its headings below that of the question."""
    return tuple(
        replace(block, level=min(DEEPEST, block.level + ANSWERS_BELOW))
        if block.kind == "heading"
        else block
        for block in form
    )


def _marked(form: Form, sentences: Sequence[Sentence], word: str) -> Form:
    """With a word behind each sentence that the documents do not hold."""
    doubt = TextRun(f" ({word})", emphasised=True)

    def is_doubted(at: int | None) -> bool:
        return at is not None and not sentences[at].supported

    def row(one: Row) -> Row:
        if not is_doubted(one.sentence):
            return one
        *before, last = one.cells
        return replace(one, cells=(*before, (*last, doubt)))

    def block(one: Block) -> Block:
        said = tuple(
            replace(s, runs=(*s.runs, doubt)) if is_doubted(s.sentence) else s for s in one.said
        )
        items = tuple(tuple(block(inner) for inner in item) for item in one.items)
        return replace(one, said=said, items=items, rows=tuple(row(r) for r in one.rows))

    return tuple(one if one.kind == "code" else block(one) for one in form)
