"""A root ends and nothing outlasts it: it is said years ahead, and each command that is named then works."""

import shlex
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner
from support_instance import DAY, SmallInstance, build_small_instance

from certsvc.cli.main import cli
from certsvc.core.errors import NotReady, Refused
from certsvc.services import ceremony, certifiers, compromise, doctor, documents, rotation
from certsvc.store import keys as key_store

PAPER = {"number": "示例决〔2025〕1号", "title": "示例决定书", "date": "2025-02-17"}


@pytest.fixture
def short(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[SmallInstance]:
    """A home whose root ends with its first CA."""
    monkeypatch.setattr(ceremony, "ROOT_YEARS", certifiers.CA_YEARS)
    small = build_small_instance(tmp_path / "home", 1)
    yield small
    small.instance.close()


@pytest.mark.parametrize("days", [3 * 365, 30, 1])
def test_the_doctor_names_no_key_that_another_one_would_not_outlast(short: SmallInstance, days: int) -> None:
    """He named the CA at every visit of the last three years, and each time that was followed made one more."""
    instance = short.instance
    instance.set_clock(instance.roots_end - days * DAY)
    said = [one.hint for one in doctor.key_ends(instance)]
    assert not [one for one in said if one.endswith(("--use ca", "--use policy"))]


@pytest.mark.parametrize(("days", "states"), [(5 * 365 + 2, []), (5 * 365 - 1, ["warn"]), (1, ["warn"]), (-1, ["bad"])])
def test_the_doctor_names_the_root_five_years_ahead(short: SmallInstance, days: int, states: list[str]) -> None:
    short.instance.set_clock(short.instance.roots_end - days * DAY)
    assert [one.state for one in doctor._roots(short.instance)] == states


def test_the_command_that_the_doctor_names_makes_the_home_that_goes_on(short: SmallInstance) -> None:
    """It was `certsvc init` for the home that was there, which is refused."""
    instance = short.instance
    instance.set_clock(instance.roots_end - DAY)
    (said,) = doctor._roots(instance)
    typed = shlex.split(said.hint.replace("URL", "https://next.invalid"))
    done = CliRunner().invoke(cli, typed[1:])
    assert done.exit_code == 0, done.output
    assert (Path(f"{instance.home}-next") / "roots.pem").is_file()


def test_after_the_end_of_the_root_each_refusal_leads_to_the_doctor_and_he_names_no_rotation(
    short: SmallInstance,
) -> None:
    instance = short.instance
    instance.set_clock(instance.roots_end + DAY)
    for org, use in (("HRSS", "status"), ("HRSS", "ca"), ("ROOT", "policy")):
        with pytest.raises(NotReady) as error:
            rotation.rotate_key(instance, org, use)
        assert error.value.hint == "certsvc doctor"
    with pytest.raises(NotReady, match=r"^key_expired:") as error:
        documents.publish_trust(instance)
    assert error.value.hint == "certsvc doctor"
    assert list(doctor.key_ends(instance)) == []


def test_a_stolen_root_leads_to_a_home_of_its_own(small: SmallInstance) -> None:
    with small.instance.engines.read.connect() as connection:
        (root,) = key_store.list_signing_keys(connection, use="root")
    with pytest.raises(Refused) as error:
        compromise.condemn(small.instance, root.jkt, small.now, PAPER)
    assert error.value.hint.startswith(f"certsvc init --home {small.instance.home}-next ")
