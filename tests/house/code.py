"""Reads the code: its files, the room of each, and what a file imports."""

import ast
import functools
import re
from pathlib import Path

ROOT = Path(__file__).parent.parent.parent
ROOMS = ("kb", "ingest", "web")
FILES = [p for room in ROOMS for p in sorted((ROOT / room).rglob("*.py"))]
MODULE = re.compile(r"(kb|ingest|web)(\.\w+)+\.?")
"""A module of ours as a string has it; one that is put together ends where the string does."""
LOADERS = {"importlib", "importlib.import_module", "runpy", "pkgutil"}


def name(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def module_of(path: Path) -> str:
    return name(path).removesuffix(".py").removesuffix("/__init__").replace("/", ".")


def room_of(module: str) -> str:
    """``kb.search`` of ``kb.search.folding``; the whole of ``ingest`` and ``web`` is one room."""
    parts = module.split(".")
    return parts[0] if parts[0] in {"ingest", "web"} else ".".join(parts[:2])


def room_of_file(path: Path) -> str:
    return room_of(module_of(path))


def part_of(module: str) -> str:
    """``web.pages`` of ``web.pages.home``: a folder is a part, and so is each file beside them."""
    return ".".join(module.split(".")[:2])


@functools.cache
def tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


@functools.cache
def imports(path: Path) -> set[str]:
    """Modules that a file imports, and names from them; what it loads by a string is among them."""
    found = set()
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            module = _absolute(node, path)
            found |= {module, *(f"{module}.{a.name}" for a in node.names)}
    return found | (_strings(path) if found & LOADERS or "__import__" in _names(path) else set())


def _absolute(node: ast.ImportFrom, path: Path) -> str:
    """``kb.text.words`` of ``from .words import …`` in a file of ``kb/text/``."""
    if not node.level:
        return node.module or ""
    package = module_of(path.parent / "__init__.py").split(".")
    above = package[: len(package) - node.level + 1]
    return ".".join([*above, *([node.module] if node.module else [])])


def _names(path: Path) -> set[str]:
    return {node.id for node in ast.walk(tree(path)) if isinstance(node, ast.Name)}


def _strings(path: Path) -> set[str]:
    """Modules of ours that strings of a file name."""
    said = [n.value for n in ast.walk(tree(path)) if isinstance(n, ast.Constant)]
    return {s.rstrip(".") for s in said if isinstance(s, str) and MODULE.fullmatch(s)}
