"""Rotation without downtime: each use in turn, with certificates issued before, between and after, all of them valid."""

from dataclasses import dataclass, replace

import pytest
from cryptography import x509
from support_instance import DAY, SCHEDULE, SmallInstance, enter_roster
from watched_for_tests import watched
from world_for_tests import BATCHES, ONE_UNIT, PAPER, WALKS, World

from certsvc.core.bundle import parse_bundle
from certsvc.core.errors import CertsvcError, NotReady, Refused
from certsvc.core.grants import check_nesting
from certsvc.core.jose import parse_document
from certsvc.core.kinds import ISSUED_USES
from certsvc.render.reader import read_pdf
from certsvc.services import act, documents, issue, key_events, overview, pdf, publish, status
from certsvc.services.delegation import Delegation, delegate
from certsvc.services.rotation import HANDOVER, Rotated, rotate_key, rotate_officer
from certsvc.services.verify_evidence import Asked, Found, fresh_bundle, verify_code, verify_file, verify_offline
from certsvc.services.withdrawal import withdraw_grant
from certsvc.store import documents as document_store
from certsvc.store import keys as key_store
from certsvc.store import rosters
from certsvc.store.rows import SigningKey

#: What can be rotated: whose key, and for what. An officer is named in the first place.
ROTATIONS = [("SL-HRSS", use) for use in ISSUED_USES if use != "officer"]
ROTATIONS += [
    ("SL-XC", "seal"),
    ("XC", "officer"),
    ("H1", "officer"),
    ("ROOT", "policy"),
    ("SL-HRSS", "ca"),
    ("ROOT", "archive"),
]


def rotate(world: World, whose: str, use: str) -> Rotated:
    return rotate_officer(world.instance, whose) if use == "officer" else rotate_key(world.instance, whose, use)


@dataclass
class Kept:
    """A certificate with every copy of its evidence that its holder may have kept."""

    code: str
    bundles: list[bytes]


@dataclass
class Office:
    """A world that issues a certificate whenever it is asked to."""

    world: World
    kept: list[Kept]
    rosters: int = 0

    def issue_one(self) -> None:
        """One roster of two from import to certificate, sixteen weeks after the last one, when no holiday is near."""
        name = f"T01-{self.rosters}.xlsx"
        roster = replace(BATCHES["T01"], file=name, people=2, units=ONE_UNIT)
        shift = self.rosters * 112
        world = self.world
        world.at(shift, hour=9)
        (roster_id,) = world.import_file(world.file(roster)).rosters
        for day, kind, officers in WALKS["T01"]:
            world.at(shift + day)
            world.sign(kind, roster_id, *officers)
        world.at(shift + 40)
        for one in world.issue(roster_id):
            frozen = next(c for c in world.certificates(roster_id) if c.id == one.certificate.id).frozen_bundle
            assert frozen is not None
            self.kept.append(Kept(one.code, [frozen]))
        self.rosters += 1

    def check(self) -> None:
        """Every certificate is valid online; every copy ever made of its evidence is valid offline."""
        world = self.world
        now = world.instance.now()
        for one in self.kept:
            report = verify_code(world.instance, one.code)
            assert report.verdict == "valid", (report.verdict, report.reason, report.about)
            fresh = fresh_bundle(world.instance, one.code)
            assert fresh is not None
            one.bundles.append(fresh)
            for bundle in one.bundles:
                # A status list is good for seven days, so an old copy is asked while it was fresh.
                asked = min(now, parse_bundle(bundle).status_list.unverified_payload["exp"])
                offline = verify_offline(Found(bundle=bundle), world.instance.anchors, Asked(asked, asked))
                assert offline.verdict == "valid", (offline.verdict, offline.reason, offline.about)


@pytest.fixture
def office(province: World) -> Office:
    one = Office(province, [])
    one.issue_one()
    return one


@pytest.fixture
def office_anywhere(anywhere: World) -> Office:
    """The same, on each kind of database."""
    one = Office(anywhere, [])
    one.issue_one()
    return one


def key_of(world: World, whose: str, use: str) -> SigningKey:
    with world.instance.engines.read.connect() as connection:
        if use == "officer":
            return documents.officer_key(connection, whose)
        return documents.own_key(connection, whose, use)


