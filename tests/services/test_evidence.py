"""Bundles out of the store: complete, the same for the same day, and without the salt of the ID number."""

import random
from dataclasses import replace

import pytest
from support_instance import DAY, SmallInstance
from world_for_tests import BATCHES, World

from certsvc.core.bundle import Bundle, parse_bundle
from certsvc.core.claims import FIELDS, OPEN_FIELDS, entry_commitment, person_commitment
from certsvc.core.encoding import b64
from certsvc.services import private
from certsvc.services.evidence import bundle_of, fresh_evidence, linked
from certsvc.services.status import Proposal, approve, propose
from certsvc.services.verify_evidence import fresh_bundle
from certsvc.store import certificates as certificate_store
from certsvc.store import rosters as roster_store
from certsvc.verify import verify
from certsvc.verify.case import Evidence

PAPER = {"number": "示例决〔2025〕1号", "title": "示例决定书", "date": "2025-02-17"}
STEPS = [
    "unit_notice", "recommend", "accept", "draw", "evaluate", "result_notice", "settle_objections", "approve", "issue",
]  # fmt: skip


def bundle(small: SmallInstance, person: int = 0) -> Bundle:
    return parse_bundle(small.bundle(person))


def kinds(found: Bundle) -> list[str]:
    return [step.act.unverified_payload["act"] for step in found.path]


def act(small: SmallInstance, kind: str, reason: str, code: str | None = None, **more: object) -> str | None:
    order = Proposal(kind, code or small.issued[0].code, "HRSS-1", PAPER, reason, **more)  # type: ignore[arg-type]
    new = approve(small.instance, propose(small.instance, order), "HRSS-2")
    return new.code if new else None


def offline(small: SmallInstance, data: bytes) -> str:
    now = small.instance.now()
    return verify(Evidence(parse_bundle(data)), small.anchors, now, now).verdict


def test_a_bundle_holds_the_whole_path_and_verifies_by_the_root_alone(small: SmallInstance) -> None:
    found = bundle(small)
    assert kinds(found) == STEPS
    assert offline(small, small.bundle()) == "valid"


def test_every_person_of_a_roster_has_a_place_of_their_own_in_one_tree(small: SmallInstance) -> None:
    found = [bundle(small, person) for person in range(3)]
    for steps in zip(*(one.path for one in found), strict=True):
        assert len({step.act.sha256 for step in steps}) == 1
        assert sorted(step.proof.index for step in steps) == [0, 1, 2]


def test_acts_are_put_in_order_by_their_links_alone(small: SmallInstance) -> None:
    signed = [step.act for step in bundle(small).path]
    acts = [replace(act, unverified_payload={**act.unverified_payload, "iat": 0}) for act in signed]
    for seed in range(20):
        assert linked(random.Random(seed).sample(acts, len(acts))) == acts


def test_a_bundle_of_one_moment_has_one_form(small: SmallInstance) -> None:
    assert small.bundle() == small.bundle()
    with small.instance.engines.read.connect() as connection:
        stored = certificate_store.find_certificate(connection, small.issued[0].certificate.id)
        assert stored is not None
        assert bundle_of(small.instance, stored) == small.bundle()


def test_the_frozen_bundle_is_that_of_the_day_of_issue_and_a_fresh_one_is_of_today(small: SmallInstance) -> None:
    small.instance.set_clock(small.now + 30 * DAY)
    with small.instance.engines.read.connect() as connection:
        stored = certificate_store.find_certificate(connection, small.issued[0].certificate.id)
    assert stored is not None
    assert stored.frozen_bundle is not None
    frozen, fresh = parse_bundle(stored.frozen_bundle), bundle(small)
    assert frozen.credential.body == fresh.credential.body
    assert frozen.status_list.unverified_payload["iat"] == small.now
    assert fresh.status_list.unverified_payload["iat"] == small.instance.now()
    assert offline(small, stored.frozen_bundle) == "cannot_decide"
    assert offline(small, small.bundle()) == "valid"


# --- what never leaves ----------------------------------------------------------------------------------------------


def test_the_salt_and_the_number_of_the_id_stay_in_the_register(small: SmallInstance) -> None:
    second = act(small, "correct", "correction", changes={"name": "样章丁"})
    assert second is not None
    data = fresh_bundle(small.instance, second)
    assert data is not None
    assert set(parse_bundle(data).salts) == set(OPEN_FIELDS) == set(FIELDS) - {"id"}
    with small.instance.engines.read.connect() as connection:
        entry = roster_store.find_entry(connection, small.issued[0].certificate.entry_id)
        assert entry is not None
        for version in (1, 2):
            personal = private.personal_of(small.instance, connection, entry, version)
            for secret in (b64(personal.salts["id"]), personal.values["id"]):
                assert secret.encode() not in data + small.bundle()


