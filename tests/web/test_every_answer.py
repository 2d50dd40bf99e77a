"""What holds for every answer: strict headers, no cookie, no identity number, quiet logs, rates, and trouble of ours."""

import logging
import re
import shutil

import pytest
from flask.testing import FlaskClient
from support_instance import NAMES, SmallInstance

from certsvc.app import create_app
from certsvc.core.codes import group_code
from certsvc.core.identity import check_character
from certsvc.verify.report import EXIT_CODES
from certsvc.web.headers import HEADERS

UNKNOWN = "7K9Q-2MX4-TD8F-3WAE"


def verdict_of(html: str) -> str:
    found = re.search(r'class="v-([a-z_]+)"', html)
    return found[1] if found else ""


def code_of(small: SmallInstance) -> str:
    return group_code(small.issued[0].code)


def number_of(small: SmallInstance) -> str:
    return small.issued[0].certificate.number


def every_page(client: FlaskClient, small: SmallInstance) -> list[object]:
    code = code_of(small)
    paths = [
        "/",
        f"/v/{code}",
        f"/v/{UNKNOWN}",
        f"/photo/{code}",
        "/problems/rate",
        "/nowhere",
        "/claim/x",
        "/status/1",
    ]
    paths += ["/.well-known/jwks.json", "/.well-known/certsvc-trust.json", f"/api/v1/certificates/{code}/bundle"]
    answers = [client.get(path) for path in [*paths, "/healthz", "/readyz", "/.well-known/did.json"]]
    answers.append(client.post("/number", data={"number": number_of(small), "name": NAMES[0]}))
    answers.append(client.post("/api/v1/verifications", json={"code": code, "expect": {"name": "样章丁"}}))
    return answers


def test_every_answer_has_the_strict_headers_and_no_cookie(client: FlaskClient, small: SmallInstance) -> None:
    for answer in every_page(client, small):
        assert {name: answer.headers.get(name) for name in HEADERS} == HEADERS
        policy = answer.headers["Content-Security-Policy"]
        assert policy.startswith("default-src 'none'; style-src 'sha256-")
        assert "form-action 'self'; frame-ancestors 'none'; base-uri 'none'" in policy
        assert "unsafe" not in policy and "script-src" not in policy
        assert "Set-Cookie" not in answer.headers
        assert "Access-Control-Allow-Credentials" not in answer.headers


def test_only_published_documents_may_be_kept_by_caches(client: FlaskClient, small: SmallInstance) -> None:
    kept = {a.request.path for a in every_page(client, small) if a.headers["Cache-Control"] != "no-store"}
    assert kept == {
        "/status/1",
        "/.well-known/jwks.json",
        "/.well-known/certsvc-trust.json",
        "/.well-known/did.json",
    }


def test_transport_security_is_asked_for_under_https(client: FlaskClient) -> None:
    assert client.get("/").headers["Strict-Transport-Security"].startswith("max-age=63072000")


def test_no_answer_holds_an_identity_number(client: FlaskClient, small: SmallInstance) -> None:
    for answer in every_page(client, small):
        for found in re.findall(r"(?<![0-9A-Za-z_-])\d{17}[\dXx](?![0-9A-Za-z_-])", answer.text):
            assert check_character(found[:17]) != found[17].upper(), answer.request.path


def test_the_log_tells_rules_and_never_codes_names_or_numbers(
    client: FlaskClient, small: SmallInstance, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.DEBUG):
        every_page(client, small)
        client.get("/claim/secret-token?name=样章甲")
        client.post(f"/v/{code_of(small)}", data={"id_last4": "321X", "name": NAMES[1]})
    said = caplog.text
    assert "GET /v/<code> 200" in said
    # Not "4321": the number of a request is hexadecimal, and may hold it.
    for secret in (small.issued[0].code, code_of(small), number_of(small), *NAMES, "321X", "secret-token"):
        assert secret not in said


def test_a_request_id_is_echoed_when_it_is_harmless(client: FlaskClient) -> None:
    assert client.get("/", headers={"X-Request-Id": "abc-12345678"}).headers["X-Request-Id"] == "abc-12345678"
    assert client.get("/", headers={"X-Request-Id": "<script>"}).headers["X-Request-Id"].startswith("req_")


def test_the_host_of_the_request_appears_nowhere(client: FlaskClient, small: SmallInstance) -> None:
    answer = client.get(f"/v/{code_of(small)}", headers={"Host": "evil.example", "X-Forwarded-Host": "evil.example"})
    assert "evil.example" not in answer.text
    assert "sample.invalid" in answer.text


def test_pages_are_zipped_for_those_who_can_read_it(client: FlaskClient) -> None:
    zipped = client.get("/", headers={"Accept-Encoding": "gzip"})
    assert zipped.headers["Content-Encoding"] == "gzip"
    assert len(zipped.data) < len(client.get("/").data) / 2


def test_an_unknown_address_is_told_in_the_language_of_the_reader(client: FlaskClient) -> None:
    assert "与证书真假无关" in client.get("/nowhere").text
    assert "says nothing about a certificate" in client.get("/nowhere?lang=en").text


def test_a_method_that_is_not_offered_names_those_that_are(client: FlaskClient) -> None:
    answer = client.delete(f"/v/{UNKNOWN}")
    assert answer.status_code == 405
    assert "GET" in answer.headers["Allow"]


# --- rates and trouble ----------------------------------------------------------------------------------------------


def test_a_forwarded_address_is_not_believed_unless_proxies_are_configured(client: FlaskClient) -> None:
    left = [client.get("/", headers={"X-Forwarded-For": f"203.0.113.{n}"}).headers["RateLimit"] for n in (1, 2)]
    assert [re.search(r"r=(\d+)", text)[1] for text in left] == ["11999", "11998"]


def test_behind_one_proxy_the_last_address_counts(small: SmallInstance, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CERTSVC_PROXY_HOPS", "1")
    client = create_app(small.instance).test_client()
    chains = ("203.0.113.1", "203.0.113.2", "198.51.100.9, 203.0.113.2")
    left = [client.get("/", headers={"X-Forwarded-For": chain}).headers["RateLimit"] for chain in chains]
    assert [re.search(r"r=(\d+)", text)[1] for text in left] == ["11999", "11999", "11998"]


def test_too_many_tries_are_told_when_to_come_back(client: FlaskClient) -> None:
    answers = [client.get("/claim/x") for _ in range(66)]
    assert {answer.status_code for answer in answers[:58]} == {200}
    refused = answers[-1]
    assert refused.status_code == 429
    assert 1 <= int(refused.headers["Retry-After"]) <= 60
    assert "与证书真假无关" in refused.text


def test_without_its_database_the_service_cannot_decide_and_never_says_false(
    own_client: FlaskClient, own: SmallInstance
) -> None:
    own.instance.engines.close()
    shutil.move(own.instance.home / "certsvc.sqlite3", own.instance.home / "gone")
    page = own_client.get(f"/v/{code_of(own)}")
    assert (page.status_code, verdict_of(page.text)) == (200, "cannot_decide")
    answer = own_client.post("/api/v1/verifications", json={"number": number_of(own), "name": NAMES[0]})
    assert (answer.json["verdict"], answer.json["reason"]) == ("cannot_decide", "service_trouble")
    assert own_client.get("/readyz").status_code == 503
    assert own_client.get("/healthz").status_code == 200


def test_every_verdict_has_a_class_for_its_colour() -> None:
    from certsvc.web.pages import stylesheet

    assert all(f".v-{verdict}" in stylesheet() for verdict in EXIT_CODES)
