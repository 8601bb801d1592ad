"""Where files lie in an export: under their names where every system reads them the same."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kb.leaving.naming import FILES, Places, is_plain

HASH = "ab" * 32


@pytest.mark.parametrize(
    "path",
    [
        "a.txt",
        "hr/leave days.docx",
        "Größe.pdf",
        "x/y/z",
        "日本/報告.txt",
        ".hidden",
        "a&b;c'd.txt",
    ],
)
def test_a_file_keeps_its_name(path):
    assert Places().of_file("notes", path.encode(), HASH) == f"{FILES}/notes/{path}"


@pytest.mark.parametrize(
    "path",
    [
        "100%.txt", "a\nb.txt", "a\rb.txt", "a\tb.txt", "c:d.txt", 'q"q.txt', "a\\b.txt", "CON",
        "nul.txt", "end.", " begin.txt", "~home.txt", unicodedata.normalize("NFD", "é.txt"),
        "x" * 300 + ".txt", "/".join(["folder"] * 70) + ".txt", "a?b.txt", "a|b.txt",
    ],
)  # fmt: skip
def test_a_name_that_another_system_reads_otherwise_is_a_hash(path):
    place = Places().of_file("notes", path.encode(), HASH)
    assert place.startswith(f"data/files-by-hash/ab/{HASH}")


def test_bytes_that_are_no_text():
    assert Places().of_file("notes", b"\xff\xfe.txt", HASH) == f"data/files-by-hash/ab/{HASH}"


def test_two_names_that_some_file_system_takes_for_one():
    places = Places()
    assert places.of_file("notes", b"Plan.txt", HASH).endswith("Plan.txt")
    assert places.of_file("notes", b"PLAN.txt", HASH) == f"data/files-by-hash/ab/{HASH}.txt"
    assert places.of_file("notes", b"plan.TXT/inner", HASH).startswith("data/files-by-hash/")
    places.of_file("notes", b"Folder/x", HASH)
    assert places.of_file("notes", b"folder", HASH).startswith("data/files-by-hash/")


@given(st.lists(st.text(st.characters(codec="utf-8"), max_size=40), max_size=6))
def test_whatever_they_are_called_no_two_have_one_place(names):
    places, found = Places(), {}
    for n, name in enumerate(names):
        place = places.of_file("s", name.encode(), f"{n:064x}")
        folded = unicodedata.normalize("NFKC", place).casefold()
        assert folded not in found
        found[folded] = name
        assert "%" not in place
        assert place.isprintable()
        assert ".." not in place.split("/")


def test_a_plain_path_has_no_empty_part():
    assert not is_plain("a//b")
    assert not is_plain("a/../b")
    assert not is_plain("/a")
