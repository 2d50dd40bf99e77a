"""The words for verdicts and codes: complete, in three languages, and never failing a page."""

import ast
import re
import string
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from reports_for_tests import ABSENT_ACT, BY_NUMBER, COMMITTEE, ISSUED, KNOWN_LATER, REPORTS, UNSEALED, VALID, failed

from certsvc.core import grants
from certsvc.core.calendar import SHANGHAI
from certsvc.core.facts import FACTS
from certsvc.core.outcomes import About
from certsvc.core.schemas import LIFECYCLE_ACTS, PATH_ACTS, REASONS, ROLES
from certsvc.core.titles import LEVELS
from certsvc.verify import links, status, words, words_gaps, words_terms
from certsvc.verify.checks import CHECKS
from certsvc.verify.report import EXIT_CODES, FAMILIES, OUTCOMES, Report, Row
from certsvc.verify.words_verdicts import VERDICTS

PACKAGE = Path(words.__file__).parents[1]
#: Calls whose string arguments are codes of a Report: name of the callee -> which arguments.
CALLS = {
    **dict.fromkeys(("Fault", "act_fault", "ChainFault", "Unknown", "NotRun", "TooHard", "_undecided"), slice(0, 1)),
    **dict.fromkeys(("without_evidence", "_require", "_guard", "with_a"), slice(1, 2)),
}
#: Modules whose Malformed codes become reasons when evidence or a file cannot be parsed.
READERS = (
    *(f"core/{name}.py" for name in ("encoding", "jose", "shape", "bundle", "chain")),
    "render/picture.py",
)


def literals(node: ast.AST) -> set[str]:
    """The words in `node` that can be codes; the parts of f-strings are none, facts have a test of their own."""
    joined = [n for n in ast.walk(node) if isinstance(n, ast.JoinedStr)]
    parts = {id(part) for one in joined for part in ast.walk(one)}
    constants = [n for n in ast.walk(node) if isinstance(n, ast.Constant) and id(n) not in parts]
    return {n.value for n in constants if isinstance(n.value, str) and re.fullmatch("[a-z][a-z_0-9]+", n.value)}


def calls_in(*parts: str) -> list[tuple[str, ast.Call]]:
    """(name of the callee, call) in all modules below `parts` of the package."""
    files = [file for part in parts for file in sorted((PACKAGE / part).rglob("*.py")) or [PACKAGE / part]]
    nodes = [node for file in files for node in ast.walk(ast.parse(file.read_text(encoding="utf-8")))]
    calls = [node for node in nodes if isinstance(node, ast.Call)]
    return [(getattr(call.func, "id", getattr(call.func, "attr", "")), call) for call in calls]


def outcome_codes() -> set[str]:
    """Every code written where an outcome is made, and the tables from which the others are taken."""
    found = {code for *_, code in grants._TARGET} | set(status.CODES.values())
    for name, call in calls_in("core", "verify", "services", "web", "render/reader.py"):
        for argument in call.args[CALLS.get(name, slice(0, 0))]:
            found |= literals(argument)
        if name == "Found":
            # Found(verdict=(verdict, code)): what a file turned out to be before any check.
            verdicts = [keyword.value for keyword in call.keywords if keyword.arg == "verdict"]
            found |= {code for pair in verdicts if isinstance(pair, ast.Tuple) for code in literals(pair.elts[1])}
        if name == "replace":
            found |= {code for keyword in call.keywords if keyword.arg == "faults" for code in literals(keyword.value)}
    return found


def malformed_codes() -> set[str]:
    """Codes of the strict readers."""
    calls = [(name, call) for name, call in calls_in(*READERS) if name in ("Malformed", "_malformed") and call.args]
    return {code for _, call in calls for code in literals(call.args[0])}


@pytest.mark.parametrize("code", sorted(outcome_codes() | malformed_codes()))
def test_every_code_that_the_program_can_say_has_words(code: str) -> None:
    assert code in words.CODES


def test_the_search_for_codes_finds_those_of_every_kind_of_outcome() -> None:
    one_of_each = {"act_missing", "unknown_root", "status_stale", "offline", "never_issued", "several_codes"}
    assert one_of_each | {"too_hard_to_read", "service_trouble", "coverage", "pdf_not_ours"} <= outcome_codes()
    assert {"jws_form", "json_duplicate", "image_too_large"} <= malformed_codes()


@pytest.mark.parametrize("fact", sorted(FACTS))
def test_every_fact_that_can_fail_has_words(fact: str) -> None:
    assert f"fact_{fact}" in words.CODES


