"""What people write beside plain words is told from them."""

import pytest

from kb.errors import UsageError
from kb.text import queries
from kb.text.queries import Wanted


@pytest.mark.parametrize(
    ("written", "words", "wanted"),
    [
        ("ferry times", "ferry times", Wanted()),
        ('"quiet harbour" opening', "quiet harbour opening", Wanted(phrases=("quiet harbour",))),
        ("ferry -winter", "ferry", Wanted(without=("winter",))),
        ("part-time staff", "part-time staff", Wanted()),
        ("from 2024-2025", "from 2024-2025", Wanted()),
        ("pay type:pdf type:word", "pay", Wanted(types=("pdf", "document"))),
        ('source:"Staff handbook" leave', "leave", Wanted(sources=("Staff handbook",))),
        ("name:budget", "", Wanted(names=("budget",))),
        ("note: this is text", "note: this is text", Wanted()),
        ("language:DE wann", "wann", Wanted(languages=("de",))),
        ("a after:2025 b before:2025-02", "a b", Wanted(after=1735689600.0, before=1740787200.0)),
        ("before:2025-12", "", Wanted(before=1767225600.0)),
        ("before:2025-03-31", "", Wanted(before=1743465600.0)),
    ],
)
def test_what_is_written_beside_words_is_understood(written, words, wanted):
    assert queries.parse(written) == (words, wanted)


@pytest.mark.parametrize("written", ["after:yesterday", "type:spoon", "after:2025-13", "before:0"])
def test_what_cannot_be_is_said(written):
    with pytest.raises(UsageError):
        queries.parse(written)
