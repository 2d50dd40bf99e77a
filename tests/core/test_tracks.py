"""A track's file: what is signed of it, what names it, how far it lets somebody rise."""

import json
from typing import Any

import pytest

from certsvc import resources
from certsvc.core.errors import Malformed
from certsvc.core.tracks import Track, by_code, parse_track, wrong_members

T01: dict[str, Any] = json.loads((resources.path("procedures") / "T01.json").read_text(encoding="utf-8"))


def track(**changes: object) -> Track:
    return parse_track(json.dumps({**T01, **changes}).encode())


def asks(name: str, **args: object) -> dict[str, Any]:
    """The steps of T01 with one more fact."""
    first, *others = T01["steps"]
    return {"steps": [{**first, "facts": [{"name": name, "args": args}]}, *others]}


def test_the_words_of_rosters_are_not_signed() -> None:
    one = track()
    assert one.words == tuple(T01["roster_words"])
    assert one.procedure == {name: member for name, member in T01.items() if name != "roster_words"}


@pytest.mark.parametrize(
    ("changes", "code", "named"),
    [
        ({"roster_words": []}, "track_words", "T01"),
        ({"roster_words": [1]}, "member_form", "track.roster_words[0]"),
        ({"roster_word": ["评审"]}, "unknown_member", "track.roster_word"),
        ({"iat": 0}, "unknown_member", "track.iat"),
        ({"version": "1"}, "member_form", "track.version"),
        ({"award_date": "file"}, "track_member", "award_date"),
        (
            asks("level_step", min_steps=0),
            "track_member",
            "steps[0].facts[0].args: of level_step, no argument is called min_steps, "
            "only min_step, max_step, entry_levels",
        ),
        (asks("moon_is_full"), "track_member", "steps[0].facts[0].name"),
    ],
)
def test_a_wrong_file_is_refused_by_the_member_that_is_wrong(changes: dict[str, Any], code: str, named: str) -> None:
    with pytest.raises(Malformed) as refused:
        track(**changes)
    assert refused.value.code == code and named in refused.value.en


#: What is changed in the procedure of T01 -> each member that is wrong, with both sentences about it.
WRONG: dict[str, tuple[dict[str, Any], list[tuple[str, str, str]]]] = {
    "nothing": ({"document_lag_days": 0, "apart": []}, []),
    "a_lag_below_nought": ({"document_lag_days": -1}, [("document_lag_days", "不得小于 0", "is not below nought")]),
    "an_act_that_is_no_step": (
        {"apart": [["evaluate", "approve"], ["evaluate", "revoke"]], "award_date": "correct"},
        [("apart[1]", "步骤中没有 revoke", "revoke is no step of it"),
         ("award_date", "步骤中没有 correct", "correct is no step of it")],
    ),
    "an_act_apart_from_itself": (
        {"apart": [["evaluate", "evaluate"], ["evaluate", "approve", "issue"], ["evaluate", "issue"]]},
        [("apart[0]", "须写两个环节", "names two acts"), ("apart[1]", "须写两个环节", "names two acts")],
    ),
    "a_notice_below_nought": (
        {"steps": [{**step, "min_working_days": -1 if n == 1 else 0} for n, step in enumerate(T01["steps"])]},
        [("steps[1].min_working_days", "不得小于 0", "is not below nought")],
    ),
    "an_end_before_the_beginning": ({"nbf": 10, "exp": 9}, [("exp", "不得早于 nbf", "is not before nbf")]),
    "facts_of_two_kinds": (
        {"steps": [
            {**T01["steps"][0], "row_facts": [{"name": "within_posts", "args": {}}, {"name": "moon", "args": {}}]},
            {**T01["steps"][1], "facts": [{"name": "stage", "args": {"stage": "1"}}], "row_facts": []},
            *T01["steps"][2:],
        ]},
        [("steps[0].row_facts[1].name", "没有事实规则 moon", "no fact is called moon"),
         ("steps[1].facts[0].args", "stage 参数 stage 须为整数", "of stage, the argument stage must be a whole number")],
    ),
}  # fmt: skip


@pytest.mark.parametrize(("changes", "said"), WRONG.values(), ids=WRONG.keys())
def test_each_member_that_is_wrong_is_told_in_both_languages(
    changes: dict[str, Any], said: list[tuple[str, str, str]]
) -> None:
    assert list(wrong_members({**T01, **changes})) == said


def test_two_files_of_one_code_are_refused() -> None:
    assert list(by_code([track(track="T22"), track()])) == ["T01", "T22"]
    with pytest.raises(Malformed) as refused:
        by_code([track(), track(version=2)])
    assert refused.value.code == "track_words"
    assert (track().code, track(track="T22").code) == ("T01", "T22")


@pytest.mark.parametrize(
    ("args", "steps"),
    [
        ([], None),
        ([{}], (1, 1)),
        ([{"max_step": 3}], (1, 3)),
        ([{"min_step": 0, "max_step": 0}], (0, 0)),
        ([{"max_step": 3}, {"max_step": 2, "min_step": 0}], (1, 2)),
    ],
)
def test_how_far_somebody_may_rise_is_what_all_its_level_steps_allow(
    args: list[dict[str, int]], steps: tuple[int, int] | None
) -> None:
    facts = [{"name": "level_step", "args": one} for one in args]
    first, *others = ({**step, "row_facts": []} for step in T01["steps"])
    assert track(steps=[{**first, "row_facts": facts}, *others]).steps == steps
