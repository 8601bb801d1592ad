"""What documents refer to is there: other documents, their sections, files of the code, tests."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent.parent
DOCUMENTS = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]


def anchors(document: Path) -> set[str]:
    """The sections of a document, as its links call them."""
    titles = re.findall(r"^#+ (.+)$", document.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in titles}


def braces(path: str) -> list[str]:
    """``a/{b,c}.py`` as the paths that it stands for."""
    found = re.search(r"\{([^}]*)\}", path)
    if found is None:
        return [path]
    return [p for one in found[1].split(",") for p in braces(path.replace(found[0], one, 1))]


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda d: d.relative_to(ROOT).as_posix())
def test_links_lead_somewhere(document):
    for target in re.findall(r"\]\(([^)]+)\)", document.read_text(encoding="utf-8")):
        if "://" in target:
            continue
        path, _, section = target.partition("#")
        there = (document.parent / path).resolve() if path else document
        assert there.exists(), target
        if section:
            assert section in anchors(there), target


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda d: d.relative_to(ROOT).as_posix())
def test_files_that_are_named_are_there(document):
    named = re.findall(r"`[^`\n]*`", document.read_text(encoding="utf-8"))
    paths = [
        p
        for text in named
        for p in re.findall(r"\b(?:kb|ingest|web|tests|docs)/[\w./{},*-]+", text)
    ]
    for path in (p for named in paths for p in braces(named.rstrip(".,"))):
        assert list(ROOT.glob(path.rstrip("/"))), path


def test_every_benchmark_can_be_started():
    """They are run by hand, now and then: what they import has to be there."""
    done = subprocess.run(
        [sys.executable, "-m", "bench", "--help"], cwd=ROOT, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    assert "embed" in done.stdout
