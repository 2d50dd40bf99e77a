"""The API: a verdict is always 200, a malformed request points at its members, every miss of a bundle is the same."""

import json
import re
from io import BytesIO

import pytest
from flask.testing import FlaskClient
from support_instance import NAMES, SmallInstance

from certsvc.core.bundle import MEDIA_TYPE, parse_bundle
from certsvc.verify import verify
from certsvc.verify.case import Evidence
from certsvc.web import limits

PATH = "/api/v1/verifications"
UNKNOWN, SLIP = "7K9Q-2MX4-TD8F-3WAE", "7K9Q-2MX4-TD8F-3WAF"


def verdict(answer: object) -> str:
    assert (answer.status_code, answer.content_type) == (200, "application/json")
    return answer.json["verdict"]


def test_a_code_is_verified_and_compared(client: FlaskClient, small: SmallInstance) -> None:
    body = {"code": small.issued[0].code, "expect": {"name": NAMES[0], "title": "工程师"}}
    answer = client.post(PATH, json=body)
    assert verdict(answer) == "valid"
    assert answer.json["match"] == {
        "name": "match",
        "title": "mismatch",
        "id_last4": "not_checked",
        "file": "not_checked",
    }
    assert answer.json["certificate"]["holder_name"] == NAMES[0]
    assert [link["name"] for link in answer.json["chain"] if link["kind"] == "act"][-1] == "issue"
    assert (answer.json["then"], answer.json["replaces"], answer.json["replaced_by"]) == (None, None, None)


def test_a_number_with_its_name_is_verified_in_part(client: FlaskClient, small: SmallInstance) -> None:
    answer = client.post(PATH, json={"number": small.issued[1].certificate.number, "name": NAMES[1]})
    assert verdict(answer) == "valid"
    assert answer.json["certificate"]["holder_name"] == "样*"
    assert answer.json["chain"] == []
    assert {(row["act"], row["org"], row["evidence"]) for row in answer.json["checks"]} == {("issue", None, None)}


def test_a_bundle_inside_json_is_verified(client: FlaskClient, small: SmallInstance) -> None:
    assert verdict(client.post(PATH, json={"bundle": json.loads(small.bundle())})) == "valid"


def test_a_token_alone_is_found_in_the_register(client: FlaskClient, small: SmallInstance) -> None:
    token = small.issued[0].certificate.credential.decode()
    assert verdict(client.post(PATH, json={"token": token})) == "valid"


def test_one_changed_byte_of_a_bundle_is_tampered(client: FlaskClient, small: SmallInstance) -> None:
    bundle = json.loads(small.bundle())
    head, payload, signature = bundle["credential"].split(".")
    bundle["credential"] = ".".join((head, payload, ("B" if signature[0] == "A" else "A") + signature[1:]))
    answer = client.post(PATH, json={"bundle": bundle})
    assert verdict(answer) == "tampered"
    assert answer.json["certificate"] is None


def test_a_raw_bundle_is_taken_byte_for_byte(client: FlaskClient, small: SmallInstance) -> None:
    assert verdict(client.post(PATH, data=small.bundle(), content_type=MEDIA_TYPE)) == "valid"
    spaced = small.bundle()[:-1] + b" }"
    assert verdict(client.post(PATH, data=spaced, content_type=MEDIA_TYPE)) == "tampered"


def test_a_file_in_a_form_is_verified_and_compared(client: FlaskClient, small: SmallInstance) -> None:
    form = {"file": (BytesIO(small.bundle()), "a.bundle"), "name": "样章丁"}
    answer = client.post(PATH, data=form)
    assert verdict(answer) == "valid"
    assert answer.json["match"]["name"] == "mismatch"


def test_a_body_that_is_no_pdf_is_unreadable(client: FlaskClient) -> None:
    assert verdict(client.post(PATH, data=b"no pdf \x00", content_type="application/pdf")) == "unreadable"


@pytest.mark.parametrize(("code", "said"), [(UNKNOWN, "not_issued"), (SLIP, "unreadable"), ("王", "unreadable")])
def test_a_wrong_code_is_an_answer_and_no_error(client: FlaskClient, code: str, said: str) -> None:
    assert verdict(client.post(PATH, json={"code": code})) == said


def test_the_past_can_be_asked_about(client: FlaskClient, small: SmallInstance) -> None:
    answer = client.post(PATH, json={"code": small.issued[0].code, "at": "2024-12-31"})
    assert verdict(answer) == "cannot_decide"
    assert (answer.json["reason"], answer.json["as_of"]) == ("before_issue", "2024-12-31T15:59:59Z")
    assert answer.json["then"] == {"verdict": "cannot_decide", "reason": "before_issue"}


