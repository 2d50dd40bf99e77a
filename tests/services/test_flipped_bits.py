"""A flipped bit anywhere in a small log: found by an audit of its mirror, and nothing that is served from it proves."""

import shutil
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from insecure_log import LOG
from log_for_tests import LogHome, log_template
from mirror_for_tests import acts, files_of, with_one_bit_changed, write_mirror
from sqlalchemy import TextClause, text
from world_for_tests import opened

from certsvc.core.checkpoint import parse_proof, verify_checkpoint, verify_proof
from certsvc.core.errors import CertsvcError
from certsvc.core.merkle import inclusion_holds, leaf_hash
from certsvc.core.note import parse_note
from certsvc.core.outcomes import Fault
from certsvc.core.tiles import ENTRIES, Tile, decode_entries
from certsvc.services import log, mirror
from certsvc.services.audit import NOBODY, Question, Trusted, audit
from certsvc.services.audit_source import FolderSource
from certsvc.services.log_proofs import proof_at
from certsvc.services.log_reading import checkpoint_shown, tile_shown

#: Fixtures of log_for_tests.
__all__ = ["log_template"]
SIZE = 4
#: All bytes of a file in so many tests, which may run side by side.
SHARES = 2


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A mirror of two entries."""
    folder = tmp_path_factory.mktemp("flipped") / "mirror"
    write_mirror(folder, acts(0, 2))
    return folder


def codes(folder: Path) -> set[tuple[str, str]]:
    result = audit(FolderSource(folder), Trusted((LOG.key,), NOBODY), folder.parent / "state", Question())
    (folder.parent / "state").unlink(missing_ok=True)
    assert (result.exit_code == 0) == (not result.findings)
    return {(one.code, one.where) for one in result.findings}


@pytest.mark.parametrize("share", range(SHARES))
def test_no_byte_of_a_mirror_may_change(folder: Path, share: int) -> None:
    """One bit of every byte of every file; each is found under the name of its file, and nothing else is."""
    assert codes(folder) == set()
    survivors = []
    for name in files_of(folder):
        data = (folder / name).read_bytes()
        kind = "bad_entry" if "entries" in name else "bad_tile" if name.startswith("tile") else "bad_checkpoint"
        for place in range(share, len(data), SHARES):
            (folder / name).write_bytes(with_one_bit_changed(data, place * 8 + place % 8))
            if codes(folder) != {(kind, name)}:
                survivors.append((name, place))
        (folder / name).write_bytes(data)
    assert survivors == []


# --- the database ----------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def unguarded(log_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[LogHome]:
    """A published log whose rows may be changed by anybody."""
    home = Path(shutil.copytree(log_template, tmp_path_factory.mktemp("unguarded") / "home"))
    with opened(home) as instance:
        found = LogHome(instance, None)
        found.put(range(SIZE))
        log.sequence(instance)
        with instance.engines.write.begin() as connection:
            triggers = connection.execute(text("SELECT name FROM sqlite_master WHERE type = 'trigger'")).scalars().all()
            for name in triggers:
                connection.execute(text(f"DROP TRIGGER {name}"))
        yield found


#: table -> column whose bytes change, and the row.
PLACES = {
    "a tile": ("log_tile", "data", "level = 0"),
    "a bundle of entries": ("log_bundle", "data", "n = 0"),
    "the newest note": ("log_state", "note", "1 = 1"),
    "a published note": ("log_checkpoint", "note", f"size = {SIZE}"),
    "a published root": ("log_checkpoint", "root", f"size = {SIZE}"),
    "a row of an entry": ("log_entry", "entry", "idx = 2"),
}


def served(home: LogHome) -> list[bytes]:
    """The entries that this home proves today, in their places. Raises CertsvcError, Fault for what proves nothing."""
    note = checkpoint_shown(home.instance)
    assert note is not None
    with home.instance.engines.read.connect() as connection:
        head = verify_checkpoint(parse_note(note), log.log_keys(home.instance, connection), log.ALONE, closed=False)
        bundle = tile_shown(home.instance, Tile(ENTRIES, 0, SIZE))
        entries = decode_entries(bundle or b"", SIZE)
        for index, entry in enumerate(entries):
            path = log.inclusion_proof(connection, index, SIZE)
            if not inclusion_holds(leaf_hash(entry), index, SIZE, path, head.root):
                raise Fault("inclusion_bad", index=index)
            kept = parse_proof(proof_at(connection, index))
            checked = verify_proof(
                kept, leaf_hash(entry), log.log_keys(home.instance, connection), log.ALONE, closed=False
            )
            assert checked.root == head.root
    return entries


def mirror_is_sound(home: LogHome, folder: Path) -> bool:
    """Whether a new mirror of this home can be written, and an audit finds nothing in it."""
    shutil.rmtree(folder, ignore_errors=True)
    try:
        mirror.export(home.instance, folder / "mirror")
    except CertsvcError:
        return False
    with home.instance.engines.read.connect() as connection:
        trusted = Trusted(log.log_keys(home.instance, connection), NOBODY)
    return audit(FolderSource(folder / "mirror"), trusted, folder / "state", Question()).exit_code == 0


@pytest.mark.parametrize(("table", "column", "row"), PLACES.values(), ids=PLACES.keys())
def test_no_byte_of_the_database_may_change_and_prove_anything(
    unguarded: LogHome, tmp_path: Path, table: str, column: str, row: str
) -> None:
    truth = served(unguarded)
    assert mirror_is_sound(unguarded, tmp_path / "before")
    with unguarded.instance.engines.read.connect() as connection:
        data = connection.execute(text(f"SELECT {column} FROM {table} WHERE {row}")).scalar_one()  # noqa: S608
    change = text(f"UPDATE {table} SET {column} = :data WHERE {row}")  # noqa: S608
    proved, unseen = [], []
    for place in range(len(data)):
        put(unguarded, change, with_one_bit_changed(data, place * 8 + place % 8))
        with suppress(CertsvcError, Fault):
            if served(unguarded) != truth:
                proved.append(place)
            elif table in SHOWN and mirror_is_sound(unguarded, tmp_path / "after"):
                unseen.append(place)
        if place % 8 == 0 and table in SHOWN and mirror_is_sound(unguarded, tmp_path / "after"):
            unseen.append(place)
    put(unguarded, change, data)
    assert (proved, unseen) == ([], [])
    assert served(unguarded) == truth


#: Tables whose rows are shown to the public.
SHOWN = ("log_tile", "log_bundle", "log_state")


def put(home: LogHome, change: TextClause, data: bytes) -> None:
    with home.instance.engines.write.begin() as connection:
        connection.execute(change, {"data": data})
