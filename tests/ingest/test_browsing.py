"""Folders are shown beneath those that may be followed, and nowhere else."""

import pytest

from ingest.finding.browsing import inside
from kb.errors import UsageError


@pytest.fixture
def shelves(tmp_path):
    for name in ("one/hr", "one/.git", "one/Board", "two", "secret"):
        (tmp_path / name).mkdir(parents=True)
    (tmp_path / "one" / "file.txt").write_text("x")
    return tmp_path


def names(found):
    return [folder["name"] for folder in found["folders"]]


def test_only_what_may_be_followed_is_shown(shelves):
    allowed = (str(shelves / "one"), str(shelves / "two"))
    tops = inside("", allowed)
    assert (names(tops), tops["above"]) == (list(allowed), None)
    one = inside(allowed[0], allowed)
    assert (names(one), one["above"]) == (["Board", "hr"], "")
    hr = inside(one["folders"][1]["path"], allowed)
    assert (names(hr), hr["above"]) == ([], allowed[0])
    for path in (str(shelves), str(shelves / "secret"), str(shelves / "one/../secret"), "/"):
        with pytest.raises(UsageError):
            inside(path, allowed)
    (shelves / "one" / "way").symlink_to(shelves / "secret")
    with pytest.raises(UsageError):
        inside(str(shelves / "one" / "way"), allowed)
    assert inside(allowed[0], allowed[:1])["above"] is None


def test_where_everything_may_be_followed_it_begins_at_the_root(shelves):
    assert names(inside("")) == ["/"]
    assert inside("/")["above"] is None
    assert inside(str(shelves))["above"] == str(shelves.parent)
