"""The certificate says what its entry committed to, and its corrections lead from version to version (formats.md 5)."""

from collections.abc import Iterable
from itertools import pairwise, takewhile
from typing import Any

from certsvc.core.bundle import Event
from certsvc.core.calendar import local_date, utc_text
from certsvc.core.claims import FIELDS, field_commitment, person_commitment
from certsvc.core.codes import check_certificate_number, check_licence_identifier
from certsvc.core.errors import Malformed
from certsvc.core.jose import Jws
from certsvc.core.lifecycle import KEY_COMPROMISED, is_another_person, is_lawful
from certsvc.core.outcomes import Fault, NotRun, Unknown
from certsvc.verify.batch import Batch
from certsvc.verify.case import Case
from certsvc.verify.entry import entry_shown
from certsvc.verify.pairing import acts_of, pairing, step_of
from certsvc.verify.path import Path, act_fault, time_of
from certsvc.verify.procedure import check_signers, ill_signed
from certsvc.verify.steps import left_out_after

#: The old and the new entry that a correction names; None where it names none.
Pair = tuple[str, str] | None


def certificate_matches_entry(case: Case) -> None:
    """What the certificate prints is what the entry committed to: person, title, level and every other field.

    Entry and salts are signed by nobody: where they are what differs, the Fault is evidence_differs, of no office.
    """
    entry, printed = case.bundle.entries[-1], case.credential["certificate"]
    if printed["version"] != len(case.bundle.entries):
        raise _version_differs(case, printed["version"])
    if printed["commitments"] != entry.commitments:
        raise _person_differs(case.credential)
    for field, salt in case.bundle.salts.items():
        if field_commitment(field, printed[field], salt) != entry.commitments[field]:
            raise Fault("evidence_differs", member=field)
    if printed["target"] != entry.target.__dict__:
        signed = entry_shown(case) and last_named(case)
        raise Fault("cert_mismatch", "issue", member="target") if signed else Fault("evidence_differs", member="target")
    if printed["record_source"] != "native":
        raise Fault("archive_scope", "issue")
    _check_repeats(case.credential, case.persons[-1])


def last_named(case: Case) -> bool:
    """Whether the last entry, whose target the path is judged by, is the only one, or the one that the last correction made."""
    named = [pair for pair in _pairs_named(case) if pair is not None]
    return len(case.commitments) == 1 or case.commitments[-1:] == tuple(new for _, new in named[-1:])


def _pairs_named(case: Case) -> list[Pair]:
    """The old and the new entry that each correction names; None for one that names none."""
    stated = [one.decide.unverified_payload["correction"] for one in case.bundle.corrections]
    return [None if one is None else (one["old_entry"], one["new_entry"]) for one in stated]


def corrections_of_others(case: Case) -> tuple[Event, ...]:
    """The corrections at hand on which the certificate does not stand, or of which nobody can tell.

    It names the last of its own, and each of them names the entry that the one before it made; the first, the entry that is
    on the lists. Of a version there are as many as versions before it.
    """
    corrections, named = case.bundle.corrections, _pairs_named(case)
    if not corrections:
        return ()
    first: Pair = ("", case.commitments[0])
    begun = _following(pairwise([first, *named])) if entry_shown(case) else 0
    ended = (
        1 + _following((one, after) for after, one in pairwise(named[::-1]))
        if names(case.batch, head_of(case.batch))
        else 0
    )
    own = max(0, min(begun, case.credential["certificate"]["version"] - 1))
    return corrections[own : max(own, len(corrections) - ended)]


def _following(neighbours: Iterable[tuple[Pair, Pair]]) -> int:
    """How many of these, before the first that do not, follow on each other: one made the entry that the other corrects."""
    return sum(1 for _ in takewhile(lambda two: two[0] and two[1] and two[0][1] == two[1][0], neighbours))


def _version_differs(case: Case, version: int) -> Fault | Unknown:
    """What it means that the certificate counts other versions than there are entries.

    One may be missing or too many; only where the certificate stands on the last act at hand, and that through corrections
    that name all entries, each once, on the first of them, it contradicts itself.
    """
    batch, shown, named = case.batch, len(case.bundle.entries), _pairs_named(case)
    led = named == list(pairwise(case.commitments)) and len(set(named)) == len(named)
    whole = led and names(batch, head_of(batch)) and entry_shown(case)
    if version < 1 or whole:
        return Fault("cert_mismatch", "issue", member="version")
    if version < shown:
        return Fault("evidence_differs", member="version")
    if case.credential["certificate"]["target"] != case.bundle.entries[-1].target.__dict__:
        return Fault("evidence_differs", member="target")
    return Unknown("correction_missing")


