"""A qualification that is a title: proposed by one, approved by another, and stated under the authority's seal."""

import json
from dataclasses import replace
from datetime import date
from typing import Any

import pytest
from equivalence_for_tests import NUMBER, QUALIFICATION_NUMBER, WANTED, judged
from rosters_for_tests import grid, people, write_book
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from support_x509 import authority
from world_for_tests import BATCHES, World

from certsvc import resources
from certsvc.core.chain import read_anchor
from certsvc.core.claims import field_commitment
from certsvc.core.encoding import b64, canonical, digest, parse_json
from certsvc.core.errors import Malformed, NotFound, Refused
from certsvc.core.jose import parse_document, sign_compact
from certsvc.core.outcomes import About
from certsvc.instance import Instance
from certsvc.services import act, documents, equivalence, issue, verify_evidence
from certsvc.services.compromise import condemn
from certsvc.services.equivalence import approve, propose, statement_file
from certsvc.services.rotation import rotate_key
from certsvc.services.withdrawal import withdraw_grant
from certsvc.store import people as people_store
from certsvc.store.register_rows import Equivalence
from certsvc.store.tables import metadata
from certsvc.verify import words
from certsvc.verify.statement import CHECKS, verify_statement


def proposed(world: World, **changes: Any) -> Equivalence:
    world.at(0)
    return propose(world.instance, replace(WANTED, **changes))


def approved(world: World, **changes: Any) -> Equivalence:
    held = proposed(world, **changes)
    approve(world.instance, held.id, "H2")
    return held


def refusal(of: Any, *args: Any) -> Refused | Malformed | NotFound:
    with pytest.raises((Refused, Malformed, NotFound)) as caught:
        of(*args)
    return caught.value


def everything(instance: Instance) -> str:
    """Every cell of every table, as text."""
    with instance.engines.read.connect() as connection:
        rows = [row for table in metadata.tables.values() for row in connection.execute(select(table))]
    return "\n".join(map(repr, rows))


# --- record --------------------------------------------------------------------------------------------------------


def test_a_qualification_becomes_a_title_when_two_officers_say_so(anywhere: World) -> None:
    held = proposed(anywhere)
    assert (held.id, held.series, held.level, held.title) == ("E0001", "05", "intermediate", "工程师")
    assert [(one.name, one.held.approved_at) for one in equivalence.lines(anywhere.instance)] == [("张示例", None)]
    approve(anywhere.instance, held.id, "H2")
    (line,) = equivalence.lines(anywhere.instance, "E0001")
    assert (line.held.proposed_by, line.held.approved_by) == ("H1", "H2")
    assert line.held.statement_sha256 is not None


def test_neither_number_stands_in_clear_in_the_database(anywhere: World) -> None:
    approved(anywhere)
    cells = everything(anywhere.instance)
    assert "一级建造师" in cells
    assert NUMBER not in cells and QUALIFICATION_NUMBER not in cells


def test_somebody_whom_the_register_knows_by_number_is_the_same_person(anywhere: World) -> None:
    first = proposed(anywhere)
    second = proposed(anywhere, qualification="执业药师", number="SAMPLE-YS-1")
    assert second.person_id == first.person_id
    with anywhere.instance.engines.read.connect() as connection:
        assert len(people_store.list_identity_documents(connection, first.person_id)) == 1


def test_a_number_under_another_name_is_a_question_and_nothing_is_written(province: World) -> None:
    first = proposed(province)
    before = province.census()
    refused = refusal(propose, province.instance, replace(WANTED, name="李示例", number="SAMPLE-2"))
    assert refused.code == "person_unclear"
    assert first.person_id in refused.zh and NUMBER not in refused.zh + refused.en
    assert province.census() == before
    guessed = refusal(propose, province.instance, replace(WANTED, name="李示例", number="SAMPLE-2", person="nobody"))
    assert (guessed.code, guessed.hint) == ("decision_unknown", "--person ID|new")
    answered = proposed(province, name="李示例", number="SAMPLE-2", person=first.person_id)
    assert answered.person_id == first.person_id


