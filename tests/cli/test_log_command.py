"""`certsvc log`: checkpoint, proof, tick, a mirror that never shrinks, and the way out after a restore."""

import fcntl
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from cli_for_tests import call, must
from log_for_tests import LogHome, build_log_home, log_template
from world_for_tests import opened

from certsvc.core.checkpoint import parse_head, parse_log_keys, parse_proof, verify_checkpoint, verify_proof
from certsvc.core.merkle import leaf_hash
from certsvc.core.note import parse_note
from certsvc.core.tiles import ENTRIES, Tile, tile_path, tiles_at
from certsvc.services import high_water, log
from certsvc.services.log_reading import checkpoint_shown, tile_shown

#: Fixtures of log_for_tests.
__all__ = ["log_template"]


@pytest.fixture
def home(log_template: Path, tmp_path: Path) -> Iterator[LogHome]:
    with opened(Path(shutil.copytree(log_template, tmp_path / "home"))) as instance:
        yield LogHome(instance, None)


def files(folder: Path) -> dict[str, bytes]:
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file() and path.name != ".lock"
    }


def test_tick_integrates_and_publishes_what_waits(home: LogHome) -> None:
    home.put(range(3))
    said = must("log", "tick", "--home", home.home)
    assert "3 entries are published" in said.err
    text = must("log", "checkpoint", "--home", home.home).out
    keys = parse_log_keys([must("log", "vkey", "--home", home.home).out.strip()])
    assert verify_checkpoint(parse_note(text.encode()), keys, log.ALONE).size == 3


def test_a_witness_is_appointed_and_asked_by_every_tick(home: LogHome, tmp_path: Path) -> None:
    must("keys", "trust", "--home", home.home)
    vkey = must("witness", "init", "witness.example/w", "--home", tmp_path / "w").out.strip()
    said = must("witness", "add", vkey, f"file:{tmp_path / 'w'}", "--home", home.home)
    assert ("1 of 1 witnesses must cosign" in said.err, "cosigned  witness.example/w" in said.err) == (True, True)
    # Somebody asked it less than a minute ago, and it is asked all the same.
    assert "cosigned  witness.example/w" in must("log", "tick", "--home", home.home).err
    # One that is away is told, with what brings it in.
    away = must("witness", "init", "witness.example/away", "--home", tmp_path / "away").out.strip()
    said = must("witness", "add", away, "http://127.0.0.1:9", "--threshold", 2, "--home", home.home)
    assert ("2 of 2 witnesses must cosign" in said.err, "unreachable" in said.err) == (True, True)
    assert "certsvc log tick" in said.err
    refused = call("witness", "add", away, "ftp://w.example", "--home", home.home)
    assert (refused.code, "witness_url" in refused.err, "certsvc witness add" in refused.err) == (1, True, True)


def test_an_entry_is_proved_by_its_index(home: LogHome) -> None:
    home.put(range(5))
    log.sequence(home.instance)
    keys = parse_log_keys([must("log", "vkey", "--home", home.home).out.strip()])
    proof = parse_proof(must("log", "prove", 2, "--home", home.home).out.encode())
    assert verify_proof(proof, leaf_hash(home.entries()[2]), keys, log.ALONE).size == 5
    assert "log_beyond" in call("log", "prove", 5, "--home", home.home).err


def test_a_mirror_holds_what_the_server_shows(home: LogHome, tmp_path: Path) -> None:
    sizes = (3, 200, 255, 300, 310, 520, 530)
    for start, end in zip((0, *sizes), sizes, strict=False):
        home.put(range(start, end))
        log.sequence(home.instance)
    must("log", "export", tmp_path / "mirror", "--home", home.home)
    found = files(tmp_path / "mirror")
    assert found.pop("checkpoint") == checkpoint_shown(home.instance)
    tiles = set(tiles_at(530)) | {Tile(0, 2, 8), Tile(0, 2, 18)} | {Tile(1, 0, 1)}
    tiles |= {Tile(ENTRIES, tile.n, tile.width) for tile in tiles if tile.level == 0}
    wanted = {tile_path(tile): tile_shown(home.instance, tile) for tile in tiles}
    notes = {name: found.pop(name) for name in sorted(found) if name.startswith("checkpoints/")}
    assert found == wanted
    assert [parse_head(parse_note(note).text).size for note in notes.values()] == [0, *sizes]


