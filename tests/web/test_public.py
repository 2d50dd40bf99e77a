"""The public pages behind real routes: look-ups, comparison, misses that look alike, and what is never told."""

import re
from io import BytesIO

import pytest
from flask.testing import FlaskClient
from support_instance import NAMES, SmallInstance

from certsvc.core.codes import group_code
from certsvc.core.identity import check_character
from certsvc.verify import words

#: A well-formed code that nobody was given, and one whose last character is wrong.
UNKNOWN, SLIP = "7K9Q-2MX4-TD8F-3WAE", "7K9Q-2MX4-TD8F-3WAF"
LAST4 = "001" + check_character("22000019850615001")


def verdict_of(html: str) -> str:
    found = re.search(r'class="v-([a-z_]+)"', html)
    return found[1] if found else ""


def code_of(small: SmallInstance, person: int = 0) -> str:
    return group_code(small.issued[person].code)


def number_of(small: SmallInstance, person: int = 0) -> str:
    return small.issued[person].certificate.number


def test_the_address_behind_the_qr_shows_the_verdict_and_the_full_name(
    client: FlaskClient, small: SmallInstance
) -> None:
    answer = client.get(f"/v/{small.issued[0].code}")
    assert (answer.status_code, verdict_of(answer.text)) == (200, "valid")
    assert NAMES[0] in answer.text


def test_a_code_may_be_typed_in_lower_case_with_o_and_l(client: FlaskClient, small: SmallInstance) -> None:
    typed = code_of(small).lower().replace("0", "o").replace("1", "l")
    assert client.post("/code", data={"code": f" {typed} "}).headers["Location"] == f"/v/{code_of(small)}?lang=zh"


def test_a_pasted_official_address_is_answered_with_all_that_its_page_has(
    client: FlaskClient, small: SmallInstance
) -> None:
    answer = client.post("/code", data={"code": f"https://sample.invalid/v/{small.issued[0].code}"})
    assert verdict_of(answer.text) == "valid"
    assert f'action="/v/{code_of(small)}?lang=zh"' in answer.text


def test_a_pasted_foreign_address_is_not_issued_even_with_a_genuine_code(
    client: FlaskClient, small: SmallInstance
) -> None:
    answer = client.post("/code", data={"code": f"https://sample.invalid.evil.example/v/{small.issued[0].code}"})
    assert (answer.status_code, verdict_of(answer.text)) == (200, "not_issued")
    assert NAMES[0] not in answer.text


@pytest.mark.parametrize(
    ("code", "verdict"), [(UNKNOWN, "not_issued"), (SLIP, "unreadable"), ("x", "unreadable"), ("王丽", "unreadable")]
)
def test_a_code_of_nothing_has_a_verdict_and_no_error(client: FlaskClient, code: str, verdict: str) -> None:
    assert verdict_of(client.get(f"/v/{code}").text) == verdict
    answer = client.get(f"/v/{code}", headers={"Accept": "application/json"})
    assert (answer.status_code, answer.json["verdict"]) == (200, verdict)


def test_json_is_given_only_to_those_who_prefer_it(client: FlaskClient, small: SmallInstance) -> None:
    path = f"/v/{small.issued[0].code}"
    kinds = {
        accept: client.get(path, headers={"Accept": accept}).mimetype
        for accept in (
            "application/json",
            "*/*",
            "text/html,application/json;q=0.9",
            "application/json,text/html;q=0.5",
        )
    }
    assert list(kinds.values()) == ["application/json", "text/html", "text/html", "application/json"]


@pytest.mark.parametrize(
    ("query", "accepted", "lang"),
    [
        ("", "", "zh-CN"),
        ("?lang=ko", "en", "ko"),
        ("?lang=xx", "en-GB,en;q=0.9", "en"),
        ("", "ko-KR,ko;q=0.9,en;q=0.5", "ko"),
        ("", "fr", "zh-CN"),
    ],
)
def test_the_language_is_asked_for_or_accepted_or_chinese(
    client: FlaskClient, query: str, accepted: str, lang: str
) -> None:
    answer = client.get(f"/v/{UNKNOWN}{query}", headers={"Accept-Language": accepted} if accepted else {})
    assert f'<html lang="{lang}"' in answer.text


