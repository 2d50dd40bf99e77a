"""Status as of a day: what was in force when, what a newer list changes, and where only "open" is honest."""

from typing import Any

import pytest
from status_for_tests import event, list_of, report_of, revoked_from, with_list
from support_changes import apply_changes, day
from support_forge import Forge, judge
from support_instance import DAY, SmallInstance
from test_vectors import VECTORS, times_of

from certsvc.core.bundle import parse_bundle
from certsvc.core.encoding import canonical, parse_json
from certsvc.core.outcomes import About
from certsvc.verify.path import time_of
from certsvc.verify.report import Report

# The certificate is of day 43 (2025-02-17, 10:00 in Shanghai); day 50 is 2025-02-24, day 55 is 2025-03-01.
HISTORIES: dict[str, tuple[list[dict[str, Any]], dict[float, str]]] = {
    "nothing_happened": ([], {42.9: "cannot_decide", 43: "valid", 60: "valid"}),
    "suspended": ([event("suspend", 50)], {43: "valid", 49.9: "valid", 50: "suspended", 60: "suspended"}),
    "suspended_and_cleared": (
        [event("suspend", 50), event("reinstate", 55, reason="cleared")],
        {49.9: "valid", 50: "suspended", 54.9: "suspended", 55: "valid", 60: "valid"},
    ),
    "suspended_then_revoked": (
        [event("suspend", 50), revoked_from(55, "2025-03-01")],
        {49: "valid", 50: "suspended", 54: "suspended", 55: "revoked", 60: "revoked"},
    ),
    "suspended_then_withdrawn": (
        [event("suspend", 50), event("withdraw", 55, reason="holder_request")],
        {50: "suspended", 55: "withdrawn"},
    ),
    "revoked_from_the_beginning": ([revoked_from(55, None)], {42.9: "cannot_decide", 43: "revoked", 60: "revoked"}),
    # Midnight in Shanghai begins the day: 10 hours before "day N".
    "revoked_from_an_earlier_day": ([revoked_from(55, "2025-02-24")], {49.5: "valid", 49.6: "revoked", 60: "revoked"}),
    "revoked_from_a_later_day": ([revoked_from(55, "2025-03-05")], {55: "valid", 58.5: "valid", 58.6: "revoked"}),
    "withdrawn": ([event("withdraw", 50, reason="holder_request")], {49.9: "valid", 50: "withdrawn"}),
    "superseded": (
        [event("correct", 50, reason="correction", correction={"old_entry": "@entry.0", "new_entry": "A" * 43, "fields": ["name"]})],
        {49.9: "valid", 50: "superseded"},
    ),
}  # fmt: skip


@pytest.mark.parametrize("history", HISTORIES)
def test_the_verdict_is_that_of_the_day_asked_about(history: str, small_instance: SmallInstance) -> None:
    events, expected = HISTORIES[history]
    found = {at: report_of(small_instance, events, at).verdict for at in expected}
    assert found == expected


def test_the_row_of_a_status_names_the_act_and_the_office(small_instance: SmallInstance) -> None:
    report = report_of(small_instance, [revoked_from(55, None)], 60)
    assert (report.about.act, report.about.org) == ("revoke", "HRSS")


# --- a newer list --------------------------------------------------------------------------------------------------


def test_a_newer_list_makes_an_old_bundle_fresh(small_instance: SmallInstance) -> None:
    assert judge(small_instance, small_instance.bundle(), now=day(90), at=day(90)).verdict == "cannot_decide"
    report = with_list(small_instance, list_of(small_instance, 89), 90, 90)
    assert (report.verdict, report.status_as_of) == ("valid", day(89))


@pytest.mark.parametrize(("value", "verdict"), [(1, "revoked"), (2, "suspended"), (3, "superseded"), (11, "withdrawn")])
def test_a_newer_list_ends_a_certificate_for_the_present(
    value: int, verdict: str, small_instance: SmallInstance
) -> None:
    assert with_list(small_instance, list_of(small_instance, 89, value), 90, 90).verdict == verdict


