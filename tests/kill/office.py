"""A small province for kill tests: three offices, a procedure of three acts without notices, and people without end.

It lives by the real clock, as a service does: nothing here has to wait for working days, so a roster goes from its file
to certificates within a second. Everything in it is invented: 示例 and 样章 in names, address code 220000 in ID numbers.
"""

import time
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

from world_for_tests import BATCHES, database, opened

from certsvc import resources
from certsvc.core.identity import check_character
from certsvc.demo.people import GIVEN, MARKS, SURNAMES, Batch, Crowd
from certsvc.instance import Instance
from certsvc.services import ceremony, delegation, documents, enrol, log_leaves

AUTHORITY, ACCEPTING, APPROVING = "KILL-HRSS", "KILL-OFFICE", "KILL-TITLES"
TRACK = "T18a"
#: Act -> the officers who sign it.
PATH: dict[str, tuple[str, ...]] = {"accept": ("KO",), "approve": ("KA",), "issue": ("K1", "K2")}
PROPOSES, DECIDES = "K1", "K3"
PAPER = {"number": "示例函〔2025〕9号", "title": "示例文件", "date": "2025-01-06"}
URL = "https://sample.invalid"
KEY_YEARS = 9
#: 28 years of birthdays; the next person of one birthday has another name, as an import asks about two of one name.
BIRTHDAYS = 28 * 365


def build_office(home: Path, url: str | None = None) -> None:
    """Makes a home with its offices and an empty register. The key ceremony was an hour ago."""
    plan = ceremony.Plan(
        URL, AUTHORITY, "示例省人社厅(样章)", "Sample HRSS", "112200009999999985", test=True, demo=False,
        signer_years=KEY_YEARS,
    )  # fmt: skip
    with database(url):
        ceremony.hold_ceremony(home, plan, int(time.time()) - 3600)
    with opened(home, url) as instance:
        documents.publish_calendar(instance)
        _sign_procedure(instance)
        delegation.give_top_grant(instance)
        _enrol(instance, AUTHORITY, None, ("K1", "K2", "K3"), ("issuer",))
        _enrol(instance, ACCEPTING, "department", ("KO",), ("committee_office",))
        _enrol(instance, APPROVING, "hrss", ("KA",), ("hrss",))
        documents.publish_trust(instance)


def _sign_procedure(instance: Instance) -> None:
    """The acts of PATH alone, in this order: the form of a procedure that ships, without its notices and votes."""
    shipped = resources.tracks()[TRACK].procedure
    steps = {step["act"]: {**step, "facts": [], "row_facts": []} for step in shipped["steps"]}
    payload = {
        **shipped,
        "jti": f"procedure-{TRACK}-kill",
        "award_date": "approve",
        "steps": [steps[act] for act in PATH],
        "apart": [["accept", "approve"]],
        "apart_people": [["approve", "issue"]],
        "iat": instance.now(),
    }
    with log_leaves.transaction(instance) as connection:
        key = documents.own_key(connection, "ROOT", "policy")
        documents.store_signed(instance, connection, key, "procedure+jwt", payload, TRACK)


def _enrol(instance: Instance, org: str, kind: str | None, officers: tuple[str, ...], roles: tuple[str, ...]) -> None:
    if kind is not None:
        new = enrol.NewOrganisation(org, f"示例{org}", f"Sample {org}", kind, None, "220000")
        enrol.enrol_organisation(instance, new, KEY_YEARS)
    for officer in officers:
        enrol.enrol_officer(instance, officer, org, f"样章{officer}", years=KEY_YEARS)
    for role in roles:
        delegation.delegate(instance, delegation.Delegation(org, role, PAPER))


class Numbered(Crowd):
    """People by number: the same number is the same person in any process, and no two numbers are one person."""

    def __init__(self, first: int) -> None:
        super().__init__(first)
        self.next = first

    def person(self, worked: int = 0, year: int = 2025) -> dict[str, object]:
        """The next one, as a row of a roster file, however long they worked."""
        again, day = divmod(self.next, BIRTHDAYS)
        birth, male = date(1966, 1, 1) + timedelta(days=day), again % 2 == 0
        # Never 000 at the end: that is what a spreadsheet leaves of a number, and an import asks about it.
        first = f"220000{birth:%Y%m%d}{again + 1:03d}"
        name = SURNAMES[again % 20] + MARKS[again // 20 % 5] + GIVEN[again // 100 % 20]
        self.next += 1
        return {
            "name": name, "sex": "男" if male else "女", "id_number": first + check_character(first),
            "birth": birth.isoformat(), "id_kind": "居民身份证",
        }  # fmt: skip


def batch(file: str, people: int) -> Batch:
    """A roster file of so many people for TRACK."""
    return replace(BATCHES[TRACK], file=file, people=people)
