"""Authority: the grant that carries an act is found among several, and what nobody used does no harm."""

from dataclasses import replace
from typing import Any

import pytest
from support_changes import apply_changes, day
from support_forge import Forge, judge
from support_instance import DAY, SmallInstance

from certsvc.core.bundle import parse_bundle
from certsvc.core.outcomes import Unknown
from certsvc.verify.authority import own_keys_in_service
from certsvc.verify.case import Case, Evidence
from certsvc.verify.path import jkt_of
from certsvc.verify.report import Report

WITHDRAWN = {"reason": "withdrawn", "from": 0, "from_index": None, "good_before": None, "good_before_index": None}


def report_on(small: SmallInstance, *changes: dict[str, Any], **asked: Any) -> Report:
    return judge(small, apply_changes(Forge(small), list(changes)).build(), **asked)


def second(role: str, name: str, **other: Any) -> list[dict[str, Any]]:
    """One more grant to the same office, named by the same acts."""
    made: list[dict[str, Any]] = [
        {"do": "copy", "at": f"grants.{role}", "to": f"grants.{name}"},
        {"do": "set", "at": f"grants.{name}.jti", "to": name},
        *({"do": "set", "at": f"grants.{name}.{at}", "to": value} for at, value in other.items()),
    ]
    return made


def named(act: str, *grants: str) -> dict[str, Any]:
    return {"do": "set", "at": f"acts.{act}.grants", "to": [f"@grants.{one}" for one in grants]}


def withdrawn(name: str) -> dict[str, Any]:
    return {"do": "add", "at": "trust.withdrawn", "value": {"sha256": f"@grants.{name}", **WITHDRAWN}}


LAWFUL: dict[str, list[dict[str, Any]]] = {
    "one_of_two_grants_has_expired": [*second("committee", "old", exp=day(5)), named("evaluate", "old", "committee")],
    "one_of_two_grants_is_for_another_series": [
        *second("committee", "other", **{"scope.series": ["07"]}), named("evaluate", "other", "committee"),
    ],
    "one_of_two_grants_was_withdrawn": [
        *second("committee", "old"), named("evaluate", "old", "committee"), withdrawn("old"),
    ],
    "one_of_two_grants_names_other_keys": [
        *second("committee", "old", keys=[]), named("evaluate", "old", "committee"),
    ],
    "an_older_grant_of_the_issuer_has_expired": second("issuer", "old", exp=day(20)),
    "an_older_grant_of_the_issuer_was_withdrawn": [*second("issuer", "old"), withdrawn("old")],
    "a_grant_to_another_office_is_named_too": [named("evaluate", "unit", "committee")],
}  # fmt: skip


@pytest.mark.parametrize("changes", LAWFUL.values(), ids=LAWFUL.keys())
def test_one_grant_that_allows_is_enough(changes: list[dict[str, Any]], small_instance: SmallInstance) -> None:
    report = report_on(small_instance, *changes)
    assert (report.verdict, report.reason) == ("valid", None)


FAULTS: dict[str, tuple[list[dict[str, Any]], str]] = {
    "both_expired": ([*second("committee", "old", exp=day(5)), {"do": "set", "at": "grants.committee.exp", "to": day(6)}, named("evaluate", "old", "committee")], "grant_expired"),
    "the_nearest_tells_the_reason": ([*second("committee", "old", acts=["accept"]), {"do": "set", "at": "grants.committee.scope.series", "to": ["07"]}, named("evaluate", "old", "committee")], "series_out_of_scope"),
    "both_withdrawn": ([*second("committee", "old"), named("evaluate", "old", "committee"), withdrawn("old"), withdrawn("committee")], "grant_withdrawn"),
    "keys_spread_over_two_grants": ([*second("committee", "seals", keys=[{"jkt": "@key:COMM.seal", "use": "seal"}]), {"do": "set", "at": "grants.committee.keys", "to": [{"jkt": "@key:COMM-1", "use": "officer"}]}, named("evaluate", "seals", "committee")], "key_unknown_to_grant"),
    "officer_granted_as_a_seal": ([{"do": "set", "at": "grants.committee.keys", "to": [{"jkt": "@key:COMM.seal", "use": "seal"}, {"jkt": "@key:COMM-1", "use": "seal"}]}], "key_unknown_to_grant"),
    "seal_granted_as_an_officer": ([{"do": "set", "at": "grants.committee.keys", "to": [{"jkt": "@key:COMM.seal", "use": "officer"}, {"jkt": "@key:COMM-1", "use": "officer"}]}], "key_unknown_to_grant"),
    "one_of_two_officers_not_granted": ([{"do": "set", "at": "grants.issuer.keys", "to": [{"jkt": f"@key:HRSS.{use}", "use": use} for use in ("seal", "credential", "status", "grant")] + [{"jkt": "@key:HRSS-1", "use": "officer"}]}], "key_unknown_to_grant"),
    "only_a_grant_of_another_office": ([named("evaluate", "unit"), {"do": "remove", "at": "grants.committee"}], "key_unknown_to_grant"),
    "certificate_key_granted_for_another_use": ([{"do": "set", "at": "grants.issuer.keys.0.use", "to": "receipt"}], "key_not_granted"),
}  # fmt: skip


