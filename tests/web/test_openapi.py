"""The OpenAPI document describes what is served: every route, and a Report that fits its schema for every verdict."""

import re

import orjson
import pytest
from flask.testing import FlaskClient
from jsonschema import Draft202012Validator
from reports_for_tests import ABSENT_ACT, BY_NUMBER, CORRECTED, KNOWN_LATER, REPORTS, UNSEALED

from certsvc.verify import words
from certsvc.verify.report import Report
from certsvc.web.errors import PROBLEMS
from certsvc.web.inputs import SUBJECTS
from certsvc.web.openapi import ROUTES, describe
from certsvc.web.schemas import SCHEMAS

DOCUMENT = describe("https://sample.invalid")
OTHERS = {
    "by_number": BY_NUMBER,
    "absent": ABSENT_ACT,
    "later": KNOWN_LATER,
    "corrected": CORRECTED,
    "unsealed": UNSEALED,
}
#: Every way to look something up: (method, path).
LOOK_UPS = [("post", "/api/v1/verifications"), ("get", "/v/{code}"), ("post", "/v/{code}"), ("post", "/verify"),
            ("post", "/number"), ("post", "/code"), ("post", "/demo/{file}")]  # fmt: skip


def as_json(report: Report) -> dict[str, object]:
    return words.report_json(report, "zh")


def test_every_route_stands_in_the_document_and_nothing_else(client: FlaskClient) -> None:
    served = {
        (method.lower(), re.sub(r"<(?:\w+:)?(\w+)>", r"{\1}", rule.rule))
        for rule in client.application.url_map.iter_rules()
        for method in rule.methods - {"HEAD", "OPTIONS"}
    }
    assert {(route.method, route.path) for route in ROUTES} == served


def test_the_document_is_served_and_may_be_kept(client: FlaskClient) -> None:
    answer = client.get("/api/v1/openapi.json")
    assert answer.json == DOCUMENT
    assert answer.headers["Cache-Control"].startswith("public")


@pytest.mark.parametrize("name", sorted(SCHEMAS))
def test_a_schema_is_a_json_schema(name: str) -> None:
    Draft202012Validator.check_schema(SCHEMAS[name])


def test_every_reference_leads_somewhere() -> None:
    named = set(re.findall(r"'#/components/schemas/(\w+)'", str(DOCUMENT)))
    assert named == SCHEMAS.keys()


@pytest.mark.parametrize("report", (REPORTS | OTHERS).values(), ids=(REPORTS | OTHERS).keys())
def test_every_report_fits_the_schema(report: Report) -> None:
    Draft202012Validator(SCHEMAS["Report"]).validate(orjson.loads(orjson.dumps(as_json(report))))


def test_the_schema_of_a_report_lists_every_member() -> None:
    value = as_json(KNOWN_LATER)
    properties = SCHEMAS["Report"]["properties"]
    assert properties.keys() == value.keys()
    assert properties["then"]["properties"].keys() == value["then"].keys()
    for name in ("chain", "checks", "timeline"):
        assert properties[name]["items"]["properties"].keys() == value[name][0].keys()


@pytest.mark.parametrize(("method", "path"), LOOK_UPS)
def test_every_look_up_can_ask_about_the_past(method: str, path: str) -> None:
    operation = DOCUMENT["paths"][path][method]
    bodies = operation.get("requestBody", {}).get("content", {})
    forms = [body["schema"] for kind, body in bodies.items() if "form" in kind]
    in_address = {one["name"] for one in operation.get("parameters", ()) if one["in"] == "query"}
    assert "at" in in_address or forms
    assert all("at" in form["properties"] for form in forms)
    assert "422" in operation["responses"]


def test_a_question_may_name_its_time() -> None:
    assert "at" in SCHEMAS["Question"]["properties"]


@pytest.mark.parametrize("subject", SUBJECTS, ids=lambda names: "+".join(sorted(names)))
def test_each_way_to_ask_fits_the_schema_of_a_question(subject: frozenset[str]) -> None:
    texts = {"code": "x", "number": "x", "name": "x", "token": "x", "bundle": {}}
    assert Draft202012Validator(SCHEMAS["Question"]).is_valid({name: texts[name] for name in subject})


@pytest.mark.parametrize("question", [{}, {"code": "x", "token": "y"}, {"code": "x", "admin": True}, {"name": "x"}])
def test_no_other_question_fits(question: dict[str, object]) -> None:
    assert not Draft202012Validator(SCHEMAS["Question"]).is_valid(question)


def test_every_problem_has_a_page_that_explains_it(client: FlaskClient) -> None:
    for name, problem in PROBLEMS.items():
        assert problem.title[1] in client.get(f"/problems/{name}?lang=en").text
    assert client.get("/problems/none").status_code == 404
