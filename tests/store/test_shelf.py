"""Fields and columns are the same, or the program does not start."""

from dataclasses import dataclass

import pytest

from certsvc.store import shelf, tables


@dataclass(frozen=True)
class Swapped:
    id: str
    birth: str
    sex: str
    created_at: int


def test_fields_in_another_order_than_the_columns_stop_the_program() -> None:
    with pytest.raises(TypeError, match="person"):
        shelf.Shelf(tables.person, Swapped)


#: Two counters, and of the log what is only bytes or only a key.
BARE = {"number_counter", "match_try", "log_tile", "log_bundle", "log_tag"}


def test_every_table_but_the_bare_ones_has_its_shelf() -> None:
    shelved = {item.table.name for item in vars(shelf).values() if isinstance(item, shelf.Shelf)}
    assert set(tables.metadata.tables) - shelved == BARE
