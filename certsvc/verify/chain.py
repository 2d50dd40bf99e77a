"""Chain: every key belongs to whom it should, by X.509 up to a root we hold (formats.md 2)."""

from functools import lru_cache

from certsvc.core.jose import Jws
from certsvc.core.outcomes import Fault
from certsvc.verify.batch import Batch
from certsvc.verify.path import MOST_STRANGERS, Path, act_fault


def keys_at_home(batch: Batch) -> None:
    """No more than MOST_STRANGERS signatures are of keys that lead to no root we hold.

    Anybody can sign any number of documents with keys of his own; beyond these nothing is verified or asked.
    """
    path = batch.path
    strangers: list[Fault] = []
    why = lru_cache(maxsize=None)(lambda kid: _no_root(path, kid))
    signed = (*path.documents, *batch.lifecycle_acts, *batch.lists)
    for kid in [batch.kid, *(one.unverified_kid for document in signed for one in document.signatures)]:
        strangers += filter(None, [why(kid)])
        if len(strangers) > MOST_STRANGERS:
            raise strangers[0]


def _no_root(path: Path, kid: str) -> Fault | None:
    """Why the key is nobody's whom we know. One that is not at hand is the business of the signatures."""
    try:
        path.identity(path.certs_by_jkt[kid])
    except Fault as fault:
        return fault
    except KeyError:
        pass
    return None


def keys_certified(path: Path, document: Jws) -> None:
    """Every key that signed has a certificate for its use, valid when it signed, up to a pinned root."""
    for position in range(len(document.signatures)):
        path.signer(document, position)


def issuer_certified(batch: Batch) -> None:
    """The key that signed the certificate has a certificate for its use, valid when it signed."""
    _ = batch.issuer


def own_keys_certified(batch: Batch, document: Jws) -> None:
    """As `keys_certified`, for lifecycle acts and lists."""
    with batch.doubting(document):
        keys_certified(batch.path, document)


def signed_and_sealed(path: Path, act: Jws) -> None:
    """The act bears the officer's signature (签字) and the organisation's seal (盖章), both of one organisation."""
    people, payload = path.signers(act), act.unverified_payload
    if any(one.org != payload["org"] for one in people):
        raise act_fault("org_mismatch", act)
    if people[0].officer is None or people[0].officer != payload["officer"]:
        with path.doubting(act):
            raise act_fault("officer_mismatch", act)


def own_signed_and_sealed(batch: Batch, act: Jws) -> None:
    """The same for a lifecycle act."""
    with batch.doubting(act):
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
