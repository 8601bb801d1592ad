"""Every security and reliability case has a test that names it, or a line that says why it cannot arise."""

import re

from tests.house.test_documents import ROOT

CASES = {f"S{n:02}" for n in range(1, 65)}


def named_in_tests(kind: str = "S") -> set[str]:
    found = set()
    for path in (ROOT / "tests").rglob("*.py"):
        text = path.read_text(encoding="utf-8")
        for docstring in re.findall(r'"""(.*?)"""', text, re.DOTALL):
            found |= set(re.findall(rf"\b{kind}\d\d\b", docstring))
    return found


def explained() -> set[str]:
    lines = (ROOT / "docs/security.md").read_text(encoding="utf-8").splitlines()
    return {
        case
        for line in lines
        if line.startswith("- **S")
        for case in re.findall(r"S\d\d", line.split("**")[1])
    }


def test_every_case_is_tested_or_explained():
    assert CASES - named_in_tests() - explained() == set()


def test_what_is_explained_away_is_not_tested_as_well():
    assert explained() & named_in_tests() == set()


def test_nothing_in_the_pages_is_rendered_from_markdown():
    """The reason that stands in docs/security.md for the sanitiser's order."""
    for path in [*(ROOT / "web").rglob("*.py"), *(ROOT / "web/static").glob("*.js")]:
        text = path.read_text(encoding="utf-8")
        assert "markdown" not in text.lower() or path.name == "upload.js", path
        assert "innerHTML" not in text, path


def test_every_promise_is_tested_and_listed():
    """The cases of docs/reliability.md are 1 to 29, and each has a test that names it."""
    wanted = {f"N{n:02}" for n in range(1, 30)}
    listed = re.findall(
        r"^- \*\*(N\d\d)\*\*", (ROOT / "docs/reliability.md").read_text(encoding="utf-8"), re.M
    )
    assert sorted(listed) == sorted(wanted)
    assert wanted - named_in_tests("N") == set()
