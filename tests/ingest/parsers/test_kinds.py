"""Every kind of file: what is in it is found, and its kind is told by the content."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from ingest import parsers
from ingest.parsers import kinds
from kb.errors import FileProblem
from kb.files import sandbox
from tests.parts import children
from tests.parts.files import MAKERS, WORDS, book, page, parse, slides, text_of, word
from tests.parts.processes import missing, shared_data
from tests.parts.slowly import slow


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


def test_only_what_the_files_need_is_loaded_for_all_of_them():
    """A change in a note does not wait for the readers of PDF and spreadsheets."""
    text = kinds.modules_for(["a.txt", "folder/b.TXT", "crate.zip › c.txt"])
    assert text == kinds.LOADED[".txt"]
    assert kinds.modules_for(["a.txt", "b.pdf"]) == (*kinds.LOADED[".pdf"], *text)
    for anything in ("b.zip", "b.eml", "b", "b.unknown"):
        assert kinds.modules_for(["a.txt", anything]) == kinds.EVERYTHING


@pytest.mark.parametrize(
    "modules", [kinds.EVERYTHING, *slow(*[(m,) for m in kinds.LOADED.values()])], ids=len
)
def test_what_is_loaded_is_there_and_ours_comes_first(modules):
    """A server process of parsers says nothing of a module that is not there."""
    loads = f"import importlib, sys; [importlib.import_module(m) for m in {modules!r}]"
    ours = "sys.modules['unstructured.nlp.tokenize'].sent_tokenize.__module__"
    done = subprocess.run(
        [sys.executable, "-c", f"{loads}; print('torch' in sys.modules, {ours} if "
         "'unstructured' in sys.modules else '')"],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    loaded_torch, tools = (done.stdout.strip() + " ").split(" ")[:2]
    assert loaded_torch == "False"
    assert tools in {"", "ingest.parsers.text_types"}


@pytest.mark.parametrize("kind", ["txt", "md", "html", "docx", "pptx", "xlsx", "eml"])
def test_no_file_has_to_load_what_all_of_its_kind_need(kind, tmp_path):
    """Each is read in a child of its own, which would load it again for each."""
    MAKERS[kind](tmp_path / f"a.{kind}")
    loaded = sandbox.run(
        children.loaded_for, str(tmp_path / f"a.{kind}"), limits=sandbox.Limits()
    ).decode()
    assert {name for name in loaded.split() if not name.startswith("encodings.")} == set()


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