def _person_differs(credential: dict[str, Any]) -> Fault:
    """The certificate is about somebody else than the entry, unless it is at odds with itself."""
    if credential["sub"] != "urn:certsvc:person:" + person_commitment(credential["certificate"]["commitments"]):
        return Fault("cert_mismatch", "issue", member="commitments")
    return Fault("evidence_differs", member="commitments")


def head_named(batch: Batch) -> None:
    """The certificate names the head of its act path, or of its last correction, and is not older."""
    head, stated = head_of(batch), batch.stated
    _check_last(batch)
    versions_linked(batch)
    if not names(batch, head):
        if not batch.corrections and left_out_after(batch):
            raise Unknown("act_left_out", act=head.unverified_payload["act"])
        if stated.version > stated.versions:
            raise Unknown("correction_missing")
        if stated.version < stated.versions:
            raise Fault("evidence_differs", member="version")
        if ill_signed(batch.path, head):
            raise Fault("evidence_differs", member="signatures")
        raise act_fault("evidence_head", head)
    if batch.issued_at < time_of(head):
        raise act_fault("order", head)


def _check_last(batch: Batch) -> None:
    """Raises what is to be said first of the signatures of the last act at hand.

    That is Fault evidence_differs where they are not those that it should bear, and nothing names it as it is shown: the
    certificate, of version 1, names another, or another had its place behind it.
    """
    last, path = acts_of(batch.path)[-1], batch.path
    if names(batch, last):
        _check_as_named(path, last)
    elif (batch.stated.version == 1 or left_out_after(batch)) and ill_signed(path, last):
        raise Fault("evidence_differs", member="signatures")


def _check_as_named(path: Path, act: Jws) -> None:
    """An act that is named as it is shown needs no proof: what it lacks it never had. Raises Fault of its signatures."""
    if path.unproved(act):
        for position in range(max(2, len(act.signatures))):
            path.signer_shown(act, position)
        step = step_of(path, act)
        if step is not None:
            check_signers(path, act, step)


def head_of(batch: Batch) -> Jws:
    """The act at hand on which the certificate stands, if nothing is missing."""
    return batch.corrections[-1].decide if batch.corrections else acts_of(batch.path)[-1]


def names(batch: Batch, act: Jws) -> bool:
    return batch.stated.head == f"urn:certsvc:act:{act.sha256}"


def acts_quoted(batch: Batch) -> None:
    """The certificate quotes the day of the award, the approval or filing, the track and who voted, as they were."""
    path, stated = batch.path, batch.stated
    # Of several steps of one kind the last: where its act is not at hand, one of an earlier step is not in its place.
    last = {step["act"]: acts[-1] if acts else None for step, acts in pairing(path).pairs}
    approved = next((last[kind] for kind in ("approve", "file", "issue") if kind in last), None)
    awarded = last.get(path.procedure["award_date"])
    if approved is None or awarded is None:
        # An absent act is named where the procedure asks for it; there is nothing here to compare with.
        raise NotRun("act_missing")
    paper = approved.unverified_payload["document"]
    if stated.award_date != awarded.unverified_payload["document"]["date"]:
        raise _misprinted("award_date")
    # RFC 5280 ub-organization-name: a key certificate holds 64 characters of a name.
    said = (stated.approval_org[:64], stated.approval_number, stated.approval_date)
    if said != (path.signer(approved, 1).org_name, paper["number"], paper["date"]):
        raise _misprinted("approval")
    if stated.track_word != path.procedure["word"]:
        raise _misprinted("track_word")
    voted = last.get("evaluate")
    if voted is not None and stated.committee[:64] != path.signer(voted, 1).org_name:
        raise _misprinted("committee")


def _misprinted(member: str) -> Fault:
    """The act that is quoted is not at fault, nor who did it: the certificate is, which came after it."""
    return Fault("cert_mismatch", "issue", member=member)


def versions_linked(batch: Batch) -> None:
    """Between any two versions lies one correction."""
    if batch.stated.versions != len(batch.corrections) + 1:
        raise Unknown("correction_missing")


