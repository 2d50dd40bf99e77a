"""What can be wrong with the log evidence of a bundle, by the numbers of docs/log.md: the case, and a harmless sibling."""

from dataclasses import dataclass
from typing import Any

from insecure_documents import Recipe
from insecure_log import WITNESS_NAMES, insecure_signer
from insecure_logged import MINUTE, Signed, Story
from insecure_office import DAY, START, insecure_salt

#: The evening of the day on which the issue act was signed.
NIGHT = START + 25 * DAY + 12 * 3600
OTHER = insecure_salt("of something else")
NOTICED, APPROVED, ISSUED = START + 7 * DAY, START + 21 * DAY, START + 25 * DAY
#: A correction and a revocation are proposed, and decided an hour later.
PROPOSED = START + 42 * DAY
CORRECTED, REVOKED = Recipe(corrected_name="王示范"), Recipe(revoked_from="2025-04-10")
BEFORE_ALL = "grants.EX-HRSS"
FORGER = insecure_signer("log.example/certsvc", seed="a forger")
STRANGER = insecure_signer("other.example/log")


@dataclass(frozen=True)
class LogCase:
    """One story, what must be said of it, and a story much like it of which nothing bad may be said."""

    id: str
    prose: str
    story: dict[str, Any]
    verdict: str
    reason: str | None
    harmless: dict[str, Any]
    after: int = 29
    """Day on which it is asked."""


def _night(*names: str) -> dict[str, int]:
    return {name: NIGHT + n * MINUTE for n, name in enumerate(names)}


ACTS = ("acts.unit_notice", "acts.evaluate", "acts.approve", "acts.issue")

