"""Verification against this instance: from a code, a number with a name, or any file, to a Report.

1. read     – find a bundle in what was brought: a PDF's attachment, a bundle, a token, a picture's QR, a typed code
2. verify   – what was brought is judged by itself, by the roots we hold
3. look up  – if it is intact, the register's own bundle of the same certificate is verified, with today's status
4. compare  – with what the asker expects: name, last four of the ID number, title
"""

import hmac
from dataclasses import dataclass, field, replace
from urllib.parse import urlsplit

from sqlalchemy import Connection

from certsvc import resources
from certsvc.core.bundle import looks_like_bundle, parse_bundle
from certsvc.core.calendar import local_date
from certsvc.core.checkpoint import parse_head
from certsvc.core.codes import check_certificate_number, parse_verification_code
from certsvc.core.errors import CertsvcError, Malformed
from certsvc.core.jose import Jws, parse_document
from certsvc.core.names import fold_name
from certsvc.core.note import Note, parse_note
from certsvc.instance import Instance
from certsvc.render.picture import pdf_pictures, read_codes
from certsvc.render.reader import PdfFindings, read_pdf
from certsvc.services import documents, private
from certsvc.services.annulment import annulled_since
from certsvc.services.beside import Update, judged_with, read_update
from certsvc.services.evidence import bundle_of, fresh_evidence
from certsvc.services.own_files import as_registered
from certsvc.services.pdf import check_logged
from certsvc.services.public_view import public_only
from certsvc.services.publish import WAITING
from certsvc.store import certificates as certificate_store
from certsvc.store import keys as key_store
from certsvc.store import rosters as roster_store
from certsvc.store import status as status_store
from certsvc.store.rows import Certificate, Version
from certsvc.verify import verify, without_evidence
from certsvc.verify.case import DocumentFindings, Evidence
from certsvc.verify.report import NOT_COMPARED, Report

#: Guesses of the last four characters of an ID number per certificate and day (design.md 4).
MATCH_TRIES = 5


@dataclass(frozen=True)
class Expect:
    """What the asker has in hand, to be compared; the answer is only match or mismatch."""

    name: str | None = None
    id_last4: str | None = None
    title: str | None = None


@dataclass(frozen=True)
class Asked:
    """When, and against what."""

    at: int
    now: int
    max_age: int | None = None
    newer_status: bytes | None = None
    """A status list brought beside the bundle; the later of the two counts. As `beside.read_update` reads it."""
    newer_trust: bytes | None = None
    """The same for the trust bundle."""
    checkpoint: bytes | None = None
    """A checkpoint of the log that the asker has, as a note."""


@dataclass(frozen=True)
class Found:
    """What was read out of the thing brought: a bundle, a code or a verdict that is final already."""

    bundle: bytes | None = None
    document: DocumentFindings | None = None
    cms: bytes | None = None
    """The signature of a PDF."""
    code: str | None = None
    token: bytes | None = None
    verdict: tuple[str, str] | None = None
    figures: dict[str, str] = field(default_factory=dict)
    """What the words of that verdict name."""
    carrier: str = "none"
    """pdf | picture | none"""


# --- 1. read -------------------------------------------------------------------------------------------------------


def read_anything(data: bytes, host: str | None) -> Found:
    """What is in a file of any kind. `host` is the official host, None when any is accepted (offline)."""
    findings = read_pdf(data) if data[:1024].find(b"%PDF-") >= 0 else None
    if findings is not None:
        return _read_pdf(data, findings, host)
    if looks_like_bundle(data):
        return Found(bundle=data)
    text = _as_text(data)
    if text is not None:
        return read_text(text, host)
    try:
        return _read_codes(read_codes(data), host)
    except Malformed as error:
        return Found(verdict=("unreadable", error.code))


