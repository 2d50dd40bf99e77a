"""What just holds beside what just does not: one second, one day, one signature more."""

from dataclasses import replace
from typing import Any

import pytest
from support_changes import apply_changes, day
from support_forge import Forge, judge
from support_instance import SmallInstance

from certsvc.core.bundle import parse_bundle
from certsvc.core.grants import Grant
from certsvc.core.outcomes import Fault, Unknown
from certsvc.verify.authority import first_allowing
from certsvc.verify.case import Case, Evidence
from certsvc.verify.judge import MOST_BAD
from certsvc.verify.path import Path
from certsvc.verify.report import Report
from certsvc.verify.trusted import When


def report_on(small: SmallInstance, *changes: dict[str, Any], **asked: Any) -> Report:
    return judge(small, apply_changes(Forge(small), list(changes)).build(), **asked)


def put(at: str, to: Any) -> dict[str, Any]:
    return {"do": "set", "at": at, "to": to}


#: The first act is of day 2, the last of day 42; it is asked on day 43.
EDGES: dict[str, tuple[list[dict[str, Any]], list[dict[str, Any]], str]] = {
    "a procedure begins": ([put("procedure.nbf", "@day:2")], [put("procedure.nbf", "@day:2+1")], "procedure_superseded"),
    "a procedure is signed": (
        [put("procedure.iat", "@day:2"), put("procedure.nbf", 0)], [put("procedure.iat", "@day:2+1"), put("procedure.nbf", 0)],
        "procedure_superseded",
    ),
    "a procedure ends": ([put("procedure.exp", "@day:2")], [put("procedure.exp", "@day:2-1")], "procedure_superseded"),
    "the trust list is of tomorrow": ([put("trust.iat", "@day:43+120")], [put("trust.iat", "@day:43+121")], "trust_from_future"),
    "the trust list ends": ([put("trust.exp", "@day:43")], [put("trust.exp", "@day:43-1")], "trust_expired"),
    "the status list is of tomorrow": ([put("status.iat", "@day:43+120")], [put("status.iat", "@day:43+121")], "status_from_future"),
    "the status list ends": ([put("status.exp", "@day:43")], [put("status.exp", "@day:43-1")], "status_stale"),
}  # fmt: skip


@pytest.mark.parametrize(("just", "beyond", "code"), EDGES.values(), ids=EDGES.keys())
def test_the_last_second_holds_and_the_next_does_not(
    just: list[dict[str, Any]], beyond: list[dict[str, Any]], code: str, small_instance: SmallInstance
) -> None:
    assert report_on(small_instance, *just).verdict == "valid"
    assert code in {row.code for row in report_on(small_instance, *beyond).rows}


def test_how_old_a_list_is_is_told_in_whole_days(small_instance: SmallInstance) -> None:
    for seconds, told in ((0, "8"), (-1, "8"), (1, "7")):
        stale = [put("status.iat", day(35) + seconds), put("status.exp", day(36))]
        (row,) = [row for row in report_on(small_instance, *stale).rows if row.code == "status_stale"]
        assert row.about.figures == {"days": told}


def test_what_is_not_asked_after_many_bad_signatures_is_named_all_the_same(small_instance: SmallInstance) -> None:
    kinds = list(Forge(small_instance).tree["path"])
    assert len(kinds) == MOST_BAD + 1
    bad = [{"do": "tamper", "document": f"path.{n}.act", "at": "jti", "to": "another"} for n in range(len(kinds))]
    report = report_on(small_instance, *bad)
    rows = [row for row in report.rows if row.id == "act_signatures"]
    assert [row.about.act for row in rows] == kinds and all(row.about.org and row.evidence for row in rows)
    assert [row.outcome for row in rows] == ["fail"] * MOST_BAD + ["not_run"]
    assert {row.code for row in rows[:-1]} == {"sig_bad"} and rows[-1].code == "signature_failed"
    assert report.verdict == "tampered"


@pytest.mark.parametrize(("exp", "until"), [(7_258_118_399, 7_258_118_399), (7_258_118_400, None)])
def test_a_time_that_no_calendar_shows_is_left_out_of_the_chain(
    exp: int, until: int | None, small_instance: SmallInstance
) -> None:
    report = report_on(small_instance, put("status.exp", exp))
    (link,) = [link for link in report.chain if link.kind == "status"]
    assert link.until == until