@pytest.mark.parametrize("max_age", [3600, DAY, 3 * DAY, 300 * DAY])
def test_an_answer_says_to_the_second_until_when_the_same_evidence_is_answered_alike(
    max_age: int, small_instance: SmallInstance
) -> None:
    data, asked = small_instance.bundle(), day(43.01)
    until = judge(small_instance, data, now=asked, at=asked, max_age=max_age).good_until
    assert until is not None
    said = [judge(small_instance, data, now=one, at=one, max_age=max_age).verdict for one in (until, until + 1)]
    assert said == ["valid", "cannot_decide"]


def test_without_a_limit_of_the_asker_an_answer_is_good_until_the_first_of_its_two_lists_ends(
    small_instance: SmallInstance,
) -> None:
    trust_ends_first = Forge(small_instance)
    trust_ends_first.tree["trust"]["exp"] = day(45)
    for data, end in ((small_instance.bundle(), day(50)), (trust_ends_first.build(), day(45))):
        assert judge(small_instance, data, now=day(44), at=day(44)).good_until == end


@pytest.mark.parametrize("at", [43, 50, 88.9])
def test_a_newer_list_leaves_the_past_open_since_the_act_may_reach_back(
    at: float, small_instance: SmallInstance
) -> None:
    report = with_list(small_instance, list_of(small_instance, 89, 1), at, 90)
    assert (report.verdict, report.reason) == ("cannot_decide", "events_missing")


def between(small: SmallInstance, events: list[dict[str, Any]], value: int, at: float) -> Report:
    """Evidence and list of day 43, beside a list of day 45 with `value`; asked on day 46."""
    data = apply_changes(Forge(small), events).build()
    return judge(small, data, at=day(at), now=day(46), newer_status=list_of(small, 45, value))


SECOND = 1 / DAY


@pytest.mark.parametrize(("events", "value", "verdict"), [([], 0, "valid"), ([event("suspend", 43)], 2, "suspended")])
def test_two_lists_of_one_value_say_nothing_about_the_days_between_them(
    events: list[dict[str, Any]], value: int, verdict: str, small_instance: SmallInstance
) -> None:
    """A suspension and its end may both be missing, or a reinstatement and the next suspension."""
    between_them = [43 + SECOND, 44, 45 - SECOND]
    open_ones = [between(small_instance, events, value, at) for at in between_them]
    assert {(one.verdict, one.reason, one.then) for one in open_ones} == {
        ("cannot_decide", "events_missing", ("cannot_decide", "events_missing"))
    }
    # Up to the list inside nothing is missing, and from the newest one on it decides.
    assert [between(small_instance, events, value, at).verdict for at in (43, 45, 45.5, 46)] == [verdict] * 4


def test_between_two_lists_nothing_becomes_of_what_has_ended(small_instance: SmallInstance) -> None:
    report = between(small_instance, [revoked_from(43, "2025-02-17")], 1, 44)
    assert (report.verdict, report.then) == ("revoked", ("revoked", "revoked"))


def test_the_list_of_a_minute_ahead_and_of_one_value_answers_for_now(small_instance: SmallInstance) -> None:
    assert with_list(small_instance, list_of(small_instance, 45 + 60 / DAY), 45, 45).verdict == "valid"


def test_a_list_of_a_minute_ahead_still_answers_for_now(small_instance: SmallInstance) -> None:
    brought = list_of(small_instance, 90 + 60 / DAY, 1)
    assert with_list(small_instance, brought, 90, 90).verdict == "revoked"


def test_a_list_with_an_unknown_value_decides_nothing(small_instance: SmallInstance) -> None:
    report = with_list(small_instance, list_of(small_instance, 89, 7), 90, 90)
    assert (report.verdict, report.reason) == ("cannot_decide", "status_value")


def test_an_older_list_is_not_used(small_instance: SmallInstance) -> None:
    report = judge(small_instance, small_instance.bundle(), newer_status=list_of(small_instance, 40, 1))
    assert (report.verdict, report.status_as_of) == ("valid", day(43))