@pytest.mark.parametrize(
    ("table", "keys"),
    [
        (words_terms.ACTS, (*PATH_ACTS, *LIFECYCLE_ACTS, "issued")),
        (words_terms.ROLES, ROLES),
        (words_terms.REASONS, REASONS),
        (words_terms.LEVELS, tuple(level.token for level in LEVELS)),
        (words_terms.FAMILIES, FAMILIES),
        (words_terms.OUTCOMES, OUTCOMES),
        (words_terms.STATES, tuple(links._STATES.values())),
        (words_terms.SIGNATURES, ("officer", "seal", "unknown")),
        (words_terms.CHECKS, tuple(check.id for check in CHECKS)),
        (VERDICTS, tuple(EXIT_CODES)),
    ],
    ids=["acts", "roles", "reasons", "levels", "families", "outcomes", "states", "signatures", "checks", "verdicts"],
)
def test_every_machine_value_has_a_word(table: dict[str, object], keys: tuple[str, ...]) -> None:
    assert set(keys) <= table.keys()


def test_the_levels_are_called_as_in_the_catalogue() -> None:
    assert {token: said[0] for token, said in words_terms.LEVELS.items()} == {level.token: level.zh for level in LEVELS}


EVERY_SENTENCE = {**words.CODES, **{"/".join(key): said for key, said in words_gaps.OF_OUTCOME.items()}}


@pytest.mark.parametrize("code", sorted(EVERY_SENTENCE))
def test_a_sentence_asks_for_the_same_figures_in_every_language(code: str) -> None:
    zh, en, ko = ({name for _, name, _, _ in string.Formatter().parse(text) if name} for text in EVERY_SENTENCE[code])
    assert zh == en == ko


@pytest.mark.parametrize("lang", words_terms.LANGUAGES)
@pytest.mark.parametrize("verdict", sorted(REPORTS))
def test_a_verdict_is_said_without_a_gap(verdict: str, lang: str) -> None:
    report = REPORTS[verdict]
    said = [words.headline(report, lang), words.reason(report, lang), words.advice(report, lang)]
    assert all(said)
    assert not any("{" in text or "–" in text for text in said)


def test_the_reason_of_a_fault_names_act_organisation_and_figures() -> None:
    said = words.reason(REPORTS["void"], "zh")
    assert "评议、表决" in said
    assert "示例市工程系列机械专业副高级评审委员会" in said
    assert "应到 21 人,实到 13 人" in said


def test_the_detail_of_the_api_is_the_reason_of_the_page() -> None:
    assert words.detail(REPORTS["void"], "en") == words.reason(REPORTS["void"], "en")


def test_an_organisation_that_the_report_does_not_name_is_shown_by_its_identifier() -> None:
    report = replace(failed("void", "grants_nest", "grant_withdrawn", about=About(None, "o-elsewhere")), chain=())
    assert "o-elsewhere" in words.reason(report, "zh")


def test_an_unknown_says_the_act_that_stands_among_its_figures() -> None:
    about = About(figures={"act": "settle_objections"})
    report = failed("cannot_decide", "notices_long_enough", "calendar_missing", "unknown", about)
    assert "异议核查" in words.reason(report, "zh")


def test_roles_in_a_figure_are_said_one_by_one() -> None:
    about = About("recommend", None, {"roles": "county,city"})
    report = failed("void", "acts_complete", "act_missing", about=about)
    assert "县(市、区)人社部门、市(州)人社部门" in words.reason(report, "zh")


@pytest.mark.parametrize(
    ("org", "figures", "zh", "en"),
    [
        (
            COMMITTEE[0], {"holders": f"{COMMITTEE[0]},o-organiser", "org_name": COMMITTEE[1]},
            f"获授权办理的是{COMMITTEE[1]}、示例市工业和信息化局(评审组织单位),没有签署",
            f"granted to {COMMITTEE[1]}, 示例市工业和信息化局 (organiser of the review)",
        ),
        (
            COMMITTEE[0], {"after": "evaluate"}, f"{COMMITTEE[1]}办理“评议、表决”之后,没有评审组织单位办理",
            f"after “Evaluation and vote” by {COMMITTEE[1]}, nobody of the role organiser of the review",
        ),
        (
            COMMITTEE[0], {"before": "evaluate"}, f"{COMMITTEE[1]}办理“评议、表决”之前,没有评审组织单位办理",
            f"before “Evaluation and vote” by {COMMITTEE[1]}",
        ),
    ],
)  # fmt: skip
def test_a_missing_act_names_who_was_to_do_it_or_who_was_to_pass_it_on(
    org: str, figures: dict[str, str], zh: str, en: str
) -> None:
    about = About("result_notice", org, {"roles": "organiser", **figures})
    report = failed("void", "acts_complete", "act_missing", about=about)
    assert zh in words.reason(report, "zh") and en in words.reason(report, "en")
    korean = words.reason(report, "ko")
    assert "결과" in korean and COMMITTEE[1] in korean and "–" not in korean
    row = Row("acts_complete", "procedure", "fail", "act_missing", about, "")
    names = COMMITTEE[1] if "holders" not in figures else f"{COMMITTEE[1]}、示例市工业和信息化局"
    assert words.row_place(report, row, "zh")[1] == names


