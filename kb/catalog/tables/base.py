"""What every table shares. Times are seconds since the epoch (UTC)."""

from typing import Any

import msgspec
from sqlalchemy import JSON, BigInteger, Integer, MetaData, TypeDecorator
from sqlalchemy.engine import Dialect

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)
Id = BigInteger().with_variant(Integer, "sqlite")


class StructColumn(TypeDecorator[msgspec.Struct]):
    """A frozen struct, kept as its JSON; None is NULL."""

    impl = JSON
    cache_ok = True

    def __init__(self, kind: type[msgspec.Struct]) -> None:
        super().__init__(none_as_null=True)
        self.kind = kind

    def process_bind_param(self, value: msgspec.Struct | None, dialect: Dialect) -> Any:  # noqa: ARG002 -- the base class's
        """The struct as SQLAlchemy writes it."""
        return msgspec.to_builtins(value)

    def process_result_value(self, value: Any, dialect: Dialect) -> msgspec.Struct | None:  # noqa: ARG002 -- the base class's
        """The struct that was kept."""
        return None if value is None else msgspec.convert(value, self.kind)