def read_text(text: str, host: str | None) -> Found:
    """A typed code, the address behind a QR, or a token."""
    text = text.strip()
    if text.count(".") == 2 and text.startswith("eyJ"):
        return Found(token=text.encode())
    if "://" in text:
        try:
            parts = urlsplit(text)
        except ValueError:  # brackets that are no IPv6 address
            return Found(verdict=("unreadable", "code_form"))
        if host is not None and parts.netloc.lower() != host.lower():
            return Found(verdict=("not_issued", "foreign_host"), figures={"host": parts.netloc[:80]})
        text = parts.path.rpartition("/")[2]
    try:
        return Found(code=parse_verification_code(text))
    except Malformed as error:
        return Found(verdict=("unreadable", error.code))


def _read_pdf(data: bytes, findings: PdfFindings, host: str | None) -> Found:
    if findings.looks_ours:
        signature = findings.signature
        document = DocumentFindings(
            "pdf", findings.faults, signature and signature.signer_der, signature and signature.issuing_ca_der
        )
        if findings.bundle is None:
            return Found(verdict=("tampered", findings.faults[0] if findings.faults else "pdf_no_bundle"))
        return Found(findings.bundle, document, signature and signature.cms, carrier="pdf")
    try:
        codes = [code for picture in pdf_pictures(data) for code in read_codes(picture)]
    except Malformed as error:
        return Found(verdict=("unreadable", error.code))
    return _read_codes(codes, host)


def _read_codes(codes: list[str], host: str | None) -> Found:
    found = [replace(read_text(code, host), carrier="picture") for code in codes]
    ours = {one.code for one in found if one.code}
    if len(ours) > 1:
        return Found(verdict=("cannot_decide", "several_codes"))
    return next((f for f in found if f.code), found[0] if found else Found(verdict=("unreadable", "no_code_found")))


def _as_text(data: bytes) -> str | None:
    """Short printable ASCII as text: a token, a code or an address saved in a file."""
    try:
        text = data.decode("ascii") if len(data) <= 32_768 else None
    except UnicodeDecodeError:
        return None
    return text if text is not None and text.strip().isprintable() else None


# --- 2. offline ----------------------------------------------------------------------------------------------------


def verify_offline(found: Found, anchors: tuple, asked: Asked) -> Report:  # type: ignore[type-arg]
    """The Report on what was brought, with the roots alone."""
    test = any(anchor.test for anchor in anchors)
    if found.verdict is not None:
        return without_evidence(*found.verdict, asked.at, asked.now, test, **found.figures)
    if found.bundle is None:
        return without_evidence("cannot_decide", "offline_no_bundle", asked.at, asked.now, test)
    try:
        report = _judge(Evidence(parse_bundle(found.bundle), found.document), anchors, asked)
    except CertsvcError as error:
        return without_evidence("tampered", error.code, asked.at, asked.now, test)
    return replace(report, match={**NOT_COMPARED, "file": _file_match(found, report)})


def _judge(alone: Evidence, anchors: tuple, asked: Asked) -> Report:  # type: ignore[type-arg]
    """The Report on a bundle with what was laid beside it. Raises Malformed."""

    def judged(evidence: Evidence) -> Report:
        return verify(evidence, anchors, asked.at, asked.now, asked.max_age, resources.titles())

    status, trust = (Update() if one is None else read_update(one) for one in (asked.newer_status, asked.newer_trust))
    alone = replace(alone, checkpoint=None if asked.checkpoint is None else read_checkpoint(asked.checkpoint))
    return judged_with(alone, status, trust, judged)


def read_checkpoint(body: bytes) -> Note:
    """A checkpoint in the form of C2SP tlog-checkpoint, not verified. Raises Malformed."""
    note = parse_note(body)
    parse_head(note.text)
    return note


def _file_match(found: Found, report: Report) -> str:
    if found.carrier == "picture":
        return "differs"
    whole = [row for row in report.rows if row.family == "document"]
    return "identical" if found.carrier == "pdf" and all(row.outcome == "pass" for row in whole) else "not_checked"


# --- 3. online -----------------------------------------------------------------------------------------------------


def verify_file(inst: Instance, data: bytes, *, at: int | None = None, expect: Expect | None = None) -> Report:
    """The Report on a file of any kind, with the register's word."""
    return verify_found(inst, read_anything(data, inst.host), at=at, expect=expect)


