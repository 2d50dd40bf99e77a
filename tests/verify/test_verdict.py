"""One verdict from the rows: the first line that fits wins, and nothing but a full set of passes is `valid`."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support_forge import Forge, judge
from support_instance import SmallInstance

from certsvc.core.outcomes import About
from certsvc.verify.report import EXIT_CODES, FAMILIES, OUTCOMES, Row
from certsvc.verify.verdict import REQUIRED, TABLE, decide


def row(family: str, outcome: str = "pass", code: str = "") -> Row:
    return Row(f"{family}_check", family, outcome, code, About(), "rule")


ALL_PASS = tuple(row(family) for family in REQUIRED)


def verdict(*rows: Row) -> str:
    return decide((*ALL_PASS, *rows))[0]


def test_required_checks_that_all_passed_are_valid() -> None:
    assert decide(ALL_PASS) == ("valid", None)


@pytest.mark.parametrize("family", REQUIRED)
def test_without_a_row_of_a_required_family_nothing_is_decided(family: str) -> None:
    assert decide(tuple(one for one in ALL_PASS if one.family != family))[0] == "cannot_decide"


SINGLE: list[tuple[Row, str]] = [
    (row("integrity", "fail", "sig_bad"), "tampered"),
    (row("chain", "fail", "unknown_root"), "not_issued"),
    (row("chain", "fail", "test_root"), "not_issued"),
    (row("chain", "fail", "cert_chain"), "tampered"),
    (row("chain", "fail", "cert_form"), "tampered"),
    (row("chain", "fail", "cert_time"), "void"),
    (row("chain", "fail", "cert_use"), "void"),
    (row("chain", "fail", "org_mismatch"), "void"),
    (row("authority", "fail", "grant_expired"), "void"),
    (row("procedure", "fail", "act_missing"), "void"),
    (row("status", "fail", "revoked"), "revoked"),
    (row("status", "fail", "withdrawn"), "withdrawn"),
    (row("status", "fail", "suspended"), "suspended"),
    (row("status", "fail", "superseded"), "superseded"),
    (row("status", "fail", "out_of_term"), "out_of_term"),
    (row("status", "fail", "status_diverges"), "cannot_decide"),
    (row("log", "fail", "not_logged"), "cannot_decide"),
    (row("register", "fail", "x"), "cannot_decide"),
    (row("status", "unknown", "revoked"), "cannot_decide"),
    (row("chain", "unknown", "unknown_root"), "cannot_decide"),
    (row("document", "fail", "pdf_unsigned"), "tampered"),
    *((row(family, "unknown", "x"), "cannot_decide") for family in FAMILIES),
    *((row(family, "not_run", "x"), "cannot_decide") for family in REQUIRED),
    *((row(family, "not_applicable", "x"), "valid") for family in REQUIRED),
    *((row(family, "not_run", "x"), "valid") for family in FAMILIES if family not in REQUIRED),
]


@pytest.mark.parametrize(("odd", "expected"), SINGLE, ids=lambda one: getattr(one, "code", one))
def test_one_row_that_did_not_pass_decides(odd: Row, expected: str) -> None:
    assert verdict(odd) == expected


#: From the strongest to the weakest, each as a row that brings it about.
ORDER = [
    row("integrity", "fail", "sig_bad"),
    row("chain", "fail", "unknown_root"),
    row("chain", "fail", "cert_chain"),
    row("document", "fail", "pdf_unsigned"),
    row("procedure", "fail", "act_missing"),
    row("status", "fail", "revoked"),
    row("status", "fail", "withdrawn"),
    row("status", "fail", "suspended"),
    row("status", "fail", "superseded"),
    row("status", "fail", "out_of_term"),
    row("status", "fail", "status_diverges"),
    row("status", "unknown", "status_stale"),
]


@pytest.mark.parametrize("stronger", range(len(ORDER)))
def test_the_stronger_finding_wins_whatever_the_order_of_rows(stronger: int) -> None:
    strong = ORDER[stronger]
    for weak in ORDER[stronger + 1 :]:
        assert decide((*ALL_PASS, weak, strong))[1] == decide((strong, weak, *ALL_PASS))[1] == strong


def test_of_two_rows_of_one_line_the_first_tells_the_reason() -> None:
    first, second = row("procedure", "fail", "order"), row("authority", "fail", "grant_expired")
    assert decide((first, second))[1] == first


def test_the_verdicts_of_the_table_are_among_the_twelve() -> None:
    assert {line.verdict for line in TABLE} | {"valid", "no_record", "unreadable"} == EXIT_CODES.keys()
    assert len(EXIT_CODES) == 12


ROWS = st.builds(
    row,
    st.sampled_from(FAMILIES),
    st.sampled_from(OUTCOMES),
    st.sampled_from([None, "revoked", "unknown_root", "cert_chain", "out_of_term", "trust_expired", "x"]),
)


@given(st.lists(ROWS, max_size=12))
def test_valid_means_that_every_required_row_passed_and_none_failed_or_is_open(rows: list[Row]) -> None:
    expected = all(one.outcome not in ("fail", "unknown") for one in rows)
    for family in REQUIRED:
        own = [one for one in rows if one.family == family]
        expected = expected and bool(own) and all(one.outcome == "pass" for one in own)
    assert (decide(tuple(rows))[0] == "valid") == expected


# --- under another root --------------------------------------------------------------------------------------------


def test_a_paper_of_a_test_instance_is_not_issued_under_a_production_root(
    small_instance: SmallInstance, production_instance: SmallInstance
) -> None:
    report = judge(small_instance, small_instance.bundle(), production_instance.anchors)
    assert (report.verdict, report.reason) == ("not_issued", "test_root")
    assert report.certificate is None and not report.test


def test_a_paper_of_another_root_with_the_same_names_is_not_issued(
    small_instance: SmallInstance, production_instance: SmallInstance
) -> None:
    report = judge(small_instance, production_instance.bundle())
    assert (report.verdict, report.reason) == ("not_issued", "unknown_root")
    assert judge(small_instance, production_instance.bundle(), production_instance.anchors).verdict == "valid"


def test_under_no_root_at_all_nothing_was_issued(small_instance: SmallInstance) -> None:
    assert judge(small_instance, small_instance.bundle(), ()).verdict == "not_issued"


def test_the_right_root_among_others_is_enough(
    small_instance: SmallInstance, production_instance: SmallInstance
) -> None:
    anchors = (*production_instance.anchors, *small_instance.anchors)
    assert judge(small_instance, small_instance.bundle(), anchors).verdict == "valid"


def test_documents_of_another_instance_do_not_mix_in(
    small_instance: SmallInstance, production_instance: SmallInstance
) -> None:
    foreign = Forge(production_instance).value()
    forge = Forge(small_instance)
    forge.after.append(lambda value: value.update(trust=foreign["trust"], certs=value["certs"] + foreign["certs"]))
    assert judge(small_instance, forge.build()).verdict == "tampered"