def test_the_detail_of_the_json_is_in_the_language_of_the_reader(client: FlaskClient) -> None:
    answer = client.get(f"/v/{UNKNOWN}", headers={"Accept": "application/json", "Accept-Language": "en"})
    assert answer.json["detail"] == words.CODES["never_issued"][1]


def test_a_day_before_the_issue_cannot_be_decided(client: FlaskClient, small: SmallInstance) -> None:
    assert verdict_of(client.get(f"/v/{small.issued[0].code}?at=2024-12-31").text) == "cannot_decide"


def test_a_time_that_is_none_is_refused_in_words(client: FlaskClient, small: SmallInstance) -> None:
    answer = client.get(f"/v/{small.issued[0].code}?at=yesterday")
    assert answer.status_code == 422
    assert "应为日期" in answer.text


def test_a_day_to_come_is_refused_in_words(client: FlaskClient, small: SmallInstance) -> None:
    answer = client.get(f"/v/{small.issued[0].code}?at=2999-01-01")
    assert answer.status_code == 422
    assert "所问时间在将来" in answer.text


def test_a_day_in_the_past_is_answered_as_was_known_then_and_as_is_known_now(
    client: FlaskClient, small: SmallInstance
) -> None:
    html = client.get(f"/v/{small.issued[0].code}?at=2024-12-31").text
    assert "按当时已知" in html and "按现在所知" in html


def test_every_form_takes_the_day_with_it(client: FlaskClient, small: SmallInstance) -> None:
    day = {"at": "2024-12-31"}
    typed = client.post("/code", data={"code": small.issued[0].code} | day)
    assert typed.headers["Location"] == f"/v/{code_of(small)}?lang=zh&at=2024-12-31T15:59:59Z"
    answers = [
        client.post("/code", data={"code": f"https://sample.invalid/v/{small.issued[0].code}"} | day),
        client.post("/number", data={"number": number_of(small), "name": NAMES[0]} | day),
        client.post("/verify", data={"file": (BytesIO(small.bundle()), "a.bundle")} | day),
        client.post(f"/v/{code_of(small)}", data={"name": NAMES[0]} | day),
    ]
    assert [verdict_of(answer.text) for answer in answers] == ["cannot_decide"] * 4
    assert all("2024-12-31 23:59" in answer.text for answer in answers)


def test_the_first_second_of_all_clocks_is_a_time_like_any_other(client: FlaskClient, small: SmallInstance) -> None:
    typed = client.post("/code", data={"code": small.issued[0].code, "at": "1970-01-01T00:00:00Z"})
    assert typed.headers["Location"].endswith("&at=1970-01-01T00:00:00Z")


def test_a_form_with_a_bad_day_is_refused_and_one_with_an_empty_day_asks_about_now(client: FlaskClient) -> None:
    form = {"number": "1", "name": "x"}
    for no_time in ("31.12.2024", "0001-01-01", "0001-01-01T00:00:00+08:00"):
        assert client.post("/number", data=form | {"at": no_time}).status_code == 422
    assert client.post("/number", data=form | {"at": ""}).status_code == 200


# --- comparison ----------------------------------------------------------------------------------------------------


def test_the_page_compares_name_and_last_four_and_answers_match(own_client: FlaskClient, own: SmallInstance) -> None:
    answer = own_client.post(f"/v/{code_of(own)}", data={"name": NAMES[0], "id_last4": LAST4})
    assert "姓名 相符" in answer.text and "身份证后 4 位 相符" in answer.text
    assert LAST4 not in answer.text


def test_another_name_raises_the_alarm_and_keeps_the_verdict(client: FlaskClient, small: SmallInstance) -> None:
    answer = client.post(f"/v/{code_of(small)}", data={"name": "样章丁"})
    assert verdict_of(answer.text) == "valid"
    assert "证书属实,但与您输入的不符:姓名" in answer.text
    assert "样章丁" not in answer.text


def test_the_sixth_guess_of_a_day_is_not_compared_though_it_is_right(
    own_client: FlaskClient, own: SmallInstance
) -> None:
    for _ in range(5):
        assert "身份证后 4 位 不符" in own_client.post(f"/v/{code_of(own)}", data={"id_last4": "9999"}).text
    sixth = own_client.post(f"/v/{code_of(own)}", data={"id_last4": LAST4}).text
    assert "今日比对次数已用完" in sixth
    assert "身份证后 4 位 相符" not in sixth