@pytest.mark.parametrize(("changes", "code"), FAULTS.values(), ids=FAULTS.keys())
def test_no_grant_that_allows_is_void(changes: list[dict[str, Any]], code: str, small_instance: SmallInstance) -> None:
    report = report_on(small_instance, *changes)
    assert (report.verdict, report.reason) == ("void", code)


def test_the_first_key_of_the_issuers_grant_is_that_of_the_certificate(small_instance: SmallInstance) -> None:
    # What "certificate_key_granted_for_another_use" above relies on.
    first = Forge(small_instance).tree["grants"]["issuer"]["keys"][0]
    assert first == {"jkt": "@key:HRSS.credential", "use": "credential"}


def test_a_status_key_whose_grant_was_withdrawn_says_nothing(small_instance: SmallInstance) -> None:
    changes = [
        *second("issuer", "lists", keys=[{"jkt": "@key:HRSS.status", "use": "status"}]),
        {"do": "set", "at": "grants.issuer.keys", "to": [
            *({"jkt": f"@key:HRSS.{use}", "use": use} for use in ("credential", "seal", "grant")),
            *({"jkt": f"@key:HRSS-{n}", "use": "officer"} for n in (1, 2)),
        ]},
    ]  # fmt: skip
    assert report_on(small_instance, *changes).verdict == "valid"
    report = report_on(small_instance, *changes, withdrawn("lists"))
    assert (report.verdict, report.reason) == ("cannot_decide", "grant_withdrawn")


# --- trust list ----------------------------------------------------------------------------------------------------

TRUST: list[tuple[int, int | None, str]] = [
    (40 * DAY, None, "valid"),
    (40 * DAY + 1, None, "cannot_decide"),
    (41 * DAY, 10 * DAY, "cannot_decide"),
    (41 * DAY, 41 * DAY, "valid"),
    (41 * DAY + 1, 41 * DAY, "cannot_decide"),
]


@pytest.mark.parametrize(("age", "max_age", "verdict"), TRUST)
def test_a_trust_list_is_good_until_its_end_or_as_long_as_the_asker_accepts(
    age: int, max_age: int | None, verdict: str, small_instance: SmallInstance
) -> None:
    now = small_instance.now + age
    changes = [
        {"do": "set", "at": "trust.iat", "to": small_instance.now},
        {"do": "set", "at": "trust.exp", "to": small_instance.now + 40 * DAY},
        {"do": "set", "at": "status.exp", "to": now},
        {"do": "set", "at": "status.iat", "to": now - DAY},
    ]
    report = report_on(small_instance, *changes, now=now, at=small_instance.now, max_age=max_age)
    assert report.verdict == verdict
    assert report.reason in (None, "trust_expired")


@pytest.mark.parametrize("label", ["HRSS.credential", "COMM.seal", "HRSS.grant", "ROOT.policy", "HRSS.status"])
@pytest.mark.parametrize("reason", ["rotated", "withdrawn", "compromised"])
def test_what_a_key_signed_before_it_ended_stays_good(label: str, reason: str, small_instance: SmallInstance) -> None:
    after = small_instance.now + 1
    end = {"do": "end_key", "key": label, "at": after, "reason": reason, "good_before": after}
    assert report_on(small_instance, end).verdict == "valid"


@pytest.mark.parametrize("label", ["HRSS.credential", "COMM.seal", "HRSS.grant"])
def test_nothing_is_good_that_a_stolen_key_signed_when_nobody_knows_since_when(
    label: str, small_instance: SmallInstance
) -> None:
    end = {"do": "end_key", "key": label, "at": small_instance.now + 1, "reason": "compromised"}
    report = report_on(small_instance, end)
    assert (report.verdict, report.reason) == ("void", "key_compromised")


