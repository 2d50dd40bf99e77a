"""The kinds of column and constraint that the tables are made of, the same on SQLite and PostgreSQL."""

import json
from typing import Any

from sqlalchemy import BigInteger, CheckConstraint, Column, ForeignKey, Integer, LargeBinary, MetaData, Table, Text
from sqlalchemy.engine import Dialect
from sqlalchemy.types import TypeDecorator

#: Every constraint has a name, so that a later migration can change it on both databases.
NAMING = {
    "pk": "pk_%(table_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
}
metadata = MetaData(naming_convention=NAMING)


class Json(TypeDecorator[Any]):
    """A JSON value kept as text with sorted members, so that equal values are equal text on both databases."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: Any, dialect: Dialect) -> str | None:
        return None if value is None else json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":"))

    def process_result_value(self, value: str | None, dialect: Dialect) -> Any:
        return None if value is None else json.loads(value)


class Flag(TypeDecorator[bool]):
    """A truth value kept as 0 or 1."""

    impl = Integer
    cache_ok = True

    def process_bind_param(self, value: bool | None, dialect: Dialect) -> int | None:
        return None if value is None else int(value)

    def process_result_value(self, value: int | None, dialect: Dialect) -> bool | None:
        return None if value is None else bool(value)


#: Levels of a title (design.md 2), in every table that holds one.
LEVELS = ("senior", "deputy_senior", "intermediate", "assistant", "junior")


def table(name: str, *parts: Any) -> Table:
    # STRICT makes SQLite refuse a text in an integer column, as PostgreSQL does.
    return Table(name, metadata, *parts, sqlite_strict=True)


def text(name: str, refers: str | None = None, *, key: bool = False, null: bool = False) -> Column[str]:
    return Column(name, Text, *([ForeignKey(refers)] if refers else []), primary_key=key, nullable=null)


def integer(name: str, *, key: bool = False, null: bool = False) -> Column[int]:
    return Column(name, Integer, primary_key=key, nullable=null, autoincrement=False)


def seconds(name: str, *, key: bool = False, null: bool = False) -> Column[int]:
    # 64 bits on PostgreSQL, where INTEGER ends in January 2038; SQLite's INTEGER has 64 bits already.
    return Column(name, Integer().with_variant(BigInteger(), "postgresql"), primary_key=key, nullable=null)


def blob(name: str, *, null: bool = False) -> Column[bytes]:
    return Column(name, LargeBinary, nullable=null)


def json_text(name: str, *, null: bool = False) -> Column[Any]:
    return Column(name, Json, nullable=null)


def flag(name: str) -> Column[bool]:
    return Column(name, Flag, CheckConstraint(f"{name} IN (0, 1)", name=name), nullable=False)


def one_of(name: str, values: tuple[Any, ...]) -> CheckConstraint:
    return CheckConstraint(f"{name} IN ({', '.join(repr(value) for value in values)})", name=name)


def dated() -> CheckConstraint:
    return CheckConstraint("valid_to IS NULL OR valid_to >= valid_from", name="dated")
