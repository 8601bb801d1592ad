"""A model that says no: by a statement of its own, not by words within a sentence."""

import pytest

from kb.answers import abstaining, forms

NO = "NOT IN THE DOCUMENTS"


@pytest.mark.parametrize(
    "text",
    [
        NO, f"{NO}.", f"**{NO}**", f'"{NO}"', f"{NO} [1].", NO.title(), f"- {NO}", f"> {NO}", f"`{NO}`", f"Answer: {NO}",
        f"{NO}. The passages speak of other things [2].", f"{NO}\n\nThey speak of leave.", f"They speak of leave [1].\n\n{NO}",
        f"They speak of leave. {NO}.", f"NOT IN\nTHE DOCUMENTS", f"```\n{NO}\n```", f"# Answer\n\nThey speak of it.\n\n{NO}",
    ],
)  # fmt: skip
def test_it_abstains(text):
    assert abstaining.says_no(forms.read(text, 3)[0])


@pytest.mark.parametrize(
    "text",
    [
        f'The clerk writes "{NO}" on the form [1].', f"Files that are {NO} are listed apart [1].", "", "[1]",
        f"One. {NO}. Three.", f"| Case | Note |\n|---|---|\n| Lost | {NO} |\n| Found | 3 |", f"Leave: 28 days. Pay: {NO.lower()} of the house.",
        "It is in the documents.", f"## {NO} and other notes\n\nThey are kept [1].",
    ],
)  # fmt: skip
def test_it_does_not(text):
    assert not abstaining.says_no(forms.read(text, 3)[0])
