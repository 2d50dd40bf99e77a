"""`status` after the decision: notices and their delivery, a new signature after a compromise; versions in `show` and `list`."""

import shlex
import shutil
from pathlib import Path

import pytest
from cli_for_tests import Said, call, must
from support_instance import build_small_instance

from certsvc.instance import open_instance
from certsvc.services import documents

NOW = ("--clock", "2025-02-18T10:00:00+08:00")
PAPER = ("--document-number", "示例决〔2025〕9号", "--document-date", "2025-02-18")


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, tuple[str, ...]]:
    """A home with two certificates, closed, and their verification codes."""
    small = build_small_instance(tmp_path_factory.mktemp("status") / "home", people=2)
    small.instance.close()
    return small.instance.home, tuple(one.code for one in small.issued)


@pytest.fixture
def home(template: tuple[Path, tuple[str, ...]], tmp_path: Path) -> Path:
    return Path(shutil.copytree(template[0], tmp_path / "home"))


@pytest.fixture
def code(template: tuple[Path, tuple[str, ...]]) -> str:
    return template[1][0]


def decide(home: Path, kind: str, code: str, *more: str, proposal: str = "P0001") -> Said:
    """Proposed by the one and decided by the other officer; what was said at the decision."""
    must("status", kind, code, "--officer", "HRSS-1", *more, *PAPER, *NOW, "--home", home)
    return must("status", "approve", proposal, "--officer", "HRSS-2", *NOW, "--home", home)


def line_of(said: Said, start: str) -> str:
    """The line of the result that begins with `start`; empty if there is none."""
    return next((line for line in said.out.splitlines() if line.startswith(start)), "")


# --- what cannot be decided ------------------------------------------------------------------------------------------


def test_a_proposal_that_cannot_be_decided_is_dropped_and_the_same_is_proposed_again(home: Path, code: str) -> None:
    must("status", "suspend", code, "--officer", "HRSS-1", *PAPER, *NOW, "--home", home)
    sound = call("status", "drop", "P0001", *NOW, "--home", home)
    assert (sound.code, "proposal_sound" in sound.err) == (1, True)
    stolen = ("--since", "2025-02-18T09:00:00+08:00", "--officer", "HRSS-1", "--second", "HRSS-2")
    with open_instance(home).engines.read.connect() as connection:
        jkt = documents.officer_key(connection, "HRSS-1").jkt
    must("keys", "compromised", *stolen, "--document-number", "失密1号", *NOW, "--home", home, "--", jkt)
    refused = call("status", "approve", "P0001", "--officer", "HRSS-2", *NOW, "--home", home)
    assert (refused.code, "proposal_unsound" in refused.err) == (1, True)
    assert f"certsvc status drop P0001 --home {home}" in refused.err
    dropped = must("status", "drop", "P0001", *NOW, "--home", home)
    (command,) = [line.partition("Next:")[2].strip() for line in dropped.err.splitlines() if "Next:" in line]
    assert line_of(must("status", "list", "--home", home), "P0001") == ""
    assert "dropped" in line_of(must("status", "list", "--all", "--home", home), "P0001")
    must(*shlex.split(command)[1:], *NOW)
    must("status", "approve", "P0002", "--officer", "HRSS-2", *NOW, "--home", home)


# --- notices --------------------------------------------------------------------------------------------------------


def test_a_decision_leads_to_its_letter_and_the_letter_to_its_delivery(home: Path, code: str) -> None:
    assert f"certsvc status notices --open --home {home}" in decide(home, "suspend", code).err
    listed = must("status", "notices", "--open", "--home", home)
    assert "未送达 open" in line_of(listed, "N0001")
    assert f"certsvc status notice N0001 --home {home}" in listed.err
    letter = must("status", "notice", "N0001", "--home", home)
    zh, en = letter.out.index("告知书 N0001"), letter.out.index("Notice N0001")
    assert zh < en
    assert "样章甲" in letter.out
    assert "certsvc status notified N0001 --officer OFFICER" in letter.err
    must("status", "notified", "N0001", "--officer", "HRSS-1", "--way", "当面送达", *NOW, "--home", home)
    assert line_of(must("status", "notices", "--open", "--home", home), "N0001") == ""
    assert "2025-02-18 HRSS-1 当面送达" in line_of(must("status", "notices", "--home", home), "N0001")
    assert "notified" not in must("status", "notice", "N0001", "--home", home).err


def test_a_delivery_is_recorded_once_and_says_what_to_do_instead(home: Path, code: str) -> None:
    decide(home, "suspend", code)
    deliver = ("status", "notified", "N0001", "--officer", "HRSS-1", *NOW, "--home", home)
    must(*deliver, "--way", "当面")
    again = call(*deliver, "--way", "邮寄")
    assert (again.code, "notice_delivered" in again.err) == (1, True)
    assert f"certsvc status notices --open --home {home}" in again.err
    assert "当面" in line_of(must("status", "notices", "--home", home), "N0001")


def test_a_letter_that_nobody_wrote_is_not_found(home: Path) -> None:
    said = call("status", "notice", "N0404", "--home", home)
    assert (said.code, "notice_unknown" in said.err) == (1, True)
    assert f"certsvc status notices --home {home}" in said.err


# --- reasons --------------------------------------------------------------------------------------------------------


def test_a_revocation_must_say_why(home: Path, code: str) -> None:
    said = call("status", "revoke", code, "--officer", "HRSS-1", "--retroactive", *PAPER, *NOW, "--home", home)
    assert (said.code, "--reason" in said.err) == (2, True)


def test_a_revocation_may_say_that_a_key_was_compromised(home: Path, code: str) -> None:
    decide(home, "revoke", code, "--reason", "key_compromised", "--retroactive")
    assert "revoked" in line_of(must("show", code, "--home", home), "状态 state")


def test_a_correction_without_a_reason_is_a_correction_and_needs_a_value(home: Path, code: str) -> None:
    propose = ("status", "correct", code, "--officer", "HRSS-1", *PAPER, *NOW, "--home", home)
    refused = call(*propose)
    assert (refused.code, "changes_missing" in refused.err, "certsvc status correct" in refused.err) == (1, True, True)
    must(*propose, "--set", "name=样章丁")


# --- versions -------------------------------------------------------------------------------------------------------


def test_show_names_the_version_before_and_the_version_after(home: Path, code: str) -> None:
    made = decide(home, "correct", code, "--reason", "key_compromised").out.split()
    number, new = made[3], made[5]
    old_view, new_view = must("show", code, "--home", home), must("show", new, "--home", home)
    assert f"{number} v2 (2025-02-18)" in line_of(old_view, "被替代 replaced by")
    assert line_of(old_view, "替代 replaces") == ""
    assert f"{number} v1 (2025-02-17)" in line_of(new_view, "替代 replaces")
    assert line_of(new_view, "被替代 replaced by") == ""


def test_list_names_the_version_before_and_the_version_after(home: Path, code: str) -> None:
    decide(home, "correct", code, "--set", "name=样章丁")
    rows = {tuple(line.split()[2:3]): line for line in must("list", "--home", home).out.splitlines()[1:]}
    old, new, other = (rows[(name,)] for name in ("样章甲", "样章丁", "样章乙"))
    assert old.endswith("superseded  已被替代 replaced by v2")
    assert new.endswith("in_force    替代 replaces v1")
    assert other.endswith("in_force")


def test_a_list_of_one_state_still_names_the_other_version(home: Path, code: str) -> None:
    decide(home, "correct", code, "--set", "name=样章丁")
    assert "已被替代 replaced by v2" in must("list", "--state", "superseded", "--home", home).out
