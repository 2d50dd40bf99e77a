"""Other people's programs read a whole log of ours: Go's packages for checksum databases, and pymerkle."""

import os
import random
import shutil
import subprocess
from pathlib import Path

import pytest
from insecure_log import LOG, ORIGIN, cosigned, insecure_signer, times
from log_for_tests import LogHome, log_template
from mirror_for_tests import act, acts, files_of, put, with_one_bit_changed, write_mirror
from pymerkle import InmemoryTree
from support import needs
from world_for_tests import opened

from certsvc.core.checkpoint import parse_head
from certsvc.core.note import encode_base64, format_note, format_vkey, parse_note
from certsvc.core.tiles import tile_path, tiles_at
from certsvc.services import log, mirror

#: Fixtures of log_for_tests.
__all__ = ["log_template"]

APT = "golang-go golang-golang-x-mod-dev"
#: Where Debian keeps the sources of Go packages.
SOURCES = Path("/usr/share/gocode")


@pytest.fixture(scope="session")
def go_audit(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The program of audit.go, built from Debian's packages alone."""
    go = needs("go", APT)
    if not (SOURCES / "src/golang.org/x/mod/sumdb/tlog").is_dir():
        needs("golang.org/x/mod", APT)
    folder = tmp_path_factory.mktemp("go")
    # GOPATH mode: no module is looked up, and so nothing is fetched.
    settings = {"GO111MODULE": "off", "GOPATH": str(SOURCES), "GOCACHE": str(folder / "cache"), "GOFLAGS": ""}
    command = [go, "build", "-o", str(folder / "audit"), str(Path(__file__).with_name("audit.go"))]
    subprocess.run(command, env={**os.environ, **settings}, check=True, capture_output=True, cwd=folder)
    return folder / "audit"


def said_by(program: Path, folder: Path, vkey: str = LOG.vkey) -> tuple[int, str]:
    done = subprocess.run([program, folder, vkey], capture_output=True, text=True, check=False)
    return done.returncode, done.stdout + done.stderr


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A mirror that was published at six sizes."""
    folder = tmp_path_factory.mktemp("go-mirror") / "mirror"
    write_mirror(folder, acts(0, 1), acts(1, 200), acts(200, 256), acts(256, 600), acts(600, 1300))
    return folder


def test_go_audits_a_log_of_a_home(go_audit: Path, log_template: Path, tmp_path: Path) -> None:
    with opened(Path(shutil.copytree(log_template, tmp_path / "home"))) as instance:
        for start, end in ((0, 3), (3, 256), (256, 1000)):
            LogHome(instance, None).put(range(start, end))
            log.sequence(instance)
            mirror.export(instance, tmp_path / "mirror")
        with instance.engines.read.connect() as connection:
            (key,) = log.log_keys(instance, connection)
    head = parse_head(parse_note((tmp_path / "mirror" / "checkpoint").read_bytes()).text)
    assert said_by(go_audit, tmp_path / "mirror", format_vkey(key)) == (0, f"ok 1000 {encode_base64(head.root)}\n")


def test_go_audits_a_log_of_three_levels(go_audit: Path, tmp_path: Path) -> None:
    write_mirror(tmp_path / "mirror", map(act, range(66_000)))
    assert said_by(go_audit, tmp_path / "mirror")[0] == 0


def test_go_ignores_the_lines_of_witnesses(go_audit: Path, whole: Path, tmp_path: Path) -> None:
    folder = Path(shutil.copytree(whole, tmp_path / "mirror"))
    head = parse_head(parse_note((folder / "checkpoint").read_bytes()).text)
    put(folder / "checkpoint", format_note(cosigned(head, times(1, 2, 3))))
    assert said_by(go_audit, folder)[0] == 0


@pytest.mark.parametrize("seed", range(12))
def test_go_finds_a_changed_bit(go_audit: Path, whole: Path, tmp_path: Path, seed: int) -> None:
    folder = Path(shutil.copytree(whole, tmp_path / "mirror"))
    chance = random.Random(seed)
    # The narrower forms of what has grown are not looked at by this reader.
    tiles = {tile_path(tile) for tile in tiles_at(1300)}
    tiles |= {path.replace("tile/0/", "tile/entries/") for path in tiles}
    name = chance.choice([name for name in files_of(folder) if name in tiles or name.startswith("checkpoint")])
    data = (folder / name).read_bytes()
    put(folder / name, with_one_bit_changed(data, chance.randrange(len(data) * 8)))
    code, said = said_by(go_audit, folder)
    assert code == 1, (name, said)


def test_go_refuses_the_key_of_another(go_audit: Path, whole: Path) -> None:
    assert said_by(go_audit, whole, insecure_signer(ORIGIN, seed="stranger").vkey)[0] == 1


def test_pymerkle_computes_the_roots_of_every_checkpoint(whole: Path) -> None:
    tree = InmemoryTree(algorithm="sha256")
    notes = [parse_note(path.read_bytes()) for path in (whole / "checkpoints").rglob("[0-9][0-9][0-9]")]
    heads = sorted((parse_head(note.text) for note in notes), key=lambda head: head.size)
    assert [head.size for head in heads] == [0, 1, 200, 256, 600, 1300]
    for entry in acts(0, 1300):
        tree.append_entry(entry)
    assert [head.root for head in heads[1:]] == [tree.get_root(head.size) for head in heads[1:]]