def correction_linked(case: Case, decide: Jws, index: int) -> None:
    """The correction names the old and the new entry, changes what it says and nothing else, and keeps target and human."""
    payload, beside = decide.unverified_payload, case.bundle.entries[index : index + 2]
    stated = payload["correction"]
    if len(beside) < 2:
        raise Unknown("correction_missing")
    old, new = beside
    if stated is None and payload["act"] == "correct":
        raise act_fault("correction_form", decide)
    # Entries, and which correction stands beside which of them, are signed by nobody: first they have to fit.
    if _pairs_named(case)[index] != case.commitments[index : index + 2]:
        raise _unlinked(case, index)
    before = case.bundle.corrections[index - 1].decide if index else acts_of(case.path)[-1]
    if time_of(case.bundle.corrections[index].propose) < time_of(before):
        raise act_fault("order", decide)
    lawful = payload["act"] == "correct" and is_lawful(payload)
    if not lawful or bool(stated["fields"]) == (payload["reason"] == KEY_COMPROMISED):
        raise act_fault("correction_form", decide)
    if old.target != new.target:
        raise act_fault("target_changed", decide)
    changed = [field for field in sorted(FIELDS) if old.commitments[field] != new.commitments[field]]
    if stated["fields"] != changed:
        raise act_fault("correction_fields", decide, stated=",".join(stated["fields"]), changed=",".join(changed))
    if is_another_person(case.bundle.entries[0].commitments, new.commitments):
        raise act_fault("correction_person", decide)


def _unlinked(case: Case, index: int) -> Fault | Unknown:
    """What it means that a correction stands beside other entries than it names: another correction, or an entry, may be
    left out."""
    named, entries = _pairs_named(case)[index], case.commitments
    elsewhere = len(case.bundle.corrections) < len(entries) - 1 and named in list(pairwise(entries))
    between = case.batch.stated.version > len(entries) and not set(entries).isdisjoint(named or ())
    return Unknown("correction_missing") if elsewhere or between else Fault("evidence_differs", member="correction")


def decided_by_another(batch: Batch, decide: Jws, propose: Jws) -> None:
    """The decision accepts exactly the proposal, and another human signed it."""
    proposed, decided = propose.unverified_payload, decide.unverified_payload
    if [propose.sha256] != decided["prev"] and (decided["stage"] != "decide" or len(decided["prev"]) == 1):
        # It names another proposal, or is none itself: what stands beside it here was put there by nobody who signed.
        raise Fault("evidence_differs", member="proposal")
    varies = {"jti", "stage", "org", "officer", "prev", "grants", "iat"}
    same = all(proposed[name] == decided[name] for name in proposed.keys() - varies)
    if not same or decided["prev"] != [propose.sha256] or proposed["prev"]:
        raise act_fault("proposal_differs", decide)
    if (proposed["stage"], decided["stage"]) != ("propose", "decide") or time_of(decide) < time_of(propose):
        raise act_fault("order", decide)
    with batch.doubting(decide):
        alone = batch.path.signer(propose).officer == batch.path.signer(decide).officer
    if alone:
        raise act_fault("decided_alone", decide)


def dates_agree(batch: Batch) -> None:
    """What a certificate says twice of its days and its issuer it says alike (VC Data Model 2.0, RFC 7519)."""
    stated = batch.stated
    said = (utc_text(batch.issued_at), local_date(batch.issued_at).isoformat(), f"{stated.award_date}T00:00:00Z")
    dates = (stated.valid_from, stated.issue_date, stated.awarded_date)
    for one, other, member in zip(dates, said, ("issue_date", "issue_date", "award_date"), strict=True):
        if one != other:
            raise Fault("cert_mismatch", "issue", member=member)
    if stated.iss != stated.issuer_id:
        raise Fault("cert_mismatch", "issue", member="iss")


def _check_repeats(credential: dict[str, Any], person: str) -> None:
    """Members that say a thing twice say the same (VC Data Model 2.0 and RFC 7519 names)."""
    printed, status = credential["certificate"], credential["status"]["status_list"]
    entry, subject, slot = credential["credentialStatus"], credential["credentialSubject"], str(status["idx"])
    listed = status["uri"] + "/bitstring"
    if credential["sub"] != "urn:certsvc:person:" + person:
        raise Fault("cert_mismatch", "issue", member="sub")
    if credential["jti"] != credential["id"]:
        raise Fault("cert_mismatch", "issue", member="jti")
    if subject["licenseNumber"] != printed["number"]:
        raise Fault("cert_mismatch", "issue", member="number")
    if subject["achievement"]["name"] != printed["target"]["title"]:
        raise Fault("cert_mismatch", "issue", member="title")
    if (entry["id"], entry["statusListIndex"], entry["statusListCredential"]) != (f"{listed}#{slot}", slot, listed):
        raise Fault("cert_mismatch", "issue", member="status")
    for member, check in (("number", check_certificate_number), ("licence_id", check_licence_identifier)):
        try:
            check(printed[member])
        except Malformed as error:
            raise Fault("cert_mismatch", "issue", member=member) from error
