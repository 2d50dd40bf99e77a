"""The letter to the holder: written with the decision or not at all, without an identity number, delivered once."""

from typing import Any

import pytest
from support_instance import SmallInstance
from world_for_tests import World, census

from certsvc.core.errors import CertsvcError, NotFound, Refused
from certsvc.core.identity import check_character
from certsvc.core.lifecycle import REASONS
from certsvc.core.schemas import LIFECYCLE_ACTS
from certsvc.core.schemas import REASONS as REASON_CLASSES
from certsvc.instance import Instance
from certsvc.services import notice_words
from certsvc.services.notices import notice_of, notices, record_delivery
from certsvc.services.status import approve, propose
from certsvc.services.status_rules import Proposal
from certsvc.store import status as status_store
from certsvc.store.rows import Notice
from certsvc.verify.words_terms import LEVELS

PAPER = {"number": "示例决〔2025〕7号", "title": "示例处理决定", "date": "2025-02-17"}


def decide(small: SmallInstance, kind: str, person: int = 0, **more: Any) -> Notice:
    """What the last letter says after a decision."""
    if kind == "correct" and "reason" not in more:
        more["changes"] = {"name": "样章丁"}
    more.setdefault("reason", REASONS[kind][0])
    wanted = Proposal(kind, small.issued[person].code, "HRSS-1", PAPER, **more)
    approve(small.instance, propose(small.instance, wanted), "HRSS-2")
    return notices(small.instance, False)[-1][0]


def refused(instance: Instance, *delivery: str) -> CertsvcError:
    before = census(instance)
    with pytest.raises(CertsvcError) as error:
        record_delivery(instance, *delivery)
    assert census(instance) == before
    return error.value


def test_a_proposal_alone_tells_nobody(small: SmallInstance) -> None:
    propose(small.instance, Proposal("suspend", small.issued[0].code, "HRSS-1", PAPER, "inquiry"))
    assert notices(small.instance, False) == []


def test_every_decision_writes_one_letter_about_its_event(small: SmallInstance) -> None:
    written = [
        decide(small, "suspend"),
        decide(small, "reinstate"),
        decide(small, "revoke", retroactive=True),
        decide(small, "withdraw", 1),
        decide(small, "correct", 2),
    ]
    assert [(one.id, one.q, one.kind) for one in written] == [
        ("N0001", 0, "suspend"),
        ("N0002", 1, "reinstate"),
        ("N0003", 2, "revoke"),
        ("N0004", 0, "withdraw"),
        ("N0005", 0, "correct"),
    ]
    about = [certificate.id for _, certificate in notices(small.instance, False) if certificate is not None]
    assert about == [small.issued[n].certificate.id for n in (0, 0, 0, 1, 2)]
    assert {one.created_at for one in written} == {small.instance.now()}


def test_a_letter_says_which_certificate_what_why_on_what_paper_and_whom_to_ask(small: SmallInstance) -> None:
    letter = decide(small, "suspend")
    number, where = small.issued[0].certificate.number, small.instance.public_url
    common = ("N0001", "样章甲", number, *PAPER.values(), where)
    said_zh = (
        "您的证书已被暂停使用", "专业技术资格证书", "第 1 版", f"({LEVELS['deputy_senior'][0]})", "理由:正在核查",
        "决定机关:示例省人社厅(样章),2025-02-17", "可自知道本决定之日起 60 日内", "行政复议", "向示例省人社厅(样章)询问",
    )  # fmt: skip
    said_en = (
        "has been suspended", "version 1", f"({LEVELS['deputy_senior'][1]})", "an inquiry is under way", "Decided by: Sample HRSS",
        "within 60 days", "ask Sample HRSS",
    )  # fmt: skip
    assert not [words for words in (*common, *said_zh) if words not in letter.text_zh]
    assert not [words for words in (*common, *said_en) if words not in letter.text_en]


EFFECTS = {
    "suspend": ({}, "自 {day} 起暂停", "suspended from {day}"),
    "withdraw": ({}, "自 {day} 起注销", "withdrawn from {day}"),
    "void from the beginning": ({"retroactive": True}, "效力:自始无效", "void from the beginning"),
    "void from a day": ({"effective_from": "2025-02-17"}, "自 2025-02-17 起无效", "void from 2025-02-17"),
    "corrected": (
        {"reason": "correction", "changes": {"name": "样章丁"}},
        "自 {day} 起由第 2 版替代,编号不变;旧版不再使用;更正项目:姓名",
        "replaced by version 2 from {day} under the same number; the old version is no longer used; corrected: name",
    ),
    "signed anew": ({"reason": "key_compromised"}, "内容不变,重新签名", "the same content, signed anew"),
}
KINDS = {
    "void from the beginning": "revoke",
    "void from a day": "revoke",
    "corrected": "correct",
    "signed anew": "correct",
}


@pytest.mark.parametrize("case", EFFECTS)
def test_a_letter_says_from_when_the_decision_counts(small: SmallInstance, case: str) -> None:
    more, zh, en = EFFECTS[case]
    letter = decide(small, KINDS.get(case, case), **more)
    assert zh.format(day="2025-02-17") in letter.text_zh
    assert en.format(day="2025-02-17") in letter.text_en


