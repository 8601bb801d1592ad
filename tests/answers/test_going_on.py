"""A cut answer gone on with has the form that it would have had uncut, wherever it was cut."""

import pytest

from kb.answers import forms, going_on
from kb.types.answers import Answer, Sentence

WHOLE = {
    "sentences": "Leave is 28 days [1]. It costs 3.50 euros, e.g. in May. (It lapses!) “Does it?” Yes, **it does.** So *there* it is.",
    "paragraphs": "Leave is paid.\n\nIt lapses on 31 March.\nSo says the handbook.\n\nAsk first.",
    "headings": "# Leave\n\nIt is paid.\n\n## Days\n\nThere are 28.\n\n### Notes",
    "list": "The kinds:\n\n- Full-time staff: 28 days [1].\n- **Part-time** staff have `much` less.\n- Trainees\n\nThat is all.",
    "steps": "1. First ask.\n2. Then wait. It takes days.\n3. Go.\n10. Come back.",
    "nested": "- Staff have leave.\n  1. First ask.\n  2. Then wait.\n     - In the hall.\n     - At home.\n- Others have none.\n\nSo it is.",
    "paragraphs in items": "- One is here. It stays.\n\n  It has more.\n\n- Two is there.\n\n  > It was said.\n  > It was done.",
    "table": "Days:\n\n| Kind | Days |\n|---|---|\n| Full-time | 28 |\n| Part-time | 20 [2] |\n| Trainees | 12 |\n\nNot more.",
    "code": "Run it:\n\n```\nkb serve\n\nif x:\n    kb ask\nend\n```\n\nThen wait.\n\n```\nkb stop\n```",
    "code in a list": "- Run it.\n  ```\n  kb serve\n  kb ask\n  kb stop\n  ```\n- Then wait.",
    "quotation": "> It lapses. It is paid.\n>\n> - One is here.\n> - Two is there.\n\nSo it says.",
    "rule": "One is here.\n\n---\n\nTwo is there.",
    "two lists": "- One is here.\n- Two is there.\n\n1. Three is new.\n2. Four is old.\n\n- Five is here.\n- Six is there.",
    "right to left": "זה נכון. זה 28 ימים.\n\n- אחד.\n- שניים.",
}  # fmt: skip


def begun(text: str) -> str:
    form, claims = forms.read(text, 3)
    said = tuple(Sentence(claim.text, (), True) for claim in claims)
    return going_on.begun(
        Answer(
            id="a",
            question="q",
            text="",
            mode="generated",
            notice=None,
            sentences=said,
            citations=(),
            passages=(),
            model="m",
            seconds=0.1,
            form=form,
        )  # fmt: skip
    )


def tree(text: str):
    return forms.read(text, 3)[0]


def came_to(whole: str, ends: list[int], before: str) -> int | None:
    """Where the rest begins: behind what is kept, with the fence or the pipe that ends it."""
    ends = [end for end in ends if whole[:end].count("```") == before.count("```")] or ends
    if not ends:
        return None
    line = len(whole[: ends[0]].split("\n"))
    at_line_ends = [
        e for e in ends if whole[e : e + 1] in {"", "\n"} and len(whole[:e].split("\n")) == line
    ]
    return (at_line_ends or ends)[0]


@pytest.mark.parametrize("name", WHOLE)
def test_wherever_it_is_cut_the_rest_continues_it(name):
    whole, wrong = WHOLE[name], []
    trees = [tree(whole[:end]) for end in range(len(whole) + 1)]
    for cut in range(len(whole) + 1):
        before = begun(whole[:cut])
        kept = tree(before)
        came = came_to(whole, [end for end in range(cut + 1) if trees[end] == kept], before)
        assert came is not None, f"what is kept of {whole[:cut]!r} is nothing of it: {before!r}"
        rest = whole[came:]
        straight = [rest.lstrip()] if before[-1:].isspace() and "```" not in before else []
        wrong += [
            (before, r) for r in [rest, *straight] if tree(going_on.joined(before, r)) != trees[-1]
        ]
    assert wrong == []


@pytest.mark.parametrize("name", WHOLE)
def test_what_is_kept_grows_with_what_was_written(name):
    whole = WHOLE[name]
    kept = [len(begun(whole[:cut]).strip()) for cut in range(len(whole) + 1)]
    assert kept[-1] > len(whole) / 3
    assert all(kept[cut] <= cut + 4 for cut in range(len(whole) + 1))


@pytest.mark.parametrize(
    ("before", "after", "whole"),
    [
        ("- One is here.", "- Two is there.", "- One is here.\n- Two is there."),
        ("One is here.", "## Two", "One is here.\n\n## Two"),
        ("One is here.", "Two is there.", "One is here. Two is there."),
        ("One is here. ", " Two is there.", "One is here. Two is there."),
        ("One is here. ", "\n\nTwo is there.", "One is here.\n\nTwo is there."),
        ("| a |\n|---|\n| 1 |\n", "\n| 2 |", "| a |\n|---|\n| 1 |\n| 2 |"),
        ("| a |\n|---|\n| 1 |\n", "\n\nTwo.", "| a |\n|---|\n| 1 |\n\nTwo."),
        ("", "One.", "One."),
        ("One.", "", "One."),
    ],
)
def test_both_parts_are_joined_as_they_belong(before, after, whole):
    assert going_on.joined(before, after) == whole
