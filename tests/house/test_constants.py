"""A number that the code goes by says what it is: in what unit, and where it comes from if known."""

import ast
from collections.abc import Iterator

import pytest

from tests.house.code import FILES, name


def is_number(value: ast.expr) -> bool:
    """Whether an expression is made of numbers alone, or of numbers and other constants."""
    match value:
        case ast.Constant(value=bool()):
            return False
        case ast.Constant(value=int() | float()):
            return True
        case ast.UnaryOp(operand=operand):
            return is_number(operand)
        case ast.BinOp(left=left, right=right):
            sides = (left, right)
            return any(map(is_number, sides)) and all(
                is_number(s) or isinstance(s, (ast.Name, ast.Attribute)) for s in sides
            )
        case ast.Tuple(elts=elements) if elements:
            return all(map(is_number, elements))
    return False


def names_of(node: ast.stmt) -> list[str]:
    """The public constants that a statement names."""
    targets = node.targets if isinstance(node, ast.Assign) else [node.target]
    found = [t for target in targets for t in getattr(target, "elts", [target])]
    names = [t.id for t in found if isinstance(t, ast.Name)]
    return [name for name in names if name.isupper() and not name.startswith("_")]


def unsaid(text: str) -> Iterator[str]:
    """The numeric constants with neither a docstring below nor a comment beside or above."""
    body, lines = ast.parse(text).body, text.splitlines()
    for node, after in zip(body, [*body[1:], None], strict=True):
        if not isinstance(node, (ast.Assign, ast.AnnAssign)) or node.value is None:
            continue
        if not is_number(node.value):
            continue
        match after:
            case ast.Expr(value=ast.Constant(value=str())):
                continue
        above = lines[node.lineno - 2].lstrip() if node.lineno > 1 else ""
        if "#" not in lines[node.end_lineno - 1] and not above.startswith("#"):
            yield from names_of(node)


@pytest.mark.parametrize("path", FILES, ids=name)
def test_every_number_says_what_it_is(path):
    assert list(unsaid(path.read_text(encoding="utf-8"))) == []


def test_what_says_nothing_is_seen():
    assert list(unsaid("A, B = 1, 2\nC = 3\n\"\"\"Seconds.\"\"\"\nD = A * -4.0\nE = 5  # days\n")) == [
        "A", "B", "D",
    ]  # fmt: skip
