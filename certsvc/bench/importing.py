"""Roster import beside a bare python-calamine read of the same file."""

import secrets
from collections.abc import Iterator
from pathlib import Path

from python_calamine import CalamineWorkbook

from certsvc import resources
from certsvc.bench.measure import Figure, in_turn, per_second
from certsvc.bench.world import World
from certsvc.core.calendar import local_date
from certsvc.demo.people import write_roster
from certsvc.demo.story import batch
from certsvc.register.roster_reader import read_roster
from certsvc.services.import_roster import import_roster


def measure(world: World) -> Iterator[Figure]:
    """Rows per second from an .xlsx file into the register, beside its cells in memory."""
    rounds, rows = world.sizes.import_rounds, world.sizes.import_rows
    # One more than rounds: the first is taken in before the clock runs.
    files = [_roster_file(world, f"bench-{number}.xlsx", rows) for number in range(rounds + 1)]
    _take_in(world, files[rounds])

    def ours(number: int) -> int:
        _take_in(world, files[number])
        world.progress("import", number + 1, rounds)
        return rows

    def bare(number: int) -> int:
        CalamineWorkbook.from_path(files[number]).get_sheet_by_index(0).to_python()
        return rows

    yield per_second("import", "python-calamine read", in_turn(rounds, ours, bare))


def _roster_file(world: World, name: str, rows: int) -> Path:
    path = world.story.folder / name
    write_roster(path, batch("T01", name, rows), world.story.crowd)
    return path


def _take_in(world: World, path: Path) -> None:
    """Reads, checks and imports one file. Raises RuntimeError when a row was not taken."""
    instance, now = world.instance, world.instance.now()
    titles, regions = resources.titles(), resources.regions()
    file = read_roster(
        path,
        titles=titles,
        regions=regions,
        today=local_date(now),
        drawable=lambda text: [char for char, _ in instance.fonts.missing(text)],
    )
    result = import_roster(
        instance.engines,
        instance.data_keys,
        file,
        now=now,
        officer=None,
        decisions={},
        random_bytes=secrets.token_bytes,
    )
    if not result.rosters:
        raise RuntimeError(f"{path.name}: {file.faults[:3]} {result.open_questions[:3]}")
