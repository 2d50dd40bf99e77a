"""Chain: every key belongs to whom it should, by X.509 up to a root we hold (formats.md 2)."""

from certsvc.core.jose import Jws
from certsvc.core.outcomes import Fault
from certsvc.verify.batch import Batch
from certsvc.verify.path import Path, act_fault


def keys_certified(path: Path, document: Jws) -> None:
    """Every key that signed has a certificate for its use, valid when it signed, up to a pinned root."""
    for position in range(len(document.signatures)):
        path.signer(document, position)


def issuer_certified(batch: Batch) -> None:
    """The key that signed the certificate has a certificate for its use, valid when it signed."""
    _ = batch.issuer


def own_keys_certified(batch: Batch, document: Jws) -> None:
    """As `keys_certified`, for lifecycle acts and lists."""
    keys_certified(batch.path, document)


def signed_and_sealed(path: Path, act: Jws) -> None:
    """The act bears the officer's signature (签字) and the organisation's seal (盖章), both of one organisation."""
    people, payload = path.signers(act), act.unverified_payload
    if any(one.org != payload["org"] for one in people):
        raise act_fault("org_mismatch", act)
    if people[0].officer is None or people[0].officer != payload["officer"]:
        raise act_fault("officer_mismatch", act)


def own_signed_and_sealed(batch: Batch, act: Jws) -> None:
    """The same for a lifecycle act."""
    signed_and_sealed(batch.path, act)


def one_root(path: Path) -> None:
    """All keys stand under one root: what one instance grants and withdraws says nothing about another's."""
    if len({who.root for who in path.known_identities}) > 1:
        raise Fault("roots_mixed")


def issuer_named(batch: Batch) -> None:
    """The issuer that the certificate names is the one whose key signed it."""
    issuer, stated = batch.issuer, batch.stated
    if stated.iss != f"urn:certsvc:org:{issuer.org}" or stated.issuer_name != issuer.org_name:
        raise Fault("issuer_mismatch", "issue", issuer.org)
