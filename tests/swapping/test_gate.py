"""The gate's decisions, by figures."""

import pytest

from kb.errors import EngineError
from kb.evaluation.sets import EvaluationQuestion
from kb.swapping import comparing, gate
from kb.swapping.gate import ComparedQuestion


def pairs(before: list[float | None], after: list[float | None], measure="document_hit@1"):
    return [
        ComparedQuestion(str(n), f"Question {n}?", {measure: b}, {measure: a})
        for n, (b, a) in enumerate(zip(before, after, strict=True))
    ]


def lost(*found) -> list[str]:
    return gate.lost({"sets": [gate.compared("own", one) for one in found]})


def test_the_same_is_no_loss():
    assert lost(pairs([1.0, 0.0, 1.0] * 20, [1.0, 0.0, 1.0] * 20)) == []


def test_a_loss_beyond_chance_is_named():
    assert lost(pairs([1.0] * 40, [1.0] * 30 + [0.0] * 10)) == ["own: document_hit@1"]


def test_as_many_better_as_worse_is_chance():
    assert lost(pairs([1.0] * 10 + [0.0] * 10, [0.0] * 10 + [1.0] * 10)) == []


@pytest.mark.parametrize(("count", "expected"), [(1, []), (3, []), (4, ["own: document_hit@1"])])
def test_a_resampling_of_few_losses_says_nothing(count, expected):
    """Of so few questions every resampling is of losses."""
    assert lost(pairs([1.0] * count, [0.0] * count)) == expected


def test_gains_hide_no_loss_of_another_measure_or_set():
    better = pairs([0.0] * 40, [1.0] * 40)
    worse = pairs([1.0] * 40, [0.0] * 40, "answered_answerable")
    assert lost(better, worse) == ["own: answered_answerable"]


def test_a_question_that_a_figure_does_not_apply_to_takes_no_part():
    one = gate.compared("own", pairs([None, 1.0, 1.0], [1.0, None, 0.0]))
    [row] = one["rows"]
    assert (row["questions"], row["worse"], row["difference"]) == (1, 1, -1.0)
    assert [c["id"] for c in one["changed"]] == ["2"]


def test_questions_that_came_out_otherwise_are_named_the_worst_first():
    found = gate.compared("own", pairs([1.0, 0.0, 1.0], [1.0, 1.0, 0.0]))
    assert [(c["question"], c["differences"]) for c in found["changed"]] == [
        ("Question 2?", {"document_hit@1": -1.0}), ("Question 1?", {"document_hit@1": 1.0}),
    ]  # fmt: skip


@pytest.mark.parametrize("late", [0, 2, 3])
async def test_a_question_whose_engine_is_late_is_asked_again(monkeypatch, late):
    left = [late]

    async def ask_all(_base, questions, _advance, *, with_model):
        if left[0]:
            left[0] -= 1
            raise EngineError("The embedder process took longer than 60 s.")
        return [(question.id, with_model) for question in questions]

    monkeypatch.setattr(comparing.running, "ask_all", ask_all)
    question = EvaluationQuestion("q1", "Why?", "", (), (), (), unanswerable=False)
    asked = comparing.asked(None, [question], lambda: None)
    if late < comparing.TRIES:
        assert await asked == [("q1", False)]
    else:
        with pytest.raises(EngineError):
            await asked
