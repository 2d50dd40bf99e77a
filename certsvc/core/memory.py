"""What a value found out about itself, kept with it: paths and batches are asked by thousands of certificates."""

from collections.abc import Callable
from functools import cached_property
from typing import Any, Generic, Self, TypeVar

from certsvc.core.errors import Malformed
from certsvc.core.outcomes import Fault, NotRun, Unknown

T = TypeVar("T")
#: How it is said that something is not so, or that nobody can tell.
REFUSALS = (Fault, Unknown, NotRun, Malformed)


class once(Generic[T]):
    """As `functools.cached_property`, without the lock that it takes up to Python 3.11: what is found is a value."""

    def __init__(self, find: Callable[[Any], T]) -> None:
        self.find = find
        self.__doc__ = find.__doc__

    def __set_name__(self, _owner: type, name: str) -> None:
        self.name = name

    def __get__(self, instance: Any, _owner: type | None = None) -> T:
        found = instance.__dict__[self.name] = self.find(instance)
        return found


class Remembers:
    """A value that is never changed, so that what was found out once about it stays true."""

    @cached_property
    def memory(self) -> dict[Any, Any]:
        """What checks found out, by whatever key they choose."""
        return {}

    def remember(self, key: Any, find: Callable[[Self], T]) -> T:
        """What `find` gives, asked once. Raises what it refuses with, remembered as well: a refusal costs no less."""
        if key not in self.memory:
            try:
                self.memory[key] = find(self)
            except REFUSALS as refused:
                self.memory[key] = refused
        found: T | Exception = self.memory[key]
        if isinstance(found, Exception):
            # It is raised many times, and must not keep the frames of each: they hold the case that was asked about.
            raise found.with_traceback(None)
        return found
