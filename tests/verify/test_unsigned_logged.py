"""Unsigned evidence under a root that requires a log: what is left out of the proofs hides nothing, and accuses nobody.

See docs/decisions/0027; a log proof is signed by nobody but the log.
"""

import json
from collections.abc import Callable
from functools import cache
from typing import Any

import pytest
from insecure_bundle import PLAN
from insecure_documents import Recipe
from insecure_logged import Logbook, Story, strict_office
from insecure_office import DAY, START
from test_void_or_unknown import kids_of

from certsvc.core.bundle import parse_bundle, write_bundle
from certsvc.core.chain import certificate_key, has_issued, load_certificate
from certsvc.core.encoding import b64, canonical, digest, parse_json, unb64
from certsvc.core.jose import thumbprint
from certsvc.verify import verify
from certsvc.verify.case import Evidence
from certsvc.verify.path import BY_SIGNATURES
from certsvc.verify.report import Report

OFFICE = strict_office()
NOW = START + 44 * DAY
USUAL, CORRECTED, REVOKED = Recipe(), Recipe(corrected_name="王示范"), Recipe(revoked_from="2025-04-10")
OTHER = "B" * 42 + "A"
ACTS = range(4)

Edit = Callable[[Any], object]


@cache
def genuine(recipe: Recipe) -> bytes:
    return write_bundle(Logbook(OFFICE, Story(recipe=recipe)).bundle())


def judged(*edits: Edit, recipe: Recipe = USUAL, now: int = START + 29 * DAY) -> Report:
    value = parse_json(genuine(recipe))
    for edit in edits:
        edit(value)
    return verify(Evidence(parse_bundle(canonical(value))), (OFFICE.anchor,), now, now)


def codes(report: Report, *outcomes: str) -> set[str]:
    return {str(row.code) for row in report.rows if row.outcome in (outcomes or ("fail",))}


def no_proof(place: int) -> Edit:
    return lambda value: value["path"][place].update(log=None)


def no_before(place: int) -> Edit:
    return lambda value: value["path"][place]["log"].update(before=None)


def other_salt(place: int) -> Edit:
    def edit(value: Any) -> None:
        logged = value["path"][place]["log"]
        head, _, rest = logged["proof"].partition("extra ")
        logged["proof"] = head + "extra " + ("B" if rest[0] != "B" else "C") + rest[1:]

    return edit


def other_tags(holder: Callable[[Any], Any]) -> Edit:
    def edit(value: Any) -> None:
        logged = holder(value)["log"]
        logged["entry"] = canonical({**json.loads(logged["entry"]), "u": [OTHER]}).decode()

    return edit


@pytest.mark.parametrize("place", ACTS)
def test_a_salt_that_is_not_that_of_the_act_makes_no_tag_whatever_is_left_out(place: int) -> None:
    around = [one for one in (place - 1, place, place + 1) if one in ACTS]
    left_out: list[Edit] = [lambda value: None, *map(no_before, around)]
    left_out += [no_proof(one) for one in around if one != place]
    for edit in left_out:
        report = judged(other_salt(place), edit)
        assert (report.verdict, report.reason) == ("tampered", "commit_mismatch")
        assert codes(report) - {"status_stale"} == {"commit_mismatch"}
    alone = judged(other_salt(place), no_proof(place))
    assert (alone.verdict, alone.reason) == ("cannot_decide", "log_proof_missing")


@pytest.mark.parametrize("place", ACTS)
def test_tags_that_no_log_has_were_given_by_nobody(place: int) -> None:
    for edit in (lambda value: None, *(no_proof(one) for one in ACTS if one != place)):
        report = judged(other_tags(lambda value: value["path"][place]), edit)
        assert (report.verdict, report.reason) == ("tampered", "inclusion_bad")
        assert codes(report) == {"inclusion_bad"}


def test_a_tag_of_the_certificate_that_no_log_has_was_given_by_nobody() -> None:
    report = judged(other_tags(lambda value: value))
    assert (report.verdict, report.reason) == ("tampered", "inclusion_bad")


