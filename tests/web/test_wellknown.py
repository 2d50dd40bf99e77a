"""What everybody may fetch: lists, keys and contact, with validators for caches; and the probes."""

import gzip
from datetime import UTC, datetime, timedelta

import pytest
from flask.testing import FlaskClient
from lifecycle_for_tests import do
from support_instance import DAY, SmallInstance

from certsvc.app import create_app
from certsvc.core.calendar import utc_text
from certsvc.core.encoding import unb64
from certsvc.core.jose import parse_document
from certsvc.core.statuslist import SLOTS
from certsvc.instance import open_instance
from certsvc.services import documents
from certsvc.services.beside import read_update
from certsvc.services.issue import Issued
from certsvc.services.rotation import rotate_key
from certsvc.web.context import READER

TRUST = "/.well-known/certsvc-trust.json"


def test_the_status_list_is_served_as_what_it_is(client: FlaskClient, small: SmallInstance) -> None:
    answer = client.get("/status/1")
    assert answer.content_type == "application/statuslist+jwt"
    payload = parse_document(answer.data, "statuslist+jwt").unverified_payload
    assert payload["sub"] == "https://sample.invalid/status/1" == small.issued[0].certificate.list_uri


def test_the_status_list_comes_with_its_proof_for_whoever_asks_for_json(client: FlaskClient) -> None:
    token, value = client.get("/status/1"), client.get("/status/1", headers={"Accept": "application/json"})
    assert value.content_type == "application/json"
    update = read_update(value.data)
    assert update.status is not None and update.status.body == token.data
    assert update.logged is not None and b'"k":"snapshot"' in update.logged.entry
    assert update.trust is not None and update.trust.body.decode() == client.get(TRUST).get_json()["trust"]
    assert "Accept" in token.headers["Vary"] and "Accept" in value.headers["Vary"]


def test_the_bitstring_is_a_credential_of_its_own(client: FlaskClient) -> None:
    answer = client.get("/status/1/bitstring")
    assert answer.content_type == "application/vc+jwt"
    assert parse_document(answer.data, "bitstring+jwt").unverified_payload["id"].endswith("/status/1/bitstring")


@pytest.mark.parametrize("path", ["/status/1", "/status/1/bitstring"])
def test_a_list_that_did_not_change_is_not_sent_again_seconds_later(
    own_client: FlaskClient, own: SmallInstance, path: str
) -> None:
    first = own_client.get(path)
    own.instance.set_clock(own.instance.now() + 5)
    assert own_client.get(path).data == first.data
    again = own_client.get(path, headers={"If-None-Match": first.headers["ETag"]})
    assert (first.status_code, again.status_code, again.data) == (200, 304, b"")


def test_the_bitstring_has_one_etag_in_every_process(own_client: FlaskClient, own: SmallInstance) -> None:
    first = own_client.get("/status/1/bitstring").headers["ETag"]
    other = open_instance(own.instance.home)
    other.clock = own.instance.now()
    app = create_app(other)
    elsewhere = app.test_client()
    assert elsewhere.get("/status/1/bitstring").headers["ETag"] == first
    assert elsewhere.get("/status/1/bitstring", headers={"If-None-Match": first}).status_code == 304
    app.extensions[READER].close()
    other.close()


def test_the_bitstring_changes_with_the_list_and_holds_as_long(own_client: FlaskClient, own: SmallInstance) -> None:
    first = own_client.get("/status/1/bitstring").headers["ETag"]
    own.instance.set_clock(own.instance.now() + 1_000)
    answer = own_client.get("/status/1/bitstring", headers={"If-None-Match": first})
    said = parse_document(answer.data, "bitstring+jwt").unverified_payload
    listed = parse_document(own_client.get("/status/1").data, "statuslist+jwt").unverified_payload
    assert (answer.status_code, answer.headers["ETag"] == first) == (200, False)
    assert (said["validFrom"], said["validUntil"]) == (utc_text(listed["iat"]), utc_text(listed["exp"]))


@pytest.mark.parametrize("path", ["/status/0", "/status/2", "/status/2/bitstring", "/status/x", "/status/-1"])
def test_a_list_that_was_never_published_is_not_found_and_not_made(
    client: FlaskClient, small: SmallInstance, path: str
) -> None:
    answer = client.get(path)
    assert (answer.status_code, answer.content_type) == (404, "application/problem+json")


@pytest.fixture
def second(own: SmallInstance) -> Issued:
    """A certificate of the second list, where the first one has two."""
    own.instance.fill = 2
    one = do(own, "correct")
    assert one is not None
    return one


@pytest.mark.parametrize("path", ["/status/2", "/status/2/bitstring"])
def test_the_next_list_is_served_at_its_own_address_as_the_first_one_is(
    own_client: FlaskClient, second: Issued, path: str
) -> None:
    first = own_client.get(path)
    payload = parse_document(
        first.data, "bitstring+jwt" if "bitstring" in path else "statuslist+jwt"
    ).unverified_payload
    assert payload.get("sub", second.certificate.list_uri) == "https://sample.invalid/status/2"
    assert payload.get("id", "").removesuffix("/bitstring") in ("", second.certificate.list_uri)
    again = own_client.get(path, headers={"If-None-Match": first.headers["ETag"]})
    assert (first.status_code, again.status_code) == (200, 304)
    assert own_client.get(path.replace("2", "1")).headers["ETag"] != first.headers["ETag"]
    assert own_client.get(path.replace("2", "3")).status_code == 404


