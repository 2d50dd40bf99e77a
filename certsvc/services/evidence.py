"""Gathering the evidence bundle of a certificate from the store, ready to be frozen or served fresh."""

from collections import OrderedDict
from collections.abc import Iterable
from dataclasses import replace

from sqlalchemy import Connection

from certsvc.core.acts import Roster, Row
from certsvc.core.bundle import Bundle, Entry, Event, PathStep, parse_bundle, write_bundle
from certsvc.core.claims import OPEN_FIELDS
from certsvc.core.errors import Malformed, Refused
from certsvc.core.jose import Jws, parse_document
from certsvc.instance import Instance
from certsvc.services import documents, log_leaves, private
from certsvc.services.act_rules import target_of
from certsvc.services.certifiers import certificates_of
from certsvc.services.evidence_grants import GrantsOf
from certsvc.services.log_evidence import LogEvidence
from certsvc.services.publish import current_status_list
from certsvc.services.witness_list import is_strict
from certsvc.store import certificates as certificate_store
from certsvc.store import documents as document_store
from certsvc.store import rosters as roster_store
from certsvc.store import status as status_store
from certsvc.store.rows import Certificate, StatusEvent
from certsvc.store.rows import Entry as EntryRow

#: Trees of recent acts: thousands of certificates share one roster, and a tree costs its whole roster to build.
_TREES: OrderedDict[str, Roster] = OrderedDict()
_TREES_KEPT = 64
#: How often evidence is gathered again when a key was rotated meanwhile.
TRIES = 3


def bundle_of(instance: Instance, certificate: Certificate) -> bytes:
    """The bundle of a stored certificate with the newest status list and trust bundle. Raises as `written`."""
    return written(fresh_evidence(instance, certificate))


def written(bundle: Bundle) -> bytes:
    """The bytes of `bundle`, which every reader takes. Raises Refused(evidence_too_large)."""
    data = write_bundle(bundle)
    try:
        parse_bundle(data)
    except Malformed as error:
        zh, en = (
            f"证据包无法读回({error.zh}),未发出",
            f"No reader would take this evidence ({error.en}); it is not given out.",
        )
        raise Refused("evidence_too_large", zh, en, "certsvc doctor") from error
    return data


def fresh_evidence(instance: Instance, certificate: Certificate) -> Bundle:
    """As `bundle_of`, before writing: what the register itself judges, with every part as it was stored."""
    for _ in range(TRIES):
        bundle = _gather_now(instance, certificate)
        if _is_granted(bundle):
            break
    return bundle


def _gather_now(instance: Instance, certificate: Certificate) -> Bundle:
    # The trust bundle first: a list that is read after it is never one that it calls the list of a stolen key.
    with instance.engines.read.connect() as connection:
        trust = documents.current_trust(connection)
    status_list = current_status_list(instance, certificate.list_uri)
    if is_strict(instance) and not _grants_proved(instance):
        # A key was rotated, or a grant given, in this moment: its proof is there as soon as everybody's work is done.
        log_leaves.settle(instance)
    # What a connection saw first it goes on seeing; a list of a key that was rotated just now needs its new grant.
    with instance.engines.read.connect() as fresh:
        return gather_bundle(instance, fresh, certificate, status_list, trust, proved=is_strict(instance))


def _is_granted(bundle: Bundle) -> bool:
    """Whether the key of the status list is in a grant beside it: not when it was rotated while these were read."""
    kid = bundle.status_list.signatures[0].unverified_kid
    return any(key["jkt"] == kid for grant in bundle.grants for key in grant.unverified_payload["keys"])


def _grants_proved(instance: Instance) -> bool:
    with instance.engines.read.connect() as connection:
        logged = LogEvidence(instance, connection)
        given = documents.grants_of(connection, instance.settings.authority)
        return all(logged.of(grant) is not None for grant in given)


def gather_bundle(
    instance: Instance,
    connection: Connection,
    certificate: Certificate,
    status_list: Jws,
    trust: Jws | None = None,
    logged: LogEvidence | None = None,
    *,
    proved: bool = False,
) -> Bundle:
    """As `bundle_of`, with a given status list and before writing. Parts that are parsed stay parsed.

    `logged` are look-ups on the same connection, when many bundles are gathered on it. With `proved` a grant that the
    log does not prove yet is left out, unless an act names it: nothing that stands in the log stands on it.
    """
    entry = roster_store.find_entry(connection, certificate.entry_id)
    if entry is None:
        raise LookupError(certificate.entry_id)
    logged = logged or LogEvidence(instance, connection)
    path = tuple(_path(connection, entry, logged))
    corrections = tuple(_event(connection, e, logged) for e in _corrections(connection, certificate))
    events = tuple(_event(connection, e, logged) for e in status_store.list_events(connection, certificate.id))
    acts = [step.act for step in path] + [a for e in (*corrections, *events) for a in (e.propose, e.decide)]
    credential = parse_document(certificate.credential, "vc+jwt")
    named = {name for act in acts for name in act.unverified_payload["grants"]}
    procedure = documents.load_document(connection, acts[0].unverified_payload["procedure"], "procedure+jwt")
    issuer = credential.unverified_payload["iss"].rpartition(":")[2]
    own = GrantsOf(instance, connection, issuer, logged if proved else None)
    needed = own.for_certificate(credential, status_list, acts[len(path) :], _issuing_roles(procedure))
    grants = tuple(_grants(connection, [*named, *needed]))
    draft = Bundle(
        b"",
        credential,
        tuple(_entries(instance, connection, entry, certificate.version)),
        _open_salts(instance, connection, entry, certificate.version),
        path,
        corrections,
        events,
        grants,
        procedure,
        tuple(_calendars(connection, path)),
        trust or documents.current_trust(connection),
        status_list,
        (),
        logged.of(credential),
        tuple(map(logged.of, grants)),
        logged.of(status_list),
    )
    return replace(draft, certs=tuple(certs_of(instance, connection, draft.documents)))


