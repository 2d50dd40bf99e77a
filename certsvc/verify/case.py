"""The case under judgement: evidence, anchors and two times. Checks read it; nothing writes it."""

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Any

from certsvc.core.bundle import Bundle, Event
from certsvc.core.chain import Anchor, ChainFault, Identity, certificate_key, identify, load_certificate
from certsvc.core.claims import Target, entry_commitment, person_commitment
from certsvc.core.encoding import b64
from certsvc.core.errors import Malformed
from certsvc.core.grants import Grant
from certsvc.core.jose import Jws, thumbprint
from certsvc.core.kinds import KINDS
from certsvc.core.outcomes import Fault, Unknown


@dataclass(frozen=True)
class DocumentFindings:
    """What a reader of files found about the carrier of the bundle (formats.md 7, PDF)."""

    kind: str
    """pdf | picture: only a pdf carries a signature of ours."""
    faults: tuple[str, ...] = ()
    signer: bytes | None = None
    """DER of the certificate in the PDF signature."""
    issuing_ca: bytes | None = None


@dataclass(frozen=True)
class Evidence:
    """Everything that was brought. `bundle` is parsed and unverified."""

    bundle: Bundle
    document: DocumentFindings | None = None
    registered: str | None = None
    """What the register says: the hash of the credential it holds under this number and version; "" when it holds
    another; None when no register was asked."""
    newer_status: Jws | None = None
    """A status list brought beside the bundle."""


@dataclass(frozen=True)
class Case:
    """One verification: pure data in, outcomes out."""

    evidence: Evidence
    anchors: tuple[Anchor, ...]
    at: int
    """The time that is asked about, seconds since 1970 UTC."""
    now: int
    """The time at which is asked; freshness is judged by it."""
    max_age: int | None = None
    """Oldest acceptable status list in seconds; None: as long as the list says."""

    @property
    def bundle(self) -> Bundle:
        return self.evidence.bundle

    @property
    def credential(self) -> dict[str, Any]:
        return self.bundle.credential.unverified_payload

    @property
    def target(self) -> Target:
        """The target of the entry that the credential was issued for."""
        return self.bundle.entries[-1].target

    @property
    def issued_at(self) -> int:
        return int(self.credential["nbf"])

    @property
    def status_list(self) -> Jws:
        """The newest list at hand."""
        brought, carried = self.evidence.newer_status, self.bundle.status_list
        if brought is not None and brought.unverified_payload["iat"] > carried.unverified_payload["iat"]:
            return brought
        return carried

    @property
    def trust(self) -> dict[str, Any]:
        return self.bundle.trust.unverified_payload

    @property
    def procedure(self) -> dict[str, Any]:
        return self.bundle.procedure.unverified_payload

    @property
    def corrections_and_events(self) -> tuple[Event, ...]:
        return (*self.bundle.corrections, *self.bundle.events)

    @cached_property
    def commitments(self) -> tuple[str, ...]:
        """The entry commitment of each version, recomputed."""
        return tuple(
            entry_commitment(person_commitment(one.commitments), one.target, one.salt) for one in self.bundle.entries
        )

    @cached_property
    def roots(self) -> tuple[bytes, ...]:
        return tuple(anchor.der for anchor in self.anchors)

    @cached_property
    def certs_by_jkt(self) -> Mapping[str, bytes]:
        """RFC 7638 thumbprint -> DER. A certificate stands once in a bundle."""
        return {jkt_of(der): der for der in self.bundle.certs}

    def certificate_of(self, document: Jws, position: int) -> bytes:
        """The DER certificate of the key that a signature hints at. Raises Unknown for a key we do not hold."""
        kid = document.signatures[position].unverified_kid
        if kid not in self.certs_by_jkt:
            raise Unknown("key_unknown", kid=kid)
        return self.certs_by_jkt[kid]

    def signer(self, document: Jws, position: int = 0) -> Identity:
        """Who made signature `position`, proved up to a root, for the right use, at the document's own time.

        Raises Fault (cert_*, unknown_root, test_root) or Unknown (key_unknown). The signature itself is the business
        of the integrity family, which ends the report when it fails.
        """
        identity = self.identity(self.certificate_of(document, position))
        if identity.use not in KINDS[document.typ].uses[position]:
            raise Fault("cert_use", org=identity.org, typ=document.typ, use=identity.use)
        if not identity.valid_at(time_of(document)):
            raise Fault("cert_time", org=identity.org, typ=document.typ)
        return identity

    def identity(self, der: bytes) -> Identity:
        try:
            return identify(der, self.bundle.certs, self.roots)
        except ChainFault as fault:
            raise Fault(fault.code) from fault

    @cached_property
    def org_names(self) -> Mapping[str, str]:
        """Organisation id -> the name it is certified under, for words only."""
        found = {}
        for der in self.bundle.certs:
            with suppress(Fault):
                who = self.identity(der)
                found[who.org] = who.org_name
        return found

    @cached_property
    def grants(self) -> Mapping[str, Grant]:
        """Hash -> grant with its proved signer. Raises as `signer` does, and Unknown for a grant that is not at hand."""
        found = {}
        for document in self.bundle.grants:
            who = self.signer(document)
            found[document.sha256] = Grant(document.sha256, document.unverified_payload, who.jkt, who.use, who.org)
        # Who left a grant out has shown nothing against the office that was to have it.
        absent = self.named_grants - found.keys()
        if absent:
            raise Unknown("grant_missing", sha256=min(absent))
        return found

    @property
    def named_grants(self) -> set[str]:
        """Hashes of the grants that acts stand on, and of their parents."""
        acts = [step.act for step in self.bundle.path]
        acts += [act for event in self.corrections_and_events for act in (event.propose, event.decide)]
        named = {str(one) for act in acts for one in act.unverified_payload["grants"]}
        parents = {grant.unverified_payload["parent"] for grant in self.bundle.grants}
        return named | {str(parent) for parent in parents if parent is not None}


def time_of(document: Jws) -> int:
    """The trusted time of a document. Under a root without a log it is the document's own (formats.md 6, asserted)."""
    payload = document.unverified_payload
    return int(payload["iat"] if "iat" in payload else payload["nbf"])


@lru_cache(maxsize=4096)
def jkt_of(der: bytes) -> str:
    """The key thumbprint of a DER certificate, or a name no `kid` can have when it is none of ours."""
    try:
        return thumbprint(certificate_key(load_certificate(der)))
    except Malformed:
        return "unusable:" + b64(der)[:40]
