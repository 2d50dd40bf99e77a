"""`procedure`: the signed procedures in words, and a draft tried against a year; nothing is written, whatever it finds."""

import json
from pathlib import Path
from typing import Any

import pytest
from cli_for_tests import call, must
from demo_for_tests import shared_demo
from support_instance import build_small_instance
from world_for_tests import census

from certsvc import resources
from certsvc.instance import open_instance


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home with three certificates of one roster, closed."""
    small = build_small_instance(tmp_path_factory.mktemp("procedure") / "home")
    small.instance.close()
    return small.instance.home


def present(home: Path) -> dict[str, Any]:
    draft: dict[str, Any] = json.loads(must("procedure", "show", "T01", "--json", "--home", home).out)
    return draft


def written(folder: Path, draft: Any) -> Path:
    path = folder / "draft.json"
    path.write_text(json.dumps(draft, ensure_ascii=False), "utf-8")
    return path


def longer(draft: dict[str, Any], days: int) -> dict[str, Any]:
    draft["steps"][0]["min_working_days"] = days
    return draft


def test_the_list_names_every_signed_procedure_with_its_years(home: Path) -> None:
    said = must("procedure", "list", "--home", home).out
    line = next(line for line in said.splitlines() if line.startswith("T01"))
    assert "评审" in line and "Review by a committee" in line and "2025-01-05" in line and line.endswith("✔")
    assert len(said.splitlines()) == 1 + len(resources.tracks())


def test_a_procedure_is_shown_step_by_step_with_its_rules(home: Path) -> None:
    said = must("procedure", "show", "T01", "--home", home).out
    evaluate = next(line for line in said.splitlines() if line.startswith("evaluate"))
    assert "quorum_two_thirds votes_add_up yes_two_thirds" in evaluate and "人社部令第40号" in evaluate
    assert "分开 apart: " in said and "≠" in said


def test_a_track_without_a_procedure_is_told_with_the_next_command(home: Path) -> None:
    said = call("procedure", "show", "T99", "--home", home)
    assert (said.code, "T99" in said.err, "certsvc procedure list" in said.err) == (1, True, True)


def test_what_show_gives_as_json_is_a_draft_that_makes_nothing_void(home: Path, tmp_path: Path) -> None:
    said = must("procedure", "simulate", written(tmp_path, present(home)), "--against", 2025, "--home", home)
    assert "R0001  合规 lawful" in said.out
    assert "T01 v1 / 2025: 1 花名册 rosters: 合规 lawful 1 · 程序无效 void 0" in said.out
    assert "受影响 affected: 0 人 people, 0 证 certificates" in said.out
    assert "未写入任何内容" in said.err


def test_a_stricter_draft_is_told_in_both_languages_and_leaves_with_nought(home: Path, tmp_path: Path) -> None:
    draft = written(tmp_path, longer(present(home), 10))
    said = must("procedure", "simulate", draft, "--against", 2025, "--home", home).out
    roster, zh, en, figures = said.splitlines()[:4]
    assert roster.startswith("R0001  程序无效 void") and "3 人 people, 3 证 certificates" in roster
    assert "示例机构UNIT" in zh and "7" in zh and "10" in zh
    assert "示例机构UNIT" in en and "10" in en
    assert figures.strip().startswith("[interval_short] 3 人 people, 3 证 certificates")
    assert "受影响 affected: 3 人 people, 3 证 certificates" in said


def test_json_says_the_same_to_a_machine(home: Path, tmp_path: Path) -> None:
    draft = written(tmp_path, longer(present(home), 10))
    said = json.loads(must("procedure", "simulate", draft, "--against", 2025, "--json", "--home", home).out)
    (roster,) = said["rosters"]
    (reason,) = roster.pop("reasons")
    assert (said["track"], said["against"], said["summary"]["void"], said["summary"]["people"]) == ("T01", 2025, 1, 3)
    assert (roster["roster"], roster["verdict"], roster["affected_certificates"]) == ("R0001", "void", 3)
    assert (reason["code"], reason["act"], reason["org"]) == ("interval_short", "unit_notice", "UNIT")
    assert reason["figures"]["needed"] == "10" and reason["zh"] and reason["en"]


def test_a_figure_that_nobody_was_asked_for_is_told_as_that_and_makes_nothing_void(home: Path, tmp_path: Path) -> None:
    draft = present(home)
    evaluate = next(step for step in draft["steps"] if step["act"] == "evaluate")
    evaluate["facts"].append({"name": "within_posts", "args": {}})
    said = must("procedure", "simulate", written(tmp_path, draft), "--against", 2025, "--home", home).out
    roster, zh, en, figures = said.splitlines()[:4]
    assert roster.startswith("R0001  无法判定 cannot decide")
    assert "办理“评议、表决”时没有要求“核定岗位数”" in zh and "示例机构" in zh
    assert "did not ask" in en and "posts" in en
    assert figures.strip().startswith("[figure_unasked] 3 人 people")
    assert "受影响 affected: 0 人 people" in said


def test_a_year_without_rosters_is_told(home: Path, tmp_path: Path) -> None:
    said = must("procedure", "simulate", written(tmp_path, present(home)), "--against", 1999, "--home", home)
    assert "1999: 0 花名册 rosters" in said.out and "certsvc roster list" in said.err


def test_a_bad_draft_is_refused_by_its_member(home: Path, tmp_path: Path) -> None:
    draft = present(home)
    draft["steps"][1]["roles"] = ["mayor"]
    said = call("procedure", "simulate", written(tmp_path, draft), "--against", 2025, "--home", home)
    assert (said.code, said.out) == (1, "")
    assert "draft.steps[1].roles[0]" in said.err and "certsvc procedure show T01" in said.err
    assert call("procedure", "simulate", tmp_path / "none.json", "--against", 2025, "--home", home).code == 2


def test_a_trial_writes_nothing_and_tells_what_was_not_lawful_before(
    tmp_path_factory: pytest.TempPathFactory, tmp_path: Path
) -> None:
    demo = shared_demo(tmp_path_factory)
    instance = open_instance(demo)
    before = census(instance)
    said = must("procedure", "simulate", written(tmp_path, present(demo)), "--against", 2025, "--home", demo).out
    # Four of the demo's rosters break the very procedure: a committee beyond its level, a short notice, none at all, and
    # all acts in one night.
    void = [line for line in said.splitlines() if "程序无效 void  " in line]
    assert len(void) == 4 and all("按原程序已有 2 人不合规" in line for line in void)
    assert {"[level_out_of_scope]", "[interval_short]", "[act_missing]"} <= set(said.split())
    assert census(instance) == before
    instance.close()
