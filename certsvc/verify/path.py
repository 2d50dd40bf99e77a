"""The path (程序链): the half of the evidence that all certificates of a roster share, judged once and remembered.

A path is a value: the acts with their grants, procedure, calendars, trust bundle and key certificates, seen under the
roots we hold. Everything it finds out about itself stays with it, so ten thousand certificates cost one judgement.
"""

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from functools import cached_property, lru_cache
from typing import Any

from certsvc.core.bundle import Shared
from certsvc.core.chain import Anchor, ChainFault, Identity, identify, jkt_in
from certsvc.core.claims import Target
from certsvc.core.encoding import b64, unb64
from certsvc.core.errors import Malformed
from certsvc.core.grants import Grant
from certsvc.core.jose import Jws
from certsvc.core.kinds import CA, KINDS, LISTS
from certsvc.core.memory import Remembers
from certsvc.core.outcomes import Fault, Unknown
from certsvc.verify.nodes import Nodes
from certsvc.verify.parts import has_part, parts_fit
from certsvc.verify.trusted import LogView, When, time_of

__all__ = [
    "Path",
    "act_fault",
    "anchors_above",
    "jkt_of",
    "kids_of",
    "path_of",
    "time_of",
    "with_parents",
]

#: More signatures than a certificate of any other root bears: who asks about one is told all that can be told of it.
MOST_STRANGERS = 64
#: What is wrong with an act when a signature is taken away from it, or moved.
BY_SIGNATURES = ("sign_missing", "seal_missing", "cert_use", "officer_mismatch", "signer_not_distinct")


