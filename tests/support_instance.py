"""A small instance for tests, built by the services themselves: nine offices, one T01 roster, everybody issued.

Everything in it is invented: 示例 and 样章 in names, address code 220000 in ID numbers.
"""

import secrets
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

from certsvc.core.chain import Anchor
from certsvc.core.claims import FIELDS, Target, entry_commitment, field_commitments, person_commitment
from certsvc.core.identity import check_character
from certsvc.core.schemas import LIFECYCLE_ACTS, PATH_ACTS
from certsvc.instance import Instance, open_instance
from certsvc.services import act, ceremony, documents, enrol, issue, private
from certsvc.services.verify_evidence import fresh_bundle
from certsvc.store import keys as key_store
from certsvc.store import people as people_store
from certsvc.store import rosters as roster_store
from certsvc.store.rows import Entry, Person, Roster, RosterFile

DAY = 86_400
#: 2025-01-05 10:00 in Asia/Shanghai, a Sunday.
START = 1_736_042_400
NAMES = ("样章甲", "样章乙", "样章丙")
TARGET = Target("05", "机械", "deputy_senior", "高级工程师", "T01", "220100", 2025)

#: organisation -> kind, and the grants it gets: role -> acts.
OFFICES: dict[str, tuple[str, dict[str, tuple[str, ...]]]] = {
    "UNIT": ("unit", {"unit": ("unit_notice",)}),
    "CITY": ("city", {"city": ("recommend",)}),
    "COMM": ("committee", {"committee_office": ("accept", "draw"), "committee": ("evaluate",)}),
    "ORGN": ("hrss", {"organiser": ("result_notice",)}),
    "SUPV": ("department", {"supervisor": ("settle_objections",)}),
    "APPR": ("hrss", {"hrss": ("approve",)}),
}
#: act, officers, days after START. Spring Festival 2025 lies between the second notice and its end.
SCHEDULE: tuple[tuple[str, tuple[str, ...], int], ...] = (
    ("unit_notice", ("UNIT-1",), 2),
    ("recommend", ("CITY-1",), 11),
    ("accept", ("COMM-1",), 12),
    ("draw", ("COMM-1",), 13),
    ("evaluate", ("COMM-1",), 14),
    ("result_notice", ("ORGN-1",), 15),
    ("settle_objections", ("SUPV-1",), 40),
    ("approve", ("APPR-1",), 41),
    ("issue", ("HRSS-1", "HRSS-2"), 42),
)
#: Days after START at which the certificates are issued and the tests ask.
ISSUED_DAY = 43


@dataclass(frozen=True, repr=False)
class SmallInstance:
    """The instance, its certificates in the order of NAMES, and the time at which tests ask by default."""

    instance: Instance
    issued: tuple[issue.Issued, ...]
    now: int

    @property
    def anchors(self) -> tuple[Anchor, ...]:
        return self.instance.anchors

    def bundle(self, person: int = 0) -> bytes:
        """The fresh bundle of one person. The clock of the instance stands still, so it is always the same."""
        data = fresh_bundle(self.instance, self.issued[person].code)
        assert data is not None
        return data


def build_small_instance(
    home: Path,
    people: int = 3,
    test: bool = True,
    log_required: bool = False,
    appoint: Callable[[Instance], None] = lambda instance: None,
    signer_years: int = 9,
) -> SmallInstance:
    """Ceremony, offices, grants, one roster with all its acts, certificates: about a second.

    `appoint` names the witnesses of the log, when everything else is set up. `signer_years`: the term of the authority's keys.
    """
    plan = ceremony.Plan(
        "https://sample.invalid", "HRSS", "示例省人社厅(样章)", "Sample HRSS", "112200009999999985", test=test, demo=True,
        log_required=log_required, signer_years=signer_years,
    )  # fmt: skip
    ceremony.hold_ceremony(home, plan, START)
    instance = open_instance(home)
    instance.set_clock(START)
    documents.publish_calendar(instance)
    documents.publish_procedures(instance)
    _enrol_offices(instance)
    documents.publish_trust(instance)
    appoint(instance)
    enter_roster(instance, "R0001", people)
    for kind, officers, days in SCHEDULE:
        instance.set_clock(START + days * DAY)
        act.do_act(instance, act.Order(kind, "R0001", officers))
    instance.set_clock(START + ISSUED_DAY * DAY)
    chunks = [one for chunk in issue.issue(instance, "R0001") for one in chunk]
    return SmallInstance(instance, tuple(_in_order(instance, chunks)), START + ISSUED_DAY * DAY)


