"""What the instance says about itself: status lists, trust bundle, keys, and nothing private."""

import json
from typing import Any

import pytest
from jwt import PyJWK
from support_instance import DAY, SmallInstance

from certsvc.core.chain import certificate_key, load_certificate
from certsvc.core.errors import NotFound, NotReady
from certsvc.core.jose import Jws, parse_document, thumbprint
from certsvc.core.statuslist import SUSPENDED, unpack, value_at
from certsvc.register.columns import TRACKS
from certsvc.services import documents, log_leaves
from certsvc.services.publish import (
    LIST_AGE,
    LIST_TERM,
    MOST_AHEAD,
    SAME_MOMENT,
    current_status_list,
    did_document,
    jwks,
    list_uri,
    newest_status_list,
    publish_status_list,
    renew_status_list,
    trust_document,
)
from certsvc.services.rotation import rotate_key
from certsvc.services.status import Proposal, approve, approve_within, propose
from certsvc.services.verify_evidence import verify_code


def published(small: SmallInstance) -> Jws:
    return current_status_list(small.instance, list_uri(small.instance))


def every_member(value: Any) -> set[str]:
    """The names of all members, at any depth."""
    if isinstance(value, dict):
        return set(value) | {name for one in value.values() for name in every_member(one)}
    return {name for one in value for name in every_member(one)} if isinstance(value, list) else set()


# --- status lists ---------------------------------------------------------------------------------------------------


def test_a_list_says_until_when_it_is_good(small: SmallInstance) -> None:
    payload = published(small).unverified_payload
    assert payload["sub"] == list_uri(small.instance) == "https://sample.invalid/status/1"
    assert (payload["exp"] - payload["iat"], payload["ttl"]) == (LIST_TERM, LIST_AGE) == (7 * DAY, 900)


def test_a_list_is_a_function_of_its_events_and_its_second(small: SmallInstance) -> None:
    small.instance.set_clock(small.now + DAY)
    uri = list_uri(small.instance)
    with small.instance.engines.write.begin() as connection:
        first = publish_status_list(small.instance, connection, uri)
        again = publish_status_list(small.instance, connection, uri)
    assert first.body == again.body


def test_the_clocks_of_two_programs_may_differ_a_little(small: SmallInstance) -> None:
    first = published(small)
    small.instance.set_clock(small.now - 5)
    assert published(small).body == first.body
    small.instance.set_clock(small.now - 3600)
    assert published(small).unverified_payload["iat"] == small.now - 3600


def test_a_clock_that_is_put_back_brings_no_older_list_back(small: SmallInstance) -> None:
    later = small.now + DAY
    small.instance.set_clock(later + SAME_MOMENT + 1)
    published(small)
    small.instance.set_clock(later)
    paper = {"number": "示例决〔2025〕1号", "title": "示例决定书", "date": "2025-02-16"}
    code = small.issued[0].code
    approve(small.instance, propose(small.instance, Proposal("suspend", code, "HRSS-1", paper, "inquiry")), "HRSS-2")
    for seconds in (0, 5, 60, 70):
        small.instance.set_clock(later + seconds)
        raw = unpack(published(small).unverified_payload["status_list"]["lst"])
        assert value_at(raw, small.issued[0].certificate.idx) == SUSPENDED


def test_many_decisions_of_a_moment_date_no_list_before_another_nor_far_ahead(small: SmallInstance) -> None:
    instance, uri = small.instance, list_uri(small.instance)
    instance.set_clock(None)
    paper = {"number": "示例决〔2026〕1号", "title": "示例决定书", "date": "2026-01-16"}
    dated, ahead = [], []
    for number in range(12):
        for one in small.issued:
            kind, reason = ("suspend", "inquiry") if number % 2 == 0 else ("reinstate", "cleared")
            approve(instance, propose(instance, Proposal(kind, one.code, "HRSS-1", paper, reason)), "HRSS-2")
            listed = published(small).unverified_payload
            dated.append(listed["iat"])
            ahead.append(listed["iat"] - instance.now())
    assert dated == sorted(set(dated)) and max(ahead) <= MOST_AHEAD
    with instance.engines.read.connect() as connection:
        assert dated[-1] == newest_status_list(connection, uri).unverified_payload["iat"]


def test_who_asks_for_a_list_while_lists_are_ahead_of_the_clock_is_given_the_last_one_at_once(
    small: SmallInstance, monkeypatch: pytest.MonkeyPatch
) -> None:
    instance, paper = small.instance, {"number": "示例决〔2025〕1号", "title": "示例决定书", "date": "2025-02-16"}
    ahead = small.now + LIST_AGE + MOST_AHEAD
    instance.set_clock(ahead)
    last = published(small)
    # A clock that runs, and is where the lists were half a minute ago.
    instance.set_clock(None)
    monkeypatch.setattr("certsvc.instance.time.time", lambda: float(ahead - MOST_AHEAD))
    proposed = propose(instance, Proposal("suspend", small.issued[0].code, "HRSS-1", paper, "inquiry"))
    with log_leaves.transaction(instance) as connection:
        approve_within(instance, connection, proposed, "HRSS-2")
    with pytest.raises(NotReady, match="list_ahead"):
        renew_status_list(instance, list_uri(instance), patience=0)
    assert published(small).body == last.body
    assert verify_code(instance, small.issued[0].code).verdict == "cannot_decide"
    monkeypatch.setattr("certsvc.instance.time.time", lambda: float(ahead - MOST_AHEAD + 1))
    assert published(small).unverified_payload["iat"] == ahead + 1
    assert verify_code(instance, small.issued[0].code).verdict == "suspended"