def test_an_export_again_changes_nothing_and_a_later_one_only_adds(home: LogHome, tmp_path: Path) -> None:
    home.put(range(300))
    log.sequence(home.instance)
    must("log", "export", tmp_path / "mirror", "--home", home.home)
    before = files(tmp_path / "mirror")
    must("log", "export", tmp_path / "mirror", "--home", home.home)
    assert files(tmp_path / "mirror") == before
    home.put(range(300, 600))
    log.sequence(home.instance)
    must("log", "export", tmp_path / "mirror", "--home", home.home)
    after = files(tmp_path / "mirror")
    before.pop("checkpoint")
    assert {name: after[name] for name in before} == before
    assert not [name for name in after if ".new" in name]


def test_an_export_that_was_stopped_is_completed_by_the_next(home: LogHome, tmp_path: Path) -> None:
    home.put(range(300))
    log.sequence(home.instance)
    must("log", "export", tmp_path / "mirror", "--home", home.home)
    whole = files(tmp_path / "mirror")
    (tmp_path / "mirror" / "checkpoint").unlink()
    (tmp_path / "mirror" / "tile" / "0" / "000").unlink()
    must("log", "export", tmp_path / "mirror", "--home", home.home)
    assert files(tmp_path / "mirror") == whole


def test_a_mirror_never_shrinks_and_never_changes_its_log(
    home: LogHome,
    log_template: Path,
    tmp_path: Path,
) -> None:
    home.put(range(5))
    log.sequence(home.instance)
    must("log", "export", tmp_path / "mirror", "--home", home.home)
    before = files(tmp_path / "mirror")
    with opened(Path(shutil.copytree(log_template, tmp_path / "other"))) as instance:
        said = call("log", "export", tmp_path / "mirror", "--home", tmp_path / "other")
        assert (said.code, "mirror_ahead" in said.err, "log recover" in said.err) == (1, True, True)
        LogHome(instance, None).put(range(100, 110))
        log.sequence(instance)
        assert "mirror_other" in call("log", "export", tmp_path / "mirror", "--home", tmp_path / "other").err
    assert files(tmp_path / "mirror") == before


def test_two_exports_into_one_folder_do_not_meet(home: LogHome, tmp_path: Path) -> None:
    (tmp_path / "mirror").mkdir()
    with (tmp_path / "mirror" / ".lock").open("wb") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        assert "mirror_busy" in call("log", "export", tmp_path / "mirror", "--home", home.home).err
    must("log", "export", tmp_path / "mirror", "--home", home.home)


def test_a_log_that_never_began_has_nothing_to_show(tmp_path: Path) -> None:
    build_log_home(tmp_path / "home")
    for command in (["checkpoint"], ["export", tmp_path / "mirror"]):
        assert "log_unpublished" in call("log", *command, "--home", tmp_path / "home").err
    assert "log_beyond" in call("log", "prove", 0, "--home", tmp_path / "home").err


def test_a_backup_that_is_restored_signs_again_only_after_a_mirror_was_replayed(home: LogHome, tmp_path: Path) -> None:
    """The whole drill by command: backup, more acts, a mirror, restore, refusal with the next command, recovery."""
    home.put(range(5))
    log.sequence(home.instance)
    must("backup", tmp_path / "b.tar", "--with-keys", "--home", home.home)
    listing = subprocess.run(["tar", "tf", str(tmp_path / "b.tar")], capture_output=True, text=True, check=True).stdout
    assert high_water.FILE not in listing
    home.put(range(5, 300))
    log.sequence(home.instance)
    must("log", "export", tmp_path / "mirror", "--home", home.home)
    again = tmp_path / "again"
    must("restore", tmp_path / "b.tar", "--home", again)
    said = call("log", "tick", "--home", again)
    assert (said.code, "log_rolled_back" in said.err) == (1, True)
    assert f"certsvc log recover MIRROR --home {again}" in said.err
    said = must("log", "recover", tmp_path / "mirror", "--home", again)
    assert "300 entries, 295 replayed" in said.err
    must("log", "tick", "--home", again)
    assert must("log", "checkpoint", "--home", again).out == must("log", "checkpoint", "--home", home.home).out
    must("log", "export", tmp_path / "mirror", "--home", again)
