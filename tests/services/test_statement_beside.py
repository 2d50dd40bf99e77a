"""What lies in the file of a statement and is signed by nobody: further grants, certificates, another trust bundle.

Whoever hands the file on can put it there, so it makes no statement void, and none valid (docs/decisions/0027).
"""

import pytest
from equivalence_for_tests import WANTED, judged
from support_instance import SmallInstance
from world_for_tests import World

from certsvc.core.bundle import parse_bundle
from certsvc.core.encoding import b64, canonical, parse_json
from certsvc.services import documents
from certsvc.services.beside import update_in
from certsvc.services.compromise import condemn
from certsvc.services.equivalence import approve, propose, statement_file
from certsvc.verify.path import jkt_of


def approved(world: World) -> str:
    world.at(0)
    held = propose(world.instance, WANTED)
    approve(world.instance, held.id, "H2")
    return held.id


def grant_of_another_office(world: World) -> tuple[str, str]:
    """One that the authority gave with its grant key, and the certificate of that key."""
    with world.instance.engines.read.connect() as connection:
        key = documents.own_key(connection, "SL-HRSS", "grant")
        grant = next(
            one
            for org in ("SL-CC", "SL-HA", "SL-U4", "SL-GC")
            for one in documents.grants_of(connection, org)
            if one.signatures[0].unverified_kid == key.jkt
        )
    return grant.body.decode(), b64(key.certificate)


def test_a_stolen_grant_key_spoils_no_statement_by_a_grant_that_nothing_names(province: World) -> None:
    """Grants are public: anybody can lay one beside a statement that stands on another."""
    data = statement_file(province.instance, approved(province))
    value, (grant, certificate) = parse_json(data), grant_of_another_office(province)
    laid = {**value, "grants": [*value["grants"], grant], "certs": [*value["certs"], certificate]}
    assert judged(province, data) == ("valid", None)
    assert judged(province, canonical(laid)) == ("tampered", "unused_evidence")


@pytest.mark.parametrize("member", ["grants", "certs"])
def test_nothing_stands_twice_in_the_file_of_a_statement(province: World, member: str) -> None:
    value = parse_json(statement_file(province.instance, approved(province)))
    twice = {**value, member: [*value[member], value[member][0]]}
    assert judged(province, canonical(twice)) == ("tampered", "unused_evidence")


def test_a_statement_of_a_stolen_seal_is_not_valid_by_the_trust_bundle_of_another_root(
    province: World, small_instance: SmallInstance
) -> None:
    """What another instance says of its keys says nothing of this one's (docs/decisions/0027)."""
    held = approved(province)
    with province.instance.engines.read.connect() as connection:
        stolen = documents.own_key(connection, "SL-HRSS", "seal").jkt
    since = province.instance.now()
    province.at(1)
    condemn(province.instance, stolen, since, WANTED.paper)
    value, theirs = (
        parse_json(statement_file(province.instance, held)),
        update_in(parse_bundle(small_instance.bundle())),
    )
    assert theirs.trust is not None
    policy = [der for der in theirs.certs if jkt_of(der) == theirs.trust.signatures[0].unverified_kid]
    foreign = {**value, "trust": theirs.trust.body.decode(), "certs": [*value["certs"], *map(b64, policy)]}
    both = (*province.instance.anchors, *small_instance.anchors)
    assert judged(province, canonical(value), anchors=both) == ("void", "key_compromised")
    assert judged(province, canonical(foreign), anchors=both) == ("tampered", "evidence_differs")
