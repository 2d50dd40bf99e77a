"""The INSECURE-TEST documents that a bundle stands on: grants, procedure, calendar, trust bundle, status list."""

from dataclasses import dataclass
from typing import Any

from insecure_office import DAY, KEYS, START, Office

from certsvc.core.calendar import local_date
from certsvc.core.claims import Target
from certsvc.core.jose import Jws
from certsvc.core.schemas import LIFECYCLE_ACTS, PATH_ACTS
from certsvc.core.statuslist import REVOKED, SUPERSEDED, pack, unpack

URI, SLOT = "https://verify.example.invalid/status/1", 4711
TARGET = Target("05", "机械设计", "deputy_senior", "高级工程师", "T01", "220100", 2025)
PERSON = {"name": "王示例", "sex": "M", "birth": "1985-06-15", "id": "220000198506150012"}
#: What the lists say. zlib's bytes differ between builds, so they stand here; `status_list` checks them.
VALUES: dict[str, dict[int, int]] = {
    "all valid": {},
    "revoked": {SLOT: REVOKED},
    "superseded": {SLOT: SUPERSEDED},
}
LISTS: dict[str, str] = {
    "all valid": "eNrtwQEBAAAAgJD-r-4ICgAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAGoADwAB",
    "revoked": "eNrt0IEAAAAMArAQ8qcN4QDfEJYAAHCoAgAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAOCDAW3AABE",
    "superseded": "eNrt0IEAAAAMArCQ8qcL4QDfEJYAAHCoAgAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAOCDAUkxADE",
}


@dataclass(frozen=True)
class Recipe:
    """What one bundle is like; the defaults give a valid one."""

    notice_days: int = 10
    committee_levels: tuple[str, ...] = ("senior", "deputy_senior")
    votes: tuple[int, int, int] = (17, 3, 1)
    revoked_from: str | None = None
    """A date, "beginning", or None for a certificate that was never revoked."""
    corrected_name: str | None = None
    """The name in version 2."""
    vote_on_part: int = 0
    """Which part of the list the vote says that it is about; nobody divided it."""

    @property
    def listed(self) -> str:
        """Which of LISTS the bundle carries."""
        return "revoked" if self.revoked_from else "superseded" if self.corrected_name else "all valid"


RECIPES: dict[str, Recipe] = {
    "valid": Recipe(),
    "notice_of_four_days": Recipe(notice_days=4),
    "committee_beyond_its_level": Recipe(committee_levels=("intermediate",)),
    "votes_short_of_two_thirds": Recipe(votes=(13, 8, 0)),
    "revoked_from_a_date": Recipe(revoked_from="2025-04-10"),
    "revoked_from_the_beginning": Recipe(revoked_from="beginning"),
    "corrected": Recipe(corrected_name="王示范"),
}


def paper(number: str, at: int) -> dict[str, str]:
    return {"number": f"示例〔2025〕{number}号", "title": "INSECURE-TEST", "date": local_date(at).isoformat()}


def grants(office: Office, recipe: Recipe) -> dict[str, Jws]:
    """The grant of each organisation; the issuer's comes from the policy key, the others stand under it."""
    every = {
        "series": ["*"],
        "specialties": ["*"],
        "levels": ["senior", "deputy_senior", "intermediate"],
        "regions": ["220000"],
        "tracks": ["*"],
        "years": {"from": 2022, "to": 2030},
    }
    at = START - 20 * DAY
    own = ("seal", "credential", "status", "grant", "first", "second")
    base = {"nbf": at, "iat": at, "exp": at + 1000 * DAY, "document": paper("1", at)}
    issuer = {
        **base,
        "jti": "g-issuer",
        "iss": "ROOT",
        "sub": "EX-HRSS",
        "parent": None,
        "role": "issuer",
        "keys": office.named(*(f"issuer.{name}" for name in own)),
        "acts": [*PATH_ACTS, *LIFECYCLE_ACTS],
        "scope": every,
        "ratios": {},
        "depth": 2,
    }
    found = {"issuer": office.sign("grant+jwt", "policy", issuer)}
    for name, org, role, act in (
        ("unit", "EX-UNIT", "unit", "unit_notice"),
        ("committee", "EX-COMM", "committee", "evaluate"),
        ("approver", "EX-APPR", "hrss", "approve"),
    ):
        levels = list(recipe.committee_levels) if name == "committee" else every["levels"]
        narrower = {
            "jti": f"g-{name}",
            "iss": "EX-HRSS",
            "sub": org,
            "parent": found["issuer"].sha256,
            "role": role,
            "keys": office.named(f"{name}.seal", f"{name}.officer"),
            "acts": [act],
            "scope": {**every, "levels": levels, "regions": ["220100"]},
            "ratios": {},
            "depth": 0,
        }
        found[name] = office.sign("grant+jwt", "issuer.grant", {**base, **narrower})
    return found


