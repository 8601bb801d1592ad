"""Editions of one document in one place, by their passages alone."""

import time
from dataclasses import replace
from datetime import date

from msgspec import structs

from kb.search import latest
from tests.parts.passages import passage

TODAY = date(2026, 11, 27)


def of(number, path, text):
    made = passage(text, point=number << 20, document=number)
    return replace(made, chunk=structs.replace(made.chunk, path=path))


def test_a_document_that_is_valid_from_a_day_that_there_is_not_is_found_as_others_are():
    found = [
        of(1, "Policy draft.md", "Valid from 31 June 2024: the allowance is 28 euros."),
        of(2, "Policy.md", "Valid from 31 July 2024: the allowance is 28 euros."),
    ]
    [one] = latest.gathered(found, "the allowance", (), TODAY)
    assert (one.chunk.path, [p.chunk.path for p in one.others]) == (
        "Policy.md",
        ["Policy draft.md"],
    )


def test_files_of_one_name_are_editions_by_the_dates_in_their_heads():
    """The newest stands for both, whatever came first; a file's time makes no edition."""
    text = "The daily allowance is 28 euros for all who travel."

    def found(source):
        one, other = of(1, "old/Policy.md", text), of(2, "new/Policy.md", text + " Now.")
        years = {"dated": 1.6e9, "date_source": source}, {"dated": 1.7e9, "date_source": source}
        pairs = zip((one, other), years, strict=True)
        return [replace(p, chunk=structs.replace(p.chunk, **y)) for p, y in pairs]

    [shown] = latest.gathered(found("text"), "the allowance", (), TODAY)
    assert (shown.chunk.path, len(shown.others)) == ("new/Policy.md", 1)
    assert len(latest.gathered(found("file"), "the allowance", (), TODAY)) == 2


def test_what_a_text_says_of_its_edition_is_read_once_however_many_passages_there_are():
    text = " ".join(f"The rule {n} is valid for all who work here." for n in range(40))
    found = [of(n, f"Rules of hall {'x' * n}.md", f"{text} {n}") for n in range(1, 120)]
    begun = time.thread_time()
    assert len(latest.gathered(found, "the rules", (), TODAY)) == len(found)
    assert time.thread_time() - begun < 1.0, "read for each pair it takes several seconds"
