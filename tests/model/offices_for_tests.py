"""Who there is in every history: holders of keys, roles of grants, the procedure, and all faults by name."""

from typing import Any

from values_for_tests import DAY, START, Key, Procedure, Scope, Step

GENERATIONS = 3
#: holder -> organisation, use, human. PC and UC are the chair of COMM, who has keys at APPR and UNIT as
#: well; PI is an officer of ISSU, who has a key at APPR.
HOLDERS: dict[str, tuple[str, str, str | None]] = {
    "ROOT.policy": ("ROOT", "policy", None),
    **{f"{org}.seal": (org, "seal", None) for org in ("AUTH", "ISSU", "SUPV", "COMM", "UNIT", "APPR")},
    **{f"{org}.grant": (org, "grant", None) for org in ("AUTH", "SUPV")},
    **{f"ISSU.{use}": ("ISSU", use, None) for use in ("credential", "status")},
    **{
        f"{org[0]}{n}": (org, "officer", f"{org[0]}{n}")
        for org in ("AUTH", "ISSU", "SUPV", "COMM", "UNIT")
        for n in "12"
    },
    "P1": ("APPR", "officer", "P1"),
    "P2": ("APPR", "officer", "P2"),
    "PC": ("APPR", "officer", "C1"),
    "PI": ("APPR", "officer", "I1"),
    "UC": ("UNIT", "officer", "C1"),
}
#: For how many days a key is certified; some first certificates end early, so that a history outlives them.
DAYS = 3_000
FIRST_DAYS = {"UNIT.seal": 25, "P1": 40, "ISSU.status": 150}
LIFECYCLE = ("suspend", "reinstate", "revoke", "withdraw", "correct")
PATH = ("unit_notice", "accept", "evaluate", "approve", "issue")

#: role -> giver, receiver, role above, acts, depth, days. `hrss@AUTH` is the top.
ROLES: dict[str, tuple[str, str, str | None, tuple[str, ...], int, int]] = {
    "hrss@AUTH": ("ROOT", "AUTH", None, (*PATH, *LIFECYCLE), 3, 2_900),
    "issuer": ("AUTH", "ISSU", "hrss@AUTH", ("issue", *LIFECYCLE), 0, 900),
    "unit": ("AUTH", "UNIT", "hrss@AUTH", ("unit_notice",), 0, 200),
    "supervisor": ("AUTH", "SUPV", "hrss@AUTH", ("accept", "evaluate"), 1, 800),
    "committee_office": ("SUPV", "COMM", "supervisor", ("accept",), 0, 700),
    "committee": ("SUPV", "COMM", "supervisor", ("evaluate",), 0, 160),
    "hrss": ("AUTH", "APPR", "hrss@AUTH", ("approve", "suspend"), 0, 400),
}
#: act -> who signs it: organisation, officers; and the role of the grant.
SIGNERS: dict[str, tuple[str, tuple[str, ...], str]] = {
    "unit_notice": ("UNIT", ("U1",), "unit"),
    "accept": ("COMM", ("C2",), "committee_office"),
    "evaluate": ("COMM", ("C1",), "committee"),
    "approve": ("APPR", ("P1",), "hrss"),
    "issue": ("ISSU", ("I1", "I2"), "issuer"),
}
PROCEDURE = Procedure(
    track="T91",
    steps=(
        Step("unit_notice", ("unit",), min_working_days=5),
        Step("accept", ("committee_office",), row_facts=("no_ban",)),
        Step("evaluate", ("committee",), facts=("quorum_two_thirds",), row_facts=("votes_add_up", "yes_two_thirds")),
        Step("approve", ("hrss",)),
        Step("issue", ("issuer",), signers=2),
    ),
    apart=(("evaluate", "approve"), ("approve", "unit_notice")),
    apart_people=(("unit_notice", "evaluate"), ("approve", "issue")),
    award_date="evaluate",
    lag_days=30,
    days_off=frozenset(f"2025-{day}" for day in ("01-28", "01-29", "01-30", "01-31", "02-03", "02-04", "04-04", "05-01", "05-02")),
    workdays=frozenset({"2025-01-26", "2025-02-08", "2025-04-27"}),
    policy_key="ROOT.policy#0",
    iat=START,
)  # fmt: skip
PEOPLE_A_ROSTER = 2
MOST_VERSIONS = 4

#: Grants that are too wide, or that allow something else: what is written otherwise.
GRANT_FAULTS: dict[str, dict[str, Any]] = {
    "another_series": {"scope": Scope(series=("07",))},
    "a_lower_level": {"scope": Scope(levels=("intermediate",))},
    "another_region": {"scope": Scope(regions=("220200",))},
    "other_years": {"scope": Scope(years=(2026, 2028))},
    "a_higher_level": {"scope": Scope(levels=("senior", "deputy_senior"))},
    "all_of_china": {"scope": Scope(regions=("100000",))},
    "longer_than_above": {"exp": START + 2_950 * DAY},
    "as_deep_as_above": {"depth": 3},
    "no_depth": {"depth": -1},
    "no_acts": {"acts": ()},
    "an_act_too_many": {"acts": ("file",)},
    "no_keys": {"keys": ()},
    "signed_by_a_seal": {"by": "AUTH.seal#0"},
    "signed_by_another_office": {"by": "SUPV.grant#0"},
}
#: What makes one act wrong.
ACT_FAULTS = (
    "at_once", "another_grant", "two_grants", "foreign_officer", "foreign_seal", "first_keys", "chair_at_approval",
    "issuer_at_approval", "chair_at_the_notice", "one_officer", "officer_twice", "no_quorum", "votes_missing", "minority", "banned", "banned_to_the_day", "banned_after_the_paper", "ban_ended_meanwhile", "ban_is_over", "backdated", "old_paper", "early_paper",
    "tomorrows_paper", "skipped", "forged",
)  # fmt: skip
#: Faults that one kind of act alone can have.
ONLY_AT = {
    **dict.fromkeys(("no_quorum", "votes_missing", "minority"), "evaluate"),
    **dict.fromkeys(
        ("banned", "banned_to_the_day", "banned_after_the_paper", "ban_ended_meanwhile", "ban_is_over", "at_once"),
        "accept",
    ),
    "chair_at_the_notice": "unit_notice",
    **dict.fromkeys(("chair_at_approval", "issuer_at_approval"), "approve"),
    "one_officer": "issue",
}
ISSUE_FAULTS = ("first_key", "seal_key", "another_award_date", "backdated", "short_term")
CHANGE_FAULTS = (
    "same_human", "unlawful_value", "wrong_number", "by_the_approver", "by_the_authority", "decided_before_proposed",
    "before_issue", "halves_differ", "another_grant", "first_keys", "foreign_reason", "dated", "from_the_beginning",
)  # fmt: skip
#: Lifecycle act -> the reason that is given unless a fault is named.
USUAL_REASON = {
    "suspend": "inquiry", "reinstate": "cleared", "revoke": "fraud", "withdraw": "holder_request", "correct": "correction",
}  # fmt: skip


def all_keys() -> dict[str, Key]:
    """Every key that any history may use: three generations of each holder."""
    keys = [
        Key(
            f"{holder}#{n}",
            org,
            use,
            human,
            START - 10 * DAY,
            START + (DAYS if n else FIRST_DAYS.get(holder, DAYS)) * DAY,
        )
        for holder, (org, use, human) in HOLDERS.items()
        for n in range(GENERATIONS)
    ]
    return {key.name: key for key in keys}
