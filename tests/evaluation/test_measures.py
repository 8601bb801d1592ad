"""Measures, readers and comparisons of evaluations: values in, values out."""

import json

import pytest

from kb.errors import NotFoundError, UsageError
from kb.evaluation import charts, comparing, measures, offered, plots, resampling, sets
from kb.evaluation.sets import AnswerPlace, EvaluationQuestion
from kb.types.evaluations import QuestionResult


def question(**known):
    defaults = dict(
        id="q", text="?", language="en", answers=(), documents=(), evidence=(), unanswerable=False
    )
    return EvaluationQuestion(**(defaults | known))


def test_measures_are_those_of_the_field():
    relevant = {"a": {"1": 1, "2": 1}, "b": {"9": 1}}
    rankings = {"a": {"1": 3.0, "x": 2.0, "2": 1.0}, "b": {"y": 2.0, "9": 1.0}}
    found = measures.of_rankings(relevant, rankings)
    assert found["a"]["ndcg@10"] == pytest.approx((1 + 0.5) / (1 + 0.6309), abs=1e-3)
    assert found["b"] == pytest.approx(
        {"ndcg@10": 0.6309, "recall@10": 1.0, "recall@100": 1.0, "mrr": 0.5}, abs=1e-3
    )


def test_a_question_for_which_nothing_was_found_counts_as_zero():
    assert set(measures.of_rankings({"a": {"1": 1}}, {"a": {}})["a"].values()) == {0.0}


def test_intervals_hold_the_mean_and_shrink_with_more_questions():
    few, many = [0.0, 1.0] * 5, [0.0, 1.0] * 200
    low, high = resampling.interval(few)
    assert low < 0.5 < high
    lower, higher = resampling.interval(many)
    assert higher - lower < high - low


@pytest.mark.parametrize(
    ("answer", "text"),
    [
        ("$1577.00", "Purchases of property (1,577) (1,373)"),
        ("28 days", "They have 28  Days of leave."),
        ("0.9%", "shrunk by 0.9 % organically"),
        ("Ergänzungsschulen", "are called ergänzungsschulen in"),
    ],
)
def test_answers_are_found_whatever_their_spelling(answer, text):
    assert measures.holds_answer(text, question(answers=(answer,)))


@pytest.mark.parametrize(("answer", "text"), [("$1577.00", "15,770"), ("308", "3080"), ("", "x")])
def test_other_answers_are_not_found(answer, text):
    wanted = question(answers=(answer,))
    if answer == "308":
        assert measures.holds_answer(text, wanted)  # a part of the text, as people search
    else:
        assert not measures.holds_answer(text, wanted)


def test_places_are_pages_or_else_the_words_of_the_evidence():
    paged = AnswerPlace("a.pdf", 3, None, "words")
    assert measures.is_there({"document": "a.pdf", "page": 3}, paged)
    assert not measures.is_there({"document": "a.pdf", "page": 4}, paged)
    assert not measures.is_there({"document": "b.pdf", "page": 3}, paged)
    worded = AnswerPlace("a.docx", None, "Leave", "Employees have twenty days of leave a year.")
    place = {"document": "a.docx", "page": None, "section": "Other"}
    assert measures.is_there(place | {"text": "twenty days of leave"}, worded)
    assert not measures.is_there(place | {"text": "The canteen opens at noon."}, worded)


def test_samples_are_the_same_for_the_same_seed():
    items = list(range(100))
    assert sets.sample(items, 10, 1) == sets.sample(items, 10, 1) != sets.sample(items, 10, 2)
    assert sets.sample(items, None, 1) == items


def collection(folder, queries='{"_id": "q", "text": "t"}', qrels="q\td\t1\n"):
    (folder / "corpus.jsonl").write_text('{"_id": "d", "title": "T", "text": "words"}\n')
    (folder / "queries.jsonl").write_text(queries + "\n")
    (folder / "qrels.tsv").write_text("query-id\tcorpus-id\tscore\n" + qrels)
    return folder


def test_a_collection_is_read(tmp_path):
    read = sets.read_collection(collection(tmp_path))
    assert read.relevant == {"q": {"d": 1}}
    assert read.texts[0].whole == "T words"


@pytest.mark.parametrize(
    ("queries", "qrels", "named"),
    [
        ("not json", "q\td\t1\n", "queries.jsonl, line 1"),
        ('{"text": "no id"}', "q\td\t1\n", "queries.jsonl, line 1"),
        ('{"_id": "q", "text": "t"}', "q d 1\n", "qrels.tsv, line 2"),
        ('{"_id": "q", "text": "t"}', "q\td\tmuch\n", "qrels.tsv, line 2"),
        ('{"_id": "other", "text": "t"}', "q\td\t1\n", "no questions"),
    ],
)
def test_a_broken_collection_is_refused_with_the_line(tmp_path, queries, qrels, named):
    with pytest.raises(UsageError) as refused:
        sets.read_collection(collection(tmp_path, queries, qrels))
    assert named in refused.value.message


