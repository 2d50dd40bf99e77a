"""`certsvc doctor`: each defect of a home is named, with the command that helps; a sound home leaves with 0."""

import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest
from cli_for_tests import call, must
from world_for_tests import opened

from certsvc.services import cosign
from certsvc.services.ceremony import Plan
from certsvc.services.founding import found


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A real home, made now."""
    import time

    place = tmp_path_factory.mktemp("doctor") / "home"
    plan = Plan("https://sample.invalid", "HRSS", "示例(样章)", "Sample", test=True)
    found(place, plan, int(time.time()))
    return place


@pytest.fixture
def home(template: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(template, tmp_path / "home"))


def test_a_sound_home_is_well(home: Path) -> None:
    said = must("doctor", "--home", home)
    assert "✖" not in said.out
    assert "✔ 数据库版本" in said.out


def test_a_new_home_is_told_that_it_needs_two_officers(home: Path) -> None:
    assert "fewer than two officers" in must("doctor", "--home", home).out
    for one in ("H1", "H2"):
        must("keys", "officer", one, "--org", "HRSS", "--name", f"样章{one}", "--home", home)
    assert "2 officers" in must("doctor", "--home", home).out


def _open_key(home: Path) -> None:
    (home / "keys" / "policy.pem").chmod(0o644)


def _open_folder(home: Path) -> None:
    (home / "keys").chmod(0o755)


def _lose_key(home: Path) -> None:
    (home / "keys" / "HRSS.credential.pem").unlink()


def _swap_key(home: Path) -> None:
    shutil.copy(home / "keys" / "HRSS.seal.pem", home / "keys" / "HRSS.credential.pem")


def _lose_root(home: Path) -> None:
    (home / "roots.pem").unlink()


def _mix(home: Path) -> None:
    settings = home / "home.json"
    settings.write_text(settings.read_text().replace('"test"', '"production"'))


def _lose_data_key(home: Path) -> None:
    (home / "keys" / "data.json").unlink()


def _empty_database(home: Path) -> None:
    (home / "certsvc.sqlite3").unlink()


def _newer_database(home: Path) -> None:
    with closing(sqlite3.connect(home / "certsvc.sqlite3")) as connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999_later'")
        connection.commit()


DEFECTS: dict[str, tuple[Callable[[Path], None], str, str]] = {
    "a key that others may read": (_open_key, "密钥权限过宽", "chmod 600"),
    "a key folder that others may enter": (_open_folder, "密钥权限过宽", "chmod 700"),
    "a key that is gone": (_lose_key, "缺少密钥文件", "certsvc doctor"),
    "a key that is another one": (_swap_key, "签名器与登记的公钥不符", "certsvc doctor"),
    "a root that is gone": (_lose_root, "缺少根证书", "certsvc doctor"),
    "a test root in a production home": (_mix, "测试/生产混用", "certsvc"),
    "data keys that are gone": (_lose_data_key, "缺少数据密钥文件", "cp -a COPY/. "),
    "a database without tables": (_empty_database, "数据库尚未建立", "certsvc init"),
    "a database of a later version": (_newer_database, "数据库版本比程序新", "certsvc --version"),
}


@pytest.mark.parametrize("defect", DEFECTS)
def test_a_defect_is_named_with_what_helps(home: Path, defect: str) -> None:
    spoil, words, hint = DEFECTS[defect]
    spoil(home)
    said = call("doctor", "--home", home)
    assert (said.code, words in said.out, hint in said.err) == (1, True, True), said


@pytest.mark.parametrize("defect", ["a key that others may read", "a test root in a production home"])
def test_a_start_is_refused_for_the_same_defect(home: Path, defect: str) -> None:
    DEFECTS[defect][0](home)
    assert call("list", "--home", home).code == 1


def test_an_old_database_is_brought_up_to_date(home: Path) -> None:
    from certsvc.store.migrate import upgrade

    # The only earlier state so far is the empty database.
    _empty_database(home)
    upgrade(f"sqlite:///{home / 'certsvc.sqlite3'}", "base")
    assert call("doctor", "--home", home).code == 1
    said = call("doctor", "--upgrade", "--home", home)
    assert "数据库已是最新版本" in said.err
    assert "✔ 数据库版本" in said.out


def test_a_strict_home_is_told_of_its_witnesses(tmp_path: Path) -> None:
    place = tmp_path / "strict"
    made = must("init", "--test", "--log-required", "--home", place)
    assert "certsvc witness add VKEY URL" in made.err
    said = call("doctor", "--home", place)
    assert (said.code, "its witnesses are not all appointed (0)" in said.out, "certsvc witness add" in said.err) == (
        1,
        True,
        True,
    )
    vkeys = [must("witness", "init", f"w.example/{n}", "--home", tmp_path / n).out.strip() for n in ("a", "b")]
    for vkey, name in zip(vkeys, ("a", "b"), strict=True):
        must("witness", "add", vkey, f"file:{tmp_path / name}", "--threshold", 2, "--home", place)
    assert "2 witnesses answer, 2 have to cosign" in must("doctor", "--home", place).out
    must("witness", "add", vkeys[0], f"file:{tmp_path / 'gone'}", "--home", place)
    said = call("doctor", "--home", place)
    assert (said.code, "✖ 见证人应答 1 名,须 2 名" in said.out) == (1, True)


def test_an_old_cosignature_is_mentioned(home: Path, tmp_path: Path) -> None:
    vkey = must("witness", "init", "w.example/a", "--home", tmp_path / "a").out.strip()
    must("witness", "add", vkey, f"file:{tmp_path / 'a'}", "--home", home)
    assert "cosigned too long ago" not in must("doctor", "--home", home).out
    with opened(home) as instance:
        instance.clock = instance.now() - 3700
        cosign.cosign(instance)
    said = must("doctor", "--home", home)
    assert ("cosigned too long ago" in said.out, "certsvc serve" in said.err) == (True, True)


def test_a_place_without_a_home_is_told_how_to_make_one(tmp_path: Path) -> None:
    said = call("doctor", "--home", tmp_path / "nowhere")
    assert (said.code, f"certsvc init --home {tmp_path / 'nowhere'}" in said.err) == (1, True)


def test_a_root_key_that_stays_on_a_production_machine_is_mentioned(tmp_path: Path) -> None:
    must("init", "--public-url", "https://sample.invalid", "--authority-name", "示例(样章)", "--home", tmp_path / "p")
    assert "根密钥仍在本机" in must("doctor", "--home", tmp_path / "p").out


def test_a_home_that_others_may_read_is_mentioned(home: Path) -> None:
    assert "may read the home" not in must("doctor", "--home", home).out
    home.chmod(0o755)
    said = must("doctor", "--home", home)
    assert ("may read the home" in said.out, f"chmod 700 {home}" in said.err) == (True, True)


def test_init_never_overwrites(home: Path) -> None:
    before = (home / "roots.pem").read_bytes()
    said = call("init", "--test", "--home", home)
    assert (said.code, "home_exists" in said.err) == (1, True)
    assert (home / "roots.pem").read_bytes() == before


def test_init_prints_the_transcript_that_it_keeps(tmp_path: Path) -> None:
    said = must("init", "--test", "--home", tmp_path / "home")
    assert said.out == (tmp_path / "home" / "ceremony.txt").read_text(encoding="utf-8")
    assert {"root", "policy", "issuing", "credential", "seal"} <= {line.split()[0] for line in said.out.splitlines()}
