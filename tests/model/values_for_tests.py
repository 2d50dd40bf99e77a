"""The plain values of a history: who holds keys, who gave which grant, who signed what when, what was declared.

Nothing here is signed or hashed: documents name each other by words. Times are seconds since 1970 UTC.
"""

from dataclasses import dataclass, field
from typing import Any

HOUR, DAY = 3_600, 86_400
#: 2025-01-05 10:00 in Asia/Shanghai, a Sunday.
START = 1_736_042_400


@dataclass(frozen=True)
class Key:
    """One key of an organisation. `human` for officers; `begins` and `ends` as its X.509 certificate says."""

    name: str
    org: str
    use: str
    human: str | None
    begins: int
    ends: int


@dataclass(frozen=True)
class Scope:
    """What a grant is about; `*` in series is all."""

    series: tuple[str, ...] = ("*",)
    levels: tuple[str, ...] = ("deputy_senior", "intermediate")
    regions: tuple[str, ...] = ("220000",)
    years: tuple[int, int] = (2022, 2030)


@dataclass(frozen=True)
class Grant:
    """`iss` gives `sub`, by the key `by`, the right to do `acts` with `keys`."""

    name: str
    iss: str
    sub: str
    parent: str | None
    role: str
    by: str
    keys: tuple[str, ...]
    acts: tuple[str, ...]
    scope: Scope
    depth: int
    iat: int
    nbf: int
    exp: int


@dataclass(frozen=True)
class Act:
    """An act of a path. `by`: officer, seal, and a second officer. `rows`: what it says about each person.

    `forged`: the first signature was made by a key other than the one it names."""

    name: str
    kind: str
    org: str
    by: tuple[str, ...]
    grants: tuple[str, ...]
    prev: str | None
    iat: int
    paper: str
    facts: dict[str, Any] = field(default_factory=dict)
    rows: dict[str, dict[str, Any]] = field(default_factory=dict)
    forged: bool = False


@dataclass(frozen=True)
class Half:
    """The proposal or the decision of a lifecycle act, signed by `by`: officer, seal."""

    org: str
    by: tuple[str, str]
    grants: tuple[str, ...]
    iat: int
    reason: str


@dataclass(frozen=True)
class Event:
    """A lifecycle act about one certificate; `first_day` is the day from which it counts, if it names one."""

    name: str
    act: str
    certificate: str
    q: int
    value: int
    propose: Half
    decide: Half
    retroactive: bool = False
    first_day: str | None = None


@dataclass(frozen=True)
class Certificate:
    """One version. `path`: the acts, first to last; `corrections`: the events between the versions."""

    name: str
    org: str
    key: str
    nbf: int
    person: str
    path: tuple[str, ...]
    slot: int
    version: int = 1
    award_date: str = ""
    term_until: str | None = None
    corrections: tuple[str, ...] = ()


@dataclass(frozen=True)
class Withdrawal:
    """A grant counts no more: expired | withdrawn | compromised."""

    grant: str
    reason: str
    since: int
    good_before: int | None = None


@dataclass(frozen=True)
class KeyEnd:
    """A key counts no more: rotated | withdrawn | compromised."""

    key: str
    reason: str
    to: int
    good_before: int | None = None
    declared: int | None = None
    """When the reason was known; None: when the key ended."""


@dataclass(frozen=True)
class Edition:
    """What was published at one moment: trust bundle and status list, and what was known when they were made."""

    at: int
    trust_key: str
    status_key: str
    trust_until: int
    list_until: int
    withdrawals: tuple[Withdrawal, ...]
    ends: tuple[KeyEnd, ...]
    events: tuple[str, ...]
    values: dict[int, int]
    grants: tuple[str, ...]


@dataclass(frozen=True)
class Step:
    """One step of a procedure."""

    act: str
    roles: tuple[str, ...]
    signers: int = 1
    facts: tuple[str, ...] = ()
    row_facts: tuple[str, ...] = ()
    min_working_days: int | None = None


@dataclass(frozen=True)
class Procedure:
    """The table of a track, and when it and the calendar were signed."""

    track: str
    steps: tuple[Step, ...]
    apart: tuple[tuple[str, str], ...]
    apart_people: tuple[tuple[str, str], ...]
    award_date: str
    lag_days: int
    days_off: frozenset[str]
    workdays: frozenset[str]
    policy_key: str
    iat: int


@dataclass(frozen=True)
class Target:
    """What everybody in a history applies for."""

    series: str = "05"
    specialty: str = "机械"
    level: str = "deputy_senior"
    title: str = "高级工程师"
    track: str = "T91"
    region: str = "220100"
    year: int = 2025


@dataclass
class Facts:
    """All that ever happened, by name."""

    procedure: Procedure
    target: Target = field(default_factory=Target)
    keys: dict[str, Key] = field(default_factory=dict)
    grants: dict[str, Grant] = field(default_factory=dict)
    acts: dict[str, Act] = field(default_factory=dict)
    certificates: dict[str, Certificate] = field(default_factory=dict)
    events: dict[str, Event] = field(default_factory=dict)
    withdrawals: list[Withdrawal] = field(default_factory=list)
    ends: list[KeyEnd] = field(default_factory=list)
    editions: list[Edition] = field(default_factory=list)


@dataclass(frozen=True)
class Question:
    """Was `certificate` good at `at`, asked at `now`? In hand: its evidence of edition `taken`, and maybe the status
    list of a later edition."""

    certificate: str
    taken: int
    at: int
    now: int
    brought: int | None = None
