"""Compressed files and archives with more, or less, than they should have."""

import bz2
import gzip
import io
import lzma
import random
import tarfile

import pytest

from kb.types.parsed import Notice
from tests.parts.files import parse, problem_of, zipped

LINES = b"".join(b"Line %d of the pump.\n" % random.Random(n).randrange(9**9) for n in range(9000))
TORN = (Notice("parts_unread", {"parts": 1}),)


def lone(path):
    read = parse(path)
    [member] = read.members
    assert member.name == path.stem
    return member.content, read.notices


@pytest.mark.parametrize("pack", [gzip.compress, bz2.compress, lzma.compress])
def test_several_compressed_files_in_one_are_read_one_after_the_other(pack, tmp_path):
    (tmp_path / "a.txt.gz").write_bytes(pack(LINES) + pack(b"The end."))
    assert lone(tmp_path / "a.txt.gz") == (LINES + b"The end.", ())


def test_what_follows_a_compressed_file_costs_itself(tmp_path):
    (tmp_path / "a.txt.gz").write_bytes(gzip.compress(LINES) + b"JUNK" * 50)
    assert lone(tmp_path / "a.txt.gz") == (LINES, TORN)


@pytest.mark.parametrize("ending", [b"", b"\xff" * 40], ids=["cut", "damaged"])
def test_a_damaged_compressed_file_is_read_as_far_as_it_goes(ending, tmp_path):
    packed = gzip.compress(LINES)
    (tmp_path / "a.txt.gz").write_bytes(packed[: len(packed) // 2] + ending)
    content, notices = lone(tmp_path / "a.txt.gz")
    assert LINES.startswith(content[:-20_000]) and len(content) > len(LINES) // 4
    assert notices == TORN


@pytest.mark.parametrize(
    "before", [b"#!/bin/sh\nexit\n", b"MZ" + bytes(3000)], ids=["script", "exe"]
)
def test_what_stands_before_a_zip_is_passed_over(before, tmp_path):
    (tmp_path / "a.zip").write_bytes(before + zipped({"a.txt": LINES}))
    assert [m.content for m in parse(tmp_path / "a.zip").members] == [LINES]


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.png", b"\x89PNG\r\n\x1a\n"),
        ("a.tiff", b"II*\0\xff\xff\xff\x7f"),
        ("b.tiff", b"II*\0\x08\0\0\0" + bytes(40)),
    ],
)
def test_a_torn_picture_is_damaged_and_no_path_of_this_machine_is_said(name, content, tmp_path):
    (tmp_path / name).write_bytes(content)
    problem = problem_of(tmp_path / name)
    assert problem.code == "damaged"
    assert str(tmp_path) not in problem.detail["what"]
    assert problem.detail["what"].startswith("picture: ")


def test_a_picture_of_a_kind_that_is_not_read_is_named_by_it(tmp_path):
    (tmp_path / "a.png").write_bytes(b"RIFF\x24\0\0\0WEBPVP8 " + bytes(40))
    problem = problem_of(tmp_path / "a.png")
    assert (problem.code, problem.detail) == ("unknown_type", {"what": "webp"})


def tarred(*names):
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w", format=tarfile.USTAR_FORMAT) as archive:
        for name in names:
            info = tarfile.TarInfo(name)
            info.size = 400
            archive.addfile(info, io.BytesIO(b"A pump. " * 50))
    return packed.getvalue()


@pytest.mark.parametrize(
    "torn", [lambda b: b[:1024] + b"\x07" * 512 + b[1536:], lambda b: b[:1300]], ids=["bad", "cut"]
)
def test_what_follows_a_damaged_header_of_a_tar_is_said_to_be_left_out(torn, tmp_path):
    (tmp_path / "a.tar").write_bytes(torn(tarred("first.txt", "second.txt")))
    read = parse(tmp_path / "a.tar")
    assert [member.name for member in read.members] == ["first.txt"]
    assert (read.problem, read.problem_parameters) == ("members_left_out", {"members": 1})
