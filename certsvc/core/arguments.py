"""What a predicate of a procedure may be told: its arguments by name and form, and nothing else.

An argument that is misspelt would otherwise count as one that is not there, and what it was to forbid would be allowed.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from certsvc.core.schemas import LEVEL

LEVELS = frozenset(LEVEL.values)
#: Numbers of a person's row that the arguments of a predicate may name.
FIGURES = frozenset((
    "yes", "no", "abstain", "professional_hours", "public_hours", "service_years", "level_years", "appraisals",
    "contract_years", "probation_months", "evidence_items", "degree_rank", "skill_rank",
))  # fmt: skip
#: Words of a person's row that they may name.
WORDS = frozenset(("occupation",))
_EXAM = re.compile(rf"[0-9A-Z]{{2}}:({'|'.join(LEVEL.values)})")


@dataclass(frozen=True)
class Form:
    """What the value of an argument is: in words, and as a question."""

    zh: str
    en: str
    fits: Callable[[Any], bool]


def _is_whole(value: Any) -> bool:
    return type(value) is int


def _list_of(fits: Callable[[str], bool]) -> Callable[[Any], bool]:
    return lambda value: type(value) is list and all(type(one) is str and fits(one) for one in value)


def _by_level(value: Any) -> bool:
    return type(value) is dict and value.keys() <= LEVELS and all(map(_is_whole, value.values()))


def _by_figure(value: Any) -> bool:
    # Of nothing everything would be true.
    return type(value) is dict and bool(value) and all(map(_is_whole, value.values()))


WHOLE = Form("整数", "a whole number", _is_whole)
YES_OR_NO = Form("true 或 false", "true or false", lambda value: type(value) is bool)
LEVEL_LIST = Form("级别列表", "a list of levels", _list_of(LEVELS.__contains__))
WORD_LIST = Form("词语列表", "a list of words", _list_of(bool))
EXAM_LIST = Form("“系列:级别”列表", "a list of SERIES:LEVEL", _list_of(lambda one: bool(_EXAM.fullmatch(one))))
WHOLE_BY_LEVEL = Form("各级别的整数", "whole numbers by level", _by_level)
WHOLE_BY_FIGURE = Form("各项数据的整数", "whole numbers by figure", _by_figure)


@dataclass(frozen=True)
class Arguments:
    """The arguments of one predicate: those in `forms`, of which the `needed` ones must be given."""

    forms: Mapping[str, Form] = field(default_factory=dict)
    needed: frozenset[str] = frozenset()
    others: Form | None = None
    """The form of arguments that are named by data of the row."""
    some: bool = False
    """Whether there must be one at least."""
    names: Callable[[Mapping[str, Any]], Iterable[str]] = lambda args: ()
    """The data of the row that such arguments name."""
    known: frozenset[str] = frozenset()
    """The data that they may name."""

    def fit(self, args: Mapping[str, Any]) -> bool:
        """Whether a predicate may be asked with `args`. Data that a row does not have make it false by themselves."""
        return not any(self._amiss(args))

    def faults(self, args: Mapping[str, Any]) -> tuple[tuple[str, str], ...]:
        """What is wrong with `args` where a procedure is read, in Chinese and English: also data that no row has."""
        if found := tuple(self._amiss(args)):
            return found
        listed = ", ".join(sorted(self.known))
        return tuple(
            (f"没有数据项 {name},可用:{listed}", f"no figure is called {name}, only {listed}")
            for name in sorted({*self.names(args)} - self.known)
        )

    def _amiss(self, args: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
        listed = ", ".join(self.forms) or "—"
        for name, value in args.items():
            form = self.forms.get(name, self.others)
            if form is None:
                yield f"没有参数 {name},可用:{listed}", f"no argument is called {name}, only {listed}"
            elif not form.fits(value):
                yield f"参数 {name} 须为{form.zh}", f"the argument {name} must be {form.en}"
        for name in sorted(self.needed - args.keys()):
            yield f"缺少参数 {name}", f"the argument {name} is missing"
        if self.some and not args:
            yield "没有参数", "there is no argument"


NONE = Arguments()
WITHIN_RATIO = Arguments(
    {"percent": WHOLE_BY_LEVEL, "extra_points": WHOLE_BY_LEVEL, "granted": YES_OR_NO}, frozenset({"percent"})
)
LEVEL_STEP = Arguments({"min_step": WHOLE, "max_step": WHOLE, "entry_levels": LEVEL_LIST})
EDUCATION_CHECK = Arguments({"from_year": WHOLE})
NOT_EXAM_SERIES = Arguments({"exam": EXAM_LIST}, frozenset({"exam"}))
AT_LEAST = Arguments(others=WHOLE, some=True, names=lambda args: args, known=FIGURES)
AT_LEAST_FOR_LEVEL = Arguments(
    dict.fromkeys(LEVEL.values, WHOLE_BY_FIGURE),
    some=True,
    names=lambda args: [name for figures in args.values() for name in figures],
    known=FIGURES,
)
ONE_OF = Arguments(others=WORD_LIST, some=True, names=lambda args: args, known=WORDS)
STAGE = Arguments({"stage": WHOLE}, frozenset({"stage"}))