def test_an_answer_about_a_time_before_1970_names_it(client: FlaskClient, small: SmallInstance) -> None:
    for code in (small.issued[0].code, UNKNOWN):
        assert client.post(PATH, json={"code": code, "at": "1960-01-01"}).json["as_of"] == "1960-01-01T15:59:59Z"


@pytest.mark.parametrize("at", ["0001-01-01", "0001-01-01T00:00:00+08:00", "9999-12-31T23:59:59-08:00"])
def test_a_year_that_no_answer_can_name_is_refused_whatever_is_asked(
    client: FlaskClient, small: SmallInstance, at: str
) -> None:
    subjects = [{"code": small.issued[0].code}, {"code": UNKNOWN}, {"code": SLIP}, {"number": "1", "name": "x"}]
    assert [client.post(PATH, json=subject | {"at": at}).status_code for subject in subjects] == [422] * 4
    assert client.get(f"/v/{small.issued[0].code}", query_string={"at": at}).status_code == 422


def test_every_kind_of_body_is_asked_about_the_past_in_its_address(client: FlaskClient, small: SmallInstance) -> None:
    bodies = [
        {"data": small.bundle(), "content_type": MEDIA_TYPE},
        {"json": {"code": small.issued[0].code}},
        {"data": {"file": (BytesIO(small.bundle()), "a.bundle")}},
    ]
    for body in bodies:
        assert client.post(f"{PATH}?at=2024-12-31", **body).json["reason"] == "before_issue"
    assert client.post(f"{PATH}?at=soon", json={"code": small.issued[0].code}).status_code == 422


def test_the_time_in_a_body_goes_before_that_in_the_address(client: FlaskClient, small: SmallInstance) -> None:
    answer = client.post(f"{PATH}?at=2024-12-31", json={"code": small.issued[0].code, "at": "2024-12-30"})
    assert answer.json["as_of"] == "2024-12-30T15:59:59Z"


def test_a_malformed_request_is_answered_with_pointers_in_the_readers_language(client: FlaskClient) -> None:
    answer = client.post(PATH, json={"code": 7, "is_admin": True}, headers={"Accept-Language": "en"})
    assert (answer.status_code, answer.content_type) == (422, "application/problem+json")
    problem = answer.json
    assert problem["type"] == "https://sample.invalid/problems/validation"
    assert [slip["pointer"] for slip in problem["errors"]] == ["#/code", "#/is_admin"]
    assert problem["errors"][1] == {
        "pointer": "#/is_admin",
        "code": "unknown_member",
        "detail": "There is no such member.",
    }
    assert problem["request_id"] == answer.headers["X-Request-Id"]


def test_a_form_without_a_file_is_malformed(client: FlaskClient) -> None:
    answer = client.post(PATH, data={"name": "x"}, content_type="multipart/form-data")
    assert (answer.status_code, answer.json["errors"][0]["pointer"]) == (422, "#/file")


def test_another_kind_of_body_is_refused(client: FlaskClient) -> None:
    assert client.post(PATH, data=b"<x/>", content_type="application/xml").status_code == 415


def test_json_may_be_large_but_not_as_large_as_a_file(client: FlaskClient) -> None:
    body = b'{"code":"' + b"A" * limits.MAX_JSON + b'"}'
    answer = client.post(PATH, data=body, content_type="application/json")
    assert (answer.status_code, answer.json["code"]) == (413, "too_large")


def test_an_address_of_the_api_that_does_not_exist_is_a_problem_document(client: FlaskClient) -> None:
    answer = client.get("/api/v1/nothing", headers={"Accept": "text/html"})
    assert (answer.status_code, answer.content_type) == (404, "application/problem+json")


def test_the_bundle_verifies_without_us(client: FlaskClient, small: SmallInstance) -> None:
    answer = client.get(f"/api/v1/certificates/{small.issued[0].code}/bundle")
    assert (answer.status_code, answer.content_type) == (200, MEDIA_TYPE)
    report = verify(Evidence(parse_bundle(answer.data)), small.anchors, small.now, small.now)
    assert report.verdict == "valid"


def test_every_miss_of_a_bundle_has_the_same_status_body_and_time(client: FlaskClient) -> None:
    answers = [client.get(f"/api/v1/certificates/{code}/bundle") for code in (UNKNOWN, SLIP, "x", "王" * 40)]
    assert {answer.status_code for answer in answers} == {404}
    assert len({re.sub(rb"req_[0-9a-f]+", b"", answer.data) for answer in answers}) == 1
    assert all(float(answer.headers["Server-Timing"].rpartition("=")[2]) >= 50 for answer in answers)


def test_answers_about_people_are_for_nobodys_cache_and_no_foreign_script(
    client: FlaskClient, small: SmallInstance
) -> None:
    answer = client.post(PATH, json={"code": small.issued[0].code})
    assert answer.headers["Cache-Control"] == "no-store"
    assert "Access-Control-Allow-Origin" not in answer.headers
