"""The file of claim links: for its owner only, and after an interruption complete, without a line twice or cut off."""

import csv
import stat
from pathlib import Path

import pytest
from support_instance import SmallInstance, build_small_instance

from certsvc.cli.certificates import _link_file
from certsvc.core.errors import Refused
from certsvc.services.issue import Prepared

PEOPLE = [Prepared(f"number{n}", f"示例{n}", f"token-{n}") for n in range(3)]


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> SmallInstance:
    return build_small_instance(tmp_path_factory.mktemp("links") / "home", people=1)


def note(small: SmallInstance, path: Path, *people: Prepared) -> None:
    with _link_file(small.instance, path) as told:
        told(list(people))


def rows(path: Path) -> list[list[str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.reader(file))


def whole(small: SmallInstance) -> list[list[str]]:
    links = [[one.number, one.name, f"{small.instance.public_url}/claim/{one.claim_token}"] for one in PEOPLE]
    return [["number", "name", "link"], *links]


def test_links_are_noted_as_they_come(small: SmallInstance, tmp_path: Path) -> None:
    path = tmp_path / "links.csv"
    with _link_file(small.instance, path) as told:
        told(PEOPLE[:2])
        assert rows(path) == whole(small)[:3]
        told(PEOPLE[2:])
    assert rows(path) == whole(small)


def test_a_file_that_others_could_read_is_closed_to_them(small: SmallInstance, tmp_path: Path) -> None:
    path = tmp_path / "links.csv"
    path.touch(0o644)
    note(small, path, *PEOPLE)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_a_link_that_leads_elsewhere_is_not_followed(small: SmallInstance, tmp_path: Path) -> None:
    (tmp_path / "links.csv").symlink_to(tmp_path / "elsewhere.csv")
    with pytest.raises(OSError):
        note(small, tmp_path / "links.csv", *PEOPLE)
    assert not (tmp_path / "elsewhere.csv").exists()


@pytest.mark.parametrize("cut", range(0, 80, 5))
def test_after_an_interruption_every_line_stands_once(small: SmallInstance, tmp_path: Path, cut: int) -> None:
    path = tmp_path / "links.csv"
    note(small, path, *PEOPLE[:2])
    path.write_bytes(path.read_bytes()[: -cut or None])
    note(small, path, *PEOPLE)
    assert sorted(rows(path)) == sorted(whole(small))


def test_a_file_that_holds_something_else_is_left_alone(small: SmallInstance, tmp_path: Path) -> None:
    path = tmp_path / "letter.txt"
    path.write_text("a letter without a last line end")
    with pytest.raises(Refused) as error:
        note(small, path, *PEOPLE)
    assert error.value.code == "links_foreign"
    assert path.read_text() == "a letter without a last line end"


def test_a_name_that_looks_like_a_formula_is_no_formula(small: SmallInstance, tmp_path: Path) -> None:
    note(small, tmp_path / "links.csv", Prepared("number", "=1+1", "token"))
    assert rows(tmp_path / "links.csv")[1][1] == "'=1+1"