# --- trust ----------------------------------------------------------------------------------------------------------


def test_the_trust_bundle_is_signed_by_the_policy_key_under_the_root(small: SmallInstance) -> None:
    document = trust_document(small.instance)
    trust = parse_document(document["trust"].encode(), "trust+jwt")
    policy = load_certificate(documents_policy(small))
    assert trust.signed_by(certificate_key(policy))
    (anchor,) = small.anchors
    policy.verify_directly_issued_by(anchor.certificate)
    assert document["roots"] == [anchor.certificate.public_bytes(_pem()).decode()]
    assert (document["test"], document["hosts"]) == (True, ["sample.invalid"])


def documents_policy(small: SmallInstance) -> bytes:
    with small.instance.engines.read.connect() as connection:
        return documents.own_key(connection, "ROOT", "policy").certificate


def _pem() -> Any:
    from cryptography.hazmat.primitives.serialization import Encoding

    return Encoding.PEM


def test_the_newest_trust_bundle_is_published(small: SmallInstance) -> None:
    small.instance.set_clock(small.now + DAY)
    before = json.dumps(trust_document(small.instance))
    fresh = rotate_key(small.instance, "HRSS", "seal").new.jkt
    payload = parse_document(trust_document(small.instance)["trust"].encode(), "trust+jwt").unverified_payload
    assert fresh in {key["jkt"] for key in payload["keys"]}
    assert fresh not in before


def test_the_trust_bundle_lists_every_procedure_and_no_officer(small: SmallInstance) -> None:
    payload = parse_document(trust_document(small.instance)["trust"].encode(), "trust+jwt").unverified_payload
    assert {one["track"] for one in payload["procedures"]} == TRACKS.keys() - {"T15", "T21"}
    assert "officer" not in {key["use"] for key in payload["keys"]}


# --- keys -----------------------------------------------------------------------------------------------------------


def test_the_published_keys_verify_what_was_signed(small: SmallInstance) -> None:
    keys = {key["kid"]: key for key in jwks(small.instance)["keys"]}
    for body, typ in ((small.issued[0].certificate.credential, "vc+jwt"), (published(small).body, "statuslist+jwt")):
        document = parse_document(body, typ)
        jwk = keys[document.signatures[0].unverified_kid]
        assert document.signed_by(PyJWK(jwk).key)
        assert thumbprint(PyJWK(jwk).key) == jwk["kid"]


def test_no_private_member_and_no_officer_is_published(small: SmallInstance) -> None:
    documents_of_ours = (jwks(small.instance), did_document(small.instance), trust_document(small.instance))
    for document in documents_of_ours:
        assert not {"d", "p", "q", "dp", "dq", "qi", "k", "oth"} & every_member(document)
    text = json.dumps(documents_of_ours, ensure_ascii=False)
    assert "示例经办人" not in text
    assert "PRIVATE" not in text


def test_the_did_document_names_the_credential_key(small: SmallInstance) -> None:
    document = did_document(small.instance)
    assert document["id"] == "did:web:sample.invalid"
    (method,) = document["verificationMethod"]
    credential = parse_document(small.issued[0].certificate.credential, "vc+jwt")
    assert method["id"].endswith("#" + credential.signatures[0].unverified_kid)
    assert document["assertionMethod"] == [method["id"]]
    assert credential.signed_by(PyJWK({**method["publicKeyJwk"], "alg": "ES256"}).key)


# --- documents that are found by name -------------------------------------------------------------------------------


def test_a_document_is_found_under_its_own_kind_alone(small: SmallInstance) -> None:
    with small.instance.engines.read.connect() as connection:
        calendar = documents.current_calendar(connection)
        assert documents.load_document(connection, calendar.sha256, "calendar+jwt") == calendar
        for name, typ in ((calendar.sha256, "trust+jwt"), ("A" * 43, "calendar+jwt")):
            with pytest.raises(NotFound):
                documents.load_document(connection, name, typ)


def test_procedures_that_ship_are_published_once(small: SmallInstance) -> None:
    assert documents.publish_procedures(small.instance) == []


def test_no_procedure_is_in_force_before_it_was_signed(small: SmallInstance) -> None:
    with small.instance.engines.read.connect() as connection:
        signed = documents.procedure_for(connection, "T01", small.now).unverified_payload["iat"]
        assert documents.procedure_for(connection, "T01", signed)
        with pytest.raises(NotFound) as error:
            documents.procedure_for(connection, "T01", signed - 1)
        assert error.value.code == "procedure_absent"
        with pytest.raises(NotFound):
            documents.procedure_for(connection, "T99", small.now)