def test_one_of_two_titles_is_chosen(province: World) -> None:
    cost = {"qualification": "造价工程师", "issued_on": date(2015, 1, 1)}
    assert refusal(propose, province.instance, replace(WANTED, **cost)).code == "choice_needed"
    assert proposed(province, **cost, choice="经济师").series == "19"


def test_a_passport_needs_sex_and_birth_beside_it(province: World) -> None:
    province.at(0)
    foreign = replace(WANTED, id_kind="passport", id_number="E12345678")
    assert refusal(propose, province.instance, foreign).code == "birth_missing"
    assert propose(province.instance, replace(foreign, sex="F", birth=date(1990, 1, 2))).id == "E0001"


REFUSED: dict[str, tuple[dict[str, Any], str]] = {
    "not_listed": ({"qualification": "导游"}, "qualification_unlisted"),
    "not_of_that_day": ({"qualification": "造价工程师"}, "qualification_date"),
    "in_the_future": ({"issued_on": date(2025, 3, 4)}, "qualification_future"),
    "wrong_check_digit": ({"id_number": "220000198506150013"}, "id_check_digit"),
    "birth_of_another_day": ({"birth": date(1985, 6, 16)}, "birth_conflicts_id"),
    "sex_of_another_number": ({"sex": "F"}, "birth_conflicts_id"),
    "a_name_with_a_question_mark": ({"name": "张?"}, "name_character"),
    "a_region_of_nowhere": ({"region": "999999"}, "region_unknown"),
    "an_officer_of_a_unit": ({"officer_id": "U1"}, "officer_not_office"),
    "an_officer_of_nobody": ({"officer_id": "ZZ"}, "officer_unknown"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_cannot_be_recorded_is_refused_and_leaves_nothing(province: World, case: str) -> None:
    changes, code = REFUSED[case]
    province.at(0)
    before = province.census()
    assert refusal(propose, province.instance, replace(WANTED, **changes)).code == code
    assert province.census() == before


def test_an_office_that_approves_may_propose_too(province: World) -> None:
    assert proposed(province, officer_id="AP").proposed_by == "AP"


def test_the_sample_directory_is_not_for_production(province: World) -> None:
    province.instance.settings = replace(province.instance.settings, environment="production")
    assert refusal(proposed, province).code == "directory_sample"


def test_an_office_puts_its_own_directory_into_its_home(province: World) -> None:
    text = resources.text("equivalences.csv").replace("执业药师", "示例资格").replace(",yes\n", ",\n")
    (province.home / "equivalences.csv").write_text(text, encoding="utf-8")
    province.instance.settings = replace(province.instance.settings, environment="production")
    held = proposed(province, qualification="示例资格")
    assert (held.title, held.directory_sha256) == ("主管药师", digest(text.encode()))


# --- approve -------------------------------------------------------------------------------------------------------


def test_who_proposed_does_not_approve(province: World) -> None:
    held = proposed(province)
    assert refusal(approve, province.instance, held.id, "H1").code == "same_human"
    assert refusal(statement_file, province.instance, held.id).code == "equivalence_open"


@pytest.mark.parametrize(("officer", "code"), [("U1", "officer_not_office"), ("ZZ", "officer_unknown")])
def test_who_is_no_office_does_not_approve(province: World, officer: str, code: str) -> None:
    held = proposed(province)
    assert refusal(approve, province.instance, held.id, officer).code == code


def test_nothing_is_approved_twice(province: World) -> None:
    held = approved(province)
    assert refusal(approve, province.instance, held.id, "H2").code == "equivalence_approved"
    assert refusal(approve, province.instance, "E0099", "H2").code == "equivalence_unknown"


def test_one_qualification_certificate_is_one_title(anywhere: World) -> None:
    wrong, right = proposed(anywhere, unit="示例勘测设计院"), proposed(anywhere)
    approve(anywhere.instance, right.id, "H2")
    before = anywhere.census()
    # Proposed before, approved too late: the database says no, and the statement that was signed is gone as well.
    assert refusal(approve, anywhere.instance, wrong.id, "H2").code == "equivalence_known"
    assert anywhere.census() == before
    refused = refusal(propose, anywhere.instance, replace(WANTED, number=" sample-zj-0042"))
    assert (refused.code, refused.hint) == ("equivalence_known", "certsvc show E0002")


def test_a_statement_that_nobody_could_verify_is_not_signed(province: World) -> None:
    held = proposed(province)
    before = province.census()
    # Two years later the trust bundle is past its end.
    province.at(731)
    assert refusal(approve, province.instance, held.id, "H2").code == "own_check_failed"
    assert province.census() == before


# --- statement -----------------------------------------------------------------------------------------------------


def test_the_statement_verifies_with_the_root_alone(anywhere: World) -> None:
    data = statement_file(anywhere.instance, approved(anywhere).id)
    report = verify_statement(data, anywhere.instance.anchors, anywhere.instance.now())
    assert (report.verdict, report.reason, report.test) == ("valid", None, True)
    assert [row.outcome for row in report.rows] == ["pass"] * 7
    assert all(row.about == About() and row.code == row.id for row in report.rows)


def test_a_statement_is_called_a_test_by_the_root_above_its_keys(province: World) -> None:
    data, now = statement_file(province.instance, approved(province).id), province.instance.now()
    own, test = replace(province.instance.anchors[0], test=False), read_anchor(authority("test_root").certificate)
    assert [verify_statement(data, anchors, now).test for anchors in ((own, test), (test, own), (test,))] == [
        False, False, True,
    ]  # fmt: skip


def test_the_statement_opens_name_sex_and_birth_and_no_number(province: World) -> None:
    held = approved(province)
    data = statement_file(province.instance, held.id)
    value = parse_json(data)
    assert value["values"] == {"name": "张示例", "sex": "M", "birth": "1985-06-15"}
    assert value["salts"].keys() == {"name", "sex", "birth"}
    payload = parse_document(value["statement"].encode(), "equivalence+jwt").unverified_payload
    said = json.dumps(payload) + data.decode()
    assert NUMBER not in said and QUALIFICATION_NUMBER not in said
    values, salts, number = equivalence._opened(province.instance, held)
    assert payload["person"]["id"] == field_commitment("id", NUMBER, salts["id"])
    assert payload["qualification_number_commitment"] == field_commitment(
        "qualification_number", QUALIFICATION_NUMBER, salts["number"]
    )
    assert not {b64(salts["id"]), b64(salts["number"])} & set(data.decode().split('"'))
    assert (values["id"], number) == (NUMBER, QUALIFICATION_NUMBER)


def test_a_statement_is_never_taken_for_a_certificate(province: World) -> None:
    data = statement_file(province.instance, approved(province).id)
    token = parse_json(data)["statement"].encode()
    assert refusal(parse_document, token, "vc+jwt").code == "jws_typ"
    by_token = verify_evidence.verify_found(province.instance, verify_evidence.read_text(token.decode(), None))
    assert (by_token.verdict, by_token.reason) == ("tampered", "jws_typ")
    assert verify_evidence.verify_file(province.instance, data).verdict == "unreadable"


def changed(world: World, data: bytes, part: str, **changes: Any) -> bytes:
    """The file with some members of its statement, or of another part, replaced; a statement is signed anew."""
    value = parse_json(data)
    if part == "statement":
        payload = parse_document(value["statement"].encode(), "equivalence+jwt").unverified_payload
        with world.instance.engines.read.connect() as connection:
            former, key = (
                documents.own_key(connection, org, "seal") for org in ("SL-HRSS", changes.pop("org", "SL-HRSS"))
            )
            if key != former:
                # Nothing names it any more.
                value["certs"].remove(b64(former.certificate))
            if changes.pop("carry", False):
                value["certs"].append(b64(key.certificate))
        signed = sign_compact({**payload, **changes}, "equivalence+jwt", world.instance.signer(key))
        value["statement"] = signed.decode()
    elif isinstance(value[part], dict):
        value[part] |= changes
    else:
        value[part] = changes["to"]
    return canonical(value)


MAPPED = {"series": "05", "level": "senior", "title": "正高级工程师"}
#: What was changed -> (part, members, verdict, reason).
FORGED: dict[str, tuple[str, dict[str, Any], str, str]] = {
    "another_name": ("values", {"name": "李示例"}, "tampered", "cert_mismatch"),
    "another_sex": ("values", {"sex": "F"}, "tampered", "cert_mismatch"),
    "another_birth": ("values", {"birth": "1985-06-16"}, "tampered", "cert_mismatch"),
    "another_salt": ("salts", {"name": b64(bytes(32))}, "tampered", "cert_mismatch"),
    "a_row_that_is_not_named": ("row", {"level": "senior"}, "tampered", "cert_mismatch"),
    "a_title_that_the_row_does_not_give": ("statement", {"mapped": MAPPED}, "void", "cert_mismatch"),
    "another_qualification": ("statement", {"qualification": "二级建造师"}, "void", "cert_mismatch"),
    "a_qualification_of_the_day_after": ("statement", {"issued_on": "2025-03-04"}, "void", "cert_mismatch"),
    "another_office_named": ("statement", {"iss": "SL-CC"}, "void", "issuer_mismatch"),
    "sealed_by_a_city_with_the_grants_of_another": (
        "statement",
        {"org": "SL-CC", "iss": "SL-CC", "carry": True},
        "tampered",
        "unused_evidence",
    ),
    "sealed_by_a_key_that_is_not_there": ("statement", {"org": "SL-CC"}, "cannot_decide", "key_unknown"),
    "before_the_grant": ("statement", {"iat": 1_700_000_000}, "void", "cert_time"),
    "a_region_of_another_province": ("statement", {"region": "110000"}, "void", "region_out_of_scope"),
    "no_grants": ("grants", {"to": []}, "cannot_decide", "grant_missing"),
    "no_certificates": ("certs", {"to": []}, "cannot_decide", "key_unknown"),
    "a_time_that_no_calendar_has": ("statement", {"iat": 2**53 - 1}, "cannot_decide", "check_raised"),
    "a_foreign_member": ("values", {"id": NUMBER}, "unreadable", "unknown_member"),
    "a_letter_outside_ascii": ("trust", {"to": "é"}, "unreadable", "jws_form"),
}


@pytest.mark.parametrize("case", FORGED)
def test_a_statement_that_was_changed_does_not_verify(province: World, case: str) -> None:
    part, changes, verdict, reason = FORGED[case]
    data = statement_file(province.instance, approved(province).id)
    assert judged(province, changed(province, data, part, **dict(changes))) == (verdict, reason)


#: What was changed -> office and figures that the report names.
TOLD: dict[str, tuple[str, dict[str, str]]] = {
    "another_name": ("SL-HRSS", {"member": "name"}),
    "another_sex": ("SL-HRSS", {"member": "sex"}),
    "another_birth": ("SL-HRSS", {"member": "birth"}),
    "another_salt": ("SL-HRSS", {"member": "name"}),
    "a_row_that_is_not_named": ("SL-HRSS", {"member": "row"}),
    "a_title_that_the_row_does_not_give": ("SL-HRSS", {"member": "mapped"}),
    "another_office_named": ("SL-CC", {}),
    "a_region_of_another_province": ("SL-HRSS", {"value": "110000"}),
}


@pytest.mark.parametrize("case", TOLD)
def test_what_is_wrong_with_a_statement_is_told_with_its_office(province: World, case: str) -> None:
    part, changes, _, reason = FORGED[case]
    data = changed(province, statement_file(province.instance, approved(province).id), part, **dict(changes))
    report = verify_statement(data, province.instance.anchors, province.instance.now())
    assert (report.about.act, report.about.org, report.about.figures) == ("issue", *TOLD[case])
    odd = [row for row in report.rows if row.outcome != "pass"]
    assert report.about in [row.about for row in odd] and reason in [row.code for row in odd]
    assert all(row.rule and row.family for row in report.rows)
    assert [row.id for row in report.rows] == [check[0] for check in CHECKS]


def test_a_check_of_a_statement_that_raises_names_the_error(province: World) -> None:
    data = changed(province, statement_file(province.instance, approved(province).id), "statement", iat=2**53 - 1)
    rows = verify_statement(data, province.instance.anchors, province.instance.now()).rows
    raised = [row for row in rows if row.code == "check_raised"]
    assert raised and all(row.outcome == "unknown" and row.about.figures["error"] for row in raised)
    assert [(row.id, row.family, row.rule) for row in rows] == [check[:3] for check in CHECKS]


# --- as of another time ----------------------------------------------------------------------------------------------


def test_a_stolen_seal_is_no_news_of_the_day_before_it_was_told(province: World) -> None:
    """What was known then and what is known now are two answers."""
    held = approved(province)
    signed = province.instance.now()
    province.at(20)
    with province.instance.engines.read.connect() as connection:
        stolen = documents.own_key(connection, "SL-HRSS", "seal").jkt
    condemn(province.instance, stolen, signed - 60, WANTED.paper)
    data, now = statement_file(province.instance, held.id), province.instance.now()
    report = verify_statement(data, province.instance.anchors, now, signed + 86_400)
    assert (report.verdict, report.reason, report.as_of) == ("void", "key_compromised", signed + 86_400)
    assert report.then == ("valid", None)
    assert verify_statement(data, province.instance.anchors, now).then is None


VOID_CASES = [name for name, (*_, verdict, _) in FORGED.items() if verdict == "void"]


@pytest.mark.parametrize("case", VOID_CASES)
def test_the_answer_of_then_names_whom_and_what_it_is_about(province: World, case: str) -> None:
    part, changes, _, _ = FORGED[case]
    data = changed(province, statement_file(province.instance, approved(province).id), part, **dict(changes))
    now = province.instance.now()
    report = verify_statement(data, province.instance.anchors, now + 86_400, now + 3600)
    then = words.as_known_then(report)
    assert then is not None and (then.verdict, then.reason, then.about) == ("void", report.reason, report.about)
    assert [words.reason(then, lang) for lang in words.LANGUAGES] == [
        words.reason(report, lang) for lang in words.LANGUAGES
    ]


def test_a_void_statement_was_not_known_to_be_void_before_it_was_made(province: World) -> None:
    data = changed(province, statement_file(province.instance, approved(province).id), "statement", region="110000")
    now = province.instance.now()
    early = verify_statement(data, province.instance.anchors, now + 86_400, now - 400 * 86_400)
    assert (early.verdict, early.then) == ("void", ("cannot_decide", "before_issue"))
    altered = changed(province, data, "values", name="李示例")
    report = verify_statement(altered, province.instance.anchors, now + 86_400, now - 400 * 86_400)
    assert report.verdict == "tampered" and report.then is not None and report.then[0] == "tampered"


def test_an_old_trust_bundle_tells_of_the_past_and_not_of_today(province: World) -> None:
    """What had been declared by a day is told by a bundle that was signed on it or later."""
    held = approved(province)
    province.at(3)
    documents.publish_trust(province.instance)
    data, now = statement_file(province.instance, held.id), province.instance.now()
    later, before, since = now + 3 * 365 * 86_400, now - 86_400, now + 86_400
    answers = [verify_statement(data, province.instance.anchors, later, day) for day in (before, since)]
    assert [(one.verdict, one.reason) for one in answers] == [("cannot_decide", "trust_expired")] * 2
    assert [one.then for one in answers] == [("valid", None), ("cannot_decide", "trust_expired")]
    early = verify_statement(data, province.instance.anchors, now, now - 30 * 86_400)
    assert early.then == ("cannot_decide", "before_issue")


def test_nobody_is_told_of_a_day_to_come(province: World) -> None:
    data, now = statement_file(province.instance, approved(province).id), province.instance.now()
    report = verify_statement(data, province.instance.anchors, now, now + 86_400)
    assert (report.as_of, report.then) == (now, None)


@pytest.mark.parametrize("part", ["statement", "trust", "grants"])
def test_a_signature_that_does_not_hold_is_tampering(province: World, part: str) -> None:
    value = parse_json(statement_file(province.instance, approved(province).id))
    token = value[part][0] if part == "grants" else value[part]
    head, payload, signature = token.split(".")
    broken = f"{head}.{payload}.{'B' if signature[0] == 'A' else 'A'}{signature[1:]}"
    value[part] = [broken] if part == "grants" else broken
    assert judged(province, canonical(value)) == ("tampered", "sig_bad")


def test_a_grant_that_goes_beyond_its_parent_carries_no_statement(province: World) -> None:
    data = statement_file(province.instance, approved(province).id)
    value = parse_json(changed(province, data, "statement", org="SL-CC", iss="SL-CC", carry=True))
    top = parse_document(value["grants"][0].encode(), "grant+jwt")
    with province.instance.engines.read.connect() as connection:
        seal, grantor = (
            documents.own_key(connection, "SL-CC", "seal"),
            documents.own_key(connection, "SL-HRSS", "grant"),
        )
        value["certs"].append(b64(documents.key_by_jkt(connection, grantor.jkt).certificate))
    own = {"iss": "SL-HRSS", "sub": "SL-CC", "parent": top.sha256}
    depth = top.unverified_payload["depth"]
    for deep, use, found in (
        (depth - 1, "seal", ("valid", None)),
        (depth, "seal", ("void", "depth_exceeded")),
        (depth - 1, "receipt", ("void", "key_not_granted")),
    ):
        keys = [{"jkt": seal.jkt, "use": use}]
        grant = sign_compact(
            {**top.unverified_payload, **own, "depth": deep, "keys": keys},
            "grant+jwt", province.instance.signer(grantor),
        )  # fmt: skip
        assert judged(province, canonical({**value, "grants": [*value["grants"], grant.decode()]})) == found


def test_a_statement_under_a_root_that_we_do_not_hold_is_not_ours(province: World) -> None:
    data = statement_file(province.instance, approved(province).id)
    assert judged(province, data, anchors=())[0] == "not_issued"


def test_what_is_not_known_any_more_is_not_decided(province: World) -> None:
    data = statement_file(province.instance, approved(province).id)
    end = parse_document(parse_json(data)["trust"].encode(), "trust+jwt").unverified_payload["exp"]
    assert judged(province, data, now=end)[0] == "valid"
    assert judged(province, data, now=end + 1) == ("cannot_decide", "trust_expired")
    assert judged(province, data, now=province.instance.now() - 1) == ("cannot_decide", "before_issue")


@pytest.mark.parametrize("data", [b"", b"{}", b"not json", b'{"v":1 }'], ids=["empty", "no_members", "text", "spaces"])
def test_what_is_no_statement_is_unreadable(province: World, data: bytes) -> None:
    assert judged(province, data)[0] == "unreadable"


def test_a_file_that_is_too_large_or_has_too_many_grants_is_not_read(province: World) -> None:
    data = statement_file(province.instance, approved(province).id)
    assert judged(province, b" " * 1_048_577) == ("unreadable", "statement_size")
    assert judged(province, changed(province, data, "grants", to=["x"] * 129)) == ("unreadable", "statement_size")


def test_a_statement_stays_good_when_its_key_is_rotated(province: World) -> None:
    held = approved(province)
    province.at(1)
    rotate_key(province.instance, "SL-HRSS", "seal")
    assert judged(province, statement_file(province.instance, held.id)) == ("valid", None)
    # The new key signs what comes next.
    later = propose(province.instance, replace(WANTED, number="SAMPLE-2"))
    province.at(2)
    approve(province.instance, later.id, "H2")
    assert judged(province, statement_file(province.instance, later.id)) == ("valid", None)


def test_a_statement_under_a_stolen_key_is_void(province: World) -> None:
    held = approved(province)
    with province.instance.engines.read.connect() as connection:
        jkt = documents.own_key(connection, "SL-HRSS", "seal").jkt
    since = province.instance.now()
    province.at(1)
    condemn(province.instance, jkt, since, WANTED.paper)
    assert judged(province, statement_file(province.instance, held.id)) == ("void", "key_compromised")


@pytest.mark.parametrize(("good", "found"), [(1, ("valid", None)), (0, ("void", "grant_withdrawn"))])
def test_a_statement_under_a_withdrawn_grant_stands_or_falls_with_its_day(
    province: World, good: int, found: tuple[str, str | None]
) -> None:
    held = approved(province)
    before = province.instance.now() + good
    with province.instance.engines.read.connect() as connection:
        (grant, *_rest) = documents.grants_of(connection, "SL-HRSS")
    province.at(1)
    withdraw_grant(province.instance, grant.sha256, "compromised", WANTED.paper, good_before=before)
    assert judged(province, statement_file(province.instance, held.id)) == found


# --- nothing is unwritten -------------------------------------------------------------------------------------------

UNWRITTEN = {
    "an_approved_title_raised": ("UPDATE equivalence SET level = 'senior'", "never changed"),
    "an_approval_taken_back": (
        "UPDATE equivalence SET approved_by = NULL, approved_at = NULL, statement_sha256 = NULL",
        "never changed",
    ),
    "a_record_deleted": ("DELETE FROM equivalence", "never deleted"),
    "a_proposal_approved_by_its_proposer": ("UPDATE equivalence SET approved_by = proposed_by", "apart|never changed"),
}


@pytest.mark.parametrize("case", UNWRITTEN)
def test_the_database_itself_keeps_what_was_approved(anywhere: World, case: str) -> None:
    statement, words = UNWRITTEN[case]
    approved(anywhere)
    before = everything(anywhere.instance)
    with pytest.raises(IntegrityError, match=words), anywhere.instance.engines.write.begin() as connection:
        connection.exec_driver_sql(statement)
    assert everything(anywhere.instance) == before


# --- what follows --------------------------------------------------------------------------------------------------


def test_the_holder_of_an_equivalence_may_apply_for_the_next_level(province: World) -> None:
    held = approved(province)
    path = write_book(province.folder / "next.xlsx", {"名单": grid(people({"unit_name": "示例机械研究所"}))})
    result = province.import_file(path)
    assert (result.open_questions, result.people_same) == ([], 1)
    (entry,) = province.entries(result.rosters[0])
    assert entry.person_id == held.person_id
    # The step from the mapped title is what the procedure looks at.
    assert (entry.columns["current_level"], entry.level) == (held.level, "deputy_senior")


def test_no_number_stands_in_the_text_of_a_proposal() -> None:
    assert NUMBER not in repr(WANTED) and QUALIFICATION_NUMBER not in repr(WANTED)


# --- nothing further follows ---------------------------------------------------------------------------------------


def test_an_equivalence_gets_no_act_and_no_certificate(province: World) -> None:
    held = approved(province)
    for refused in (
        refusal(act.do_act, province.instance, act.Order("unit_notice", held.id, ("U1",))),
        refusal(lambda: list(issue.issue(province.instance, held.id))),
    ):
        assert (refused.code, refused.hint) == ("equivalence_only", f"certsvc equivalence statement {held.id} -o FILE")
        assert held.id in refused.zh


def test_a_roster_file_of_this_track_is_sent_to_the_right_command(province: World) -> None:
    province.at(0)
    path = province.file(replace(BATCHES["T18c"], file="T15.xlsx", track="双贯通对应", current_title="无"))
    before = province.census()
    refused = refusal(province.import_file, path)
    assert (refused.code, refused.hint) == ("track_equivalence", "certsvc equivalence propose")
    assert "名单:3, 名单:4" in refused.zh
    assert province.census() == before
