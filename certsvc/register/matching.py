"""Whether an incoming person is somebody we know (domain.md 6.3): by identity number first, never by name alone."""

import unicodedata
from dataclasses import dataclass
from typing import Literal

from certsvc.store.rows import KnownPerson

#: Why a person must decide, by code.
REASONS = {
    "number_other_name": ("证件号码相同而姓名不同", "The number is known under another name."),
    "number_other_birth": ("证件号码相同而出生日期或性别不同", "The number is known with another birth date or sex."),
    "same_person_other_number": (
        "姓名、出生日期、性别、单位相同而证件号码不同",
        "Somebody of this name, birth date, sex and unit has another number.",
    ),
    "unit_unknown": (
        "姓名、出生日期、性别相同,单位不详,证件号码不同",
        "Somebody of this name, birth date and sex has another number, and a unit is missing to tell them apart.",
    ),
}


@dataclass(frozen=True)
class Incoming:
    """What a row says. `kind` and `number_key` name the identity document, `name_fold` is folded, `unit` as written."""

    kind: str
    number_key: str
    name_fold: str
    birth: str
    sex: str
    unit: str


@dataclass(frozen=True)
class Match:
    """The decision: the `same` person, a `new` one, or `ask` an officer who of `candidates` it is, for `reason`."""

    outcome: Literal["same", "new", "ask"]
    person_id: str | None = None
    candidates: tuple[KnownPerson, ...] = ()
    reason: str = ""

    @classmethod
    def same(cls, person_id: str) -> "Match":
        return cls("same", person_id)

    @classmethod
    def new(cls) -> "Match":
        return cls("new")

    @classmethod
    def ask(cls, candidates: tuple[KnownPerson, ...], reason: str) -> "Match":
        return cls("ask", candidates=candidates, reason=reason)


def match(incoming: Incoming, bearer: KnownPerson | None, candidates: tuple[KnownPerson, ...]) -> Match:
    """Who `incoming` is, given the bearer of the same number and everybody of the same name, birth date and sex.

    A number settles it only when name, birth date and sex agree: some numbers were once given to two people, and
    names change. Without the number, agreement in all four of name, birth date, sex and unit is a question for a
    person, since one person may have had two numbers; agreement in less is somebody else.
    """
    if bearer is not None:
        return _by_number(incoming, bearer)
    alike = tuple(person for person in candidates if _same_name_birth_sex(incoming, person))
    unit = _fold_unit(incoming.unit)
    colleagues = tuple(person for person in alike if unit in _units(person))
    unclear = tuple(person for person in alike if not unit or not _units(person))
    if colleagues:
        return Match.ask(colleagues + unclear, "same_person_other_number")
    return Match.ask(unclear, "unit_unknown") if unclear else Match.new()


def _by_number(incoming: Incoming, bearer: KnownPerson) -> Match:
    if incoming.name_fold not in bearer.name_folds:
        return Match.ask((bearer,), "number_other_name")
    if (incoming.birth, incoming.sex) != (bearer.birth, bearer.sex):
        return Match.ask((bearer,), "number_other_birth")
    return Match.same(bearer.person_id)


def _same_name_birth_sex(incoming: Incoming, person: KnownPerson) -> bool:
    same_name = incoming.name_fold in person.name_folds
    return same_name and (incoming.birth, incoming.sex) == (person.birth, person.sex)


def _units(person: KnownPerson) -> set[str]:
    return {_fold_unit(unit) for unit in person.units} - {""}


def _fold_unit(name: str) -> str:
    """A unit name without spaces, width and case: a trailing space once made a second unit (domain.md 6.2)."""
    return "".join(unicodedata.normalize("NFKC", name).split()).casefold()