BROUGHT: dict[str, tuple[list[dict[str, Any]], str, str, str]] = {
    "another_address": ([{"do": "set", "at": "status.sub", "to": "https://sample.invalid/status/2"}], "cannot_decide", "status_foreign", "authority"),
    "by_a_seal": ([{"do": "sign", "document": "status", "by": ["HRSS.seal"]}], "cannot_decide", "cert_use", "chain"),
    "by_a_key_not_at_hand": ([{"do": "mint", "label": "new", "like": "HRSS.status"}, {"do": "sign", "document": "status", "by": ["new"]}], "cannot_decide", "key_unknown", "integrity"),
}  # fmt: skip


@pytest.mark.parametrize("value", [0, 1, 2, 3, 7])
@pytest.mark.parametrize(("changes", "verdict", "code", "family"), BROUGHT.values(), ids=BROUGHT.keys())
def test_a_list_that_is_not_the_issuers_is_no_word_about_the_certificate(
    changes: list[dict[str, Any]], verdict: str, code: str, family: str, value: int, small_instance: SmallInstance
) -> None:
    forge = apply_changes(Forge(small_instance), [{"do": "list", "value": value}, *changes])
    forge.tree["status"] |= {"iat": day(44), "exp": day(50)}
    report = with_list(small_instance, forge.document("status"), 45, 45)
    assert (report.verdict, report.reason) == (verdict, code)
    # The chain family judges the key of the list that was brought, not only that of the list inside.
    assert next(row for row in report.rows if row.code == code).family == family


def mixed(small: SmallInstance) -> bytes:
    """A list with the signature of another."""
    one, two = list_of(small, 44, 1), list_of(small, 45)
    return b".".join([*one.split(b".")[:2], two.split(b".")[2]])


def test_a_list_whose_signature_fails_says_nothing_against_the_file(small_instance: SmallInstance) -> None:
    """docs/format.md 7.4: it leaves open what it may have known."""
    report = with_list(small_instance, mixed(small_instance), 45, 45)
    assert (report.verdict, report.reason) == ("cannot_decide", "sig_bad")
    assert [row.outcome for row in report.rows if row.code == "sig_bad"] == ["unknown"]


def test_a_list_that_does_not_hold_changes_nothing_about_what_is_certain(small_instance: SmallInstance) -> None:
    suspended = apply_changes(Forge(small_instance), [event("suspend", 44)]).build()
    asked = {"at": day(45), "now": day(45), "newer_status": mixed(small_instance)}
    assert judge(small_instance, suspended, **asked).verdict == "suspended"
    credential = small_instance.bundle().replace(b'"credential":"ey', b'"credential":"eY')
    assert judge(small_instance, credential, **asked).verdict == "tampered"


@pytest.mark.parametrize("value", [0, 1, 2])
def test_a_list_in_the_file_that_is_not_the_certificates_decides_nothing(
    value: int, small_instance: SmallInstance
) -> None:
    """Another list is public, and somebody's slot of the same number may well be revoked there."""
    for changes in (BROUGHT["another_address"][0], [{"do": "set", "at": "status.iat", "to": day(60)}]):
        data = apply_changes(Forge(small_instance), [{"do": "list", "value": value}, *changes]).build()
        report = judge(small_instance, data, at=day(45), now=day(45))
        assert report.verdict == "cannot_decide"
        assert report.chain[-1].outcome != "pass"


def test_what_befell_a_neighbour_is_not_told_of_this_certificate(small_instance: SmallInstance) -> None:
    theirs = Forge(small_instance, 1)
    apply_changes(theirs, [event("suspend", 44), event("reinstate", 46, reason="cleared")])
    other, own = parse_json(theirs.build()), parse_json(small_instance.bundle())
    certs = list(dict.fromkeys([*own["certs"], *other["certs"]]))
    data = canonical({**own, "events": other["events"], "certs": certs})
    for at in (43.5, 45, 47):
        report = judge(small_instance, data, at=day(at), now=day(47))
        assert (report.verdict, report.reason) == ("cannot_decide", "link_case")
        assert [moment.event for moment in report.timeline] == ["issued"]
    assert judge(small_instance, data, at=day(43.5), now=day(47)).then == ("valid", None)


UNLAWFUL_EVENTS = [
    one for one in VECTORS
    if one["expected"]["verdict"] == "void" and any(change["do"] == "event" for change in one["changes"])
]  # fmt: skip


