"""Documents are cut into chunks."""

import msgspec
import pytest
from sqlalchemy import text

from ingest.reading import chunking
from kb.embedding import models
from kb.settings import Chunking, Embedding
from kb.types.parsed import Element, Line
from tests.parts.house import House


@pytest.fixture(scope="module")
def counter():
    return models.TokenCounter(models.find(Embedding()))


def cut(elements, counter, title="Title"):
    return chunking.chunk(elements, title, counter.count_all, counter.limit - counter.extra)


def paragraph(text, page=None, kind="NarrativeText", level=0, rows=None, lines=()):
    return Element(kind=kind, text=text, page=page, level=level, rows=rows, lines=lines)


def test_no_chunk_is_longer_than_the_model_reads(counter):
    elements = [
        paragraph("Heading " * 12, kind="Title"),
        paragraph("wordy sentence about many things. " * 400),
        paragraph("x" * 5000),
        paragraph("Ünïcödé " * 500),
    ]
    chunks = cut(elements, counter, "A long title " * 30)
    assert len(chunks) > 10
    assert max(counter.count(c.embedded_text) for c in chunks) <= counter.limit - counter.extra


@pytest.mark.parametrize(("tokens", "longest"), [("64", 62), ("4000", 254)])
async def test_passages_have_a_length_of_their_own_within_the_models(
    settings, tmp_path, counter, tokens, longest
):
    """However long the model's window is; and never longer than it."""
    changed = msgspec.structs.replace(settings, chunking=Chunking(tokens=int(tokens)))
    house = House(changed, tmp_path / "files")
    house.follow()
    house.write("long.txt", "The pump of the third mill is oiled on Mondays by the porter. " * 60)
    await house.ingest()
    with house.kb.catalog.reading() as c:
        texts = c.execute(text("SELECT embedded_text FROM chunks")).scalars().all()
    await house.kb.close()
    assert longest * 0.6 < max(map(counter.count, texts)) <= longest


def test_no_word_is_lost_in_cutting(counter):
    elements = [
        paragraph("Scope", kind="Title"),
        paragraph(" ".join(f"word{i}." for i in range(900))),
        paragraph("y" * 3000),
    ]
    whole = "".join("".join(c.text.split()) for c in cut(elements, counter))
    assert whole == "".join("".join(e.text.split()) for e in elements)


def test_a_chunk_stays_on_its_page(counter):
    chunks = cut([paragraph("one", page=1), paragraph("two", page=2)], counter)
    assert [(c.page, c.text) for c in chunks] == [(1, "one"), (2, "two")]


def test_headings_are_the_section_and_are_embedded(counter):
    elements = [
        paragraph("Leave", kind="Title", level=0),
        paragraph("General words."),
        paragraph("Carry-over", kind="Title", level=1),
        paragraph("Five days."),
    ]
    last = cut(elements, counter, "Handbook")[-1]
    assert last.section == "Leave › Carry-over"
    heads, _, passage = last.embedded_text.partition("\n")
    assert heads == "Handbook › Leave › Carry-over"
    assert passage == last.text == "Carry-over\n\nFive days."


@pytest.mark.parametrize(
    ("title", "section", "heads"),
    [
        ("Leave", None, "Leave › Carry-over › Exceptions"),
        ("Handbook", "Sheet 1", "Handbook › Leave › Carry-over › Sheet 1"),
        ("Carry-over", None, "Carry-over › Leave › Exceptions"),
    ],
)
def test_what_stands_above_a_passage_is_embedded_once(counter, title, section, heads):
    """Also a title that is a heading, and the name of a place that is none."""
    elements = [
        paragraph("Leave", kind="Title", level=0),
        paragraph("Carry-over", kind="Title", level=1),
        paragraph("Exceptions", kind="Title", level=2),
        msgspec.structs.replace(paragraph("Five days."), section=section),
    ]
    assert cut(elements, counter, title)[-1].embedded_text.partition("\n")[0] == heads


def test_spans_lead_back_to_the_elements(counter):
    elements = [paragraph("First part. " * 60), paragraph("Second part. " * 60)]
    for chunk in cut(elements, counter):
        for span in chunk.spans:
            source = elements[span.element].text
            length = span.end - span.start
            assert chunk.text[span.start : span.end] == source[span.element_start :][:length]


def test_a_table_that_goes_on_repeats_its_header(counter):
    rows = tuple([("Name", "Town")] + [(f"Person number {i}", f"Town {i}") for i in range(200)])
    text = "\n".join(" | ".join(r) for r in rows)
    chunks = cut([Element(kind="Table", text=text, rows=rows)], counter)
    assert len(chunks) > 3
    assert all(c.text.startswith("Name | Town\n") for c in chunks)


def test_an_edit_changes_few_chunks(counter):
    elements = [
        paragraph(f"Paragraph {i} says that matter {i * 7} is settled.") for i in range(300)
    ]
    before = {c.embedded_text for c in cut(elements, counter)}
    elements[150] = paragraph("A paragraph that somebody has rewritten at some length.")
    after = cut(elements, counter)
    assert len([c for c in after if c.embedded_text not in before]) <= 4


def test_lines_follow_their_text(counter):
    lines = (Line(0, 5, (0, 0, 1, 0.1)), Line(6, 11, (0, 0.1, 1, 0.2)))
    [chunk] = cut([Element(kind="NarrativeText", text="hello world", page=1, lines=lines)], counter)
    assert [chunk.text[li.start : li.end] for li in chunk.lines] == ["hello", "world"]
