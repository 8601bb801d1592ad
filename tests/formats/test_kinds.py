"""Every kind of file: what is in it is found, and its kind is told by the content."""

import shutil
import subprocess

import pytest

from kb.errors import FileProblem
from tests.conftest import missing, shared_data
from tests.formats.making import MAKERS, WORDS, book, page, parse, slides, text_of, word


@pytest.mark.parametrize("kind", MAKERS)
def test_what_is_in_it_is_found(kind, tmp_path):
    path = tmp_path / f"file.{kind}"
    MAKERS[kind](path)
    assert WORDS in text_of(parse(path))


@pytest.mark.parametrize("kind", sorted(set(MAKERS) - {"md", "csv", "tsv", "html", "txt"}))
def test_its_kind_is_told_by_the_content(kind, tmp_path):
    """Plain text aside, which has no signature."""
    path = tmp_path / "file.dat"
    MAKERS[kind](path)
    if kind == "mhtml":
        assert parse(path).media_type == "message/rfc822"
    else:
        assert WORDS in text_of(parse(path))


@pytest.mark.parametrize("kind", ["png", "jpg", "tiff", "heic"])
def test_a_picture_of_text_is_read(kind, tmp_path):
    if shutil.which("tesseract") is None:
        missing("tesseract (apt-get install tesseract-ocr)")
    import pillow_heif

    pillow_heif.register_heif_opener()
    path = tmp_path / f"file.{kind}"
    page(path)
    read = parse(path)
    assert WORDS in " ".join(text_of(read).split())
    assert read.confidences[0][1] > 80
    assert read.problem is None


def test_old_formats_are_converted(tmp_path):
    if shutil.which("soffice") is None:
        missing("LibreOffice (apt-get install libreoffice-writer-nogui -calc-nogui -impress-nogui)")
    for kind, make, old in (("docx", word, "doc"), ("pptx", slides, "ppt"), ("xlsx", book, "xls")):
        new = tmp_path / f"file.{kind}"
        make(new)
        subprocess.run(
            ["soffice", f"-env:UserInstallation=file://{tmp_path}/profile", "--headless"]
            + ["--convert-to", old, "--outdir", str(tmp_path), str(new)],
            check=True,
            capture_output=True,
        )
        assert WORDS in text_of(parse(tmp_path / f"file.{old}", "file.bin")), old


def test_without_libreoffice_the_reason_says_to_install_it(tmp_path, monkeypatch):
    from ingest.parsers import libreoffice

    monkeypatch.setenv("PATH", "/nonexistent")
    with pytest.raises(FileProblem) as problem:
        libreoffice.convert(tmp_path / "a.doc", "doc", "docx")
    assert problem.value.code == "needs_libreoffice"


def test_outlook_mails_keep_who_when_and_what():
    folder = shared_data("robustness-dev-20mb") / "files"
    for path in folder.glob("*.msg"):
        read = parse(path)
        if read.problem is None and read.elements[0].kind == "EmailHeader":
            break
    assert "Subject: " in read.elements[0].text
    assert "From: " in read.elements[0].text