def test_certificates_of_before_between_and_after_are_valid_while_every_key_is_rotated(office_anywhere: Office) -> None:
    office = office_anywhere
    office.check()
    for whose, use in ROTATIONS[: len(ROTATIONS) // 2]:
        rotate(office.world, whose, use)
        office.check()
    office.issue_one()
    for whose, use in ROTATIONS[len(ROTATIONS) // 2 :]:
        rotate(office.world, whose, use)
    office.check()
    office.issue_one()
    office.check()
    assert len(office.kept) == 6


@pytest.mark.parametrize(("whose", "use"), ROTATIONS)
def test_the_old_key_ends_and_the_new_one_is_certified_for_the_same_holder(
    province: World, whose: str, use: str
) -> None:
    province.at(0)
    before = key_of(province, whose, use)
    changed = rotate(province, whose, use)
    assert changed.old.jkt == before.jkt != changed.new.jkt
    now = province.instance.now()
    assert (changed.old.ended_reason, changed.old.valid_to, changed.old.good_before) == (
        "rotated",
        now + HANDOVER,
        None,
    )
    assert key_of(province, whose, use) == changed.new
    old, new = (x509.load_der_x509_certificate(key.certificate) for key in (changed.old, changed.new))
    assert old.subject == new.subject
    assert old.extensions.get_extension_for_class(x509.ExtendedKeyUsage) == new.extensions.get_extension_for_class(
        x509.ExtendedKeyUsage
    )
    message = b"sample"
    assert province.instance.signer(changed.new).sign(message)
    assert province.instance.signer(changed.old).sign(message)


@pytest.mark.parametrize(("whose", "use"), ROTATIONS)
def test_grants_of_the_old_key_get_successors_that_allow_the_same(province: World, whose: str, use: str) -> None:
    province.at(0)
    before = key_of(province, whose, use)
    org = str(before.org_id)
    with province.instance.engines.read.connect() as connection:
        given = [one.unverified_payload for one in documents.grants_of(connection, org)]
    old = [one for one in given if {"jkt": before.jkt, "use": use} in one["keys"]]
    changed = rotate(province, whose, use)
    with province.instance.engines.read.connect() as connection:
        known = documents.grants_with_parents(connection, list(changed.grants))
        for name in changed.grants:
            check_nesting(known[name], known)
        new = [known[name].payload for name in changed.grants]
    assert len(new) == len(old)
    assert bool(old) == (use not in ("qr", "policy", "ca", "archive"))
    same = ("sub", "role", "acts", "scope", "ratios", "depth", "nbf", "exp", "document")
    told = [{name: payload[name] for name in same} for payload in old]
    assert all({name: payload[name] for name in same} in told for payload in new)
    for payload in new:
        jkts = [key["jkt"] for key in payload["keys"]]
        assert changed.new.jkt in jkts
        assert before.jkt not in jkts


def test_rotations_one_after_another_do_not_multiply_grants(province: World) -> None:
    province.at(0)
    for _ in range(3):
        for use in ("seal", "status", "grant"):
            assert len(rotate_key(province.instance, "SL-HRSS", use).grants) == 1
    assert [len(rotate_key(province.instance, "SL-XC", "seal").grants) for _ in range(3)] == [2, 2, 2]


def test_an_office_may_pass_on_grants_after_its_grant_key_and_its_own_seal_were_rotated(province: World) -> None:
    province.at(0)
    rotate_key(province.instance, "SL-HRSS", "grant")
    rotate_key(province.instance, "SL-XC", "seal")
    rotate_key(province.instance, "SL-HRSS", "seal")
    name = delegate(province.instance, Delegation("SL-XC", "committee", PAPER))
    with province.instance.engines.read.connect() as connection:
        known = documents.grants_with_parents(connection, [name])
    check_nesting(known[name], known)


def test_a_withdrawn_grant_gets_no_successor(province: World) -> None:
    province.at(0)
    with province.instance.engines.read.connect() as connection:
        first, second = (g.sha256 for g in documents.grants_of(connection, "SL-XC"))
    withdraw_grant(province.instance, first, "withdrawn", PAPER)
    (name,) = rotate_key(province.instance, "SL-XC", "seal").grants
    with province.instance.engines.read.connect() as connection:
        payloads = [documents.load_document(connection, one, "grant+jwt").unverified_payload for one in (name, second)]
    assert payloads[0]["role"] == payloads[1]["role"]


def test_every_beginning_and_end_of_a_key_is_a_signed_event(province: World) -> None:
    province.at(0)
    changed = rotate_key(province.instance, "SL-HRSS", "seal")
    with province.instance.engines.read.connect() as connection:
        for key in key_store.list_signing_keys(connection):
            rows = document_store.list_documents(connection, "key+jwt", key.jkt)
            said = [parse_document(row.body, row.typ).unverified_payload for row in rows]
            assert {"to": None, "reason": None, "good_before": None, "from": key.valid_from}.items() <= said[0].items()
            assert (said[0]["use"], said[0]["org"]) == (key.use, key.org_id)
            assert len(said) == (2 if key.jkt == changed.old.jkt else 1)
        assert {"to": changed.old.valid_to, "reason": "rotated", "good_before": None}.items() <= [
            parse_document(row.body, row.typ).unverified_payload
            for row in document_store.list_documents(connection, "key+jwt", changed.old.jkt)
        ][-1].items()


def test_the_trust_bundle_names_ended_keys_of_everybody_and_living_ones_of_the_authority_alone(province: World) -> None:
    province.at(0)
    changed = rotate_officer(province.instance, "XC")
    with province.instance.engines.read.connect() as connection:
        rows = {row["jkt"]: row for row in documents.current_trust(connection).unverified_payload["keys"]}
        registered = key_store.list_signing_keys(connection)
    own = {key.jkt for key in registered if key.org_id in ("ROOT", "SL-HRSS") and key.use != "officer"}
    assert rows.keys() == own | {changed.old.jkt}
    ended = rows[changed.old.jkt]
    assert (ended["use"], ended["to"], ended["reason"]) == ("officer", changed.old.valid_to, "rotated")
    assert ended["from"] == changed.old.valid_from


def test_of_two_trust_bundles_of_one_second_the_later_one_counts(province: World) -> None:
    province.at(0)
    for _ in range(8):
        published = documents.publish_trust(province.instance)
        with province.instance.engines.read.connect() as connection:
            assert documents.current_trust(connection).sha256 == published.sha256


def test_an_officer_who_leaves_signs_nothing_more_and_what_was_signed_stays_valid(office: Office) -> None:
    world = office.world
    ended = key_events.end_key(world.instance, key_of(world, "XC", "officer").jkt)
    assert (ended.ended_reason, ended.valid_to) == ("withdrawn", world.instance.now() + 1)
    office.check()
    with pytest.raises(NotReady) as error:
        key_of(world, "XC", "officer")
    assert error.value.code == "key_absent"
    with pytest.raises(Refused) as again:
        key_events.end_key(world.instance, ended.jkt)
    assert again.value.code == "key_ended"


def test_what_was_begun_before_a_rotation_is_completed_with_the_key_of_that_moment(small: SmallInstance) -> None:
    instance = small.instance
    enter_roster(instance, "R0002", 1)
    for kind, officers, days in SCHEDULE:
        instance.set_clock(small.now + days * DAY)
        act.do_act(instance, act.Order(kind, "R0002", officers))
    with instance.engines.read.connect() as connection:
        entries = list(rosters.list_entries(connection, "R0002", True))
    (intent,) = issue.intend(instance, entries)
    instance.set_clock(instance.now() + 3600)
    old = rotate_key(instance, "HRSS", "credential").old
    (issued,) = [one for chunk in issue.issue(instance, "R0002") for one in chunk]
    credential = parse_document(issued.certificate.credential, "vc+jwt")
    assert (credential.signatures[0].unverified_kid, issued.certificate.number) == (old.jkt, intent.number)
    assert verify_code(instance, issued.code).verdict == "valid"


def test_where_a_log_is_required_what_was_begun_before_a_rotation_is_completed_with_the_next_key(
    province: World,
) -> None:
    """The end of the old key stands in the log before the certificate would."""
    roster_id = province.ready()
    intents = issue.intend(province.instance, list(province.entries(roster_id)))
    province.instance.set_clock(province.instance.now() + 60)
    new = rotate_key(province.instance, "SL-HRSS", "credential").new
    issued = province.issue(roster_id)
    assert {one.certificate.number for one in issued} == {one.number for one in intents}
    for one in issued:
        credential = parse_document(one.certificate.credential, "vc+jwt")
        assert credential.signatures[0].unverified_kid == new.jkt
        assert verify_code(province.instance, one.code).verdict == "valid"


def test_a_file_that_is_signed_after_a_rotation_of_its_key_is_valid(office: Office) -> None:
    world = office.world
    old = key_of(world, "SL-HRSS", "pdf")
    rotate_key(world.instance, "SL-HRSS", "pdf")
    data = pdf.certificate_pdf(world.instance, office.kept[0].code)
    signature = read_pdf(data).signature
    assert signature is not None
    assert signature.signer_der == old.certificate
    assert verify_file(world.instance, data).verdict == "valid"


def test_the_next_status_list_is_of_the_new_key_and_newer(office: Office) -> None:
    world = office.world
    uri = publish.list_uri(world.instance)
    old = publish.current_status_list(world.instance, uri)
    changed = rotate_key(world.instance, "SL-HRSS", "status")
    new = publish.current_status_list(world.instance, uri)
    assert new.signatures[0].unverified_kid == changed.new.jkt
    assert new.unverified_payload["iat"] > old.unverified_payload["iat"]


def test_an_old_bundle_cannot_judge_a_newer_list_of_a_key_that_it_does_not_know(office: Office) -> None:
    world = office.world
    rotate_key(world.instance, "SL-HRSS", "status")
    newer = publish.current_status_list(world.instance, publish.list_uri(world.instance)).body
    now = world.instance.now()
    found = Found(bundle=office.kept[0].bundles[0])
    report = verify_offline(found, world.instance.anchors, Asked(now, now, newer_status=newer))
    assert report.verdict == "cannot_decide"
    assert verify_offline(found, world.instance.anchors, Asked(now, now)).verdict == "valid"


def test_who_is_named_for_the_next_act_has_a_key_that_lives_and_a_grant_that_stands(province: World) -> None:
    roster_id = province.take_in(BATCHES["T01"])
    province.walk("T01", roster_id, until="evaluate")
    rotate_officer(province.instance, "XC")

    def named() -> list[tuple[str, list[str]]]:
        (view,) = (one for one in overview.rosters(province.instance) if one.roster.id == roster_id)
        assert view.next_step is not None
        return overview.who_may(province.instance, view.roster, view.next_step)

    assert ("SL-XC", ["XC"]) in named()
    with province.instance.engines.read.connect() as connection:
        given = [g for g in documents.grants_of(connection, "SL-XC") if g.unverified_payload["role"] == "committee"]
    for grant in given:
        withdraw_grant(province.instance, grant.sha256, "withdrawn", PAPER)
    assert "SL-XC" not in dict(named())


def test_a_status_is_changed_under_the_keys_of_after_a_rotation(office: Office) -> None:
    world = office.world
    for whose, use in (("SL-HRSS", "seal"), ("H1", "officer"), ("SL-HRSS", "status"), ("SL-HRSS", "grant")):
        rotate(world, whose, use)
    proposal = status.propose(world.instance, status.Proposal("suspend", office.kept[0].code, "H1", PAPER, "inquiry"))
    status.approve(world.instance, proposal, "H2")
    assert verify_code(world.instance, office.kept[0].code).verdict == "suspended"
    assert verify_code(world.instance, office.kept[1].code).verdict == "valid"


def test_who_verifies_during_rotations_never_sees_anything_but_valid(office: Office) -> None:
    world = office.world
    with watched(world, office.kept) as watch:
        for whose, use in ROTATIONS:
            watch.goes_on()
            rotate(world, whose, use)
    assert len(watch.seen) > len(ROTATIONS)
    assert set(watch.seen) == {("valid", None)}


def refused(world: World, whose: str, use: str) -> CertsvcError:
    """Why a rotation is refused; no row may be left."""
    before = world.census()
    with pytest.raises(CertsvcError) as error:
        rotate(world, whose, use)
    assert world.census() == before
    return error.value


@pytest.mark.parametrize(("whose", "use", "code"), [
    ("SL-NOWHERE", "seal", "org_unknown"), ("NOBODY", "officer", "officer_unknown"),
    ("SL-XC", "credential", "key_absent"), ("ROOT", "root", "key_use"),
])  # fmt: skip
def test_what_cannot_be_rotated_is_refused(province: World, whose: str, use: str, code: str) -> None:
    assert refused(province, whose, use).code == code


@pytest.mark.parametrize("use", ["policy", "log", "archive", "witness"])
def test_what_the_root_certifies_is_not_rotated_without_it(province: World, use: str) -> None:
    (province.home / "keys" / "root.pem").unlink()
    error = refused(province, "ROOT", use)
    assert error.code == "root_offline"
    assert "root.pem" in error.hint


def test_a_key_that_a_token_holds_is_rotated_there(province: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CERTSVC_SIGNER_CREDENTIAL", "pkcs11:token")
    assert refused(province, "SL-HRSS", "credential").code == "signer_elsewhere"


@pytest.mark.parametrize(("org", "use"), [("ROOT", "policy"), ("SL-HRSS", "credential")])
def test_a_key_without_which_the_work_would_stop_is_ended_by_rotation_only(province: World, org: str, use: str) -> None:
    with pytest.raises(Refused) as error:
        key_events.end_key(province.instance, key_of(province, org, use).jkt)
    assert error.value.code == "key_use"
    assert f"--use {use}" in error.value.hint


def test_retired_credential_keys_stay_published(province: World) -> None:
    province.at(0)
    changed = rotate_key(province.instance, "SL-HRSS", "credential")
    did = publish.did_document(province.instance)
    methods = [method["id"].rpartition("#")[2] for method in did["verificationMethod"]]
    assert set(methods) == {changed.old.jkt, changed.new.jkt}
    assert [one.rpartition("#")[2] for one in did["assertionMethod"]] == [changed.new.jkt]
    assert {changed.old.jkt, changed.new.jkt} <= {key["kid"] for key in publish.jwks(province.instance)["keys"]}
