"""Functions from values to values."""

import pytest

from ingest import chunking
from ingest.parsers import text_types
from kb import access, citations, fusion, limits, models, prompt, retrieval, sentences, words
from kb.errors import NotFoundError, UsageError
from kb.index.base import DENSE, GRAMS, WORDS
from kb.models import engine_fingerprint, fingerprint
from kb.settings import Embedding
from kb.types import Element, Line, Passage, Principal, StoredChunk


def passage(text, point=(1 << 20), page=None, section=None, title="T", document=1):
    chunk = StoredChunk(
        point,
        point & 0xFFFFF,
        document,
        point >> 20,
        "a.docx",
        "s",
        None,
        title,
        "",
        "en",
        None,
        page,
        section,
        text,
        str(hash(text)),
        "h",
    )
    return Passage(chunk, text, (point,), 1.0, 0.9)


# --- sentences


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("One. Two! Three?", 3),
        ("Dr. Meier arrives at 5 p.m. today. He stays.", 2),
        ("Die Sitzung ist am 3. Mai 2025. Sie dauert z. B. zwei Stunden.", 2),
        ("Art. 5 gilt. Abs. 2 auch.", 2),
        ("Le train part à 8 h. Il arrive à midi.", 2),
        ("3.5 million were spent. No more.", 2),
        ("", 0),
    ],
)
def test_sentences_end_where_people_see_them_end(text, count):
    assert len(sentences.spans(text)) == count


def test_sentence_spans_are_verbatim():
    text = "  First one.  Second one.\n\nThird "
    assert [text[s:e] for s, e in sentences.spans(text)] == ["First one.", "Second one.", "Third"]


# --- chunking


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
    assert last.embedded_text.startswith("Handbook › Leave › Leave › Carry-over\n") or (
        "Handbook" in last.embedded_text and "Leave" in last.embedded_text
    )


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


# --- fusion


def test_scores_of_each_list_count_by_its_weight():
    fused = fusion.fuse({DENSE: [(1, 0.8), (2, 0.4)], WORDS: [(2, 9.0)]}, {DENSE: 0.5, WORDS: 0.5})
    assert fused == [(2, 0.75), (1, 0.5)]


def test_foreign_questions_leave_stemmed_words_out():
    worth = fusion.weights_foreign(0.4)
    assert worth[WORDS] == 0
    assert worth[GRAMS] == pytest.approx(0.6)
    assert fusion.weights_foreign(0.9)[DENSE] == fusion.MOST_DENSE_FOREIGN


def test_empty_lists_fuse_to_nothing():
    assert fusion.fuse({DENSE: [], WORDS: [(1, 0.0)]}, {DENSE: 1, WORDS: 1}) == []


# --- citations


PASSAGES = (
    passage("Full-time staff have 28 days of leave. It lapses on 31 March.", 1 << 20),
    passage("Helena Marchetti chairs the board since 2019.", 2 << 20),
)


def verified(text, passages):
    """With the words that two texts share in place of their embeddings' likeness."""
    found = citations.claims(text, len(passages))
    return citations.verify(found, passages, lambda a, b: words.coverage(words.content(a), b))


@pytest.mark.parametrize(
    "text",
    [
        "Staff have 28 days of leave [1].",
        "Staff have 28 days of leave [1][2].",
        "Staff have 28 days of leave.¹",
        "Staff have 28 days of leave [^1].\n\n[^1]: Staff handbook, page 2",
        "According to Passage 1, staff have 28 days of leave.",
        "- Staff have 28 days of leave 【1】.",
        "Staff have 28 days of leave. [1]",
        "Staff have 28 days of leave [1, 7].",
        "Staff have 28 days of leave (1).",
        "Staff have 28 days of leave [Passage 1].",
        "Staff have 28 days of leave [9].",
        "Staff have 28 days of leave.",
    ],
)
def test_however_the_model_cites_the_citation_is_right(text):
    [sentence], [citation] = verified(text, PASSAGES)
    assert sentence.text == "Staff have 28 days of leave."
    assert sentence.supported
    assert citation.quote == "Full-time staff have 28 days of leave."


def test_powers_are_no_markers():
    [claim] = citations.claims("The hall has 400 m² and 10³ seats.¹", 3)
    assert claim.text == "The hall has 400 m² and 10³ seats."
    assert claim.named == (1,)


@pytest.mark.parametrize(
    "text",
    [
        "Staff have 30 days of leave [1].",
        "According to Peter Smith staff have 28 days of leave [1].",
        "The moon is made of cheese [1].",
    ],
)
def test_wrong_numbers_names_and_matters_are_not_supported(text):
    [sentence], _ = verified(text, PASSAGES)
    assert not sentence.supported


