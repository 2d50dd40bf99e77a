"""The certificate says what its entry committed to, and its corrections lead from version to version (formats.md 5)."""

from typing import Any

from certsvc.core.calendar import local_date, utc_text
from certsvc.core.claims import field_commitment, person_commitment
from certsvc.core.codes import check_certificate_number, check_licence_identifier
from certsvc.core.errors import Malformed
from certsvc.core.jose import Jws
from certsvc.core.outcomes import Fault, Unknown
from certsvc.verify.case import Case, time_of
from certsvc.verify.path import act_fault


def certificate_matches_entry(case: Case) -> None:
    """What the certificate prints is what the entry committed to: person, title, level and every other field."""
    entry, printed = case.bundle.entries[-1], case.credential["certificate"]
    if printed["commitments"] != entry.commitments:
        raise Fault("cert_mismatch", "issue", member="commitments")
    for field, salt in case.bundle.salts.items():
        if field_commitment(field, printed[field], salt) != entry.commitments[field]:
            raise Fault("cert_mismatch", "issue", member=field)
    if printed["target"] != entry.target.to_json():
        raise Fault("cert_mismatch", "issue", member="target")
    if printed["version"] != len(case.bundle.entries):
        raise Fault("cert_mismatch", "issue", member="version")
    if printed["record_source"] != "native":
        raise Fault("archive_scope", "issue")
    _check_repeats(case.credential)


def corrections_linked(case: Case) -> None:
    """Each correction names the old and the new entry, keeps the target, and was decided by another person."""
    bundle = case.bundle
    if len(bundle.entries) != len(bundle.corrections) + 1:
        raise Unknown("correction_missing")
    for index, event in enumerate(bundle.corrections):
        payload = event.decide.unverified_payload
        stated = payload["correction"]
        if payload["act"] != "correct" or stated is None or not stated["fields"]:
            raise act_fault("correction_form", event.decide)
        if [stated["old_entry"], stated["new_entry"]] != list(case.commitments[index : index + 2]):
            raise act_fault("link_case", event.decide)
        if bundle.entries[index].target != bundle.entries[index + 1].target:
            raise act_fault("target_changed", event.decide)
        check_decided_by_another(case, event.propose, event.decide)


def check_decided_by_another(case: Case, propose: Jws, decide: Jws) -> None:
    """Returns if `decide` accepts exactly `propose` and another human signed it. Raises Fault."""
    proposed, decided = propose.unverified_payload, decide.unverified_payload
    varies = {"jti", "stage", "org", "officer", "prev", "grants", "iat"}
    same = all(proposed[name] == decided[name] for name in proposed.keys() - varies)
    if not same or decided["prev"] != [propose.sha256] or proposed["prev"]:
        raise act_fault("proposal_differs", decide)
    if (proposed["stage"], decided["stage"]) != ("propose", "decide") or time_of(decide) < time_of(propose):
        raise act_fault("order", decide)
    if case.signer(propose, 0).officer == case.signer(decide, 0).officer:
        raise act_fault("apart", decide, apart_from=proposed["act"])


def _check_repeats(credential: dict[str, Any]) -> None:
    """Members that say a thing twice say the same (VC Data Model 2.0 and RFC 7519 names)."""
    printed, status = credential["certificate"], credential["status"]["status_list"]
    entry, issued = credential["credentialStatus"], int(credential["nbf"])
    pairs = (
        (credential["sub"], f"urn:certsvc:person:{person_commitment(printed['commitments'])}", "sub"),
        (credential["validFrom"], utc_text(issued), "issue_date"),
        (printed["issue_date"], local_date(issued).isoformat(), "issue_date"),
        (credential["awardedDate"], f"{printed['award_date']}T00:00:00Z", "award_date"),
        (credential["iss"], credential["issuer"]["id"], "iss"),
        (credential["jti"], credential["id"], "jti"),
        (credential["credentialSubject"]["licenseNumber"], printed["number"], "number"),
        (credential["credentialSubject"]["achievement"]["name"], printed["target"]["title"], "title"),
        (entry["id"], f"{status['uri']}/bitstring#{status['idx']}", "status"),
        (entry["statusListIndex"], str(status["idx"]), "status"),
        (entry["statusListCredential"], status["uri"] + "/bitstring", "status"),
    )
    for one, other, member in pairs:
        if one != other:
            raise Fault("cert_mismatch", "issue", member=member)
    try:
        check_certificate_number(printed["number"])
        check_licence_identifier(printed["licence_id"])
    except Malformed as error:
        raise Fault("cert_mismatch", "issue", member="number") from error