@dataclass(frozen=True, eq=False)
class Path(Remembers):
    """The shared half of a case. Unverified like all evidence; the checks find out what it is worth."""

    evidence: Shared
    trust_signed: Jws
    """The newest trust bundle at hand."""
    roots: tuple[bytes, ...]
    """DER of the roots we hold."""
    target: Target
    """As `_as_judged`: without a title."""
    known: int | None
    """What was declared after this time is not looked at: the answer as it would have been given then."""
    kids: frozenset[str]
    """Thumbprints of the keys that signatures of the evidence name, also those beside the path; of a roster whose
    certificates bring the same key certificates, mostly the same."""

    @cached_property
    def nodes(self) -> dict[bytes, Nodes]:
        """Root -> what roster proofs have shown to lead to it."""
        return {}

    @property
    def acts(self) -> tuple[Jws, ...]:
        return self.evidence.acts

    @property
    def places(self) -> Mapping[str, int]:
        """Hash of an act -> its place on the path, counted from 0."""
        return self.evidence.places

    @property
    def grants_signed(self) -> tuple[Jws, ...]:
        return self.evidence.grants

    @property
    def procedure_signed(self) -> Jws:
        return self.evidence.procedure

    @property
    def calendars(self) -> tuple[Jws, ...]:
        return self.evidence.calendars

    @property
    def certs(self) -> tuple[bytes, ...]:
        return self.evidence.certs

    @property
    def documents(self) -> tuple[Jws, ...]:
        return (*self.acts, *self.grants_signed, self.procedure_signed, *self.calendars, self.trust_signed)

    @property
    def procedure(self) -> dict[str, Any]:
        return self.procedure_signed.unverified_payload

    @property
    def trust(self) -> dict[str, Any]:
        """What the newest trust bundle says. Raises Unknown key_unknown where nobody at hand signed it."""
        self.check_heard(self.trust_signed)
        return self.trust_signed.unverified_payload

    def facts_of(self, act: Jws) -> Mapping[str, Any]:
        """What an act states of the meeting or the whole list."""
        return dict(act.unverified_payload["facts"])

    def calendar_of(self, act: Jws) -> str | None:
        """Hash of the calendar by which an act says that it closes a notice."""
        name: str | None = act.unverified_payload["calendar"]
        return name

    # --- when ------------------------------------------------------------------------------------------------------

    @cached_property
    def strict(self) -> bool:
        """Whether a root above any key here says that everything under it is logged. A statement has no acts, and no log."""
        return bool(self.acts) and any(who.log_required for who in self.known_identities)

    @cached_property
    def log(self) -> LogView:
        newest, carried = (one if self.heard(one) else None for one in (self.trust_signed, self.evidence.trust))
        return LogView(self.evidence, newest, carried, self.strict)

    def when(self, document: Jws) -> When:
        """When a document of the path was signed, as far as it is proved."""
        return self.log.when(document)

    # --- who signed ------------------------------------------------------------------------------------------------

    @cached_property
    def certs_by_jkt(self) -> Mapping[str, bytes]:
        """RFC 7638 thumbprint -> DER. A certificate stands once in a bundle."""
        return {jkt_of(der): der for der in self.certs}

    @cached_property
    def certs_named(self) -> tuple[bytes, ...]:
        """The certificates of keys that a signature names."""
        return tuple(der for jkt, der in self.certs_by_jkt.items() if jkt in self.kids)

    def certificate_of(self, document: Jws, position: int) -> bytes:
        """The DER certificate of the key that a signature hints at. Raises Unknown for a key we do not hold."""
        return self.certificate_named(document.signatures[position].unverified_kid)

    def certificate_named(self, kid: str) -> bytes:
        if kid not in self.certs_by_jkt:
            raise Unknown("key_unknown", kid=kid)
        return self.certs_by_jkt[kid]

    def check_heard(self, document: Jws) -> None:
        """Returns if it is `heard`. Raises Unknown key_unknown."""
        for position in range(len(document.signatures)):
            self.certificate_of(document, position)

    def heard(self, document: Jws) -> bool:
        """Whether the keys that its signatures name are at hand. What nobody at hand signed may be anybody's, and counts as
        little as if it were left out (docs/decisions/0053)."""
        return all(one.unverified_kid in self.certs_by_jkt for one in document.signatures)

    def unproved(self, act: Jws) -> bool:
        """Whether only the log could tell that an act was signed as it is shown, and it has no proof: the last of the path,
        which no other act names, under a root that requires a log."""
        last = self.acts[-1:] and self.acts[-1].sha256 == act.sha256
        return bool(last) and self.strict and not self.log.has_proof(act)

    @contextmanager
    def doubting(self, act: Jws) -> Iterator[None]:
        """Raises Unknown log_proof_missing for a Fault of the signatures of an act that is `unproved`: it accuses nobody."""
        try:
            yield
        except Fault as fault:
            if fault.code in BY_SIGNATURES and self.unproved(act):
                raise Unknown("log_proof_missing") from fault
            raise

    def signer(self, document: Jws, position: int = 0) -> Identity:
        """Who made signature `position`, proved up to a root, for the right use, at the document's own time.

        Raises Fault (cert_*, sign_missing, seal_missing, unknown_root, test_root) or Unknown (key_unknown, cert_time of what
        is in LISTS, and log_proof_missing where the act is `unproved`). The signature itself is the business of the integrity family, which
        ends the report when it fails.
        """
        with self.doubting(document):
            return self.signer_shown(document, position)

    def signer_shown(self, document: Jws, position: int) -> Identity:
        """As `signer`, of the signatures as they are shown, whether or not they are what was signed."""
        if position >= len(document.signatures):
            sealed = self.identity(self.certificate_of(document, 0)).use == "seal"
            raise act_fault("sign_missing" if sealed or position > 1 else "seal_missing", document)
        kid = document.signatures[position].unverified_kid
        try:
            return self.certified(kid, document.typ, position, self.when(document))
        except Fault as fault:
            if document.typ != "act+jwt":
                raise
            if len(document.signatures) == 1 and fault.about.figures.get("use") == "seal":
                raise act_fault("sign_missing", document) from fault
            # Whichever check asks, it is this act that was signed so: not the one that it is compared with.
            payload = document.unverified_payload
            raise Fault(fault.code, payload["act"], fault.about.org or payload["org"], **fault.about.figures) from fault

    def certified(self, kid: str, typ: str, position: int, when: When) -> Identity:
        """Whose the key `kid` is, if it may make signature `position` of a document of kind `typ` made at `when`."""
        identity = self.identity(self.certificate_named(kid))
        if identity.use not in KINDS[typ].uses[position]:
            raise Fault("cert_use", org=identity.org, typ=typ, use=identity.use)
        if not identity.valid_at(when.stated):
            # A list of a key whose certificate has run out says nothing about the certificate, neither good nor bad.
            raise (Unknown if typ in LISTS else Fault)("cert_time", org=identity.org, typ=typ)
        if when.latest > identity.not_after:
            raise Unknown("time_unproved", typ=typ, until=identity.not_after)
        return identity

    def signers(self, act: Jws) -> list[Identity]:
        """Everybody who signed an act; at least the officer and the seal."""
        places = range(max(2, len(act.signatures)))
        return self.remember(("signers", act.sha256), lambda path: [path.signer(act, place) for place in places])

    def identity(self, der: bytes) -> Identity:
        try:
            return identify(der, self.certs, self.roots)
        except ChainFault as fault:
            raise Fault(fault.code) from fault

    @cached_property
    def known_identities(self) -> tuple[Identity, ...]:
        """Of the certificates that a signature names those that lead to a root we hold. Others are no evidence of
        anything, and anybody can add two hundred of them."""
        found: list[Identity] = []
        for place, der in enumerate(self.certs_named):
            # With more strangers nothing of the evidence is asked (`keys_at_home`): each of them signed something.
            if place - len(found) > MOST_STRANGERS:
                break
            with suppress(Fault):
                found.append(self.identity(der))
        return tuple(found)

    @cached_property
    def org_names(self) -> Mapping[str, str]:
        """Organisation id -> the name it is certified under, for words only."""
        return {who.org: who.org_name for who in self.known_identities}

    # --- what they may ---------------------------------------------------------------------------------------------

    @cached_property
    def named_grants(self) -> frozenset[str]:
        """Hashes of the grants that acts of the path stand on, and of their parents."""
        return self._parents.union(str(one) for act in self.acts for one in act.unverified_payload["grants"])

    @cached_property
    def _parents(self) -> frozenset[str]:
        parents = {grant.unverified_payload["parent"] for grant in self.grants_signed}
        return frozenset(str(parent) for parent in parents if parent is not None)

    @cached_property
    def grants_at_hand(self) -> Mapping[str, Grant]:
        """Hash -> grant with its proved signer. Raises as `signer` does."""
        return self.remember("grants", Path._granted)

    def _granted(self) -> dict[str, Grant]:
        found = {}
        for document in filter(self.heard, self.grants_signed):
            who = self.signer(document)
            found[document.sha256] = Grant(document.sha256, document.unverified_payload, who.jkt, who.use, who.org)
        return found

    def grants_beside(self, org: str) -> Mapping[str, Grant]:
        """As `grants_at_hand`, with all that an office may hold. Raises Unknown for one that is named and not at hand, by an
        act of that office or as a parent: whose a parent is, only it says."""
        # Who left a grant out has shown nothing against the office that was to have it.
        payloads = [act.unverified_payload for act in self.acts]
        named = self._parents.union(str(one) for said in payloads if said["org"] == org for one in said["grants"])
        absent = named - self.grants_at_hand.keys()
        if absent:
            raise Unknown("grant_missing", sha256=min(absent))
        return self.grants_at_hand

    @cached_property
    def ended_keys(self) -> Mapping[str, dict[str, Any]]:
        """Thumbprint -> history of each key that had ended by the time that is asked about, as it was known then."""
        found = {}
        for one in self.trust["keys"]:
            if one["to"] is not None and self._declared(min(one["to"], one["declared"] or one["to"])):
                told = one["declared"] is None or self._declared(one["declared"])
                # What came to light later does not change that it had ended.
                found[one["jkt"]] = one if told else {**one, "reason": "rotated"}
        return found

    @cached_property
    def ended_cas(self) -> Mapping[str, dict[str, Any]]:
        """The same for issuing CAs alone."""
        return {jkt: one for jkt, one in self.ended_keys.items() if one["use"] == CA}

    @cached_property
    def withdrawn(self) -> Mapping[str, dict[str, Any]]:
        """Hash -> withdrawal of each grant that had been withdrawn by the time that is asked about."""
        return {one["sha256"]: one for one in self.trust["withdrawn"] if self._declared(one["from"])}

    def _declared(self, at: int) -> bool:
        return self.known is None or at <= self.known

    # --- the lists it went through ---------------------------------------------------------------------------------

    @cached_property
    def lists(self) -> tuple[tuple[bytes, int] | Fault, ...]:
        """Root and count of the list that the path goes through at each act: a part where the act divides its roster."""
        return tuple(self._list_of(place) for place in range(len(self.acts)))

    def _list_of(self, place: int) -> tuple[bytes, int] | Fault:
        act = self.acts[place]
        payload = act.unverified_payload
        roster, parts = payload["roster"], payload["parts"]
        if not parts:
            return unb64(roster["root"]), roster["count"]
        following = self.acts[place + 1 : place + 2]
        index = following[0].unverified_payload["part"] if following else 0
        if not parts_fit(payload):
            return act_fault("parts_do_not_sum", act)
        if not has_part(act, index):
            return act_fault("part_of_others", following[0])
        return unb64(parts[index]["root"]), parts[index]["count"]


