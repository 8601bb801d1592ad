"""True sentences whose numbers, dates and units are written otherwise; false ones that are near."""

import json

import pytest

from kb.answers import support, values
from tests.answers.support_pairs import valued

KINDS = sorted({p.kind for p in valued()})


def holds(pair) -> bool:
    return support.judge(pair.sentence, pair.passage, "", lambda *_: 0.8).holds


@pytest.mark.parametrize("kind", KINDS)
def test_true_sentences_hold_and_false_ones_do_not_by_kind(kind):
    told = [p for p in valued() if p.kind == kind]
    wrong = [p for p in told if holds(p) != p.holds]
    print(json.dumps({"kind": kind, "sentences": len(told), "wrong": [p.sentence for p in wrong]}))
    assert len(told) >= 10
    assert len(wrong) <= 0.1 * len(told), [f"{p.passage} => {p.sentence}" for p in wrong]


def test_every_language_and_both_answers_are_in_both_halves():
    for half in ("before", "after"):
        told = [p for p in valued() if p.half == half]
        assert len(told) >= 100
        assert {p.language for p in told} == {"en", "de", "fr", "it", "es"}
        assert 0.3 <= sum(p.holds for p in told) / len(told) <= 0.7


@pytest.mark.parametrize(
    ("claim", "passage"),
    [
        ("It costs 5 kg.", "It costs 5 euros."),
        ("The walk is 2 miles and 3 km.", "The walk is 3 kg."),
        ("It weighs 12.5 kg.", "It weighs 125 kg."),
        ("It is on 3 May.", "It is on 5 March."),
        ("Call 030 123456.", "Call 030 123465."),
        ("Version 2.1 is out.", "Version 2.10 is out."),
        ("It was minus 3 °C.", "It was 3 °C."),
        ("It takes 12 months.", "It takes 12 years."),
        ("It was 1.3 million.", "It was 1,234,567."),
        ("Closed on Tuesday.", "Closed on Monday."),
    ],
)
def test_another_value_is_missing(claim, passage):
    assert values.missing(claim, passage)


@pytest.mark.parametrize(
    ("claim", "passage"),
    [
        ("It costs 0.5 €.", "Price: 50 % | 0.50 EUR"),
        ("The rate is 7.5 %.", "Discount | 0.075"),
        ("It takes one year, 12 months.", "It takes one year."),
        ("It is open from 14 to 22.", "Late | 14-22"),
        ("IBAN DE89370400440532013000", "IBAN: DE89 3704 0044 0532 0130 00"),
        ("It is in May 2026.", "On 4.5.2026 it is."),
        ("It was about 1.2 million.", "It was 1,234,567."),
        ("From 3 May to 5 May.", "Vom 3. bis 5. Mai."),
        ("It fell by 5 %.", "Change: -5 %"),
        ("It took 1 200 km.", "It took 1.200 km."),
    ],
)
def test_the_same_value_written_otherwise_stands(claim, passage):
    assert not values.missing(claim, passage)
