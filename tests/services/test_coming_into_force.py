"""No proof, no certificate: what waits for the log says so everywhere, and comes into force with its proofs."""

from dataclasses import replace

import pytest
from support_instance import SmallInstance
from world_for_tests import World, witnesses_away

from certsvc.core.bundle import Bundle, parse_bundle
from certsvc.core.checkpoint import parse_head, verify_proof
from certsvc.core.errors import NotReady, Refused
from certsvc.core.leaves import public_leaf
from certsvc.core.logged import Logged
from certsvc.core.merkle import leaf_hash
from certsvc.core.note import parse_note
from certsvc.instance import Instance
from certsvc.services import cosign, documents, issue, log, log_leaves
from certsvc.services.claim import claim_pdf, claim_state
from certsvc.services.coming_into_force import bring_into_force, finish_waiting
from certsvc.services.log_evidence import LogEvidence
from certsvc.services.pdf import certificate_pdf
from certsvc.services.publish import LIST_AGE, current_status_list, list_uri, publish_status_list
from certsvc.services.status import Proposal, approve, propose
from certsvc.services.verify_evidence import fresh_bundle, verify_code, verify_file
from certsvc.services.witness_list import FILE
from certsvc.store import certificates as certificate_store
from certsvc.store.rows import Certificate
from certsvc.verify import verify
from certsvc.verify.case import Evidence

PAPER = {"number": "示例决〔2025〕1号", "title": "示例决定书", "date": "2025-02-17"}


def stuck(world: World) -> str:
    """A roster whose certificates were stored while the witnesses were away."""
    roster_id = world.ready(people=3)
    with witnesses_away(world), pytest.raises(NotReady, match="waiting_for_log") as error:
        world.issue(roster_id)
    assert error.value.hint == "certsvc log tick"
    return roster_id


def waiting(world: World) -> tuple[Certificate, ...]:
    with world.instance.engines.read.connect() as connection:
        return certificate_store.list_waiting(connection)


def code_of(world: World, one: Certificate) -> str:
    return world.instance.data_keys.unseal(one.code_sealed, f"code/{one.id}".encode()).decode()


def every_proof(bundle: Bundle) -> dict[str, Logged | None]:
    """Whatever a bundle says was logged."""
    steps = {f"act {n}": step.logged for n, step in enumerate(bundle.path)}
    events = {f"event {n}": event.logged for n, event in enumerate((*bundle.corrections, *bundle.events))}
    grants = {f"grant {n}": one for n, one in enumerate(bundle.grants_logged)}
    return {"certificate": bundle.logged, "list": bundle.status_logged, **steps, **events, **grants}


def check_proofs(instance: Instance, bundle: Bundle) -> None:
    """Each stands under a checkpoint of its own policy, and none of them in the one before."""
    with instance.engines.read.connect() as connection:
        keys = log.log_keys(instance, connection)
    policy = cosign.policy(instance) or log.ALONE
    assert len(bundle.grants_logged) == len(bundle.grants) > 0
    for name, one in every_proof(bundle).items():
        assert one is not None and one.before is not None, name
        checkpoint = verify_proof(one.proof, leaf_hash(one.entry), keys, policy)
        before = parse_head(parse_note(one.before).text)
        assert before.size <= one.proof.index < checkpoint.size, name


# --- with its proofs -------------------------------------------------------------------------------------------------


def test_a_frozen_bundle_proves_that_everything_in_it_was_logged(small: SmallInstance) -> None:
    with small.instance.engines.read.connect() as connection:
        stored = certificate_store.find_certificate(connection, small.issued[0].certificate.id)
    assert stored is not None and stored.state == "in_force" and stored.frozen_bundle is not None
    check_proofs(small.instance, parse_bundle(stored.frozen_bundle))


def test_two_witnesses_saw_everything_in_a_bundle_of_a_strict_office(province: World) -> None:
    (first, *_) = province.issue(province.ready())
    data = fresh_bundle(province.instance, first.code)
    check_proofs(province.instance, parse_bundle(data or b""))


def test_decisions_and_corrections_carry_their_proofs(small: SmallInstance) -> None:
    wanted = Proposal("correct", small.issued[0].code, "HRSS-1", PAPER, "correction", changes={"name": "样章丁"})
    second = approve(small.instance, propose(small.instance, wanted), "HRSS-2")
    assert second is not None and second.certificate.state == "in_force"
    for code in (second.code, small.issued[0].code):
        bundle = parse_bundle(fresh_bundle(small.instance, code) or b"")
        assert len(bundle.events) + len(bundle.corrections) == 1
        check_proofs(small.instance, bundle)


