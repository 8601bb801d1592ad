"""Every security and reliability case has a test that asserts, or a line that says why it cannot arise.

A test says which cases it covers by its mark: ``@pytest.mark.case("S…", "N…")``.
"""

import ast
import re

import pytest

from tests.house.asserting import ROOT, assertions, docstrings, every_test, silencing

S_CASES = {f"S{n:02}" for n in range(1, 65)}
N_CASES = {f"N{n:02}" for n in range(1, 30)}
CASE = re.compile(r"\b[SNR]\d\d\b")


def marked(kind: str) -> set[str]:
    return {case for test in every_test() for case in test.cases if case.startswith(kind)}


def written(document: str) -> str:
    return (ROOT / "docs" / document).read_text(encoding="utf-8")


def listed(kind: str) -> list[str]:
    return re.findall(rf"^- \*\*({kind}\d\d)\*\*", written("reliability.md"), re.MULTILINE)


def explained() -> set[str]:
    lines = [line for line in written("security.md").splitlines() if line.startswith("- **S")]
    return {case for line in lines for case in re.findall(r"S\d\d", line.split("**")[1])}


def test_every_security_case_is_tested_or_explained():
    assert marked("S") | explained() == S_CASES
    assert marked("S") & explained() == set()


def test_every_promise_is_tested_and_listed():
    assert sorted(listed("N")) == sorted(N_CASES)
    assert marked("N") == N_CASES


def test_every_fault_that_is_tested_is_listed():
    assert sorted(listed("R")) == sorted(marked("R"))


def test_marks_name_cases_and_docstrings_do_not():
    """A name in prose proves nothing."""
    assert [t.place for t in every_test() if not all(map(CASE.fullmatch, t.cases))] == []
    assert [place for place, text in docstrings() if CASE.search(text)] == []


def test_every_test_asserts():
    assert len(every_test()) > 700
    assert [t.place for t in every_test() if not t.asserts] == []


def test_no_assertion_is_true_whatever_happens():
    """A tuple, a constant, a value that is compared with itself."""
    assert [place for place, said in assertions() if always_true(said)] == []
    assert silencing() == []


def always_true(said: ast.expr) -> bool:
    if isinstance(said, ast.BoolOp):
        return any(always_true(part) for part in said.values)
    if isinstance(said, ast.Compare):
        parts = [said.left, *said.comparators]
        calls = any(isinstance(n, ast.Call | ast.Await) for n in ast.walk(said))
        return not calls and len({ast.unparse(p) for p in parts}) < len(parts)
    return isinstance(said, ast.Tuple | ast.Constant | ast.JoinedStr)


@pytest.mark.parametrize(
    ("body", "asserts", "cases"),
    [
        ('"""S31"""\n    run()', False, ()),
        ("assert True", False, ()),
        ("assert run() == 1", True, ()),
        ("with pytest.raises(ValueError):\n        run()", True, ()),
        ("checked()", True, ()),
        ("through()", True, ()),
        ("run()  # S31", False, ("S31",)),
    ],
)
def test_what_asserts_is_told_from_what_only_runs(request, tmp_path, body, asserts, cases):
    mark = "".join(f'@pytest.mark.case("{case}")\n' for case in cases)
    helpers = "def checked():\n    assert run()\n\ndef through():\n    checked()\n\n"
    file = f"test_{request.node.callspec.indices['body']}.py"  # what was read of one is remembered
    (tmp_path / file).write_text(f"{helpers}{mark}def test_it():\n    {body}\n")
    [test] = every_test(tmp_path)
    assert (test.asserts, test.cases) == (asserts, cases)


NAMES_IT = {"upload.js", "answer.js", "conversations.py"}
"""One takes files of this kind, two give answers away as such a text: none renders it."""


def test_nothing_in_the_pages_is_rendered_from_markdown():
    """The reason that stands in docs/security.md for the sanitiser's order."""
    for path in [*(ROOT / "web").rglob("*.py"), *(ROOT / "web/static").glob("*.js")]:
        text = path.read_text(encoding="utf-8")
        assert "markdown" not in text.lower() or path.name in NAMES_IT, path
        assert "innerHTML" not in text, path