def verify_code(inst: Instance, text: str, *, at: int | None = None, expect: Expect | None = None) -> Report:
    """The Report on a typed code or the address behind a QR."""
    return verify_found(inst, read_text(text, inst.host), at=at, expect=expect)


def verify_found(inst: Instance, found: Found, *, at: int | None = None, expect: Expect | None = None) -> Report:
    """The Report on what `read_…` found."""
    asked = _asked(inst, at)
    with inst.engines.read.connect() as connection:
        if found.code is not None:
            key = inst.data_keys.blind("code", found.code)
            certificate = certificate_store.find_by_code_key(connection, key)
            if certificate is None:
                return without_evidence("not_issued", "never_issued", asked.at, asked.now, inst.anchors[0].test)
            return _from_register(inst, connection, certificate, found, asked, expect)
        if found.token is not None:
            return _verify_token(inst, connection, found, asked, expect)
        report = verify_offline(found, inst.anchors, asked)
        return _after_offline(inst, connection, found, report, asked, expect)


def _asked(inst: Instance, at: int | None) -> Asked:
    """One look at the clock: who names no time asks about the very moment."""
    now = inst.now()
    return Asked(now if at is None else at, now)


def _after_offline(
    inst: Instance, connection: Connection, found: Found, report: Report, asked: Asked, expect: Expect | None
) -> Report:
    """What was brought is intact and ours: the register's own, fresh evidence of it decides."""
    if found.bundle is None or report.verdict in ("tampered", "unreadable", "not_issued"):
        return report
    bundle = parse_bundle(found.bundle)
    certificate = certificate_store.find_by_sha256(connection, bundle.credential.sha256)
    if certificate is None:
        evidence = Evidence(bundle, found.document, "")
        return verify(evidence, inst.anchors, asked.at, asked.now, titles=resources.titles())
    return _from_register(inst, connection, certificate, found, asked, expect)


def _verify_token(inst: Instance, connection: Connection, found: Found, asked: Asked, expect: Expect | None) -> Report:
    """A lone credential: found in the register by its bytes, else its signature alone is judged by our keys."""
    test = inst.anchors[0].test
    try:
        credential = parse_document(found.token or b"", "vc+jwt")
    except Malformed as error:
        return without_evidence("tampered", error.code, asked.at, asked.now, test)
    certificate = certificate_store.find_by_sha256(connection, credential.sha256)
    if certificate is not None:
        return _from_register(inst, connection, certificate, found, asked, expect)
    key = key_store.find_signing_key(connection, credential.signatures[0].unverified_kid)
    if key is None:
        return without_evidence("not_issued", "unknown_root", asked.at, asked.now, test)
    if not credential.signed_by(inst.signer_unchecked(key).public_key):
        return without_evidence("tampered", "sig_bad", asked.at, asked.now, test)
    return without_evidence("cannot_decide", "register_differs", asked.at, asked.now, test)


def _from_register(
    inst: Instance,
    connection: Connection,
    certificate: Certificate,
    found: Found,
    asked: Asked,
    expect: Expect | None,
) -> Report:
    now = max(asked.now, inst.now())
    asked = replace(asked, at=now if asked.at == asked.now else asked.at)
    if certificate.state == WAITING:
        return without_evidence("cannot_decide", WAITING, asked.at, now, inst.anchors[0].test)
    bundle = fresh_evidence(inst, certificate)
    if _decided_since(connection, certificate, bundle.status_list):
        return without_evidence("cannot_decide", WAITING, asked.at, now, inst.anchors[0].test)
    annulled = annulled_since(connection, certificate)
    document = as_registered(connection, certificate, found.document, found.cms)
    evidence = Evidence(bundle, document, certificate.sha256, annulled)
    report = verify(evidence, inst.anchors, asked.at, now, titles=resources.titles())
    match = {**NOT_COMPARED, "file": _file_match(found, report)}
    if expect is not None and report.certificate is not None:
        match |= _compare(inst, connection, certificate, report.certificate, expect)
    return _with_versions(connection, certificate, replace(report, match=match))