@pytest.mark.parametrize("order", [["committee", "other"], ["other", "committee"]])
def test_of_several_grants_none_of_which_allows_an_act_the_one_that_names_the_act_tells_why(
    order: list[str], small_instance: SmallInstance
) -> None:
    report = report_on(
        small_instance,
        {"do": "copy", "at": "grants.committee", "to": "grants.other"},
        put("grants.other.jti", "g-other"), put("grants.other.role", "organiser"), put("grants.other.scope.series", ["07"]),
        put("grants.committee.acts", ["accept"]), put("acts.evaluate.grants", [f"@grants.{name}" for name in order]),
    )  # fmt: skip
    assert [row.code for row in report.rows if row.id == "acts_granted" and row.outcome == "fail"] == [
        "series_out_of_scope"
    ]


def test_a_certificate_that_nobody_signed_is_told_nothing_else_after_a_good_one_of_its_batch(
    small_instance: SmallInstance,
) -> None:
    assert report_on(small_instance).verdict == "valid"
    forged = report_on(
        small_instance, {"do": "tamper", "document": "credential", "at": "certificate.name", "to": "样章伪"}
    )
    assert forged.verdict == "tampered" and forged.chain == ()
    assert {row.code for row in forged.rows if row.family != "integrity"} == {"signature_failed"}


def test_who_ended_a_key_is_told_by_the_act_and_the_office_that_used_it(small_instance: SmallInstance) -> None:
    report = report_on(small_instance, {"do": "end_key", "key": "HRSS-2", "at": "@day:42", "reason": "withdrawn"})
    (row,) = [row for row in report.rows if row.id == "keys_in_service" and row.outcome == "fail"]
    assert (row.code, row.about.act, row.about.org) == ("key_ended", "issue", "HRSS")
    assert row.about.figures["typ"] == "act+jwt"


# --- what was done between two times -------------------------------------------------------------------------------


@pytest.fixture
def path(small_instance: SmallInstance) -> Path:
    evidence = Evidence(parse_bundle(small_instance.bundle()))
    return Case(evidence, small_instance.anchors, small_instance.now, small_instance.now).path


def test_a_key_whose_certificate_may_have_ended_when_it_signed_decides_nothing(path: Path) -> None:
    kid = path.acts[0].signatures[0].unverified_kid
    who = path.identity(path.certificate_named(kid))
    ends = who.not_after
    for latest in (ends - 1, ends):
        assert path.certified(kid, "act+jwt", 0, When(ends - 9, ends - 9, latest)) == who
    with pytest.raises(Unknown) as open_end:
        path.certified(kid, "act+jwt", 0, When(ends - 9, ends - 9, ends + 1))
    said = open_end.value
    assert (said.code, said.about.figures) == ("time_unproved", {"typ": "act+jwt", "until": str(ends)})
    with pytest.raises(Fault) as over:
        path.certified(kid, "act+jwt", 0, When(ends + 1, ends - 9, ends - 9))
    assert (over.value.code, over.value.about.org, over.value.about.figures) == (
        "cert_time",
        who.org,
        {"typ": "act+jwt"},
    )
    with pytest.raises(Fault) as other:
        path.certified(kid, "vc+jwt", 0, When(ends, ends, ends))
    figures = {"typ": "vc+jwt", "use": "officer"}
    assert (other.value.code, other.value.about.org, other.value.about.figures) == ("cert_use", who.org, figures)


def test_a_grant_that_may_have_ended_when_it_was_used_allows_and_denies_nothing(path: Path) -> None:
    grant = next(one for one in path.grants_at_hand.values() if one.payload["role"] == "committee")
    ends = grant.payload["exp"]
    longer = replace(grant, payload={**grant.payload, "exp": ends + 1})
    within, late, unsure = (ends - 9, ends), (ends + 1, ends), (ends - 9, ends + 1)

    def asked(held: list[Grant], span: tuple[int, int]) -> Grant:
        return first_allowing(path, held, "evaluate", When(span[0], ends - 9, span[1]))

    assert asked([grant], within) is grant
    with pytest.raises(Fault, match="grant_expired"):
        asked([grant], late)
    for held in ([grant], [grant, grant]):
        with pytest.raises(Unknown, match="time_unproved"):
            asked(held, unsure)
    for held in ([grant, longer], [longer, grant]):
        assert asked(held, unsure) is longer