@lru_cache(maxsize=512)
def path_of(
    shared: Shared,
    trust: Jws,
    roots: tuple[bytes, ...],
    target: Target,
    known: int | None,
    beside: frozenset[str] = frozenset(),
) -> Path:
    """The path of these values: always the same one, with all that was found out about it.

    `beside` are the thumbprints that signatures of documents beside the path name.
    """
    documents = (*shared.acts, *shared.grants, shared.procedure, *shared.calendars, trust)
    return _same_path(shared, trust, roots, _as_judged(target, shared.grants), known, beside | kids_of(documents))


def kids_of(documents: Iterable[Jws]) -> frozenset[str]:
    """Thumbprints of the keys that signatures name; unverified."""
    return frozenset(one.unverified_kid for document in documents for one in document.signatures)


_same_path = lru_cache(maxsize=512)(Path)


def _as_judged(target: Target, grants: tuple[Jws, ...]) -> Target:
    """`target` without what no check of the path asks: the title, and the specialty where every grant is for all.

    People of one roster differ in nothing else, so that all of them have one path.
    """
    for_all = all("*" in grant.unverified_payload["scope"]["specialties"] for grant in grants)
    return replace(target, title="", specialty="*" if for_all else target.specialty)


def anchors_above(path: Path, anchors: tuple[Anchor, ...]) -> tuple[Anchor, ...]:
    """Of the roots we hold those that stand above a key of the path; where none does, all of them."""
    proved = {who.root for who in path.known_identities}
    return tuple(one for one in anchors if one.der in proved) or anchors


def with_parents(names: Iterable[str], grants: Iterable[Jws]) -> set[str]:
    """Of `grants` those named and those that they stand on, up to the top ones."""
    parents = {grant.sha256: str(grant.unverified_payload["parent"]) for grant in grants}
    found: set[str] = set()
    waiting = list(names)
    while waiting:
        one = waiting.pop()
        if one in parents and one not in found:
            found.add(one)
            waiting.append(parents[one])
    return found


def act_fault(code: str, act: Jws, **figures: object) -> Fault:
    payload = act.unverified_payload
    return Fault(code, payload["act"], payload["org"], **figures)


@lru_cache(maxsize=4096)
def jkt_of(der: bytes) -> str:
    """The key thumbprint of a DER certificate, or a name no `kid` can have when it is none of ours."""
    try:
        return jkt_in(der)
    except Malformed:
        return "unusable:" + b64(der)[:40]
