"""The authority's own grant is given anew before it ends, and everything that stands on it goes on."""

from typing import Any

import pytest
from support_instance import DAY, START, SmallInstance

from certsvc.core.bundle import parse_bundle
from certsvc.core.calendar import local_date
from certsvc.core.errors import NotReady, Refused
from certsvc.services import delegation, documents, key_events
from certsvc.services.delegation import RENEW_DAYS, TOP_DAYS, Delegation, delegate, renew_top_grant
from certsvc.services.doctor import _top_grant, visit
from certsvc.services.rotation import rotate_key, rotate_officer
from certsvc.services.status import Proposal, approve, propose
from certsvc.services.verify_evidence import verify_code
from certsvc.services.withdrawal import list_grants, withdraw_grant
from certsvc.verify import verify
from certsvc.verify.case import Evidence

PAPER = {"number": "示例函〔2032〕9号", "title": "示例函", "date": "2032-06-01"}
#: When the authority's own grant ends.
END = START + 8 * 365 * DAY


@pytest.fixture
def last_year(small: SmallInstance) -> SmallInstance:
    small.instance.set_clock(END - 100 * DAY)
    documents.publish_trust(small.instance)
    return small


def payload(small: SmallInstance, name: str) -> dict[str, Any]:
    with small.instance.engines.read.connect() as connection:
        return dict(documents.load_document(connection, name, "grant+jwt").unverified_payload)


def top_of(small: SmallInstance) -> str:
    with small.instance.engines.read.connect() as connection:
        return documents.grants_of(connection, "HRSS")[0].sha256


def jkt_of(small: SmallInstance, officer: str) -> str:
    with small.instance.engines.read.connect() as connection:
        return documents.officer_key(connection, officer).jkt


def test_what_is_given_anew_allows_the_same_for_nine_years_more(last_year: SmallInstance) -> None:
    old, now = payload(last_year, top_of(last_year)), last_year.instance.now()
    new = payload(last_year, renew_top_grant(last_year.instance, PAPER))
    changed = {name for name in old if old[name] != new[name]}
    assert changed == {"jti", "iat", "exp", "document", "scope", "keys"}
    assert sorted(key["jkt"] for key in new["keys"]) == sorted(key["jkt"] for key in old["keys"])
    assert (new["iat"], new["exp"], new["document"]) == (now, now + TOP_DAYS * DAY, PAPER)
    assert new["scope"] == {**old["scope"], "years": {"from": 2022, "to": local_date(new["exp"]).year}}


def test_it_names_the_keys_of_today_and_nobody_who_left(last_year: SmallInstance) -> None:
    seal = rotate_key(last_year.instance, "HRSS", "seal").new
    first = rotate_officer(last_year.instance, "HRSS-1").new
    left = jkt_of(last_year, "HRSS-2")
    key_events.end_key(last_year.instance, left)
    last_year.instance.set_clock(END + DAY)
    keys = payload(last_year, renew_top_grant(last_year.instance, PAPER))["keys"]
    assert {"jkt": seal.jkt, "use": "seal"} in keys
    assert [key["jkt"] for key in keys if key["use"] == "officer"] == [first.jkt]


def test_offices_get_their_grants_under_it_when_the_former_one_has_ended(last_year: SmallInstance) -> None:
    new = renew_top_grant(last_year.instance, PAPER)
    last_year.instance.set_clock(END + DAY)
    given = payload(last_year, delegate(last_year.instance, Delegation("UNIT", "unit", PAPER)))
    assert given["parent"] == new


def test_a_grant_that_ended_is_given_anew_from_now_on(small: SmallInstance) -> None:
    small.instance.set_clock(END + 40 * DAY)
    with pytest.raises(NotReady, match="grant_absent") as absent:
        delegate(small.instance, Delegation("UNIT", "unit", PAPER))
    assert "keys renew" in absent.value.hint
    new = payload(small, renew_top_grant(small.instance, PAPER))
    assert new["nbf"] == small.instance.now()
    delegate(small.instance, Delegation("UNIT", "unit", PAPER))


def test_certificates_of_before_stay_valid_and_their_status_is_changed_under_it(last_year: SmallInstance) -> None:
    code = last_year.issued[0].code
    renew_top_grant(last_year.instance, PAPER)
    rotate_key(last_year.instance, "HRSS", "status")
    assert verify_code(last_year.instance, code).verdict == "valid"
    last_year.instance.set_clock(END + DAY)
    documents.publish_trust(last_year.instance)
    assert verify_code(last_year.instance, code).verdict == "valid"
    order = Proposal("suspend", code, "HRSS-1", PAPER, "inquiry")
    approve(last_year.instance, propose(last_year.instance, order), "HRSS-2")
    now = last_year.instance.now()
    assert verify(Evidence(parse_bundle(last_year.bundle())), last_year.anchors, now, now).verdict == "suspended"


def test_it_is_given_anew_once(last_year: SmallInstance) -> None:
    renew_top_grant(last_year.instance, PAPER)
    with pytest.raises(Refused) as refused:
        renew_top_grant(last_year.instance, PAPER)
    assert refused.value.code == "grant_lasts"
    assert len(list_grants(last_year.instance, "HRSS")) == 2


def test_a_withdrawn_grant_is_no_pattern(small: SmallInstance) -> None:
    small.instance.set_clock(small.now + DAY)
    withdraw_grant(small.instance, top_of(small), "withdrawn", PAPER)
    new = payload(small, renew_top_grant(small.instance, PAPER))
    assert new["nbf"] == small.instance.now()
    assert {key["use"] for key in new["keys"]} == {"seal", "credential", "status", "pdf", "grant", "receipt"}


def test_the_doctor_names_the_command_a_year_ahead(small: SmallInstance) -> None:
    def said() -> list[str]:
        # The wall's clock is what a home is opened with.
        return [one.state for one in visit(small.instance.home) if "keys renew" in one.hint]

    assert said() == []
    small.instance.set_clock(small.now + DAY)
    withdraw_grant(small.instance, top_of(small), "withdrawn", PAPER)
    assert said() == ["bad"]


@pytest.mark.parametrize(("days", "states"), [(-RENEW_DAYS - 1, []), (-RENEW_DAYS + 1, ["warn"]), (1, ["bad"])])
def test_the_doctor_counts_the_days_to_its_end(small: SmallInstance, days: int, states: list[str]) -> None:
    small.instance.set_clock(END + days * DAY)
    assert [one.state for one in _top_grant(small.instance)] == states


def test_after_all_were_withdrawn_a_new_one_has_award_years_up_to_its_own_end(
    small: SmallInstance, monkeypatch: pytest.MonkeyPatch
) -> None:
    """From 2041 on it ended with 2040: nothing could be issued under it, and another one was refused for eight years."""
    everything = {**delegation.EVERYTHING, "years": {"from": 2022, "to": 2027}}
    monkeypatch.setattr(delegation, "EVERYTHING", everything)
    small.instance.set_clock(small.now + DAY)
    withdraw_grant(small.instance, top_of(small), "withdrawn", {**PAPER, "date": "2025-02-17"})
    new = payload(small, renew_top_grant(small.instance, {**PAPER, "date": "2025-02-17"}))
    assert new["scope"]["years"] == {"from": 2022, "to": local_date(new["exp"]).year}
    assert new["scope"]["years"]["to"] > 2030