def _decided_since(connection: Connection, certificate: Certificate, status_list: Jws) -> bool:
    """Whether something was decided about it that the newest list cannot say yet, as the log stands still."""
    size = status_list.unverified_payload["n"]
    return status_store.has_uncovered(connection, certificate.list_uri, size, certificate.id)


def _with_versions(connection: Connection, certificate: Certificate, report: Report) -> Report:
    """`report` with the versions before and after, which the register alone knows; none where claims are not shown."""
    if report.certificate is None:
        return report
    before = certificate_store.predecessor_of(connection, certificate)
    after = certificate_store.successor_of(connection, certificate)
    return replace(report, replaces=_version(before), replaced_by=_version(after))


def _version(other: Version | None) -> dict[str, object] | None:
    if other is None:
        return None
    return {
        "number": other.number,
        "version": other.version,
        "issued_on": local_date(other.issued_at).isoformat(),
    }


def fresh_bundle(inst: Instance, code_text: str) -> bytes | None:
    """The bundle with today's status of the certificate behind a code; None for every kind of miss.

    Raises Refused(waiting_for_log) for one that is not in force yet.
    """
    try:
        key = inst.data_keys.blind("code", parse_verification_code(code_text))
    except Malformed:
        return None
    with inst.engines.read.connect() as connection:
        certificate = certificate_store.find_by_code_key(connection, key)
        if certificate is None:
            return None
        check_logged(certificate)
        return bundle_of(inst, certificate)


def verify_number(
    inst: Instance, number: str, name: str, *, at: int | None = None, expect: Expect | None = None
) -> Report:
    """The Report on number + full name: status and the few members that pair may know. Every miss is `no_record`.

    Of the versions with that name the newest that was issued by then counts; the oldest, which is to come, before all of them.
    """
    asked = _asked(inst, at)
    missed = without_evidence("no_record", "no_record", asked.at, asked.now, inst.anchors[0].test)
    try:
        normal = check_certificate_number(number)
    except Malformed:
        return missed
    with inst.engines.read.connect() as connection:
        named = [one for one in certificate_store.find_by_number(connection, normal) if _is_named(one, name)]
        issued = [one for one in named if one.issued_at <= asked.at] or named[:1]
        return public_only(_from_register(inst, connection, issued[-1], Found(), asked, expect)) if issued else missed


def _is_named(certificate: Certificate, name: str) -> bool:
    printed = parse_document(certificate.credential, "vc+jwt").unverified_payload["certificate"]
    return _same(fold_name(printed["name"]), fold_name(name)) == "match"


# --- 4. compare ----------------------------------------------------------------------------------------------------


def _compare(
    inst: Instance, connection: Connection, certificate: Certificate, shown: dict[str, object], expect: Expect
) -> dict[str, str]:
    match = {}
    if expect.name is not None:
        match["name"] = _same(fold_name(expect.name), fold_name(str(shown["holder_name"])))
    if expect.title is not None:
        match["title"] = _same(fold_name(expect.title), fold_name(str(shown["title"])))
    if expect.id_last4 is not None:
        match["id_last4"] = _compare_last4(inst, certificate, expect.id_last4)
    return match


def _compare_last4(inst: Instance, certificate: Certificate, last4: str) -> str:
    """A try is spent before anything is compared, so that a hundred guesses at once are five guesses."""
    with inst.engines.write.begin() as connection:
        if not status_store.use_match_try(connection, certificate.id, documents.today_of(inst), MATCH_TRIES):
            return "not_checked"
        entry = roster_store.find_entry(connection, certificate.entry_id)
        if entry is None:
            return "not_checked"
        number = private.personal_of(inst, connection, entry, certificate.version).values["id"]
    return _same(number[-4:].upper(), last4.strip().upper())


def _same(one: str, other: str) -> str:
    return "match" if hmac.compare_digest(one.encode(), other.encode()) else "mismatch"
