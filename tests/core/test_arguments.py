"""What a predicate may be told: every argument by its name and form, and what is said of each that is amiss."""

from typing import Any

import pytest

from certsvc.core import arguments
from certsvc.core.arguments import FIGURES, WORDS, Arguments
from certsvc.core.schemas import LEVEL

ALL_FIGURES, ALL_WORDS = ", ".join(sorted(FIGURES)), ", ".join(sorted(WORDS))


def unknown(name: str, *known: str) -> tuple[str, str]:
    listed = ", ".join(known) or "—"
    return f"没有参数 {name},可用:{listed}", f"no argument is called {name}, only {listed}"


def form(name: str, zh: str, en: str) -> tuple[str, str]:
    return f"参数 {name} 须为{zh}", f"the argument {name} must be {en}"


def missing(name: str) -> tuple[str, str]:
    return f"缺少参数 {name}", f"the argument {name} is missing"


def figure(name: str, listed: str = ALL_FIGURES) -> tuple[str, str]:
    return f"没有数据项 {name},可用:{listed}", f"no figure is called {name}, only {listed}"


EMPTY = ("没有参数", "there is no argument")
WHOLE, BY_LEVEL = ("整数", "a whole number"), ("各级别的整数", "whole numbers by level")
BY_FIGURE, LEVELS = ("各项数据的整数", "whole numbers by figure"), ("级别列表", "a list of levels")
WORD_LIST, EXAMS = ("词语列表", "a list of words"), ("“系列:级别”列表", "a list of SERIES:LEVEL")
YES_OR_NO = ("true 或 false", "true or false")
STEP = ("min_step", "max_step", "entry_levels")

GOOD: list[tuple[Arguments, dict[str, Any]]] = [
    (arguments.NONE, {}),
    (arguments.LEVEL_STEP, {}),
    (arguments.LEVEL_STEP, {"min_step": 0, "max_step": 3, "entry_levels": ["junior"]}),
    (arguments.LEVEL_STEP, {"entry_levels": []}),
    (arguments.WITHIN_RATIO, {"percent": {}}),
    (arguments.WITHIN_RATIO, {"percent": {"senior": 30}, "extra_points": {"senior": 5}, "granted": False}),
    (arguments.NOT_EXAM_SERIES, {"exam": ["05:senior", "0A:junior"]}),
    (arguments.AT_LEAST, {"yes": 2, "no": -1}),
    (arguments.AT_LEAST_FOR_LEVEL, {"senior": {"yes": 1}}),
    (arguments.ONE_OF, {"occupation": ["drone"]}),
    (arguments.EDUCATION_CHECK, {"from_year": 2001}),
    (arguments.STAGE, {"stage": 1}),
]
BAD: list[tuple[Arguments, dict[str, Any], list[tuple[str, str]]]] = [
    (arguments.NONE, {"x": 1}, [unknown("x")]),
    (arguments.LEVEL_STEP, {"min_step": True}, [form("min_step", *WHOLE)]),
    (arguments.LEVEL_STEP, {"min_steps": 1, "max_step": "1"}, [unknown("min_steps", *STEP), form("max_step", *WHOLE)]),
    (arguments.LEVEL_STEP, {"entry_levels": ["doctor"]}, [form("entry_levels", *LEVELS)]),
    (arguments.LEVEL_STEP, {"entry_levels": ("junior",)}, [form("entry_levels", *LEVELS)]),
    (arguments.LEVEL_STEP, {"entry_levels": "junior"}, [form("entry_levels", *LEVELS)]),
    (arguments.LEVEL_STEP, {"entry_levels": [1]}, [form("entry_levels", *LEVELS)]),
    (arguments.WITHIN_RATIO, {}, [missing("percent")]),
    (arguments.WITHIN_RATIO, {"percent": {"doctor": 1}}, [form("percent", *BY_LEVEL)]),
    (arguments.WITHIN_RATIO, {"percent": {"senior": "1"}}, [form("percent", *BY_LEVEL)]),
    (arguments.WITHIN_RATIO, {"percent": []}, [form("percent", *BY_LEVEL)]),
    (arguments.WITHIN_RATIO, {"granted": 1}, [form("granted", *YES_OR_NO), missing("percent")]),
    (arguments.NOT_EXAM_SERIES, {"exam": ["05:senior", "05:senior2"]}, [form("exam", *EXAMS)]),
    (arguments.NOT_EXAM_SERIES, {"exam": ["5:senior"]}, [form("exam", *EXAMS)]),
    (arguments.AT_LEAST, {}, [EMPTY]),
    (arguments.AT_LEAST, {"yes": None}, [form("yes", *WHOLE)]),
    (arguments.AT_LEAST, {"yess": 1, "a": 2}, [figure("a"), figure("yess")]),
    (arguments.AT_LEAST_FOR_LEVEL, {}, [EMPTY]),
    (arguments.AT_LEAST_FOR_LEVEL, {"senior": {}}, [form("senior", *BY_FIGURE)]),
    (arguments.AT_LEAST_FOR_LEVEL, {"senior": {"yes": "1"}}, [form("senior", *BY_FIGURE)]),
    (arguments.AT_LEAST_FOR_LEVEL, {"senior": [1]}, [form("senior", *BY_FIGURE)]),
    (arguments.AT_LEAST_FOR_LEVEL, {"senior": {"yess": 1}}, [figure("yess")]),
    (arguments.AT_LEAST_FOR_LEVEL, {"yes": {"yes": 1}}, [unknown("yes", *LEVEL.values)]),
    (arguments.ONE_OF, {}, [EMPTY]),
    (arguments.ONE_OF, {"occupation": [""]}, [form("occupation", *WORD_LIST)]),
    (arguments.ONE_OF, {"trade": ["x"]}, [figure("trade", ALL_WORDS)]),
    (arguments.STAGE, {}, [missing("stage")]),
    (arguments.STAGE, {"stage": 1.0}, [form("stage", *WHOLE)]),
    (
        Arguments({}, frozenset({"b", "a"}), some=True),
        {},
        [missing("a"), missing("b"), EMPTY],
    ),
]


@pytest.mark.parametrize(("asked", "args"), GOOD)
def test_arguments_of_the_right_form_fit(asked: Arguments, args: dict[str, Any]) -> None:
    assert asked.fit(args) and asked.faults(args) == ()


@pytest.mark.parametrize(("asked", "args", "said"), BAD)
def test_what_is_amiss_is_told_by_its_name_in_both_languages(
    asked: Arguments, args: dict[str, Any], said: list[tuple[str, str]]
) -> None:
    assert list(asked.faults(args)) == said
    # Data that no row has make a predicate false by themselves; only who reads a procedure says so.
    assert asked.fit(args) == all(zh.startswith("没有数据项") for zh, _ in said)