def test_the_commitments_open_to_what_is_printed(small: SmallInstance) -> None:
    found = bundle(small)
    (entry,) = found.entries
    person = person_commitment(entry.commitments)
    commitment = entry_commitment(person, entry.target, entry.salt)
    with small.instance.engines.read.connect() as connection:
        row = roster_store.find_entry(connection, small.issued[0].certificate.entry_id)
    assert row is not None
    assert (row.person_commitment, row.commitment) == (person, commitment)


# --- what happened since --------------------------------------------------------------------------------------------


def test_every_event_of_the_slot_is_in_the_bundle(small: SmallInstance) -> None:
    act(small, "suspend", "inquiry")
    act(small, "reinstate", "cleared")
    act(small, "suspend", "inquiry", code=small.issued[1].code)
    found = bundle(small)
    assert [e.decide.unverified_payload["act"] for e in found.events] == ["suspend", "reinstate"]
    assert [e.decide.unverified_payload["q"] for e in found.events] == [0, 1]
    assert offline(small, small.bundle()) == "valid"
    assert offline(small, small.bundle(1)) == "suspended"
    assert bundle(small, 2).events == ()


def test_a_corrected_certificate_carries_every_version_of_its_entry(small: SmallInstance) -> None:
    second = act(small, "correct", "correction", changes={"name": "样章丁"})
    third = act(small, "correct", "correction", code=second, changes={"name": "样章戊"})
    assert third is not None
    data = fresh_bundle(small.instance, third)
    assert data is not None
    found = parse_bundle(data)
    assert (len(found.entries), len(found.corrections), len(found.events)) == (3, 2, 0)
    assert kinds(found) == STEPS
    assert offline(small, data) == "valid"
    assert offline(small, small.bundle()) == "superseded"


@pytest.mark.parametrize("code", ["0000000000000000", "no code", ""], ids=["unknown", "malformed", "empty"])
def test_there_is_no_bundle_for_a_code_of_nothing(small: SmallInstance, code: str) -> None:
    assert fresh_bundle(small.instance, code) is None


# --- larger rosters -------------------------------------------------------------------------------------------------


def test_the_people_of_two_units_share_the_path_from_the_city_on(province: World) -> None:
    units = ("示例机械研究所", "示例勘测设计院")
    roster_id = province.take_in(replace(BATCHES["T01"], people=7, units=units))
    province.sign("unit_notice", roster_id, "U1")
    province.at(1)
    province.sign("unit_notice", roster_id, "U2")
    for day, kind, officers in (
        (10, "recommend", ("CC",)), (14, "accept", ("EC",)), (16, "draw", ("EC",)), (18, "evaluate", ("EC",)),
        (19, "result_notice", ("OR",)), (32, "settle_objections", ("SV",)), (36, "approve", ("AP",)),
        (39, "issue", ("H1", "H2")),
    ):  # fmt: skip
        province.at(day)
        province.sign(kind, roster_id, *officers)
    bundles = [parse_bundle(fresh_bundle(province.instance, one.code) or b"") for one in province.issue(roster_id)]
    acts = [[step.act.sha256 for step in one.path] for one in bundles]
    assert len({names[0] for names in acts}) == 2
    assert len({tuple(names[1:]) for names in acts}) == 1
    counts = [[step.act.unverified_payload["roster"]["count"] for step in one.path] for one in bundles]
    assert sorted(count[0] for count in counts) == [3, 3, 3, 4, 4, 4, 4]
    assert {tuple(count[1:]) for count in counts} == {(7,) * 8}
    now = province.instance.now()
    assert {verify(Evidence(one), province.instance.anchors, now, now).verdict for one in bundles} == {"valid"}


def test_the_register_judges_just_what_it_hands_out(small: SmallInstance) -> None:
    now, anchors = small.instance.now(), small.anchors
    for one in small.issued:
        gathered = fresh_evidence(small.instance, one.certificate)
        written = parse_bundle(bundle_of(small.instance, one.certificate))
        assert replace(gathered, data=written.data) == written
        reports = [verify(Evidence(each), anchors, now, now) for each in (gathered, written)]
        assert reports[0] == reports[1]