def test_each_list_comes_with_its_own_proof(own_client: FlaskClient, second: Issued) -> None:
    updates = [read_update(own_client.get(f"/status/{n}", headers={"Accept": "application/json"}).data) for n in (1, 2)]
    entries = [one.logged.entry for one in updates if one.logged is not None]
    assert [f'"l":"https://sample.invalid/status/{n}"'.encode() in one for n, one in zip((1, 2), entries, strict=True)]
    assert entries[0] != entries[1]


def test_the_bitstring_of_the_next_list_has_its_own_slots(
    own_client: FlaskClient, own: SmallInstance, second: Issued
) -> None:
    own.instance.set_clock(own.instance.now() + 60)
    do(own, "suspend", which=second.code)
    raw = bits(own_client.get("/status/2/bitstring").data)
    assert {place for place in range(SLOTS) if raw[place // 8] << place % 8 & 0x80} == {second.certificate.idx}
    raw = bits(own_client.get("/status/1/bitstring").data)
    assert {place for place in range(SLOTS) if raw[place // 8] << place % 8 & 0x80} == {own.issued[0].certificate.idx}


def bits(token: bytes) -> bytes:
    subject = parse_document(token, "bitstring+jwt").unverified_payload["credentialSubject"]
    return gzip.decompress(unb64(subject["encodedList"].removeprefix("u")))


def test_the_probe_is_about_every_list(own_client: FlaskClient, own: SmallInstance, second: Issued) -> None:
    own.instance.set_clock(own.instance.now() + 500)
    do(own, "suspend", which=second.code)
    signed = [parse_document(own_client.get(f"/status/{n}").data, "statuslist+jwt").unverified_payload for n in (1, 2)]
    old, new = (own.instance.now() - one["iat"] for one in signed)
    assert (own_client.get("/readyz").json["status_list_age"], new < old) == (old, True)
    # The first is signed anew now, the second is young enough to stay.
    own.instance.set_clock(own.instance.now() + 500)
    assert own_client.get("/readyz").json["status_list_age"] == new + 500


@pytest.mark.parametrize(
    "path",
    ["/status/1", "/.well-known/jwks.json", "/.well-known/certsvc-trust.json", "/.well-known/did.json"],
)
def test_a_published_document_is_not_sent_twice(client: FlaskClient, path: str) -> None:
    first = client.get(path, headers={"Accept-Encoding": "gzip"})
    again = client.get(path, headers={"If-None-Match": first.headers["ETag"], "Accept-Encoding": "gzip"})
    assert (first.status_code, again.status_code, again.data) == (200, 304, b"")
    assert "stale-if-error" in first.headers["Cache-Control"]
    assert first.headers["Access-Control-Allow-Origin"] == "*"


def test_the_trust_document_names_roots_and_official_hosts(client: FlaskClient) -> None:
    value = client.get("/.well-known/certsvc-trust.json").json
    assert value["hosts"] == ["sample.invalid"]
    assert value["roots"][0].startswith("-----BEGIN CERTIFICATE-----")


def test_no_key_set_holds_a_private_member(client: FlaskClient) -> None:
    keys = client.get("/.well-known/jwks.json").json["keys"]
    assert keys
    assert not any(key.keys() & {"d", "p", "q", "k"} for key in keys)


def test_the_did_names_the_host(client: FlaskClient) -> None:
    assert client.get("/.well-known/did.json").json["id"] == "did:web:sample.invalid"


def test_the_security_contact_is_current_and_less_than_a_year_old(client: FlaskClient, small: SmallInstance) -> None:
    fields = dict(line.split(": ", 1) for line in client.get("/.well-known/security.txt").text.splitlines())
    end = datetime.fromisoformat(fields["Expires"])
    now = datetime.fromtimestamp(small.now, UTC)
    assert now < end < now + timedelta(days=365)
    assert fields["Canonical"] == "https://sample.invalid/.well-known/security.txt"


def test_the_probes_tell_life_and_the_age_of_the_newest_list(client: FlaskClient) -> None:
    assert client.get("/healthz").json == {"status": "ok"}
    ready = client.get("/readyz").json
    assert ready["status"] == "ok"
    assert 0 <= ready["status_list_age"] <= 900
    assert (ready["log_waiting"], ready["log_waiting_since"], ready["certificates_waiting"]) == (0, None, 0)


def test_a_node_whose_status_key_has_run_out_is_not_ready_and_still_gives_the_last_list(
    own_client: FlaskClient, own: SmallInstance
) -> None:
    with own.instance.engines.read.connect() as connection:
        last = documents.own_key(connection, "HRSS", "status").valid_to
    own.instance.set_clock(last)
    documents.publish_trust(own.instance)
    first = own_client.get("/status/1")
    assert (own_client.get("/readyz").status_code, first.status_code) == (200, 200)
    own.instance.set_clock(last + 1_000)
    assert (own_client.get("/readyz").status_code, own_client.get("/status/1").data) == (503, first.data)
    assert own_client.get("/status/1/bitstring").status_code == 200
    own.instance.set_clock(last + 8 * DAY)
    assert own_client.get("/status/1").status_code == 503
    rotate_key(own.instance, "HRSS", "status")
    assert (own_client.get("/readyz").status_code, own_client.get("/status/1").status_code) == (200, 200)


def test_the_probes_spend_no_rate(client: FlaskClient) -> None:
    assert "RateLimit" not in client.get("/healthz").headers