def test_a_proof_once_found_stays_as_it_is_while_the_log_grows(small: SmallInstance) -> None:
    before = parse_bundle(small.bundle())
    approve(small.instance, propose(small.instance, order("suspend", small.issued[1].code, "inquiry")), "HRSS-2")
    after = parse_bundle(small.bundle())
    old, new = every_proof(before), every_proof(after)
    assert {name for name in old if old[name] != new[name]} == {"list"}


def order(kind: str, code: str, reason: str, officer: str = "HRSS-1") -> Proposal:
    return Proposal(kind, code, officer, PAPER, reason, retroactive=kind == "revoke")


# --- while it waits --------------------------------------------------------------------------------------------------


def test_a_certificate_that_waits_is_nowhere_in_force(province: World) -> None:
    stuck(province)
    (one, *_) = waiting(province)
    code = code_of(province, one)
    for report in (verify_code(province.instance, code), verify_file(province.instance, one.credential)):
        assert (report.verdict, report.reason, report.certificate) == ("cannot_decide", "waiting_for_log", None)
    for refused in (certificate_pdf, fresh_bundle):
        with pytest.raises(Refused, match="waiting_for_log"):
            refused(province.instance, code)
    assert one.frozen_bundle is None


def test_a_holder_who_comes_early_loses_neither_link_nor_try(province: World) -> None:
    roster_id, told = province.ready(people=1), []
    with witnesses_away(province), pytest.raises(NotReady):
        list(issue.issue(province.instance, roster_id, prepared=told.extend))
    (prepared,) = told
    for _ in range(9):
        with pytest.raises(Refused, match="waiting_for_log"):
            claim_pdf(province.instance, prepared.claim_token, "0000")
    assert claim_state(province.instance, prepared.claim_token) == "open"
    assert finish_waiting(province.instance) == 1
    assert claim_pdf(province.instance, prepared.claim_token, "zzzz").tries_left == 4


def test_what_waits_comes_into_force_once_the_witnesses_are_back(province: World) -> None:
    roster_id, told = stuck(province), []
    assert [one.state for one in province.certificates(roster_id)] == ["waiting_for_log"] * 3
    assert finish_waiting(province.instance, 2, lambda done, total: told.append((done, total))) == 2
    assert (told, finish_waiting(province.instance), finish_waiting(province.instance)) == ([(2, 2)], 1, 0)
    for one in province.certificates(roster_id):
        assert (one.state, verify_code(province.instance, code_of(province, one)).verdict) == ("in_force", "valid")
        bundle, now = parse_bundle(one.frozen_bundle or b""), province.instance.now()
        assert verify(Evidence(bundle), province.instance.anchors, now, now).verdict == "valid"
    with province.instance.engines.read.connect() as connection:
        assert certificate_store.list_intents(connection) == ()


def test_the_same_command_completes_what_waits_and_gives_out_the_same_links(province: World) -> None:
    roster_id, first, second = province.ready(people=3), [], []
    with witnesses_away(province), pytest.raises(NotReady):
        list(issue.issue(province.instance, roster_id, prepared=first.extend))
    issued = [one for chunk in issue.issue(province.instance, roster_id, prepared=second.extend) for one in chunk]
    assert first == second and len(first) == 3
    assert [one.claim_token for one in issued] == [one.claim_token for one in first]
    with pytest.raises(Refused, match="nothing_to_issue"):
        province.issue(roster_id)


def test_of_two_who_complete_it_one_does(province: World) -> None:
    stuck(province)
    found = waiting(province)
    log_leaves.settle(province.instance)
    assert bring_into_force(province.instance, found) == {one.id for one in found}
    assert bring_into_force(province.instance, found) == set()


def test_what_was_revoked_while_it_waited_stays_revoked_and_a_pause_is_refused(province: World) -> None:
    stuck(province)
    first, *rest = waiting(province)
    with pytest.raises(Refused, match="waiting_for_log"):
        propose(province.instance, order("suspend", first.number, "inquiry", "H1"))
    approve(province.instance, propose(province.instance, order("revoke", first.number, "fraud", "H1")), "H2")
    assert finish_waiting(province.instance) == len(rest)
    assert verify_code(province.instance, code_of(province, first)).verdict == "revoked"
    with province.instance.engines.read.connect() as connection:
        assert certificate_store.list_intents(connection) == ()