def test_a_code_without_words_is_shown_as_itself() -> None:
    report = failed("cannot_decide", "in_force", "code_of_tomorrow", "unknown")
    assert words.reason(report, "zh") == "code_of_tomorrow"


def test_a_figure_that_is_missing_becomes_a_dash() -> None:
    report = failed("void", "notices_long_enough", "interval_short", about=About("result_notice", None, {"days": "3"}))
    assert "3 个工作日,应不少于 – 个" in words.reason(report, "zh")


def test_braces_in_a_figure_are_text() -> None:
    report = failed("void", "documents_dated", "document_date", about=About("issue", None, {"date": "{issuer}"}))
    assert "文件日期 {issuer} " in words.reason(report, "zh")


def test_a_check_that_had_no_act_to_compare_with_does_not_say_that_an_act_is_missing() -> None:
    row = Row("acts_quoted", "procedure", "not_run", "act_missing", About(), "")
    assert words.row_sentence(VALID, row, "zh") == "缺少可供比对的环节,此项未查。"


def test_a_check_without_anything_to_look_at_is_open_unless_the_thing_may_be_absent() -> None:
    rows = [
        Row("signed_and_sealed", "chain", one, "nothing_to_check", About(), "") for one in ("unknown", "not_applicable")
    ]
    open_, idle = (words.row_sentence(VALID, row, "zh") for row in rows)
    assert "无法判断" in open_ and "不需要查" in idle


def test_a_stolen_status_key_leaves_the_verdict_open_in_words_of_its_own() -> None:
    about = About(figures={"typ": "statuslist+jwt"})
    open_, void = (failed(v, "own_keys_in_service", "key_compromised", o, about) for v, o in
                   (("cannot_decide", "unknown"), ("void", "fail")))  # fmt: skip
    assert "状态表的密钥曾经失密,不能据此判断" in words.reason(open_, "zh")
    assert "此签名不足为凭" in words.reason(void, "zh")


def test_a_row_names_its_act_and_its_office_also_when_it_passed() -> None:
    row = next(row for row in VALID.rows if row.id == "acts_granted" and row.about.act == "evaluate")
    assert words.row_place(VALID, row, "en") == ("Evaluation and vote", "示例市工程系列机械专业副高级评审委员会")


@pytest.mark.parametrize("org", [None, "urn:certsvc:person:abc", "https://sample.invalid/status/1"])
def test_a_person_or_an_address_is_no_office(org: str | None) -> None:
    assert words.office(VALID, org) == ""


def test_the_link_of_an_absent_act_says_who_was_to_do_it() -> None:
    link = next(link for link in ABSENT_ACT.chain if link.codes)
    assert words.was_to_do(ABSENT_ACT, link, "zh") == "示例市工业和信息化局(评审组织单位)"
    assert words.was_to_do(ABSENT_ACT, replace(link, org="", org_name=""), "en") == "organiser of the review"
    assert words.link_sentences(ABSENT_ACT, link, "zh") == ["缺少“评审结果公示”环节(应由评审组织单位办理)。"]


def test_the_link_of_an_act_without_seal_says_so_and_the_others_say_nothing() -> None:
    said = {link.name: words.link_sentences(UNSEALED, link, "zh") for link in UNSEALED.chain}
    assert said.pop("evaluate") == ["示例市工程系列机械专业副高级评审委员会的“评议、表决”缺机构盖章。"]
    assert not any(said.values())


def test_what_was_known_then_is_said_without_what_came_later() -> None:
    then = words.as_known_then(KNOWN_LATER)
    assert (words.headline(KNOWN_LATER, "zh"), words.headline(then, "zh")) == ("已撤销", "有效")
    assert "状态正常" in words.reason(then, "zh") and "自始无效" in words.reason(KNOWN_LATER, "zh")
    assert words.as_known_then(VALID) is None


def test_what_was_known_then_is_said_with_the_figures_of_the_finding_that_decided_then() -> None:
    void = REPORTS["void"]
    report = replace(REPORTS["revoked"], then=("void", "fact_quorum_two_thirds"), then_about=void.about)
    assert "应到 21 人,实到 13 人" in words.reason(words.as_known_then(report), "zh")


def test_a_row_that_passed_has_no_sentence() -> None:
    passed = Row("in_force", "status", "pass", "in_force", About(), "")
    assert words.row_sentence(VALID, passed, "zh") == ""


