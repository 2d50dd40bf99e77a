"""Sentences with the figures of a case are true of that very case, whichever way the rule was broken (verify.json)."""

import re

import pytest
from reports_for_tests import failed
from support_instance import SmallInstance
from test_vectors import VECTORS, judged

from certsvc.core.outcomes import About
from certsvc.verify import words
from certsvc.verify.report import Report

CHANGES = {vector["id"]: vector for vector in VECTORS}
#: Case -> what its reason line says in English, which is so in that case, and what it must not say.
TRUE_OF: dict[str, tuple[str, str]] = {
    "more_present_than_members": ("or the figures stated are no possible ones", "present, fewer"),
    "number_as_text": ("or the figures stated are no possible ones", "present, fewer"),
    "votes_do_not_add_up": ("15 yes, 4 no and 0 abstentions of 20 present", "do not make"),
    "ratio_granted_beyond_the_rule": ("66% approved: more passed than was approved, more was approved than", "over the"),
    "ratio_not_granted": ("0% approved: more passed than was approved, more was approved than the rule allows, nothing was", "–"),
    "argument_misspelt": ("or the procedure puts the rule wrongly", "over the"),
    "public_hours_for_professional_ones": ("400 public hours of continuing education are stated", "400 public hours count"),
    "ban_in_another_form_of_a_date": ("or the days stated are none", "–"),
    "one_officer_signs_twice_for_one": ("1, each of another officer; it bears 2, of 1.", "needs 1 different"),
    "second_officer_missing": ("2, each of another officer; it bears 1, of 1.", "–"),
    "seal_missing": ("signed in the place of the officer or of the seal", "signed a kind"),
    "licence_without_check": ("The licence identifier on the certificate is wrong", "certificate number"),
    "slot_said_twice": ("The place in the status list on the certificate is wrong: it is not what was decided, is said", "–"),
    "change_of_another_certificate": ("does not name this certificate and its place", "follow on the act before"),
    "change_of_another_slot": ("its place in the status list", "follow on the act before"),
    "count_of_changes_wrong": ("the status before it, its number,", "–"),
    "decided_without_proposal": ("without a proposal before the decision", "–"),
    "proposal_that_follows_on_something": ("or the two are not linked as a proposal and its decision are", "–"),
    "another_act_for_a_correction": ("is another act,", "–"),
    "issued_again_with_another_name": ("changes (nothing)", "–"),
    "dressed_as_proved": ("calls itself an archived title", "archive key"),
    "procedure_of_the_last_act_alone": ("than the one that the evidence holds", "than the first act"),
    "procedure_listed_for_another_track": ("does not have the procedure as one of this track", "never published"),
    "trust_list_rolled_back_procedure": ("does not have the procedure as one of this track", "never published"),
    "part_that_is_none": ("is about a part of the list that does not hold this person", "do not add up"),
    "roster_without_scope": ("or does not say what it was about", "–"),
    "role_of_a_grant_for_other_keys": ("rests on a grant in another role", "does not have the role"),
    "grant_that_ends_before_it_begins": ("or no possible one (time)", "–"),
    "key_compromised_nobody_knows_when": ("nothing shows that the act was signed before that", "in other hands before"),
    "issuing_ca_stolen_nobody_knows_when": ("nothing shows that", "in other hands before"),
    "certificate_key_in_another_offices_grant": ("is not one that a grant of its own names", "was not granted"),
    "list_by_another_office": ("The key that signed the status list", "has no power"),
    "root_mints_issued_key": ("does not lead up to the root in the prescribed way", "–"),
    "ca_mints_policy_key": ("in the way that its use asks for", "–"),
    "alg_none": ("is of no kind that is accepted", "a act"),
    "certificate_twice": ("or something twice", "do not match the signature"),
    "withdrawn": ("class: request of the holder, no misconduct", "–"),
    "withdrawn_for_fraud": ("class: fraud", "no misconduct"),
}  # fmt: skip


@pytest.mark.parametrize("name", TRUE_OF)
def test_the_reason_line_is_true_of_the_very_case(name: str, small_instance: SmallInstance) -> None:
    report = judged(small_instance, CHANGES[name]["changes"], CHANGES[name].get("asked"))
    said, denied = TRUE_OF[name]
    told = words.reason(report, "en")
    assert said in told and denied not in told


LATER: dict[str, tuple[str, ...]] = {"void": ("chain", "key_compromised"), "tampered": ("integrity", "unused_evidence")}


def of(verdict: str) -> Report:
    return failed(
        verdict, LATER[verdict][0], LATER[verdict][1], about=About(figures={"typ": "act+jwt", "what": "grant"})
    )


@pytest.mark.parametrize("lang", words.words_terms.LANGUAGES)
def test_a_verdict_does_not_vouch_for_what_its_cause_denies(lang: str) -> None:
    void, tampered = words.reason(of("void"), lang), words.reason(of("tampered"), lang)
    assert not re.search("签名属实|Genuinely|진본", void)
    assert not re.search("签名不符|match the signature|전자서명과 맞지", tampered)


@pytest.mark.parametrize("backdated", ["True", "False"])
def test_a_time_that_the_log_denies_is_called_neither_late_nor_early_by_name(backdated: str) -> None:
    figures = {"signed": "1796264400", "earliest": "1796000000", "latest": "1796000060", "backdated": backdated}
    report = failed("void", "act_times_fit", "time_mismatch", about=About("approve", "o-hrss", figures))
    assert "do not agree (dated back, done afterwards, or dated ahead)" in words.reason(report, "en")


def test_a_level_that_nobody_held_is_called_none() -> None:
    about = About("accept", "o-committee", {"current_level": "None"})
    report = failed("void", "person_facts", "fact_level_step", about=about)
    assert all(
        f"({said})" in words.reason(report, lang)
        for said, lang in (("无职称", "zh"), ("no title", "en"), ("자격 없음", "ko"))
    )
    assert "None" not in words.reason(report, "en")


def test_the_kind_of_a_document_is_named_with_the_article() -> None:
    sentences = [said for codes in words.CODES.values() for said in codes]
    assert not [said for said in sentences if re.search(r"\ba \{typ\}", said)]
