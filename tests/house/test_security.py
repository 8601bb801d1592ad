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


def test_no_assertion_is_an_alternative():
    """An ``or`` is true as soon as one of its sides is: each case has an assertion of its own."""
    assert [place for place, said in assertions() if is_alternative(said)] == []


@pytest.mark.parametrize(
    ("said", "empty"),
    [
        ("len(found) >= 0", True),
        ("0 <= len(found)", True),
        ("len(found) > -1", True),
        ("len(found) >= 0 or found == []", True),
        ("found == found", True),
        ("'found'", True),
        ("not False", True),
        ("(found, 'nothing')", True),
        ("len(found) >= 1", False),
        ("found.size >= 0", False),
        ("not found", False),
    ],
)
def test_what_says_nothing_is_told_from_what_can_fail(said, empty):
    assert always_true(ast.parse(said, mode="eval").body) == empty


def is_alternative(said: ast.expr) -> bool:
    return isinstance(said, ast.BoolOp) and isinstance(said.op, ast.Or)


def counts_at_least_nothing(said: ast.expr) -> bool:
    """``len(found) >= 0``, however it is written."""
    return bool(re.search(r"\blen\(.*\) (>= 0|> -1)$|^(0 <=|-1 <) len\(", ast.unparse(said)))


def always_true(said: ast.expr) -> bool:
    if isinstance(said, ast.Compare) and counts_at_least_nothing(said):
        return True
    if isinstance(said, ast.UnaryOp) and isinstance(said.op, ast.Not):
        return isinstance(said.operand, ast.Constant)
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
        if path.name not in NAMES_IT:
            assert "markdown" not in text.lower(), path
        assert "innerHTML" not in text, path