@pytest.mark.parametrize("report", REPORTS.values(), ids=REPORTS.keys())
def test_the_json_of_a_report_tells_everything_in_chinese_and_in_english(report: Report) -> None:
    values = {lang: words.report_json(report, lang) for lang in words.LANGUAGES}
    for lang, value in values.items():
        assert value["detail"] == words.detail(report, lang)
        assert all(row["detail"] == words.row_detail(report, one, lang) != "" for row, one in rows_of(value, report))
    for lang in ("zh", "en"):
        told = values["ko"]
        assert told["details"][lang] == values[lang]["detail"]
        assert [row["details"][lang] for row in told["checks"]] == [row["detail"] for row in values[lang]["checks"]]


def rows_of(value: dict[str, Any], report: Report) -> Iterator[tuple[dict[str, Any], Row]]:
    return zip(value["checks"], report.rows, strict=True)


def test_the_json_of_a_row_tells_what_it_is_about_and_what_was_found_to_be_so() -> None:
    row = next(row for row in words.report_json(VALID, "zh")["checks"] if row["id"] == "signed_and_sealed")
    assert row["about"] == {
        "zh": "单位审核、公示 · 示例机械制造有限公司", "en": "Employer's review and notice · 示例机械制造有限公司"
    }  # fmt: skip
    assert (row["code"], row["details"]["en"]) == (
        "signed_and_sealed",
        "Signed by the officer and sealed by the office",
    )


def test_where_nobody_can_be_believed_a_row_is_about_the_issue_and_no_list_repeats_that() -> None:
    row = REPORTS["tampered"].rows[-1]._replace(within=("issue", None))
    assert (
        words.row_place(VALID, row, "zh") == ("", "")
        and words.row_about(VALID, row, "en") == "Issue of the certificate"
    )
    of_list = row._replace(within=("trust", "o-hrss"))
    assert words.row_place(VALID, of_list, "en") == ("Trust list published", "示例省人力资源和社会保障厅")


def test_a_revocation_tells_its_class_and_that_it_is_void_from_the_beginning() -> None:
    assert words.reason(REPORTS["revoked"], "zh") == "2027-01-31 决定撤销,自始无效;类别:弄虚作假。"


def test_a_revocation_from_a_day_names_the_day() -> None:
    revoked = REPORTS["revoked"]
    moment = replace(revoked.timeline[-1], retroactive=False, effective_from="2027-02-10")
    assert "自 2027-02-10 起无效" in words.reason(replace(revoked, timeline=(moment,)), "zh")


def dated() -> Report:
    """Revoked as of 2027-01-26 by a decision of 2027-01-31."""
    revoked = REPORTS["revoked"]
    told = revoked.timeline[-1]
    first = datetime(2027, 1, 26, tzinfo=SHANGHAI)
    moment = replace(
        told, at=int(first.timestamp()), decided_at=told.at, retroactive=False, effective_from=first.date().isoformat()
    )
    return replace(revoked, timeline=(revoked.timeline[0], moment))


@pytest.mark.parametrize(
    ("lang", "sentence", "effect"),
    [
        ("zh", "2027-01-31 决定撤销,自 2027-01-26 起无效;类别:弄虚作假。", "2027-01-31 决定撤销,自 2027-01-26 起无效"),
        (
            "en",
            "Revocation decided 2027-01-31, void from 2027-01-26; class: ",
            "revocation decided 2027-01-31, void from 2027-01-26",
        ),
        ("ko", "2027-01-31 취소 결정, 2027-01-26부터 무효; 유형: ", "2027-01-31 취소 결정, 2027-01-26부터 무효"),
    ],
)
def test_a_dated_revocation_tells_the_day_of_the_decision_and_the_day_it_counts_from(
    lang: str, sentence: str, effect: str
) -> None:
    assert words.reason(dated(), lang).startswith(sentence)
    assert words.effect(dated().timeline[-1], lang) == effect


def test_what_was_decided_later_was_not_known_on_a_day_that_it_reaches_back_over() -> None:
    between = int(datetime(2027, 1, 28, tzinfo=SHANGHAI).timestamp())
    then = words.as_known_then(replace(dated(), as_of=between, then=("valid", None)))
    assert then is not None and [moment.event for moment in then.timeline] == ["issued"]


def test_what_counts_from_its_own_decision_has_no_second_day() -> None:
    assert [words.effect(moment, "zh") for moment in REPORTS["suspended"].timeline] == ["", ""]


def test_times_are_shown_in_shanghai() -> None:
    assert words.clock(ISSUED) == "2026-12-03 10:20"


def test_a_look_up_by_number_does_not_invent_an_issuer() -> None:
    assert words.reason(BY_NUMBER, "en").startswith("Issued by the issuing authority")