def test_what_is_decided_while_somebody_completes_what_waits_is_nobodys_fault(province: World) -> None:
    stuck(province)
    first, *rest = found = waiting(province)
    approve(province.instance, propose(province.instance, order("revoke", first.number, "fraud", "H1")), "H2")
    # Whoever listed it before goes on with what was listed.
    assert bring_into_force(province.instance, found) == {one.id for one in rest}


def test_a_strict_office_without_witnesses_does_not_begin_to_issue(province: World) -> None:
    roster_id = province.ready()
    (province.home / FILE).unlink()
    before = province.census()
    with pytest.raises(NotReady, match="witnesses_missing") as error:
        province.issue(roster_id)
    assert error.value.hint.startswith("certsvc witness add")
    assert province.census() == before


# --- status lists ----------------------------------------------------------------------------------------------------


def test_a_list_says_how_much_of_the_log_it_covers_under_which_checkpoint(province: World) -> None:
    (one, *_) = province.issue(province.ready())
    approve(province.instance, propose(province.instance, order("suspend", one.code, "inquiry", "H1")), "H2")
    listed = current_status_list(province.instance, list_uri(province.instance)).unverified_payload
    head = parse_head(parse_note(listed["checkpoint"].encode()).text)
    policy = cosign.policy(province.instance)
    assert policy is not None
    assert head.size == listed["n"] and len(parse_note(listed["checkpoint"].encode()).signatures) == 3
    (event,) = parse_bundle(fresh_bundle(province.instance, one.code) or b"").events
    assert event.logged is not None and event.logged.proof.index < listed["n"]


def test_while_the_log_stands_still_a_decision_is_kept_and_no_list_is_signed(small: SmallInstance) -> None:
    uri, key = list_uri(small.instance), small.instance.keys_dir / "log.pem"
    before = current_status_list(small.instance, uri)
    key.rename(key.with_suffix(".away"))
    small.instance._signers.clear()
    proposal = propose(small.instance, order("revoke", small.issued[0].code, "fraud"))
    with pytest.raises(NotReady, match="waiting_for_log"):
        approve(small.instance, proposal, "HRSS-2")
    # Who was decided about is not told the old status; all others are verified as ever.
    assert current_status_list(small.instance, uri) == before
    asked = [verify_code(small.instance, one.code) for one in small.issued[:2]]
    assert [(one.verdict, one.reason) for one in asked] == [("cannot_decide", "waiting_for_log"), ("valid", None)]
    key.with_suffix(".away").rename(key)
    after = current_status_list(small.instance, uri)
    assert after.unverified_payload["n"] > before.unverified_payload["n"]
    assert verify_code(small.instance, small.issued[0].code).verdict == "revoked"


def test_while_the_witnesses_are_away_the_last_list_that_they_saw_is_given(province: World) -> None:
    issued = province.issue(province.ready())
    uri = list_uri(province.instance)
    before = current_status_list(province.instance, uri)
    with witnesses_away(province):
        province.at(41)
        assert current_status_list(province.instance, uri) == before
        assert verify_code(province.instance, issued[0].code).verdict == "valid"
        proposal = propose(province.instance, order("revoke", issued[0].code, "fraud", "H1"))
        with pytest.raises(NotReady, match="waiting_for_log"):
            approve(province.instance, proposal, "H2")
        assert verify_code(province.instance, issued[0].code).reason == "waiting_for_log"
    assert current_status_list(province.instance, uri) != before
    assert [verify_code(province.instance, one.code).verdict for one in issued] == ["revoked", "valid"]


# --- look-ups --------------------------------------------------------------------------------------------------------


def test_of_an_act_that_merges_many_lists_the_leaf_of_the_predecessor_is_taken(small: SmallInstance) -> None:
    step = parse_bundle(small.bundle()).path[3]
    prev = [f"list-{n}" for n in range(10)]
    merged = replace(step.act, unverified_payload={**step.act.unverified_payload, "prev": prev})
    leaf = public_leaf("calendar", b"the second leaf")
    with log_leaves.transaction(small.instance) as connection:
        log.enqueue(connection, f"{merged.sha256}/1", leaf, merged.sha256)
    with small.instance.engines.read.connect() as connection:
        look_up = LogEvidence(small.instance, connection)
        found = [look_up.of(merged, prev[n]) for n in (7, 8)]
    assert step.logged is not None
    assert [one and one.entry for one in found] == [step.logged.entry, leaf]