def _path(connection: Connection, entry: EntryRow, logged: LogEvidence) -> Iterable[PathStep]:
    places = {place.act_sha256: place.leaf_index for place in document_store.list_places(connection, entry.id)}
    before = None
    for act in acts_of_entry(connection, entry.id):
        proof = _tree(connection, act.sha256).proof(places[act.sha256])
        yield PathStep(act, proof, logged.of(act, before))
        before = act.sha256


def acts_of_entry(connection: Connection, entry_id: str) -> list[Jws]:
    """The acts that an entry came through, in the order of their links."""
    names = (place.act_sha256 for place in document_store.list_places(connection, entry_id))
    return linked([documents.load_document(connection, name, "act+jwt") for name in names])


def linked(acts: list[Jws]) -> list[Jws]:
    """`acts` in the order of their links: several may have been signed in one second."""
    before = {act.sha256: act.unverified_payload["prev"] for act in acts}

    def depth(name: str) -> int:
        return 1 + max((depth(one) for one in before[name] if one in before), default=0)

    return sorted(acts, key=lambda act: depth(act.sha256))


def _tree(connection: Connection, act_sha256: str) -> Roster:
    if act_sha256 not in _TREES:
        leaves = document_store.list_act_entries(connection, act_sha256)
        _TREES[act_sha256] = Roster([Row(leaf.commitment, leaf.row_facts, leaf.row_salt) for leaf in leaves])
        while len(_TREES) > _TREES_KEPT:
            _TREES.popitem(last=False)
    return _TREES[act_sha256]


def _corrections(connection: Connection, certificate: Certificate) -> list[StatusEvent]:
    """The `correct` events of all earlier versions, oldest first."""
    versions = sorted(certificate_store.list_versions(connection, certificate.entry_id), key=lambda c: c.version)
    earlier = [c for c in versions if c.version < certificate.version]
    return [e for c in earlier for e in status_store.list_events(connection, c.id) if e.kind == "correct"]


def _event(connection: Connection, event: StatusEvent, logged: LogEvidence) -> Event:
    halves = (
        documents.load_document(connection, one, "act+jwt") for one in (event.propose_sha256, event.decide_sha256)
    )
    propose, decide = halves
    return Event(propose, decide, logged.of(decide))


def _entries(instance: Instance, connection: Connection, entry: EntryRow, version: int) -> Iterable[Entry]:
    for number in range(1, version + 1):
        personal = private.personal_of(instance, connection, entry, number)
        yield Entry(personal.entry_salt, personal.commitments, target_of(entry))


def _open_salts(instance: Instance, connection: Connection, entry: EntryRow, version: int) -> dict[str, bytes]:
    # The salt of the ID number stays here: a masked number has few candidates (formats.md 4).
    salts = private.personal_of(instance, connection, entry, version).salts
    return {field: salts[field] for field in OPEN_FIELDS}


def _issuing_roles(procedure: Jws) -> list[str]:
    """The roles that may issue by a procedure."""
    steps = procedure.unverified_payload["steps"]
    return [role for step in steps if step["act"] == "issue" for role in step["roles"]]


def _grants(connection: Connection, named: list[str]) -> Iterable[Jws]:
    for name in sorted(documents.grants_with_parents(connection, named)):
        yield documents.load_document(connection, name, "grant+jwt")


def _calendars(connection: Connection, path: tuple[PathStep, ...]) -> Iterable[Jws]:
    named = {step.act.unverified_payload["calendar"] for step in path} - {None}
    for name in sorted(named):
        yield documents.load_document(connection, name, "calendar+jwt")


def certs_of(instance: Instance, connection: Connection, all_documents: tuple[Jws, ...]) -> Iterable[bytes]:
    """Each signer's certificate once, then the issuing CAs."""
    kids = sorted({s.unverified_kid for document in all_documents for s in document.signatures})
    return certificates_of(instance, connection, kids)