def procedure(office: Office) -> Jws:
    """A short procedure of four acts, with one of everything that a step may ask for."""

    def step(act: str, role: str, **changes: Any) -> dict[str, Any]:
        plain = {"each_role": False, "signers": 1, "facts": [], "row_facts": [], "min_working_days": None}
        return {"act": act, "roles": [role], **plain, "rule": "INSECURE-TEST", **changes}

    votes = [{"name": "votes_add_up", "args": {}}, {"name": "yes_two_thirds", "args": {}}]
    payload = {
        "jti": "procedure-INSECURE-TEST",
        "track": "T01",
        "version": 1,
        "title": {"zh": "测试程序", "en": "INSECURE-TEST procedure"},
        "word": "评审",
        "iat": START - 20 * DAY,
        "nbf": START - 20 * DAY,
        "exp": START + 2000 * DAY,
        "levels": ["senior", "deputy_senior"],
        "series": ["*"],
        "award_date": "evaluate",
        "document_lag_days": 30,
        "steps": [
            step("unit_notice", "unit", min_working_days=5),
            step("evaluate", "committee", facts=[{"name": "quorum_two_thirds", "args": {}}], row_facts=votes),
            step("approve", "hrss"),
            step("issue", "issuer", signers=2),
        ],
        "apart": [["evaluate", "approve"]],
        "apart_people": [["approve", "issue"]],
        "sources": ["INSECURE-TEST"],
    }
    return office.sign("procedure+jwt", "policy", payload)


def calendar(office: Office) -> Jws:
    payload = {
        "jti": "calendar-INSECURE-TEST",
        "iat": START - 20 * DAY,
        "first": "2025-01-01",
        "last": "2025-12-31",
        "days_off": ["2025-04-04"],
        "workdays": ["2025-04-27"],
        "source": "INSECURE-TEST",
    }
    return office.sign("calendar+jwt", "policy", payload)


def trust(office: Office, procedures: Jws, calendars: Jws) -> Jws:
    at = START + 25 * DAY
    history = dict.fromkeys(("to", "to_index", "declared", "reason", "good_before", "good_before_index"))
    edition = {"to": None, "from_index": 0, "to_index": None}
    payload = {
        "n": 0,
        "iat": at,
        "exp": at + 730 * DAY,
        "withdrawn": [],
        "keys": [
            {"jkt": office.jkt[name], "use": KEYS[name][0], "from": START - 30 * DAY, **history}
            for name in ("policy", "issuer.credential", "issuer.status")
        ],
        "procedures": [{"track": "T01", "sha256": procedures.sha256, "from": START - 20 * DAY, **edition}],
        "calendars": [{"sha256": calendars.sha256, "from": START - 20 * DAY, **edition}],
        "witness_policy": None,
        "log_vkeys": [],
        "hosts": ["verify.example.invalid"],
    }
    return office.sign("trust+jwt", "policy", payload)


def status_list(office: Office, listed: str) -> Jws:
    """The list of 31 March 2025, or of 15 April when something had happened. Raises ValueError for a wrong LISTS."""
    at = START + (43 if VALUES[listed] else 28) * DAY
    if unpack(LISTS[listed]) != unpack(pack(VALUES[listed])):
        raise ValueError(f"LISTS[{listed!r}] does not say what it should")
    payload = {
        "iss": "urn:certsvc:org:EX-HRSS",
        "sub": URI,
        "iat": at,
        "exp": at + 7 * DAY,
        "ttl": 900,
        "n": 0,
        "checkpoint": None,
        "status_list": {"bits": 4, "lst": LISTS[listed]},
    }
    return office.sign("statuslist+jwt", "issuer.status", payload)