def test_a_comparison_of_names_spends_no_try(client: FlaskClient, small: SmallInstance) -> None:
    answers = [client.post(f"/v/{code_of(small)}", data={"name": "样章丁"}).text for _ in range(6)]
    assert not any("今日比对次数已用完" in text for text in answers)


# --- number and name -----------------------------------------------------------------------------------------------


def test_number_and_name_show_a_masked_name_and_no_acts(client: FlaskClient, small: SmallInstance) -> None:
    answer = client.post("/number", data={"number": number_of(small).lower(), "name": NAMES[0]})
    assert verdict_of(answer.text) == "valid"
    assert "样*" in answer.text and NAMES[0] not in answer.text
    assert "示例机构" not in answer.text


def test_every_miss_by_number_and_name_looks_the_same_and_takes_its_time(
    client: FlaskClient, small: SmallInstance
) -> None:
    number = number_of(small)
    other = number[:-2] + ("0" if number[-2] != "0" else "1") + number[-1]
    misses = [(number, "样章丁"), (other, NAMES[0]), ("22202500000520000019", NAMES[0]), ("?", "")]
    answers = [client.post("/number", data={"number": n, "name": name}) for n, name in misses]
    assert {answer.status_code for answer in answers} == {200}
    assert len({re.sub(r"<time>.*?</time>", "", answer.text) for answer in answers}) == 1
    assert verdict_of(answers[0].text) == "no_record"
    assert all(float(answer.headers["Server-Timing"].rpartition("=")[2]) >= 50 for answer in answers)


@pytest.mark.parametrize("path", ["/number", "/verify", "/code", "/v/"])
def test_reloading_the_answer_of_a_form_leads_to_the_forms(client: FlaskClient, path: str) -> None:
    answer = client.get(f"{path}?number=1&name=2")
    assert (answer.status_code, answer.headers["Location"]) == (303, "/?lang=zh")


# --- files ---------------------------------------------------------------------------------------------------------


def test_an_uploaded_bundle_is_judged(client: FlaskClient, small: SmallInstance) -> None:
    upload = {"file": (BytesIO(small.bundle()), "证书.bundle")}
    assert verdict_of(client.post("/verify", data=upload).text) == "valid"


def test_a_form_without_a_file_says_so(client: FlaskClient) -> None:
    answer = client.post("/verify", data={})
    assert answer.status_code == 422
    assert "请选择文件" in answer.text


def test_a_file_of_eleven_megabytes_is_refused_in_words(client: FlaskClient) -> None:
    answer = client.post("/verify", data=bytes(11_000_000), content_type="multipart/form-data; boundary=x")
    assert answer.status_code == 413
    assert "10 MB" in answer.text


def test_a_form_of_many_parts_is_refused(client: FlaskClient) -> None:
    answer = client.post("/verify", data={f"f{n}": (BytesIO(b"x"), "x") for n in range(50)})
    assert answer.status_code == 413


def test_a_file_that_is_noise_is_unreadable(client: FlaskClient) -> None:
    answer = client.post("/verify", data={"file": (BytesIO(b"\x00\x01\x02" * 99), "../../etc/passwd")})
    assert (answer.status_code, verdict_of(answer.text)) == (200, "unreadable")


def test_every_miss_of_a_photo_is_the_same(client: FlaskClient, small: SmallInstance) -> None:
    answers = [client.get(f"/photo/{code}") for code in (UNKNOWN, SLIP, "x", code_of(small))]
    assert {answer.status_code for answer in answers} == {404}
    assert len({re.sub(rb"req_[0-9a-f]+", b"", answer.data) for answer in answers}) == 1


@pytest.mark.parametrize("path", ["/demo/valid.pdf", "/demo/..%2fhome.json", "/demo/../keys/data.json"])
def test_an_instance_without_gallery_gives_no_file(client: FlaskClient, path: str) -> None:
    assert client.get(path).status_code == 404
    assert client.post(path).status_code == 404