def test_what_is_reinstated_counts_again_from_the_decision(small: SmallInstance) -> None:
    decide(small, "suspend")
    letter = decide(small, "reinstate")
    assert "自 2025-02-17 起恢复有效" in letter.text_zh
    assert "in force again from 2025-02-17" in letter.text_en


def test_a_letter_names_a_corrected_identity_number_and_never_says_it(small: SmallInstance) -> None:
    """Neither the old number nor the new one, whole or in part; a letter lies in offices and mail boxes."""
    old, new = ((digits + check_character(digits)) for digits in ("22000019850615001", "22000019850615003"))
    letter = decide(small, "correct", reason="correction", changes={"id": new})
    assert "更正项目:证件号码" in letter.text_zh
    assert "corrected: identity number" in letter.text_en
    assert not [n for n in (old[6:14], old[-4:], new[-4:]) if n in letter.text_zh + letter.text_en]


def test_a_decision_that_fails_leaves_no_letter(small: SmallInstance, monkeypatch: pytest.MonkeyPatch) -> None:
    """The letter stands in the transaction of the decision: here the next version cannot be signed."""
    wanted = Proposal("correct", small.issued[0].code, "HRSS-1", PAPER, "correction", changes={"name": "样章丁"})
    proposal = propose(small.instance, wanted)
    for key in small.instance.keys_dir.glob("*credential*"):
        key.unlink()
    small.instance._signers.clear()
    before = census(small.instance)
    with pytest.raises(Exception):  # noqa: B017  whatever a missing key raises
        approve(small.instance, proposal, "HRSS-2")
    assert census(small.instance) == before
    with small.instance.engines.read.connect() as connection:
        assert [one.state for one in status_store.list_proposals(connection)] == ["open"]


def test_every_act_and_every_class_of_reason_has_words() -> None:
    assert set(notice_words.DECISIONS) == set(LIFECYCLE_ACTS) == {*notice_words.EFFECTS, "revoke"}
    assert set(notice_words.REASONS) == set(REASON_CLASSES) == {one for of in REASONS.values() for one in of}


# --- delivery -------------------------------------------------------------------------------------------------------


def test_a_delivery_is_recorded_with_its_time_its_human_and_its_way(small: SmallInstance) -> None:
    decide(small, "suspend")
    small.instance.set_clock(small.now + 86_400)
    record_delivery(small.instance, "N0001", "HRSS-2", " 邮寄 ")
    found = notice_of(small.instance, "N0001")
    assert (found.delivered_at, found.delivered_by, found.way) == (small.now + 86_400, "HRSS-2", "邮寄")
    assert notices(small.instance, True) == []
    assert len(notices(small.instance, False)) == 1


def test_a_delivery_is_recorded_once(small: SmallInstance) -> None:
    decide(small, "suspend")
    record_delivery(small.instance, "N0001", "HRSS-2", "邮寄")
    error = refused(small.instance, "N0001", "HRSS-1", "当面")
    assert (error.code, notice_of(small.instance, "N0001").way) == ("notice_delivered", "邮寄")


@pytest.mark.parametrize(
    ("delivery", "code", "kind", "hint"),
    [
        (("N0404", "HRSS-1", "当面"), "notice_unknown", NotFound, "certsvc status notices"),
        (("N0001", "NOBODY", "当面"), "officer_unknown", NotFound, "certsvc keys list"),
        (
            ("N0001", "HRSS-1", "  "),
            "way_missing",
            Refused,
            "certsvc status notified N0001 --officer HRSS-1 --way 当面",
        ),
    ],
)
def test_a_delivery_that_makes_no_sense_names_the_next_command(
    small: SmallInstance, delivery: tuple[str, str, str], code: str, kind: type, hint: str
) -> None:
    decide(small, "suspend")
    error = refused(small.instance, *delivery)
    assert (type(error), error.code, error.hint) == (kind, code, hint)


def test_an_unknown_notice_is_named(small: SmallInstance) -> None:
    with pytest.raises(NotFound) as error:
        notice_of(small.instance, "N0404")
    assert error.value.code == "notice_unknown"


# --- on both databases ----------------------------------------------------------------------------------------------


def test_decision_letter_and_delivery_on_each_database(anywhere: World) -> None:
    (first, second) = anywhere.issue(anywhere.ready())
    for one, kind, more in ((first, "suspend", {}), (second, "correct", {"changes": {"name": "罗示新"}})):
        wanted = Proposal(kind, one.code, "H1", PAPER, REASONS[kind][0], **more)
        approve(anywhere.instance, propose(anywhere.instance, wanted), "H2")
    for kind, which, more in (
        ("revoke", first.code, {"retroactive": True}),
        ("correct", second.certificate.number, {}),
    ):
        wanted = Proposal(kind, which, "H1", PAPER, "key_compromised", **more)
        last = approve(anywhere.instance, propose(anywhere.instance, wanted), "H2")
    assert last is not None
    assert last.certificate.version == 3
    record_delivery(anywhere.instance, "N0002", "H1", "当面")
    waiting = [(n.id, n.kind) for n, _ in notices(anywhere.instance, True)]
    assert waiting == [("N0001", "suspend"), ("N0003", "revoke"), ("N0004", "correct")]
    assert "签名密钥失密" in notice_of(anywhere.instance, "N0003").text_zh