@pytest.mark.parametrize("vector", UNLAWFUL_EVENTS, ids=[one["id"] for one in UNLAWFUL_EVENTS])
def test_what_was_wrong_with_an_act_about_a_neighbour_makes_nothing_void(
    vector: dict[str, Any], small_instance: SmallInstance
) -> None:
    """For its own certificate the office may well have had the power."""
    forge = apply_changes(Forge(small_instance), vector["changes"])
    for one in forge.tree["events"]:
        for half in ("propose", "decide"):
            one[half] |= {"certificate": "A" * 43, "slot": {**one[half]["slot"], "idx": 77}}
    forge.tree["slots"] = {}
    times = times_of(vector.get("asked", {}))
    report = judge(small_instance, forge.build(), **times)
    assert (report.verdict, report.reason) == ("cannot_decide", "link_case")
    assert all(
        row.code == "evidence_unfit" for row in report.rows if row.id == "lifecycle_granted" and row.outcome != "pass"
    )


@pytest.mark.parametrize("vector", UNLAWFUL_EVENTS, ids=[one["id"] for one in UNLAWFUL_EVENTS])
def test_an_act_that_is_shown_as_a_correction_makes_nothing_void_that_does_not_stand_on_it(
    vector: dict[str, Any], small_instance: SmallInstance
) -> None:
    forge = apply_changes(Forge(small_instance), vector["changes"])
    forge.after.append(lambda value: value.update(corrections=value["corrections"] + value["events"], events=[]))
    report = judge(small_instance, forge.build(), at=day(50), now=day(50))
    assert report.verdict in ("cannot_decide", "tampered")
    lifecycle = (
        "lifecycle_granted",
        "corrections_decided",
        "lifecycle_signed_and_sealed",
        "own_keys_certified",
        "own_keys_in_service",
    )
    assert not [row for row in report.rows if row.id in lifecycle and row.outcome == "fail"]


UNLAWFUL_CORRECTIONS = [
    one for one in VECTORS
    if one["expected"]["verdict"] == "void" and any(change["do"] == "correct" for change in one["changes"])
]  # fmt: skip


@pytest.mark.parametrize("vector", UNLAWFUL_CORRECTIONS, ids=[one["id"] for one in UNLAWFUL_CORRECTIONS])
def test_a_correction_of_somebody_elses_makes_nothing_void(
    vector: dict[str, Any], small_instance: SmallInstance
) -> None:
    theirs = parse_json(apply_changes(Forge(small_instance, 1), vector["changes"]).build())
    ours = parse_json(small_instance.bundle())
    logs = dict(zip(ours["grants"] + theirs["grants"], ours["grant_logs"] + theirs["grant_logs"], strict=True))
    laid = {
        "corrections": theirs["corrections"], "grants": [*logs], "grant_logs": [*logs.values()],
        "certs": [*dict.fromkeys(ours["certs"] + theirs["certs"])],
    }  # fmt: skip
    report = judge(small_instance, canonical({**ours, **laid}), at=day(50), now=day(50))
    assert report.verdict in ("cannot_decide", "tampered")
    assert not [
        row for row in report.rows if row.outcome == "fail" and row.id.startswith(("lifecycle_", "corrections_"))
    ]


def test_what_is_no_list_is_not_read_as_one(small_instance: SmallInstance) -> None:
    report = judge(small_instance, small_instance.bundle(), newer_status=b"junk")
    assert (report.verdict, report.reason) == ("tampered", "jws_form")


# --- freshness -----------------------------------------------------------------------------------------------------

FRESHNESS: list[tuple[int, int | None, str | None]] = [
    (7 * DAY, None, None),
    (7 * DAY + 1, None, "status_stale"),
    (DAY, DAY, None),
    (DAY + 1, DAY, "status_stale"),
    (30 * DAY, 30 * DAY, None),
    (30 * DAY + 1, 30 * DAY, "status_stale"),
    (-120, None, None),
    (-121, None, "status_from_future"),
]


@pytest.mark.parametrize(("age", "max_age", "code"), FRESHNESS)
def test_a_list_is_good_until_its_end_or_as_old_as_the_asker_accepts(
    age: int, max_age: int | None, code: str | None, small_instance: SmallInstance
) -> None:
    now = small_instance.now + age
    report = judge(small_instance, small_instance.bundle(), now=now, at=small_instance.now, max_age=max_age)
    assert (report.verdict, report.reason) == ("valid" if code is None else "cannot_decide", code)


