"""Closed schemas: every member is named, required and typed; an unknown member is refused, never ignored.

A shape is written as plain Python: `str`, `int`, `bool`, a pattern (`HASH`), `[shape]` for lists, `[shape, 16]` for
lists of at most sixteen, `[shape, 2, 2]` for pairs, `{...}` for closed objects, `one_of(...)` for enumerations, `nullable(shape)`,
`mapping(shape)` for objects with free member names.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from typing import Any

from certsvc.core.errors import Malformed

Shape = Any
#: True for a value that has the shape.
Fits = Callable[[Any], bool]


@dataclass(frozen=True)
class Pattern:
    """A string that matches `regex` wholly."""

    name: str
    regex: re.Pattern[str]


@dataclass(frozen=True)
class Moment:
    """A date, or a time that begins with one, that matches `regex` wholly and exists in the calendar."""

    name: str
    regex: re.Pattern[str]


@dataclass(frozen=True)
class Choice:
    """One of the listed values, compared with their type."""

    values: tuple[Any, ...]


@dataclass(frozen=True)
class Nullable:
    """null or the inner shape."""

    inner: Shape


@dataclass(frozen=True)
class OneOfTypes:
    """A value of one of the listed JSON types; None stands for null, an empty tuple for anything."""

    types: tuple[type | None, ...]


@dataclass(frozen=True)
class ByMember:
    """An object whose shape depends on the value of one member."""

    member: str
    shapes: dict[str, Shape]


@dataclass(frozen=True)
class Mapping:
    """An object whose member names are data."""

    inner: Shape


def one_of(*values: Any) -> Choice:
    return Choice(values)


def nullable(shape: Shape) -> Nullable:
    return Nullable(shape)


def mapping(shape: Shape) -> Mapping:
    return Mapping(shape)


def by_member(member: str, shapes: dict[str, Shape]) -> ByMember:
    return ByMember(member, shapes)


def pattern(name: str, regex: str) -> Pattern:
    # ASCII: `\d` must not match the digits of other scripts.
    return Pattern(name, re.compile(regex, re.ASCII))


def moment(name: str, regex: str) -> Moment:
    return Moment(name, re.compile(regex, re.ASCII))


HASH = pattern("SHA-256 in base64url", r"[A-Za-z0-9_-]{43}")
SALT = HASH
TEXT = pattern("text of 1 to 200 characters", r"(?s).{1,200}")
_DAY = r"(19|20|21)\d\d-\d\d-\d\d"
#: A day that exists, from 1900 to 2199, so that no arithmetic with a signed date can fail.
DATE = moment("date YYYY-MM-DD", _DAY)
TIME = moment("RFC 3339 UTC time", _DAY + r"T([01]\d|2[0-3]):[0-5]\d:[0-5]\dZ")
LONG_TEXT = str
SCALAR = OneOfTypes((str, int, bool, None))
ANY = OneOfTypes(())


def compiled(shape: Shape) -> Fits:
    """A quick yes or no for one shape; `check_shape` says which member is wrong."""
    if isinstance(shape, dict):
        return _object_fits({name: compiled(inner) for name, inner in shape.items()})
    if isinstance(shape, list):
        return _list_fits(*shape)
    return _FITS[type(shape)](shape)


def _list_fits(shape: Shape, most: int | None = None, least: int = 0) -> Fits:
    fits = compiled(shape)
    if most is None:
        return lambda value: type(value) is list and all(map(fits, value))
    return lambda value: type(value) is list and least <= len(value) <= most and all(map(fits, value))


def _object_fits(inner: dict[str, Fits]) -> Fits:
    names, members = inner.keys(), tuple(inner.items())

    def fits(value: Any) -> bool:
        if type(value) is not dict or value.keys() != names:
            return False
        for name, one in members:  # noqa: SIM110 - `all` would start a generator for each of a thousand objects
            if not one(value[name]):
                return False
        return True

    return fits


def _nullable_fits(shape: Nullable) -> Fits:
    fits = compiled(shape.inner)
    return lambda value: value is None or fits(value)


def _mapping_fits(shape: Mapping) -> Fits:
    fits = compiled(shape.inner)
    return lambda value: type(value) is dict and all(map(fits, value.values()))


def _choice_fits(shape: Choice) -> Fits:
    known = {(type(one), one) for one in shape.values}
    return lambda value: value.__hash__ is not None and (type(value), value) in known


def _types_fit(shape: OneOfTypes) -> Fits:
    kinds = {type(None) if one is None else one for one in shape.types}
    return lambda value: not kinds or type(value) in kinds


def _by_member_fits(shape: ByMember) -> Fits:
    shapes = {kind: compiled(inner) for kind, inner in shape.shapes.items()}

    def fits(value: Any) -> bool:
        kind = value.get(shape.member) if type(value) is dict else None
        return type(kind) is str and kind in shapes and shapes[kind](value)

    return fits


def _pattern_fits(shape: Pattern) -> Fits:
    matches = shape.regex.fullmatch
    return lambda value: type(value) is str and matches(value) is not None


def _moment_fits(shape: Moment) -> Fits:
    matches = shape.regex.fullmatch
    return lambda value: type(value) is str and matches(value) is not None and _exists(value[:10])


def check_shape(value: Any, shape: Shape, where: str = "$") -> None:
    """Returns if `value` has `shape` exactly. Raises Malformed with the path of the first member that has not."""
    if isinstance(shape, dict):
        _check_object(value, shape, where)
    elif isinstance(shape, list):
        _check_list(value, where, *shape)
    else:
        _CHECKS[type(shape)](value, shape, where)


def _check_list(value: Any, where: str, shape: Shape, most: int | None = None, least: int = 0) -> None:
    _expect(isinstance(value, list), where, "list")
    _expect(len(value) >= least, where, f"a list of at least {least}")
    _expect(most is None or len(value) <= most, where, f"a list of at most {most}")
    for position, item in enumerate(value):
        check_shape(item, shape, f"{where}[{position}]")


def _check_object(value: Any, shape: dict[str, Shape], where: str) -> None:
    _expect(isinstance(value, dict), where, "object")
    if value.keys() != shape.keys():
        odd = sorted(value.keys() ^ shape.keys())[0]
        kind = "unknown_member" if odd in value else "missing_member"
        raise Malformed(kind, f"数据成员不符:{where}.{odd}", f"{kind.replace('_', ' ')} {where}.{odd}")
    for name, inner in shape.items():
        check_shape(value[name], inner, f"{where}.{name}")


def _check_type(value: Any, shape: type, where: str) -> None:
    # bool is an int in Python, but never in JSON.
    _expect(isinstance(value, shape) and isinstance(value, bool) == (shape is bool), where, shape.__name__)


def _check_pattern(value: Any, shape: Pattern, where: str) -> None:
    _expect(isinstance(value, str) and shape.regex.fullmatch(value) is not None, where, shape.name)


def _check_moment(value: Any, shape: Moment, where: str) -> None:
    written = isinstance(value, str) and shape.regex.fullmatch(value) is not None
    _expect(written and _exists(value[:10]), where, shape.name)


@lru_cache(maxsize=4096)
def _exists(day: str) -> bool:
    try:
        date.fromisoformat(day)
    except ValueError:
        return False
    return True


def _check_choice(value: Any, shape: Choice, where: str) -> None:
    known = any(value == option and type(value) is type(option) for option in shape.values)
    _expect(known, where, f"one of {list(shape.values)}")


def _check_nullable(value: Any, shape: Nullable, where: str) -> None:
    if value is not None:
        check_shape(value, shape.inner, where)


def _check_by_member(value: Any, shape: ByMember, where: str) -> None:
    kind = value.get(shape.member) if isinstance(value, dict) else None
    _expect(isinstance(kind, str) and kind in shape.shapes, f"{where}.{shape.member}", "a known kind")
    check_shape(value, shape.shapes[str(kind)], where)


def _check_types(value: Any, shape: OneOfTypes, where: str) -> None:
    kind = None if value is None else type(value)
    _expect(not shape.types or kind in shape.types, where, "a string, an integer, true, false or null")


def _check_mapping(value: Any, shape: Mapping, where: str) -> None:
    _expect(isinstance(value, dict), where, "object")
    for name, item in value.items():
        check_shape(item, shape.inner, f"{where}.{name}")


def _expect(holds: bool, where: str, wanted: str) -> None:
    if not holds:
        raise Malformed("member_form", f"数据成员格式不符:{where}", f"{where} must be {wanted}")


_FITS: dict[type, Callable[[Any], Fits]] = {
    type: lambda kind: lambda value: type(value) is kind,
    Pattern: _pattern_fits,
    Moment: _moment_fits,
    Choice: _choice_fits,
    Nullable: _nullable_fits,
    Mapping: _mapping_fits,
    OneOfTypes: _types_fit,
    ByMember: _by_member_fits,
}
_CHECKS: dict[type, Callable[[Any, Any, str], None]] = {
    type: _check_type,
    Pattern: _check_pattern,
    Moment: _check_moment,
    Choice: _check_choice,
    Nullable: _check_nullable,
    Mapping: _check_mapping,
    OneOfTypes: _check_types,
    ByMember: _check_by_member,
}
