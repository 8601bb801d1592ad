"""A folder that is not a whole export is refused with what is wrong with it, before anything is read."""

import os

import pytest

from kb.errors import UsageError
from kb.leaving.verifying import verify
from tests.leaving.bags import sealed, small, tagged


def refused(folder) -> str:
    with pytest.raises(UsageError) as caught:
        verify(folder)
    assert caught.value.message.count(".") >= 1
    return f"{caught.value.code}: {caught.value.message}"


@pytest.fixture
def bag(tmp_path):
    return small(tmp_path / "bag")


def test_a_whole_one_is_taken_whoever_made_it(bag):
    told = []
    found = verify(bag, lambda done, total: told.append((done, total)))
    assert set(found.hashes) == {"data/files/a.txt", "data/export.json"}
    assert told[-1] == (9, 9), "bytes of the payload"
    manifest = bag / "manifest-sha256.txt"
    text = manifest.read_text().replace("  data", " *data").replace("\n", "\r\n")
    manifest.write_bytes(text.upper().replace("DATA/FILES/A.TXT", "data/files/a.txt").replace(
        "DATA/EXPORT.JSON", "data/export.json").encode())  # fmt: skip
    assert verify(tagged(bag)), "upper-case hashes, asterisks and CRLF are BagIt too"


def test_escaped_names_are_read_as_the_rfc_has_them(tmp_path):
    bag = tmp_path / "bag"
    (bag / "data").mkdir(parents=True)
    (bag / "data" / "100%.txt").write_text("x")
    (bag / "data" / "two\nlines.txt").write_text("y")
    sealed(bag)
    manifest = bag / "manifest-sha256.txt"
    escaped = manifest.read_text().replace("100%", "100%25").replace("two\nlines", "two%0Alines")
    manifest.write_text(escaped)
    assert verify(tagged(bag))


def test_a_changed_byte(bag):
    (bag / "data" / "files" / "a.txt").write_text("B quay.")
    assert "not as it was (data/files/a.txt)" in refused(bag)


@pytest.mark.parametrize("name", ["manifest-sha256.txt", "bag-info.txt", "bagit.txt"])
def test_a_changed_list(bag, name):
    (bag / name).write_text((bag / name).read_text() + "\n")
    assert f"not as it was ({name})" in refused(bag)


def test_a_missing_file_and_one_too_many(bag):
    (bag / "data" / "more.txt").write_text("x")
    assert "not listed (data/more.txt)" in refused(bag)
    (bag / "data" / "more.txt").unlink()
    (bag / "note.txt").write_text("x")
    assert "not listed (note.txt)" in refused(bag)
    (bag / "note.txt").unlink()
    (bag / "data" / "export.json").unlink()
    assert "missing (data/export.json)" in refused(bag)


def test_another_size_than_it_says(tmp_path):
    bag = small(tmp_path / "bag")
    assert "another size" in refused(sealed(bag, Payload_Oxum="8.2"))


@pytest.mark.parametrize("name", ["bagit.txt", "tagmanifest-sha256.txt", "manifest-sha256.txt"])
def test_a_file_that_makes_the_bag_is_missing(bag, name):
    (bag / name).unlink()
    assert "bad_export" in refused(bag)


def test_broken_off(bag):
    (bag / "UNFINISHED.txt").write_text("x")
    assert "broken off" in refused(tagged(bag))


@pytest.mark.parametrize("info", ["commonplace-export 2", "commonplace-export 999"])
def test_a_newer_format(tmp_path, info):
    bag = small(tmp_path / "bag")
    assert "export_too_new" in refused(sealed(bag, Export_Format=info))


def test_a_bag_of_somebody_else(tmp_path):
    bag = small(tmp_path / "bag")
    assert "not one that Commonplace exported" in refused(sealed(bag, Export_Format="x"))


@pytest.mark.parametrize(
    "path",
    [
        "data/../../outside.txt", "/etc/hostname", "data//a.txt", "data/./a.txt", "../outside.txt",
        "data/%2e%2e/../x", "other/a.txt",
    ],
)  # fmt: skip
def test_a_path_that_leads_elsewhere(bag, path):
    with (bag / "manifest-sha256.txt").open("a") as file:
        file.write(f"{'0' * 64}  {path}\n")
    assert "elsewhere" in refused(tagged(bag))


def test_a_path_that_is_there_twice(bag):
    manifest = bag / "manifest-sha256.txt"
    manifest.write_text(manifest.read_text() * 2)
    assert "twice" in refused(tagged(bag))


def test_links_and_what_is_no_file(bag):
    (bag / "data" / "link.txt").symlink_to("/etc/hostname")
    assert "a link" in refused(bag)
    (bag / "data" / "link.txt").unlink()
    (bag / "data" / "folder").symlink_to("/etc")
    assert "a link" in refused(bag)
    (bag / "data" / "folder").unlink()
    os.mkfifo(bag / "data" / "pipe")
    assert "no file" in refused(bag)


def test_no_folder_at_all(tmp_path):
    assert "no such folder" in refused(tmp_path / "nothing")
    (tmp_path / "file").write_text("x")
    assert "not a folder" in refused(tmp_path / "file")


@pytest.mark.parametrize("line", ["xyz", "0" * 63 + "  data/x", "0" * 64])
def test_a_line_that_is_none(bag, line):
    with (bag / "manifest-sha256.txt").open("a") as file:
        file.write(f"{line}\n")
    assert "a line of its list" in refused(tagged(bag))
