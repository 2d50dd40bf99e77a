"""Integrity: every signature holds over the exact bytes, and the bundle holds nothing that is not used."""

from collections.abc import Set
from functools import lru_cache

from certsvc.core.algorithms import OpenKey, open_key
from certsvc.core.bundle import REMEMBERED_BYTES, parse_shared
from certsvc.core.chain import MAX_ISSUING_CAS, issuers_of, key_in
from certsvc.core.errors import Malformed
from certsvc.core.jose import Jws
from certsvc.core.outcomes import Fault, Unknown
from certsvc.verify.batch import Batch
from certsvc.verify.case import Case
from certsvc.verify.path import Path


def signatures_hold(path: Path, document: Jws) -> None:
    """Every signature that `document` bears holds. Raises Unknown key_unknown where all hold of which a key is at hand."""
    # A large document is not kept: see `parse_shared`.
    holds = _holds if len(document.body) <= REMEMBERED_BYTES else _holds.__wrapped__
    unknown = None
    for position in range(len(document.signatures)):
        try:
            key = path.certificate_of(document, position)
        except Unknown as unheard:
            unknown = unheard
            continue
        if not holds(document.body, document.typ, position, key):
            payload = document.unverified_payload
            raise Fault("sig_bad", payload.get("act"), payload.get("org"), typ=document.typ)
    if unknown is not None:
        raise unknown


def credential_signature(case: Case) -> None:
    """The certificate's own signature holds."""
    credential = case.bundle.credential
    one, key = credential.signatures[0], case.batch.remember("its key", _key_of)
    # Parsed already, and seen once: nothing is gained by remembering it.
    if key is None or not key.signed(one.alg, one.signing_input, one.signature):
        raise Fault("sig_bad", typ=credential.typ)


def _key_of(batch: Batch) -> OpenKey | None:
    return _key_in(batch.path.certificate_named(batch.kid))


def own_signature(batch: Batch, document: Jws) -> None:
    """The signatures of a lifecycle act, a status list or a trust bundle hold."""
    signatures_hold(batch.path, document)


def nothing_unused(batch: Batch) -> None:
    """Every grant, calendar and certificate in the bundle is named by something in it, and stands there once.

    The procedure is public and stands in the bundle by nobody's signature: it is that of its acts if any of them names it.
    """
    path = batch.path
    certificates_used(path)
    calendars = {act.unverified_payload["calendar"] for act in path.acts}
    if not _all_named([document.sha256 for document in path.calendars], calendars):
        raise Fault("unused_evidence", what="calendar")
    followed = {act.unverified_payload["procedure"] for act in path.acts}
    if followed and path.procedure_signed.sha256 not in followed:
        raise Fault("unused_evidence", what="procedure")
    # The credential's and the status list's keys are found through the issuer's own grants.
    issuer = batch.stated.iss.rpartition(":")[2]
    named = {grant.sha256 for grant in path.grants_signed if grant.unverified_payload["sub"] == issuer}
    named |= {str(one) for act in batch.lifecycle_acts for one in act.unverified_payload["grants"]} | path.named_grants
    grants_used(path, named)


def certificates_used(path: Path) -> None:
    """Every certificate is that of a key that signed, or the CA that issued one, and stands there once."""
    others = {der for jkt, der in path.certs_by_jkt.items() if jkt not in path.kids}
    once = len(path.certs_by_jkt) == len(path.certs)
    # Counted first: what nobody named is not looked at.
    if not once or len(others) > MAX_ISSUING_CAS or not others <= issuers_of(path.certs_named, path.certs):
        raise Fault("unused_evidence", what="certificate")


def grants_used(path: Path, named: Set[str]) -> None:
    """Every grant is one of those `named`, and stands there once."""
    if not _all_named([document.sha256 for document in path.grants_signed], named):
        raise Fault("unused_evidence", what="grant")


def _all_named(present: list[str], named: Set[str]) -> bool:
    return len(set(present)) == len(present) and set(present) <= named


@lru_cache(maxsize=16_384)
def _holds(body: bytes, typ: str, position: int, der: bytes) -> bool:
    """Whether the key in `der` made the signature. Remembered, since acts and grants are shared by whole rosters."""
    key, one = _key_in(der), parse_shared(body, typ).signatures[position]
    return key is not None and key.signed(one.alg, one.signing_input, one.signature)


@lru_cache(maxsize=4096)
def _key_in(der: bytes) -> OpenKey | None:
    """The public key of a certificate, or None when it holds none of ours."""
    try:
        return open_key(key_in(der))
    except Malformed:
        return None