def test_numbers_are_compared_by_value():
    text = (passage("It costs 1,200 euros."),)
    [german], _ = verified("It costs 1.200 euros [1].", text)
    [other], _ = verified("It costs 1.2 euros [1].", text)
    assert german.supported
    assert not other.supported


# --- prompt


def test_the_prompt_fits_the_window_and_keeps_the_best():
    many = [passage("words and more words " * 60, n << 20) for n in range(1, 40)]
    built = prompt.build("What?", many, 2048, 400)
    total = sum(prompt.tokens(m["content"]) for m in built.messages)
    assert total <= 2048 - 400
    assert 1 <= len(built.passages) < 39
    assert built.passages[0] is many[0]


def test_one_passage_too_long_is_cut_not_dropped():
    built = prompt.build("What?", [passage("word " * 5000)], 1024, 200)
    assert len(built.passages) == 1
    assert sum(prompt.tokens(m["content"]) for m in built.messages) <= 1024 - 200


# --- retrieval's pure part


def test_neighbours_on_a_page_become_one_passage():
    a, b = passage("one", (1 << 20) | 4, page=2), passage("two", (1 << 20) | 5, page=2)
    [joined] = retrieval.join_neighbours([b, a])
    assert joined.text == "one\ntwo"
    assert joined.passage_id == "1-4-5"


def test_neighbours_on_two_pages_stay_apart():
    a, b = passage("one", (1 << 20) | 4, page=2), passage("two", (1 << 20) | 5, page=3)
    assert len(retrieval.join_neighbours([a, b])) == 2


@pytest.mark.parametrize("question", ["", "   ", "x" * 2001, "y" * 1_000_000])
def test_questions_that_cannot_be_asked(question):
    """S62"""
    with pytest.raises(UsageError):
        limits.check_question(question)


@pytest.mark.parametrize("limit", [0, -1, 101, 10**9])
def test_limits_out_of_range(limit):
    """S62"""
    with pytest.raises(UsageError):
        limits.check_limit(limit)


def test_nobody_without_tokens_may_search():
    """S40"""
    with pytest.raises(UsageError):
        access.tokens_or_raise(Principal("nobody", frozenset()))


# --- words


def test_inflection_does_not_hide_a_word():
    asked = words.content("Wie lange gilt die Genehmigung?")
    assert words.coverage(asked, "Genehmigungen gelten ein Jahr.") > 0.4


# --- unstructured's text tools


@pytest.mark.parametrize(
    ("text", "is_sentence"),
    [
        ("Annual leave and public holidays", False),
        ("Verpflegung und Unterkunft", False),
        ("Personnes à mobilité réduite", False),
        ("Employees are paid monthly", True),
        ("Das Tagegeld beträgt 28 Euro", True),
        ("Les chiens paient le demi-tarif et doivent porter une muselière", True),
    ],
)
def test_a_heading_is_told_from_a_sentence(text, is_sentence):
    assert any(tag == "VB" for _, tag in text_types.pos_tag(text)) == is_sentence


def test_unknown_model_is_named(tmp_path):
    from kb.errors import ConfigurationError

    with pytest.raises(ConfigurationError, match="no-such/model"):
        models.find(Embedding(model="no-such/model"))


def test_errors_have_one_shape():
    shape = NotFoundError("Gone.", detail={"a": 1}).as_json()
    assert shape == {"error": {"code": "not_found", "message": "Gone.", "detail": {"a": 1}}}


def test_slices_for_the_model_are_of_like_length_and_bounded():
    from kb.engines.embedder import cut

    lengths = [5, 200, 30, 198, 7, 256, 0, 31]
    slices = cut(lengths, 512)
    assert sorted(i for s in slices for i in s) == list(range(len(lengths)))
    for part in slices:
        longest = max(lengths[i] for i in part)
        assert len(part) == 1 or len(part) * longest <= 512
    assert slices[0] == [5, 1]


def test_cosine_needs_no_numpy():
    from array import array

    from kb.embedding import cosine

    left, right = array("f", [0.6, 0.8]), array("f", [0.8, 0.6])
    assert abs(cosine(left.tobytes(), right.tobytes()) - 0.96) < 1e-6


def test_another_release_has_an_embedder_of_its_own_and_the_same_vectors(settings, monkeypatch):
    vectors, engine = (f(settings.embedding) for f in (fingerprint, engine_fingerprint))
    monkeypatch.setattr("kb.models.__version__", "99")
    assert fingerprint(settings.embedding) == vectors
    assert engine_fingerprint(settings.embedding) != engine
