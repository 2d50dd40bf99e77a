"""The OpenAPI document describes what is served: every route, and a Report that fits its schema for every verdict."""

import re

import pytest
from flask.testing import FlaskClient
from jsonschema import Draft202012Validator
from reports_for_tests import BY_NUMBER, REPORTS

from certsvc.verify import words
from certsvc.verify.report import to_json
from certsvc.web.errors import PROBLEMS
from certsvc.web.inputs import SUBJECTS
from certsvc.web.openapi import ROUTES, SCHEMAS, describe

DOCUMENT = describe("https://sample.invalid")


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


@pytest.mark.parametrize("verdict", sorted(REPORTS))
def test_the_report_of_every_verdict_fits_its_schema(verdict: str) -> None:
    report = REPORTS[verdict]
    Draft202012Validator(SCHEMAS["Report"]).validate(
        to_json(report, words.detail(report, "zh"), words.row_details(report, "zh"))
    )


def test_the_report_of_a_look_up_by_number_fits_too() -> None:
    Draft202012Validator(SCHEMAS["Report"]).validate(to_json(BY_NUMBER, "", {}))


def test_the_schema_of_a_report_lists_every_member() -> None:
    assert SCHEMAS["Report"]["properties"].keys() == to_json(REPORTS["valid"], "", {}).keys()


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