def test_a_salt_of_an_entry_that_is_shown_on_no_list_makes_no_tag() -> None:
    def edit(value: Any) -> None:
        value["entries"][0]["salt"] = OTHER
        value["path"] = [step for step in value["path"] if step["proof"]["row"]]
        for step in value["path"]:
            step["proof"]["row"] = None
        tidy(value)

    report = judged(edit)
    assert (report.verdict, codes(report)) == ("cannot_decide", set())


SIGNED: dict[str, Edit] = {
    "without_seal": lambda act: act["signatures"].pop(),
    "without_officer": lambda act: act["signatures"].pop(0),
    "exchanged": lambda act: act["signatures"].reverse(),
}


@pytest.mark.parametrize("how", SIGNED)
@pytest.mark.parametrize(
    ("recipe", "holder", "half"),
    [
        (CORRECTED, lambda value: value["path"][-1], "act"),
        (REVOKED, lambda value: value["events"][0], "decide"),
    ],
    ids=["the_last_act_behind_a_correction", "a_decision"],
)
def test_a_signature_taken_away_from_what_nothing_names_is_told_by_the_log_or_by_nobody(
    recipe: Recipe, holder: Callable[[Any], Any], half: str, how: str
) -> None:
    def sign(value: Any) -> None:
        SIGNED[how](holder(value)[half])

    for left_out in (
        lambda value: None,
        lambda value: holder(value)["log"].update(before=None),
        lambda value: value["path"][-2].update(log=None),
    ):
        report = judged(sign, left_out, recipe=recipe, now=NOW)
        assert (report.verdict, report.reason) == ("tampered", "commit_mismatch")
    report = judged(sign, lambda value: holder(value).update(log=None), recipe=recipe, now=NOW)
    lacking = codes(report) & set(BY_SIGNATURES)
    assert (report.verdict in ("cannot_decide", "revoked"), lacking) == (True, set())
    assert "log_proof_missing" in codes(report, "unknown")


@pytest.mark.parametrize(
    ("keys", "code"),
    [
        (("issuer.first", "issuer.second"), "cert_use"),
        (("issuer.first", "issuer.seal"), "signer_not_distinct"),
    ],
)
@pytest.mark.parametrize("corrected", [False, True])
@pytest.mark.parametrize("proved", [True, False])
def test_an_act_that_was_never_signed_as_it_should_be_is_void_where_it_is_named_or_proved(
    keys: tuple[str, ...], code: str, corrected: bool, proved: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(PLAN, "issue", ("issuer", 25, keys))
    story = Story(recipe=CORRECTED if corrected else USUAL, omitted=() if proved else ("acts.issue",))
    report = verify(Evidence(Logbook(OFFICE, story).bundle()), (OFFICE.anchor,), NOW, NOW)
    void = proved or not corrected
    assert (report.verdict, code in codes(report)) == ("void" if void else "cannot_decide", void)


def tidy(value: Any) -> None:
    """Takes out what nothing names any more, as its namesake for bundles without log proofs."""
    acts = [parse_json(unb64(step["act"]["payload"])) for step in value["path"]]
    pairs = list(zip(value["grants"], value["grant_logs"], strict=True))
    payloads = {grant: parse_json(unb64(grant.split(".")[1])) for grant, _ in pairs}
    named = {one for act in acts for one in act["grants"]} | {one["parent"] for one in payloads.values()}
    kept = [one for one in pairs if digest(one[0].encode()) in named or payloads[one[0]]["sub"] == "EX-HRSS"]
    value["grants"], value["grant_logs"] = [one for one, _ in kept], [one for _, one in kept]
    closed = {act["calendar"] for act in acts}
    value["calendars"] = [one for one in value["calendars"] if digest(one.encode()) in closed]
    signed = [step["act"] for step in value["path"]]
    signed += [value["credential"], value["grants"], value["calendars"], value["procedure"], value["trust"]]
    kids, certs = kids_of([*signed, value["status"]["list"]]), [unb64(one) for one in value["certs"]]
    signers = [der for der in certs if thumbprint(certificate_key(load_certificate(der))) in kids]
    cas = [der for der in certs if any(has_issued(der, one) for one in signers)]
    value["certs"] = [b64(der) for der in (*signers, *cas)]