KNOWN_UNTIL: list[tuple[float, tuple[str, str | None]]] = [
    (48, ("valid", None)),
    (53, ("valid", None)),
    (53 + SECOND, ("cannot_decide", "status_stale")),
    (70, ("cannot_decide", "status_stale")),
]


@pytest.mark.parametrize("max_age", [None, DAY])
@pytest.mark.parametrize(("at", "then"), KNOWN_UNTIL)
def test_what_was_known_up_to_a_list_is_known_for_ever(
    at: float, then: tuple[str, str | None], max_age: int | None, small_instance: SmallInstance
) -> None:
    """What is known now is not: a revocation may have reached back since."""
    forge = Forge(small_instance)
    forge.tree["status"] |= {"iat": day(53), "exp": day(60)}
    report = judge(small_instance, forge.build(), at=day(at), now=day(73), max_age=max_age)
    assert (report.verdict, report.reason, report.then) == ("cannot_decide", "status_stale", then)


def test_what_was_known_then_is_told_of_a_suspension_by_a_list_of_later(small_instance: SmallInstance) -> None:
    changes = [event("suspend", 45), event("reinstate", 50, reason="cleared")]
    forge = apply_changes(Forge(small_instance), changes)
    forge.tree["status"] |= {"iat": day(53), "exp": day(60)}
    data = forge.build()
    found = [judge(small_instance, data, at=day(at), now=day(73)).then for at in (44, 46, 51)]
    assert found == [("valid", None), ("suspended", "suspended"), ("valid", None)]


def test_a_trust_bundle_tells_for_ever_what_was_known_up_to_it(small_instance: SmallInstance) -> None:
    forge = Forge(small_instance)
    forge.tree["status"] |= {"iat": day(190), "exp": day(197)}
    forge.tree["trust"] |= {"iat": day(53), "exp": day(143)}
    data = forge.build()
    found = [judge(small_instance, data, at=day(at), now=day(191)) for at in (48, 53, 53 + SECOND)]
    assert {(one.verdict, one.reason) for one in found} == {("cannot_decide", "trust_expired")}
    assert [one.then for one in found] == [("valid", None)] * 2 + [("cannot_decide", "trust_expired")]


def test_a_list_of_the_future_says_nothing_of_what_was_known_then(small_instance: SmallInstance) -> None:
    forge = Forge(small_instance)
    forge.tree["status"] |= {"iat": day(54), "exp": day(60)}
    report = judge(small_instance, forge.build(), at=day(48), now=day(53))
    assert report.then == ("cannot_decide", "status_from_future")


def test_a_stale_list_that_says_revoked_still_says_so(small_instance: SmallInstance) -> None:
    forge = apply_changes(Forge(small_instance), [revoked_from(43, None)])
    assert judge(small_instance, forge.build(), now=day(90), at=day(90)).verdict == "revoked"


@pytest.mark.parametrize(("until", "at", "verdict"), [("2025-03-01", 55, "valid"), ("2025-03-01", 55.6, "out_of_term")])
def test_a_term_ends_with_its_last_day_in_shanghai(
    until: str, at: float, verdict: str, small_instance: SmallInstance
) -> None:
    changes = [{"do": "set", "at": "credential.certificate.term_until", "to": until}]
    assert report_of(small_instance, changes, at).verdict == verdict


@pytest.mark.parametrize("lst", ["junk", "AAAA", ""])
def test_a_list_that_cannot_be_unpacked_decides_nothing(lst: str, small_instance: SmallInstance) -> None:
    changes = [{"do": "set", "at": "status.status_list", "to": {"bits": 4, "lst": lst}}]
    report = report_of(small_instance, changes, 60)
    assert (report.verdict, report.reason) == ("cannot_decide", "status_form")