def test_a_list_is_handed_out_once_the_log_proves_it_and_until_then_the_one_before(province: World) -> None:
    instance, uri = province.instance, list_uri(province.instance)
    (one, *_) = province.issue(province.ready())
    before = current_status_list(instance, uri)
    instance.set_clock(instance.now() + LIST_AGE)
    log_leaves.look_out(instance)
    with instance.engines.write.begin() as connection:
        newer = publish_status_list(instance, connection, uri)
    key = instance.keys_dir / "log.pem"
    key.rename(key.with_suffix(".away"))
    instance._signers.clear()
    assert current_status_list(instance, uri) == before != newer
    bundle = parse_bundle(fresh_bundle(instance, one.code) or b"")
    assert (bundle.status_list, bundle.status_logged is not None) == (before, True)
    assert verify_code(instance, one.code).verdict == "valid"
    # Without any that the log proves the newest is given, and a verifier says what it lacks.
    instance.set_clock(before.unverified_payload["exp"] + 1)
    assert current_status_list(instance, uri) == newer
    assert parse_bundle(fresh_bundle(instance, one.code) or b"").status_logged is None
    instance.set_clock(newer.unverified_payload["iat"])
    key.with_suffix(".away").rename(key)
    assert current_status_list(instance, uri) == newer
    assert parse_bundle(fresh_bundle(instance, one.code) or b"").status_logged is not None


def test_a_list_is_as_young_as_the_time_that_enough_witnesses_have_seen(province: World) -> None:
    province.issue(province.ready())
    uri, path = list_uri(province.instance), province.home / FILE
    before = current_status_list(province.instance, uri)
    path.write_text(path.read_text(encoding="utf-8").replace("/south", "/south-away"), encoding="utf-8")
    province.instance.set_clock(province.instance.now() + 2 * LIST_AGE)
    assert [one.outcome for one in cosign.cosign(province.instance)] == ["cosigned", "unreachable"]
    assert current_status_list(province.instance, uri) == before


def test_a_grant_of_this_moment_is_proved_first_or_left_out(province: World) -> None:
    instance = province.instance
    (one, *_) = province.issue(province.ready())

    def give() -> str:
        with instance.engines.write.begin() as connection:
            given = documents.grants_of(connection, instance.settings.authority)[-1].unverified_payload
            body = {name: value for name, value in given.items() if name not in ("jti", "iss", "iat")}
            return documents.give_grant_within(instance, connection, body)

    def bundle() -> Bundle:
        found = parse_bundle(fresh_bundle(instance, one.code) or b"")
        assert None not in found.grants_logged
        return found

    assert give() in {grant.sha256 for grant in bundle().grants}
    key = instance.keys_dir / "log.pem"
    key.rename(key.with_suffix(".away"))
    instance._signers.clear()
    assert give() not in {grant.sha256 for grant in bundle().grants}
    assert verify_code(instance, one.code).verdict == "valid"


def give_until(world: World, end: int) -> str:
    """A second grant of the issuing office, which ends at `end`. Its name is the hash."""
    with world.instance.engines.read.connect() as connection:
        given = documents.grants_of(connection, world.instance.settings.authority)[0].unverified_payload
    kept = {name: value for name, value in given.items() if name not in ("jti", "iss", "iat", "parent")}
    return documents.give_grant(world.instance, {**kept, "parent": None, "nbf": world.instance.now(), "exp": end})


@pytest.mark.parametrize("first", [True, False])
def test_a_grant_that_may_have_ended_stands_in_nobodys_way_beside_one_that_lasts(province: World, first: bool) -> None:
    roster_id = province.ready(people=2)
    with province.instance.engines.read.connect() as connection:
        (lasting,) = documents.grants_of(connection, province.instance.settings.authority)
    day = 40
    province.at(day, hour=18)
    end = province.instance.now()
    province.at(day, hour=8)
    # Bundles hold grants in the order of their hashes.
    while (give_until(province, end) < lasting.sha256) is not first:
        province.at(day, hour=8)
    province.at(day, hour=17)
    with witnesses_away(province), pytest.raises(NotReady, match="waiting_for_log"):
        province.issue(roster_id)
    province.at(day, hour=19)
    assert finish_waiting(province.instance) == 2
    for one in province.certificates(roster_id):
        bundle, now = parse_bundle(one.frozen_bundle or b""), province.instance.now()
        for grants in (bundle.grants, bundle.grants[::-1]):
            logged = bundle.grants_logged if grants == bundle.grants else bundle.grants_logged[::-1]
            turned = replace(bundle, grants=grants, grants_logged=logged)
            assert verify(Evidence(turned), province.instance.anchors, now, now).verdict == "valid"
