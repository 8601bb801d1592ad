"""Conditions on many values that are one parameter of the statement.

PostgreSQL takes 65,535 parameters and SQLite 32,766; a share that is unmounted has more documents.
"""

import json
from collections.abc import Iterable
from typing import Any

from sqlalchemy import BigInteger, Boolean, Integer, Text, TypeDecorator, bindparam
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.engine import Dialect
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql import ColumnElement
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement
from sqlalchemy.types import TypeEngine


class _Many(TypeDecorator[list[Any]]):
    """Numbers or texts: an array on PostgreSQL, JSON on SQLite."""

    impl = Text
    cache_ok = True

    def __init__(self, numbers: bool = False) -> None:
        super().__init__()
        self.numbers = numbers

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        """An array has no length of its own: what is too long for the column matches nothing."""
        if dialect.name == "postgresql":
            return dialect.type_descriptor(ARRAY(BigInteger() if self.numbers else Text()))
        return dialect.type_descriptor(Text())

    def process_bind_param(self, value: Any, dialect: Dialect) -> Any:
        """The driver's form of the values."""
        return value if dialect.name == "postgresql" else json.dumps(value)


class _Among(FunctionElement[bool]):
    """``among(column, values)``."""

    inherit_cache = True
    name = "among"
    type = Boolean()

    def self_group(self, against: Any = None) -> "_Among":  # noqa: ARG002 -- the base class's
        """As it stands. SQLAlchemy writes ``… = 1`` for SQLite, which then uses no index."""
        return self


def among(column: ColumnElement[Any], values: Iterable[Any]) -> ColumnElement[bool]:
    """The condition that a column (numbers or texts) has one of these values, however many."""
    numbers = isinstance(column.type, Integer)
    return _Among(column, bindparam(None, list(values), type_=_Many(numbers)))


def among_given(column: ColumnElement[Any], name: str) -> ColumnElement[bool]:
    """:func:`among` for a statement that is made once: the values are given as it is executed."""
    return _Among(column, bindparam(name, type_=_Many(isinstance(column.type, Integer))))


@compiles(_Among, "postgresql")
def _with_array(element: _Among, compiler: SQLCompiler, **options: Any) -> str:
    column, wanted = (compiler.process(clause, **options) for clause in element.clauses)
    return f"({column} = ANY ({wanted}))"


@compiles(_Among)
def _with_json(element: _Among, compiler: SQLCompiler, **options: Any) -> str:
    column, wanted = (compiler.process(clause, **options) for clause in element.clauses)
    return f"({column} IN (SELECT value FROM json_each({wanted})))"  # noqa: S608 -- names and placeholders, no values