@pytest.mark.parametrize("slot", [131_072, 2**40, -1])
def test_a_slot_outside_the_list_decides_nothing(slot: int, small_instance: SmallInstance) -> None:
    uri = "https://sample.invalid/status/1"
    changes = [
        {"do": "set", "at": "credential.status.status_list.idx", "to": slot},
        {"do": "set", "at": "credential.credentialStatus.statusListIndex", "to": str(slot)},
        {"do": "set", "at": "credential.credentialStatus.id", "to": f"{uri}/bitstring#{slot}"},
    ]
    report = report_of(small_instance, changes, 60)
    assert (report.verdict, report.reason) == ("cannot_decide", "status_form")


def test_of_two_lists_of_one_time_the_one_in_the_bundle_counts(small_instance: SmallInstance) -> None:
    data, now = Forge(small_instance).build(), small_instance.now
    for later, verdict in ((0, "valid"), (1, "suspended")):
        beside = apply_changes(Forge(small_instance), [{"do": "list", "value": 2}])
        beside.tree["status"]["iat"] = now + later
        asked = {"at": now + 1, "now": now + 1}
        assert judge(small_instance, data, newer_status=beside.document("status"), **asked).verdict == verdict


def test_what_was_decided_in_the_second_asked_about_was_known_then(small_instance: SmallInstance) -> None:
    suspend = [event("suspend", 50)]
    assert report_of(small_instance, suspend, 50).then == ("suspended", "suspended")
    assert report_of(small_instance, suspend, 50 - 1 / DAY).then == ("valid", None)


def test_proposal_and_decision_may_rest_on_two_grants_of_one_office(small_instance: SmallInstance) -> None:
    forge = apply_changes(Forge(small_instance), [event("suspend", 43)])
    apply_changes(forge, [{"do": "copy", "at": "grants.issuer", "to": "grants.second"}])
    forge.tree["signers"]["grants.second"] = list(forge.tree["signers"]["grants.issuer"])
    forge.tree["grants"]["second"]["jti"] = "a-second-grant"
    forge.tree["events"][0]["decide"]["grants"] = ["@grants.second"]
    report = judge(small_instance, forge.build())
    assert [row.code for row in report.rows if row.outcome in ("fail", "unknown")] == ["suspended"]


def test_a_lifecycle_act_under_a_grant_that_is_not_at_hand_names_the_grant(small_instance: SmallInstance) -> None:
    forge = apply_changes(Forge(small_instance), [event("suspend", 43, grants=["A" * 43])])
    report = judge(small_instance, forge.build())
    rows = [row for row in report.rows if row.code == "grant_missing"]
    assert rows and {row.about.figures["sha256"] for row in rows} == {"A" * 43}


def test_a_credential_has_its_time_in_its_first_second_of_validity(small_instance: SmallInstance) -> None:
    credential = parse_bundle(small_instance.bundle()).credential
    assert "iat" not in credential.unverified_payload
    assert time_of(credential) == credential.unverified_payload["nbf"] == small_instance.now


@pytest.mark.parametrize(
    "name", ["no_result_notice", "seal_key_delegates", "grant_key_stolen", "correction_without_seal"]
)
def test_what_is_void_was_not_known_to_be_so_before_it_was_issued(name: str, small_instance: SmallInstance) -> None:
    """Nothing of it existed on that day; that it is void is known now."""
    (vector,) = [one for one in VECTORS if one["id"] == name]
    data = apply_changes(Forge(small_instance), vector["changes"]).build()
    issued = parse_bundle(data).credential.unverified_payload["nbf"]
    report = judge(small_instance, data, at=issued - 1)
    assert (report.verdict, report.then) == ("void", ("cannot_decide", "before_issue"))
    assert report.then_about == About()
    of_the_day = judge(small_instance, data, at=issued, now=issued + 1)
    assert of_the_day.then is not None and of_the_day.then[0] == "void"


@pytest.mark.parametrize("name", ["act_altered", "own_root_same_names", "printed_name", "key_not_at_hand"])
def test_what_is_not_proved_to_be_ours_proves_no_day_of_issue(name: str, small_instance: SmallInstance) -> None:
    (vector,) = [one for one in VECTORS if one["id"] == name]
    data = apply_changes(Forge(small_instance), vector["changes"]).build()
    report = judge(small_instance, data, at=day(-400))
    assert report.then == (report.verdict, report.reason)
