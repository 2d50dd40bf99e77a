"""The verdict page as HTML: one word first, readable without scripts, small, and safe with any text in it."""

import gzip
import re
from dataclasses import replace
from html.parser import HTMLParser

import pytest
from reports_for_tests import (
    ABSENT_ACT,
    ASSERTED,
    BACKDATED,
    BY_NUMBER,
    CERTIFICATE,
    CORRECTED,
    KNOWN_LATER,
    MISMATCH,
    REPORTS,
    UNPROVED,
    UNSEALED,
    VALID,
)

from certsvc.verify import words
from certsvc.verify.report import NOT_COMPARED, Report
from certsvc.verify.words_terms import LANGUAGES
from certsvc.web.pages import Site, render, stylesheet, verdict_page

SITE = Site("verify.jl-rst.example", "demo")
CODE = "7K9Q-2MX4-TD8F-3WAE"
VOID_TAGS = {"meta", "link", "input", "img", "br"}


class Tags(HTMLParser):
    """Start tags with attributes, texts by tag, and whether every tag is closed in turn."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.seen: list[tuple[str, dict[str, str | None]]] = []
        self.text: dict[str, str] = {}
        self.stack: list[str] = []
        self.faults: list[str] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.append((tag, dict(attrs)))
        if tag not in VOID_TAGS:
            self.stack.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        if not self.stack or self.stack.pop() != tag:
            self.faults.append(tag)

    def handle_data(self, data: str) -> None:
        for tag in set(self.stack):
            self.text[tag] = self.text.get(tag, "") + data

    def all(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.seen if name == tag]


def page(report: object, lang: str = "zh", code: str | None = CODE) -> str:
    return verdict_page(SITE, report, lang, "/v/" + CODE, code)


everywhere = pytest.mark.parametrize(
    ("verdict", "lang"), [(verdict, lang) for verdict in sorted(REPORTS) for lang in LANGUAGES]
)


@everywhere
def test_the_verdict_is_the_first_heading_the_title_and_a_status(verdict: str, lang: str) -> None:
    tags = Tags(page(REPORTS[verdict], lang))
    word = words.headline(REPORTS[verdict], lang)
    assert tags.text["h1"] == word
    assert tags.text["title"].startswith(word)
    assert [a for a in tags.all("section") if a.get("role") == "status"]


@everywhere
def test_the_page_is_at_most_14_kilobytes_zipped(verdict: str, lang: str) -> None:
    assert len(gzip.compress(page(REPORTS[verdict], lang).encode(), 6)) <= 14 * 1024


@everywhere
def test_nothing_is_loaded_from_elsewhere_and_no_script_runs(verdict: str, lang: str) -> None:
    html = page(REPORTS[verdict], lang)
    tags = Tags(html)
    assert not tags.all("script")
    assert not re.search(r"\son[a-z]+=|javascript:|style=", html)
    assert not re.search(r"https?://|url\(|@import", html)


@everywhere
def test_every_tag_is_closed_and_the_language_is_declared(verdict: str, lang: str) -> None:
    tags = Tags(page(REPORTS[verdict], lang))
    assert (tags.faults, tags.stack) == ([], [])
    assert tags.all("html")[0]["lang"] == {"zh": "zh-CN", "en": "en", "ko": "ko"}[lang]


@everywhere
def test_reason_next_step_host_and_own_phone_stand_on_every_verdict(verdict: str, lang: str) -> None:
    html = page(REPORTS[verdict], lang)
    said = [words.reason(REPORTS[verdict], lang), words.advice(REPORTS[verdict], lang), SITE.host]
    plain = Tags(html).text["html"]
    assert all(text in plain for text in said)
    assert {"zh": "请用自己的手机扫码,勿信截图", "en": "Scan with your own phone", "ko": "직접 스캔"}[lang] in plain


def test_the_words_of_the_other_languages_stand_below() -> None:
    assert "Valid · 유효" in page(VALID)


def test_the_photo_and_the_four_things_to_compare_are_shown() -> None:
    tags = Tags(page(VALID))
    assert tags.all("img")[0]["src"] == f"/photo/{CODE}"
    shown = [CERTIFICATE[name] for name in ("holder_name", "title", "specialty", "number")]
    assert all(str(text) in tags.text["ul"] for text in shown)
    assert len([a for a in tags.all("input") if a["type"] == "checkbox"]) == 4


def test_the_level_stands_beside_the_title() -> None:
    assert "高级工程师(副高级)" in page(VALID)


def test_there_is_no_photo_without_a_code_or_without_consent() -> None:
    assert not Tags(page(VALID, code=None)).all("img")
    assert not Tags(page(replace(VALID, certificate={**CERTIFICATE, "photo": False}))).all("img")


def test_a_number_look_up_offers_neither_photo_nor_comparison_nor_evidence() -> None:
    html = page(BY_NUMBER, code=None)
    assert "王*" in html
    assert "只显示部分内容" in html
    assert "/photo/" not in html and "/bundle" not in html and "<form" not in html


def test_the_comparison_is_a_form_to_the_same_path() -> None:
    tags = Tags(page(VALID))
    form = tags.all("form")[0]
    assert (form["method"], form["action"]) == ("post", f"/v/{CODE}?lang=zh")
    assert {"name", "id_last4"} <= {a.get("name") for a in tags.all("input")}


def test_the_page_asks_about_a_day_in_the_past_without_a_script() -> None:
    tags = Tags(page(VALID))
    form = tags.all("form")[1]
    assert (form["method"], form["action"]) == ("get", f"/v/{CODE}")
    day = next(a for a in tags.all("input") if a["type"] == "date")
    assert (day["name"], day["min"]) == ("at", "2026-12-03")


def test_the_verdict_stands_in_the_main_part_of_the_page() -> None:
    html = page(VALID)
    assert html.index("<main") < html.index("<h1") < html.index("</main>")


def test_a_mismatch_puts_an_alarm_above_the_verdict() -> None:
    html = page(MISMATCH)
    alarm, verdict = html.index('role="alert"'), html.index('role="status"')
    assert alarm < verdict
    assert "证书属实,但与您输入的不符:姓名" in html


def test_no_alarm_is_raised_where_nothing_was_compared() -> None:
    assert 'role="alert"' not in page(VALID)


def test_a_mismatch_does_not_call_a_void_certificate_genuine() -> None:
    html = page(replace(REPORTS["void"], match=MISMATCH.match))
    assert "证书属实" not in html
    assert "与您输入的不符" in html


def test_another_file_is_called_different_and_never_forged() -> None:
    html = page(replace(VALID, match={**NOT_COMPARED, "file": "differs"}))
    assert "文件与原件不同" in html
    assert "内容被改动" not in html


def test_the_band_of_a_demo_stands_on_the_page_and_not_in_production() -> None:
    assert "虚构数据,无法律效力" in page(VALID)
    assert "虚构数据" not in verdict_page(Site("verify.jl-rst.example"), VALID, "zh", "/", CODE)


def test_a_test_instance_has_its_own_band() -> None:
    assert "测试证书 TEST · 无效力" in verdict_page(Site("verify.jl-rst.example", "test"), VALID, "zh", "/", CODE)


def test_what_was_not_proved_is_not_called_proved() -> None:
    assert "评审全过程可核验" in page(VALID)
    assert "评审全过程可核验" not in page(REPORTS["void"])
    assert "评审全过程可核验" not in page(BY_NUMBER)


def test_an_archived_title_says_that_its_procedure_cannot_be_proved() -> None:
    assert "没有可核验的评审过程" in page(replace(VALID, record_source="archive", chain=()))


def test_tampered_data_are_not_shown() -> None:
    html = page(REPORTS["tampered"])
    assert CERTIFICATE["holder_name"] not in html and CERTIFICATE["number"] not in html


def test_an_evil_name_is_text() -> None:
    evil = '<script>alert(1)</script>"><img src=x onerror=alert(1)>{{7*7}}'
    html = page(replace(VALID, certificate={**CERTIFICATE, "holder_name": evil, "committee": evil}))
    assert "&lt;script&gt;" in html
    assert "<script" not in html and "<img src=x" not in html
    assert "{{7*7}}" in html


def test_the_time_asked_about_is_shown_when_it_is_not_now() -> None:
    assert "所问时间 <time>" not in page(VALID)
    assert "所问时间 <time>2024-03-15 23:59</time>" in page(replace(VALID, as_of=1_710_518_399))


def test_the_status_data_show_their_own_date_when_they_are_of_another_day() -> None:
    assert "状态数据 <time>10:18:53</time>" in page(VALID)
    assert "2027-02-21 10:20:00" in page(replace(VALID, status_as_of=VALID.decided_at - 9 * 86_400))


def test_all_checks_are_listed_with_their_rules() -> None:
    html = page(VALID)
    assert "人社部令第40号 第十九条" in html and "人社部令第40号 第二十条" in html
    passed = sum(row.outcome == "pass" for row in VALID.rows)
    assert f"{passed} 项通过,0 项不通过,0 项未查清,2 项未做" in html


def test_the_sentence_of_a_failed_check_stands_in_the_chain_and_in_the_list() -> None:
    assert page(REPORTS["void"]).count("应到 21 人,实到 13 人:不足三分之二") >= 3


@pytest.mark.parametrize("lang", LANGUAGES)
def test_an_act_that_nobody_did_names_the_office_that_was_to_do_it(lang: str) -> None:
    rail = re.search(r'<li class="fail act absent">.*?</li>', page(ABSENT_ACT, lang), re.DOTALL)
    assert rail and "示例市工业和信息化局" in rail[0]


def test_a_missing_seal_is_marked_on_its_act_in_a_sign_and_in_words() -> None:
    html = page(UNSEALED)
    assert html.count("✗ 缺盖章") == 1
    assert html.count("✓ 盖章") == 9
    assert "示例市工程系列机械专业副高级评审委员会的“评议、表决”缺机构盖章。" in html


def test_grants_are_folded_and_open_by_themselves_only_when_one_is_bad() -> None:
    def folded(html: str) -> bool:
        inside = re.search(r"<details( open)?><summary>机构授权</summary>", html)
        return inside is not None and inside[1] is None

    links = [replace(link, outcome="fail") if link.kind == "grant" else link for link in VALID.chain]
    assert folded(page(VALID))
    assert not folded(page(replace(VALID, chain=tuple(links))))


def test_every_row_stands_on_the_page_under_its_family_with_its_code() -> None:
    html = page(REPORTS["void"])
    tags = Tags(html)
    assert len([a for a in tags.all("details") if a.get("class") == "fam"]) == 8
    assert tags.text["code"].count("fact_quorum_two_thirds") == 1
    assert "✗ 1 不通过" in html


@pytest.mark.parametrize(("report", "said"), [
    (VALID, "时间由公开日志与 2 个见证人证明。"),
    (ASSERTED, "时间以文件所写为准。"),
    (UNPROVED, "有 1 环缺少有效的日志证明"),
], ids=["proved", "asserted", "unproved"])  # fmt: skip
def test_the_head_says_where_the_times_come_from(report: Report, said: str) -> None:
    head = Tags(page(report)).text["section"]
    assert said in head
    assert said not in page(BY_NUMBER)


def test_the_page_says_how_long_it_took_by_the_log_and_why_nobody_can_date_back() -> None:
    assert "历时 120 天。" in page(VALID) and "谁也不能把办理时间写早" in page(VALID)
    assert "历时" not in page(ASSERTED) and "谁也不能" not in page(ASSERTED)


def test_an_act_that_is_dated_back_shows_the_stated_day_beside_the_logged_one() -> None:
    link = re.search(r'<li class="fail act">.*?</li>', page(BACKDATED), re.DOTALL)
    assert link and "文件自称 2026-10-09" in link[0] and "登记于 2026-11-08 10:19 – 10:20(见证 2 方)" in link[0]
    assert "倒签、事后补办,或预填日期" in link[0] and page(BACKDATED).count("文件自称") == 1


def test_an_act_whose_proof_is_missing_is_open_and_says_so() -> None:
    link = re.search(r'<li class="unknown act">.*?</li>', page(UNPROVED), re.DOTALL)
    assert link and "缺少公开日志的证明" in link[0] and "登记于" not in link[0]


def test_the_past_has_two_answers_with_their_names() -> None:
    html = page(KNOWN_LATER)
    plain = Tags(html).text["main"]
    then, now = plain.index("按当时已知"), plain.index("按现在所知")
    assert then < plain.index("状态正常", then) < now < plain.index("自始无效", now)
    assert 'class="answer v-valid"' in html and 'class="answer v-revoked"' in html
    assert "按当时已知" not in page(VALID)


def test_the_time_asked_about_stays_with_language_and_comparison() -> None:
    html = page(replace(VALID, as_of=VALID.decided_at - 86_400, then=("valid", None)))
    assert f'href="/v/{CODE}?lang=en&amp;at=2027-03-01T02:20:00Z"' in html
    assert '<input type="hidden" name="at" value="2027-03-01T02:20:00Z">' in html
    assert "at=" not in page(VALID).partition("<form")[0]


def test_the_version_before_and_after_are_named() -> None:
    other = {"number": "2220260001052000124X", "version": 2, "issued_on": "2027-01-31"}
    assert "前一版:第 1 版,2026-11-20 发证,编号 22202600010520001233" in page(CORRECTED)
    assert "新版:第 2 版,2027-01-31 发证" in page(replace(REPORTS["superseded"], replaced_by=other))


def test_the_day_asked_about_lies_between_issue_and_today() -> None:
    day = next(a for a in Tags(page(VALID)).all("input") if a["type"] == "date")
    assert (day["min"], day["max"]) == ("2026-12-03", "2027-03-02")


def test_the_tries_of_the_day_can_be_used_up() -> None:
    html = verdict_page(SITE, VALID, "zh", "/", CODE, tries=False)
    assert "今日比对次数已用完" in html


def test_the_style_sheet_stands_in_the_page_unescaped_and_closes_no_tag() -> None:
    assert f"<style>{stylesheet()}</style>" in page(VALID)
    assert "<" not in stylesheet()


def test_dark_print_and_small_screens_have_rules_of_their_own() -> None:
    css = stylesheet()
    assert "prefers-color-scheme:dark" in css and "@media print" in css and "min-width:60rem" in css


@pytest.mark.parametrize("lang", LANGUAGES)
def test_the_start_page_has_a_form_for_each_way_to_ask(lang: str) -> None:
    tags = Tags(render("home", SITE, lang, "/", gallery=[]))
    assert {form["action"] for form in tags.all("form")} == {
        f"{p}?lang={lang}" for p in ("/code", "/verify", "/number")
    }
    assert all(form["method"] == "post" for form in tags.all("form"))
    assert len(tags.all("button")) == 3
    assert [a["name"] for a in tags.all("input") if a["type"] == "date"] == ["at"] * 3


def test_a_case_of_the_gallery_can_be_tried_opened_and_downloaded() -> None:
    case = {"file": "a b.pdf", "text": "为何", "code": "7K9Q2MX4TD8F3WAE"}
    group = {"verdict": "void", "headline": "程序无效", "cases": [case]}
    html = render("home", SITE, "zh", "/", gallery=[group])
    assert 'action="/demo/a%20b.pdf?lang=zh"' in html
    assert 'href="/demo/a%20b.pdf" download' in html
    assert 'href="/v/7K9Q2MX4TD8F3WAE?lang=zh"' in html


def test_a_dead_claim_link_has_no_form() -> None:
    assert "<form" not in render("claim", SITE, "zh", "/claim/x", dead=True, left=None)


def test_a_wrong_answer_to_a_claim_says_how_many_tries_are_left() -> None:
    assert "还可试 3 次" in render("claim", SITE, "zh", "/claim/x", dead=False, left=3)


def test_every_text_exists_in_every_language() -> None:
    from certsvc.web.texts import TEXTS

    assert all(len(said) == 3 and all(said) for said in TEXTS.values())