def test_a_folder_without_questions_is_refused(tmp_path):
    with pytest.raises(UsageError, match="no folder docs"):
        sets.read_questions(tmp_path)
    (tmp_path / "docs").mkdir()
    with pytest.raises(UsageError, match=r"questions\.jsonl cannot be read"):
        sets.read_questions(tmp_path)


def rows(**values):
    found = {}
    for key, value in values.items():
        value, got = value if isinstance(value, tuple) else (value, "")
        figures = {"answer_in_quotes": value, "page_hit@5": None}
        found[key] = QuestionResult(key, f"{key}?", figures, got)
    return found


def test_two_runs_are_compared_by_the_questions_that_both_asked():
    """By id and by words; a measure that applies to neither is left out."""
    many = {f"q{n}": 0.0 for n in range(30)}
    before = rows(**many, alone=1.0, other=1.0)
    after = rows(**dict.fromkeys(many, 1.0), other=1.0)
    after["other"] = QuestionResult("other", "Another question?", {"answer_in_quotes": 0.0}, "")
    pairs = comparing.common(before, after)
    assert len(pairs) == 30
    [row] = comparing.compared(pairs)
    assert (row.name, row.questions, row.before, row.after) == ("answer_in_quotes", 30, 0.0, 1.0)
    assert (row.low, row.high) == (1.0, 1.0) and row.beyond_chance
    assert comparing.compared([]) == []


def test_a_difference_of_few_questions_is_within_chance():
    before, after = rows(a=1.0, b=0.0, c=1.0), rows(a=0.0, b=1.0, c=1.0)
    [row] = comparing.compared(comparing.common(before, after))
    assert row.low < 0 < row.high and not row.beyond_chance


def test_sets_that_may_be_chosen_are_those_that_are_whole(tmp_path):
    for name in ("tides", "broken"):
        (tmp_path / "sets" / name / "docs").mkdir(parents=True)
    (tmp_path / "sets" / "tides" / "questions.jsonl").write_text('{"id": 1, "question": "When?"}')
    found = [(one.what, one.questions) for one in offered.offered(tmp_path, judged=2)]
    assert found[0] == ("own", 2) and found[-1] == ("set:tides", 1)
    assert [what for what, _ in found] == ["own", "samples", "set:tides"]
    assert offered.folder_of("set:tides", tmp_path).name == "tides"
    for what in ("set:../sets/tides", "set:", "set:..", "set:none", "tides"):
        with pytest.raises(NotFoundError):
            offered.folder_of(what, tmp_path)


def test_changes_put_the_largest_losses_first():
    found = comparing.changes(
        rows(a=1.0, b=0.0, c=1.0, gone=1.0), rows(a=(0.0, "no"), b=1.0, c=1.0)
    )
    assert [(c.id, c.before, c.after, c.got_after) for c in found] == [
        ("a", 1.0, 0.0, "no"), ("b", 0.0, 1.0, ""),
    ]  # fmt: skip


def test_charts_name_every_system_and_escape_names():
    figures = {
        "rows": [
            {"system": n, "ndcg@10": 0.5, "recall@10": 0, "recall@100": 0, "mrr": 0}
            for n in ("bm25", "<b>", "commonplace")
        ],
        "intervals": {"bm25": [0.4, 0.6]},
        "by_language": {},
    }
    [(title, drawn)] = charts.charts_of(figures)
    assert title == "nDCG@10"
    assert "&lt;b&gt;" in drawn and "<b>" not in drawn
    assert drawn.count("<rect") == 3 and drawn.count("interval") == 1
    assert 'class="bar ours"' in drawn


def test_a_bar_never_leaves_its_chart():
    drawn = plots.bars("t", [plots.Bar("a", 7.0), plots.Bar("b", -1.0)])
    assert f'width="{plots.WIDTH:.1f}"' in drawn and 'width="0.0"' in drawn


def test_figures_of_an_evaluation_are_json(tmp_path):
    from kb.evaluation.page import write_report
    from kb.types.evaluations import Evaluation, QuestionResult

    figures = {
        "questions": 1,
        "page_hit@5": 1.0,
        "seconds": {"p50": 0.1, "p95": 0.2},
        "failures": [],
    }
    done = Evaluation("docs", "set <one>", {"limit": None}, figures, 0.0, 1.0)
    write_report(tmp_path / "r", done, [QuestionResult("q", "?", {"page_hit@5": 1.0}, "got")])
    assert json.loads((tmp_path / "r/report.json").read_text())["name"] == "set <one>"
    assert "set &lt;one&gt;" in (tmp_path / "r/report.html").read_text()
    assert json.loads((tmp_path / "r/questions.jsonl").read_text())["id"] == "q"