@pytest.mark.parametrize("label", ["HRSS.credential", "COMM.seal", "HRSS.grant", "ROOT.policy", "HRSS.status"])
def test_no_key_signs_at_or_after_its_end(label: str, small_instance: SmallInstance) -> None:
    forge = Forge(small_instance)
    bundle = parse_bundle(small_instance.bundle())
    case = Case(Evidence(bundle), small_instance.anchors, small_instance.now, small_instance.now)
    jkt = case.path.identity(forge.certificate(label)).jkt
    signed = [d for d in bundle.documents if any(one.unverified_kid == jkt for one in d.signatures)]
    times = [int(d.unverified_payload.get("iat", d.unverified_payload.get("nbf"))) for d in signed]
    # A list by an ended key says nothing about the certificate; anything else it signed makes it void.
    verdict = "cannot_decide" if label == "HRSS.status" else "void"
    report = report_on(small_instance, {"do": "end_key", "key": label, "at": max(times), "reason": "rotated"})
    assert (report.verdict, report.reason) == (verdict, "key_ended")
    good = {"at": max(times), "reason": "compromised", "good_before": max(times)}
    report = report_on(small_instance, {"do": "end_key", "key": label, **good})
    assert (report.verdict, report.reason) == (verdict, "key_compromised")


def test_a_stolen_status_key_is_noticed_in_a_newer_list_too(small_instance: SmallInstance) -> None:
    forge = apply_changes(
        Forge(small_instance), [{"do": "end_key", "key": "HRSS.status", "at": day(44), "reason": "rotated"}]
    )
    data = forge.build()
    newer = Forge(small_instance)
    newer.tree["status"] |= {"iat": day(45), "exp": day(50)}
    report = judge(small_instance, data, newer_status=newer.document("status"), now=day(45), at=day(45))
    assert (report.verdict, report.reason) == ("cannot_decide", "key_ended")


def test_the_end_of_a_ca_is_seen_as_it_was_known_at_the_time_that_is_asked_about(small_instance: SmallInstance) -> None:
    end = {"do": "end_key", "key": "HRSS.ca", "at": day(50), "reason": "compromised", "good_before": day(1)}
    bundle = parse_bundle(apply_changes(Forge(small_instance), [end | {"declared": day(60)}]).build())
    case = Case(Evidence(bundle), small_instance.anchors, day(44), day(70))
    seen = {at: [one["reason"] for one in case.as_known_at(day(at)).path.ended_cas.values()] for at in (49, 50, 60)}
    assert seen == {49: [], 50: ["rotated"], 60: ["compromised"]}


def test_where_a_ca_has_ended_a_key_without_a_certificate_is_not_in_service(small_instance: SmallInstance) -> None:
    end = {"do": "end_key", "key": "HRSS.ca", "at": small_instance.now + 1, "reason": "rotated"}
    data = apply_changes(Forge(small_instance), [end]).build()
    bundle = parse_bundle(data)
    kid = bundle.status_list.signatures[0].unverified_kid
    without = replace(bundle, certs=tuple(der for der in bundle.certs if jkt_of(der) != kid))
    case = Case(Evidence(without), small_instance.anchors, small_instance.now, small_instance.now)
    with pytest.raises(Unknown, match="key_unknown"):
        own_keys_in_service(case.batch, without.status_list)


# --- changes of status ---------------------------------------------------------------------------------------------


def test_an_office_above_the_issuer_may_change_the_status(small_instance: SmallInstance) -> None:
    """The committee's certificate of this test is issued below HRSS, which stands above."""
    suspend = {"do": "event", "act": "suspend", "at": day(43)}
    report = report_on(small_instance, suspend)
    assert report.verdict == "suspended"
    assert [row.code for row in report.rows if row.outcome == "fail"] == ["suspended"]


def test_a_trust_bundle_by_a_policy_key_that_had_ended_decides_nothing(small_instance: SmallInstance) -> None:
    trust = Forge(small_instance).tree["trust"]
    report = report_on(small_instance, {"do": "end_key", "key": "ROOT.policy", "at": trust["iat"], "reason": "rotated"})
    rows = [row for row in report.rows if row.code == "key_ended" and row.about.figures.get("typ") == "trust+jwt"]
    assert {row.outcome for row in rows} == {"unknown"}