def enter_roster(instance: Instance, roster_id: str, people: int) -> None:
    """Enters a roster of invented people straight into the store."""
    with instance.engines.write.begin() as connection:
        file = RosterFile(f"file-{roster_id}", "sample.xlsx", instance.now(), None, people, {})
        roster_store.add_roster_file(connection, file)
        scope = (TARGET.series, TARGET.level, TARGET.track, TARGET.region, TARGET.year)
        roster_store.add_roster(connection, Roster(roster_id, file.sha256, "示例花名册", *scope, instance.now()))
        entries = [_entry(instance, roster_id, position) for position in range(people)]
        for entry in entries:
            people_store.add_person(connection, Person(entry.person_id, entry.sex, entry.birth, instance.now()))
        roster_store.add_entries(connection, entries)


def _entry(instance: Instance, roster_id: str, position: int) -> Entry:
    digits = f"22000019850615{position + 1:03d}"
    name = NAMES[position] if position < len(NAMES) else f"样章{'一二三四五六七八九'[position % 9]}"
    values = {"name": name, "sex": "M", "birth": "1985-06-15", "id": digits + check_character(digits)}
    salts, entry_salt = {field: secrets.token_bytes(32) for field in FIELDS}, secrets.token_bytes(32)
    person = person_commitment(field_commitments(values, salts))
    entry_id = str(uuid4())
    columns = {
        "members": 25, "present": 20, "yes": 15, "no": 4, "abstain": 1, "passed": True,
        "current_level": "intermediate", "professional_hours": 60, "public_hours": 30, "bans": [], "committee": "示例评委会",
    }  # fmt: skip
    return Entry(
        entry_id, roster_id, f"row{position}", position, str(uuid4()), TARGET.series, TARGET.specialty, TARGET.level,
        TARGET.title, TARGET.track, TARGET.region, TARGET.year, name, "M", "1985-06-15", "示例公司", "UNIT", columns,
        private.seal_personal(instance.data_keys, values, salts, entry_id), entry_salt, person,
        entry_commitment(person, TARGET, entry_salt), None, None,
    )  # fmt: skip


def _enrol_offices(instance: Instance) -> None:
    for number in ("1", "2"):
        enrol.enrol_officer(instance, f"HRSS-{number}", "HRSS", f"示例经办人{number}", years=9)
    with instance.engines.read.connect() as connection:
        own = {use: documents.own_key(connection, "HRSS", use).jkt for use in enrol.AUTHORITY_USES if use != "qr"}
    officers = _officer_keys(instance, "HRSS-1", "HRSS-2")
    keys = [{"jkt": jkt, "use": use} for use, jkt in own.items()] + officers
    acts = [*PATH_ACTS, *LIFECYCLE_ACTS]
    top = documents.give_grant(instance, grant_payload("HRSS", None, "issuer", keys, acts, 3, START + 8 * 365 * DAY))
    for org, (kind, roles) in OFFICES.items():
        new = enrol.NewOrganisation(org, f"示例机构{org}", f"Sample {org}", kind, None, "220100")
        seal = enrol.enrol_organisation(instance, new, 9)["seal"].jkt
        enrol.enrol_officer(instance, f"{org}-1", org, f"示例经办人{org}", years=9)
        keys = [{"jkt": seal, "use": "seal"}, *_officer_keys(instance, f"{org}-1")]
        for role, allowed in roles.items():
            payload = grant_payload(org, top, role, keys, list(allowed), 0, START + 2 * 365 * DAY)
            documents.give_grant(instance, payload)


def _officer_keys(instance: Instance, *officers: str) -> list[dict[str, str]]:
    with instance.engines.read.connect() as connection:
        found = [key_store.list_signing_keys(connection, officer_id=one)[-1].jkt for one in officers]
    return [{"jkt": jkt, "use": "officer"} for jkt in found]


def grant_payload(
    org: str, parent: str | None, role: str, keys: list[dict[str, str]], acts: list[str], depth: int, until: int
) -> dict[str, object]:
    """A grant as `documents.give_grant` takes it, for the whole province and all series."""
    scope = {
        "series": ["*"], "specialties": ["*"], "regions": ["220000"], "tracks": ["*"],
        "levels": ["senior", "deputy_senior", "intermediate", "assistant", "junior"],
        "years": {"from": 2022, "to": 2030},
    }  # fmt: skip
    paper = {"number": "示例〔2025〕1号", "title": "示例授权", "date": "2025-01-05"}
    return {
        "sub": org, "parent": parent, "role": role, "keys": keys, "acts": acts, "scope": scope, "ratios": {},
        "depth": depth, "nbf": START, "exp": until, "document": paper,
    }  # fmt: skip


def _in_order(instance: Instance, issued: list[issue.Issued]) -> list[issue.Issued]:
    with instance.engines.read.connect() as connection:
        places = {}
        for one in issued:
            entry = roster_store.find_entry(connection, one.certificate.entry_id)
            assert entry is not None
            places[one.code] = entry.position
    return sorted(issued, key=lambda one: places[one.code])
