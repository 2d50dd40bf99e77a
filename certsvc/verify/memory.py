"""What a value found out about itself, kept with it: paths and batches are asked by thousands of certificates."""

from collections.abc import Callable
from functools import cached_property
from typing import Any, Self, TypeVar

T = TypeVar("T")


class Remembers:
    """A value that is never changed, so that what was found out once about it stays true."""

    @cached_property
    def memory(self) -> dict[Any, Any]:
        """What checks found out, by whatever key they choose."""
        return {}

    def remember(self, key: Any, find: Callable[[Self], T]) -> T:
        """What `find` gives, asked once."""
        if key not in self.memory:
            self.memory[key] = find(self)
        found: T = self.memory[key]
        return found