CASES: tuple[LogCase, ...] = (
    LogCase("backdated", "an act of Monday was logged on Thursday", {"at": {"acts.approve": APPROVED + 3 * DAY}},
            "void", "time_mismatch", {"at": {"acts.approve": APPROVED + 20 * 60 * MINUTE}}),
    LogCase("postdated", "an act was logged before the time that it states", {"at": {"acts.approve": APPROVED - 10 * MINUTE}},
            "void", "time_mismatch", {"at": {"acts.approve": APPROVED - MINUTE}}),
    LogCase("one_night", "papers of three weeks, all logged in one night", {"at": _night(*ACTS)},
            "void", "interval_short", {"at": {"acts.issue": NIGHT - 12 * 3600 + 40 * MINUTE}}),
    LogCase("notice_not_witnessed", "nobody saw the log between the notice and the vote, so the notice may have been short",
            {"unseen": {"acts.evaluate": 8 * DAY}}, "cannot_decide", "interval_unproved", {"unseen": {"acts.evaluate": DAY // 2}}),
    LogCase("backdated_out_of_sight", "an act of Monday was logged on Thursday, and no nearer checkpoint is shown than Monday's",
            {"at": {"acts.approve": APPROVED + 3 * DAY}, "unseen": {"acts.approve": 3 * DAY + MINUTE}},
            "cannot_decide", "time_unproved", {"unseen": {"acts.approve": DAY // 2}}),
    LogCase("act_not_logged", "the proof of an act is missing", {"omitted": ("acts.approve",)},
            "cannot_decide", "log_proof_missing", {"unseen_before": ("grants.EX-UNIT",)}),
    LogCase("grant_not_logged", "the proof of a grant is missing", {"omitted": ("grants.EX-UNIT",)},
            "cannot_decide", "log_proof_missing", {"unseen_before": ("grants.EX-UNIT",)}),
    LogCase("certificate_not_logged", "the certificate came into no log", {"omitted": ("certificate",)},
            "cannot_decide", "log_proof_missing", {"unseen_before": ("grants.EX-UNIT",)}),
    LogCase("list_not_logged", "a status list that stands in no log, as a thief of its key could sign it", {"omitted": ("list",)},
            "cannot_decide", "log_proof_missing", {"unseen": {"list": 20 * MINUTE}}),
    LogCase("no_earlier_checkpoint", "nothing says before when an act was not logged", {"unseen_before": ("acts.issue",)},
            "cannot_decide", "log_proof_missing", {"unseen": {"acts.issue": 20 * MINUTE}}),
    LogCase("wrong_salt", "the salt of a proof opens another leaf", {"salts": {"acts.approve": OTHER}},
            "tampered", "commit_mismatch", {"unseen": {"acts.approve": 20 * MINUTE}}),
    LogCase("wrong_salt_and_no_proof_before", "the same, and the proof of the act before is missing",
            {"salts": {"acts.approve": OTHER}, "omitted": ("acts.evaluate",)},
            "tampered", "commit_mismatch", {"unseen": {"acts.approve": 30 * MINUTE}}),
    LogCase("wrong_salt_and_no_earlier_checkpoint", "the same, and nothing says before when the act was not logged",
            {"salts": {"acts.approve": OTHER}, "unseen_before": ("acts.approve",)},
            "tampered", "commit_mismatch", {"unseen": {"acts.approve": 40 * MINUTE}}),
    LogCase("another_seal", "the leaf says that another office acted", {"sealed": {"acts.approve": "unit.seal"}},
            "tampered", "commit_mismatch", {"sealed": {"acts.approve": "approver.seal"}}),
    LogCase("salt_of_a_grant", "a salt beside the public entry of a grant, which nobody signed", {"salts": {"grants.EX-APPR": OTHER}},
            "tampered", "commit_mismatch", {"salts": {"grants.EX-APPR": None}}),
    LogCase("salt_of_a_list", "a salt beside the public entry of a status list", {"salts": {"list": OTHER}},
            "tampered", "commit_mismatch", {"salts": {"list": None}}),
    LogCase("act_without_salt", "the salt of an act's entry is not shown", {"salts": {"acts.issue": None}},
            "tampered", "commit_mismatch", {"salts": {}}),
    LogCase("second_successor", "the once-tag of an act does not come from the act before it", {"secrets": {"acts.approve": OTHER}},
            "void", "once_tag", {"secrets": {"acts.unit_notice": OTHER}}),
    LogCase("second_vote_as_a_part", "a vote on part 1 of a list that nobody divided has another once-tag than a vote on the list, and repeats none",
            {"recipe": Recipe(vote_on_part=1)}, "void", "part_of_others", {"unseen": {"acts.evaluate": 40 * MINUTE}}),
    LogCase("second_certificate", "the once-tag of the certificate does not come from its entry", {"secrets": {"certificate": OTHER}},
            "void", "once_tag", {"secrets": {"acts.unit_notice": OTHER}}),
    LogCase("split_view", "a tree that no witness saw", {"signed": {"acts.approve": Signed(witnesses=())}},
            "cannot_decide", "witness_quorum", {"signed": {"acts.approve": Signed(witnesses=WITNESS_NAMES[:2])}}),
    LogCase("one_witness", "a tree that one witness saw where two are asked", {"signed": {"certificate": Signed(witnesses=WITNESS_NAMES[2:])}},
            "cannot_decide", "witness_quorum", {"signed": {"certificate": Signed(witnesses=WITNESS_NAMES[1:])}}),
    LogCase("forged_checkpoint", "a checkpoint of another key that bears the log's name", {"signed": {"acts.approve": Signed(by=FORGER)}},
            "tampered", "checkpoint_bad", {"signed": {"acts.approve": Signed()}}),
    LogCase("foreign_checkpoint", "a checkpoint of another log", {"signed": {"acts.approve": Signed(by=STRANGER, origin=STRANGER.key.name)}},
            "tampered", "checkpoint_bad", {"signed": {"acts.approve": Signed()}}),
    LogCase("witnesses_in_disorder", "the lines of the witnesses stand in another order", {"signed": {"acts.approve": Signed(witnesses=WITNESS_NAMES[::-1])}},
            "tampered", "checkpoint_bad", {"signed": {"acts.approve": Signed(witnesses=WITNESS_NAMES[::2])}}),
    LogCase("another_index", "a proof for one place, shown for another", {"shift": {"acts.approve": -1}},
            "tampered", "checkpoint_bad", {"shift": {"acts.approve": 0}}),
    LogCase("index_beyond", "an index that the checkpoint does not reach", {"shift": {"certificate": 1}},
            "tampered", "inclusion_bad", {"shift": {"certificate": 0}}),
    LogCase("not_before", "the checkpoint without the entry has it", {"wrong_side": ("acts.approve",)},
            "tampered", "checkpoint_bad", {"unseen": {"acts.approve": 3 * MINUTE}}),
    LogCase("logged_out_of_order", "the approval stands in the log before the vote", {"at": {"acts.evaluate": APPROVED + 2 * MINUTE}},
            "void", "order", {"at": {"acts.evaluate": START + 17 * DAY + 50 * MINUTE}}),
    LogCase("first_two_out_of_order", "the vote stands in the log before the notice, which was short besides",
            {"at": {"acts.unit_notice": START + 17 * DAY + 50 * MINUTE}}, "void", "interval_short", {"at": {"acts.unit_notice": NOTICED + 20 * MINUTE}}),
    LogCase("grant_after_act", "the grant was logged after the act that stands on it", {"at": {"grants.EX-APPR": APPROVED + 2 * MINUTE}},
            "void", "grant_not_yet", {"at": {"grants.EX-APPR": START - 20 * DAY + 50 * MINUTE}}),
    LogCase("certificate_before_act", "the certificate stands in the log before the issue act", {"at": {"certificate": ISSUED}},
            "void", "order", {"at": {"certificate": ISSUED + 3600}}),
    LogCase("certificate_backdated", "the certificate was logged two days after the day that it states",
            {"at": {"certificate": ISSUED + 2 * DAY}}, "void", "time_mismatch", {"at": {"certificate": ISSUED + 5000}}),
    LogCase("key_rotated", "a key had been replaced when the act was logged", {"ended": {"approver.seal": ("rotated", "acts.approve")}},
            "void", "key_ended", {"ended": {"approver.seal": ("rotated", "acts.issue")}}),
    LogCase("key_stolen", "a key had been stolen when the act was logged, whatever date it bears",
            {"ended": {"approver.seal": ("compromised", "acts.approve")}}, "void", "key_compromised",
            {"ended": {"approver.seal": ("compromised", "acts.issue")}}),
    LogCase("key_stolen_after_its_end", "a key had been replaced when the act was logged, and was stolen later still",
            {"ended": {"approver.seal": ("compromised", "acts.issue", "acts.approve")}}, "void", "key_compromised",
            {"ended": {"approver.seal": ("compromised", "acts.issue", "acts.issue")}}),
    LogCase("key_stolen_at_some_time", "nobody knows since when a key had been stolen", {"ended": {"approver.seal": ("compromised", "")}},
            "void", "key_compromised", {"ended": {"approver.officer": ("compromised", "certificate")}}),
    LogCase("credential_key_stolen", "the key of the certificates had been stolen when this one was logged",
            {"ended": {"issuer.credential": ("compromised", "acts.issue")}}, "void", "key_compromised",
            {"ended": {"issuer.seal": ("compromised", "certificate")}}),
    LogCase("issuing_ca_stolen", "the issuing CA had been stolen when the act was logged, whatever dates it and its certificates bear",
            {"ended": {"ca": ("compromised", "acts.approve")}}, "void", "ca_compromised",
            {"ended": {"ca": ("compromised", "after all")}}),
    LogCase("issuing_ca_stolen_at_some_time", "nobody knows since when the issuing CA had been stolen",
            {"ended": {"ca": ("compromised", "")}}, "void", "ca_compromised", {"ended": {"ca": ("rotated", "acts.unit_notice")}}),
    LogCase("grant_withdrawn", "a grant had been withdrawn when the act was logged", {"withdrawn": {"EX-APPR": ("withdrawn", "acts.approve")}},
            "void", "grant_withdrawn", {"withdrawn": {"EX-APPR": ("withdrawn", "acts.issue")}}),
    LogCase("grant_stolen", "a grant was not good any more when the act was logged", {"withdrawn": {"EX-APPR": ("compromised", "acts.approve")}},
            "void", "grant_withdrawn", {"withdrawn": {"EX-APPR": ("compromised", "acts.issue")}}),
    LogCase("procedure_later", "the procedure was logged after the first act under it", {"procedure_from": "acts.unit_notice"},
            "void", "procedure_superseded", {"procedure_from": "grants.EX-HRSS"}),
    LogCase("procedure_replaced", "another procedure had replaced it when the first act was logged", {"procedure_to": "acts.unit_notice"},
            "void", "procedure_superseded", {"procedure_to": "acts.evaluate"}),
    LogCase("procedure_replaced_by_then", "a successor logged long before began in the second of the first act",
            {"procedure_to": BEFORE_ALL, "procedure_next": NOTICED}, "void", "procedure_superseded",
            {"procedure_to": BEFORE_ALL, "procedure_next": NOTICED + 365 * DAY}),
    LogCase("procedure_replaced_about_then", "a successor began while nobody had seen the first act in the log",
            {"procedure_to": BEFORE_ALL, "procedure_next": NOTICED + 61}, "cannot_decide", "time_unproved",
            {"procedure_to": BEFORE_ALL, "procedure_next": NOTICED + 62}),
    LogCase("first_act_dated_back", "the first act was logged after a successor had begun, and dated before",
            {"procedure_to": BEFORE_ALL, "procedure_next": NOTICED + 60 * MINUTE, "at": {"acts.unit_notice": NOTICED + 180 * MINUTE}},
            "void", "procedure_superseded",
            {"procedure_to": BEFORE_ALL, "procedure_next": NOTICED + 240 * MINUTE, "at": {"acts.unit_notice": NOTICED + 180 * MINUTE}}),
    LogCase("list_of_another_size", "the status list names another size than its checkpoint", {"list_size": 1},
            "cannot_decide", "status_checkpoint", {"list_size": 0}),
    LogCase("list_late", "the status list was signed twenty minutes after the checkpoint that it follows", {"list_late": 20 * MINUTE},
            "cannot_decide", "status_checkpoint_old", {"list_late": 14 * MINUTE}),
    LogCase("no_log_key", "the trust bundle names no key of a log", {"vkeys": ()},
            "cannot_decide", "log_key_unknown", {"unseen": {"acts.issue": 3 * MINUTE}}),
    LogCase("log_key_stolen", "the log's key had been stolen when it signed the checkpoint of an act",
            {"log_ended": ("compromised", "acts.approve")}, "cannot_decide", "log_key_ended",
            {"log_ended": ("compromised", "after all")}),
    LogCase("log_key_replaced", "a checkpoint of the log's old key that is larger than its last",
            {"log_ended": ("rotated", "certificate")}, "cannot_decide", "log_key_ended",
            {"log_ended": ("rotated", "after all")}),
    LogCase("witnesses_stolen", "two of three witnesses had been stolen when they cosigned the checkpoint of an act",
            {"witnesses_ended": dict.fromkeys(WITNESS_NAMES[:2], ("compromised", "acts.approve"))}, "cannot_decide", "witness_quorum",
            {"witnesses_ended": {WITNESS_NAMES[0]: ("compromised", "acts.approve")}}),
    LogCase("witnesses_stolen_at_some_time", "nobody knows since when two of three witnesses had been stolen",
            {"witnesses_ended": dict.fromkeys(WITNESS_NAMES[1:], ("compromised", ""))}, "cannot_decide", "witness_quorum",
            {"witnesses_ended": {WITNESS_NAMES[1]: ("compromised", "")}}),
    LogCase("witnesses_withdrawn", "two of three witnesses had been taken from the list when they cosigned",
            {"witnesses_ended": dict.fromkeys(WITNESS_NAMES[:2], ("withdrawn", "certificate"))}, "cannot_decide", "witness_quorum",
            {"witnesses_ended": dict.fromkeys(WITNESS_NAMES[:2], ("withdrawn", "after all"))}),
    LogCase("no_witness_policy", "the trust bundle names no witnesses", {"policy": None},
            "cannot_decide", "log_key_unknown", {"unseen": {"acts.issue": 3 * MINUTE}}),
    LogCase("revoked_and_logged", "a revocation that stands in the log", {"recipe": Recipe(revoked_from="2025-04-10")},
            "revoked", "revoked", {"recipe": Recipe(corrected_name="王示范")}, after=44),
    LogCase("correction_not_logged", "a correction whose decision came into no log",
            {"recipe": Recipe(corrected_name="王示范"), "omitted": ("decision",)},
            "cannot_decide", "log_proof_missing", {"recipe": Recipe(corrected_name="王示范")}, after=44),
    LogCase("correction_backdated", "a correction whose decision was logged two days later",
            {"recipe": Recipe(corrected_name="王示范"), "at": {"decision": START + 44 * DAY, "certificate": START + 44 * DAY + MINUTE}},
            "void", "time_mismatch", {"recipe": Recipe(corrected_name="王示范"), "at": {"decision": START + 42 * DAY + 5400}}, after=44),
    LogCase("proposer_rotated", "between proposal and decision of a correction the key of whoever proposed was replaced",
            {"recipe": CORRECTED, "ended": {"issuer.first": ("rotated", "decision")}, "ended_at": PROPOSED + 1},
            "cannot_decide", "time_unproved",
            {"recipe": CORRECTED, "ended": {"issuer.first": ("rotated", "certificate")}, "ended_at": PROPOSED + 1}, after=44),
    LogCase("proposer_rotated_before", "a correction says itself that it was proposed with a key that had been replaced",
            {"recipe": CORRECTED, "ended": {"issuer.first": ("rotated", "decision")}, "ended_at": PROPOSED},
            "void", "key_ended",
            {"recipe": CORRECTED, "ended": {"issuer.first": ("rotated", "certificate")}, "ended_at": PROPOSED + 1}, after=44),
    LogCase("proposer_stolen", "the key that proposed a correction had been stolen when it was decided, whatever date it bears",
            {"recipe": CORRECTED, "ended": {"issuer.first": ("compromised", "decision")}, "ended_at": PROPOSED + 1},
            "void", "key_compromised",
            {"recipe": CORRECTED, "ended": {"issuer.first": ("compromised", "certificate")}, "ended_at": PROPOSED + 1}, after=44),
    LogCase("proposer_rotated_and_revoked", "a revocation whose proposer got another key before it was decided ends the title",
            {"recipe": REVOKED, "ended": {"issuer.first": ("rotated", "decision")}, "ended_at": PROPOSED + 1},
            "revoked", "revoked",
            {"recipe": CORRECTED, "ended": {"issuer.first": ("rotated", "certificate")}, "ended_at": PROPOSED + 1}, after=44),
)  # fmt: skip


def stories(case: LogCase) -> dict[str, Story]:
    return {"case": Story(**case.story), "harmless": Story(**case.harmless)}
