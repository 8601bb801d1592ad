"""Reads the tests themselves: their cases, and whether they can fail."""

import ast
import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parent.parent.parent
TESTS = ROOT / "tests"
Function = ast.FunctionDef | ast.AsyncFunctionDef


@dataclass(frozen=True, slots=True)
class Test:
    """A test function: where it is, the cases that its mark names, and whether it asserts."""

    place: str
    cases: tuple[str, ...]
    asserts: bool


def every_test(folder: Path = TESTS) -> list[Test]:
    """All tests below a folder; contract suites, which others inherit, are among them."""
    found = []
    for path in sorted(folder.rglob("*.py")):
        helpers = _asserting(path, folder)
        for node in _functions(path):
            if node.name.startswith("test_") and not _is_fixture(node):
                place = f"{path.relative_to(folder)}::{node.name}"
                found.append(Test(place, _cases(node), _asserts(node, helpers)))
    return found


def docstrings(folder: Path = TESTS) -> list[tuple[str, str]]:
    """Every docstring of the tests, with its file."""
    documented = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)
    return [
        (str(path.relative_to(folder)), ast.get_docstring(node) or "")
        for path in sorted(folder.rglob("*.py"))
        for node in ast.walk(_tree(path))
        if isinstance(node, documented)
    ]


def assertions(folder: Path = TESTS) -> list[tuple[str, ast.expr]]:
    """What every ``assert`` says, with its file and line."""
    return [
        (f"{path.relative_to(folder)}:{node.lineno}", node.test)
        for path in sorted(folder.rglob("*.py"))
        for node in ast.walk(_tree(path))
        if isinstance(node, ast.Assert)
    ]


def silencing(folder: Path = TESTS) -> list[str]:
    """Where a failed assertion would be caught and forgotten."""
    return [
        f"{path.relative_to(folder)}:{node.lineno}"
        for path in sorted(folder.rglob("*.py"))
        for node in ast.walk(_tree(path))
        if isinstance(node, ast.ExceptHandler) and _silences(node)
    ]


def _silences(node: ast.ExceptHandler) -> bool:
    caught = ast.unparse(node.type) if node.type else "BaseException"
    wide = {"BaseException", "Exception", "AssertionError"} & set(re.findall(r"\w+", caught))
    return bool(wide) and all(isinstance(s, ast.Pass | ast.Continue) for s in node.body)


@cache
def _tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


def _functions(path: Path) -> list[Function]:
    return [n for n in ast.walk(_tree(path)) if isinstance(n, Function)]


def _is_fixture(node: Function) -> bool:
    return any("fixture" in ast.unparse(d) for d in node.decorator_list)


def _cases(node: Function) -> tuple[str, ...]:
    return tuple(
        argument.value
        for mark in node.decorator_list
        if isinstance(mark, ast.Call) and ast.unparse(mark.func) == "pytest.mark.case"
        for argument in mark.args
        if isinstance(argument, ast.Constant)
    )


def _asserts(node: Function, helpers: set[str]) -> bool:
    return any(_fails(part) for part in ast.walk(node)) or bool(_called(node) & helpers)


def _fails(node: ast.AST) -> bool:
    """An assertion, or one of pytest's calls that fail where nothing happens as told."""
    if isinstance(node, ast.Assert):
        return not isinstance(node.test, ast.Constant)
    named = ast.unparse(node.func) if isinstance(node, ast.Call) else ""
    return named in {"pytest.raises", "pytest.fail", "pytest.warns"}


def _called(node: Function) -> set[str]:
    calls = [c.func for c in ast.walk(node) if isinstance(c, ast.Call)]
    plain = {c.id for c in calls if isinstance(c, ast.Name)}
    return plain | {c.attr for c in calls if isinstance(c, ast.Attribute)}


def _asserting(path: Path, folder: Path) -> set[str]:
    """Functions that a file defines or imports from other tests, and that assert."""
    return _own_asserting(path) | {
        name
        for module, name in _imported(path)
        if name in _own_asserting(folder.parent / f"{module.replace('.', '/')}.py")
    }


def _imported(path: Path) -> list[tuple[str, str]]:
    return [
        (node.module, alias.name)
        for node in ast.walk(_tree(path))
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("tests.")
        for alias in node.names
    ]


@cache
def _own_asserting(path: Path) -> set[str]:
    """Functions of a file that assert, themselves or through one another."""
    if not path.is_file():
        return set()
    found: set[str] = set()
    while more := {f.name for f in _functions(path) if _asserts(f, found)} - found:
        found |= more
    return found
