"""Chain: every key belongs to whom it should, by X.509 up to a root we hold (formats.md 2)."""

from collections.abc import Iterable, Mapping, Set
from functools import lru_cache

from certsvc.core.jose import Jws
from certsvc.core.outcomes import Fault, Unknown
from certsvc.verify.batch import Batch
from certsvc.verify.path import MOST_STRANGERS, Path, act_fault, kids_of, with_parents


def keys_at_home(batch: Batch) -> None:
    """No more than MOST_STRANGERS signatures are of keys that lead to no root we hold, or are not at hand.

    Anybody can sign any number of documents with keys of his own; beyond these nothing is verified or asked.
    """
    path = batch.path
    strangers: list[Fault | Unknown] = []
    why = lru_cache(maxsize=None)(lambda kid: _no_root(path, kid))
    signed = (*path.documents, *batch.lifecycle_acts, *batch.lists)
    for kid in [batch.kid, *(one.unverified_kid for document in signed for one in document.signatures)]:
        strangers += filter(None, [why(kid)])
        if len(strangers) > MOST_STRANGERS:
            raise min(strangers, key=lambda one: isinstance(one, Unknown))


def _no_root(path: Path, kid: str) -> Fault | Unknown | None:
    """Why the key is nobody's whom we know."""
    try:
        path.identity(path.certificate_named(kid))
    except (Fault, Unknown) as refused:
        return refused
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


def one_root(batch: Batch) -> None:
    """All keys stand under one root: what one instance grants and withdraws says nothing about another's.

    Only what signatures bind together can be at odds; what lies beside it was put there by whoever shows the file
    (docs/decisions/0027). Raises Fault roots_mixed, evidence_differs; Unknown status_foreign.
    """
    path = batch.path
    if len({who.root for who in path.known_identities}) <= 1:
        return
    head = batch.stated.head.rpartition(":")[2]
    last = [act for one in batch.corrections if one.decide.sha256 == head for act in (one.propose, one.decide)]
    acts = (*path.acts, *last)
    named = with_parents((str(one) for act in acts for one in act.unverified_payload["grants"]), path.grants_signed)
    grants = [one for one in path.grants_signed if one.sha256 in named]
    home = roots_above(path, kids_of((*acts, *grants, path.procedure_signed, *path.calendars)) | {batch.kid})
    if len(home) > 1:
        raise Fault("roots_mixed")
    shown = {"trust": (path.trust_signed, *batch.trust_beside), "grants": path.grants_signed}
    shown_under(path, home, {**shown, "events": batch.lifecycle_acts})
    raise Unknown("status_foreign")


def shown_under(path: Path, home: set[bytes], shown: Mapping[str, Iterable[Jws]]) -> None:
    """Returns if what is shown beside signed documents stands under their root `home`. Raises Fault evidence_differs."""
    for member, documents in shown.items():
        if home and not roots_above(path, kids_of(documents)) <= home:
            raise Fault("evidence_differs", member=member)


def roots_above(path: Path, kids: Set[str]) -> set[bytes]:
    """The roots that we hold above keys."""
    return {who.root for who in path.known_identities if who.jkt in kids}


def issuer_named(batch: Batch) -> None:
    """The issuer that the certificate names is the one whose key signed it."""
    issuer, stated = batch.issuer, batch.stated
    if stated.iss != f"urn:certsvc:org:{issuer.org}" or stated.issuer_name != issuer.org_name:
        raise Fault("issuer_mismatch", "issue", issuer.org)
