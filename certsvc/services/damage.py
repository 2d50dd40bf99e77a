"""Damage of a stolen key: everything it signed, split at the theft, and what stands on the part that is suspect.

Where the theft lies is asked of `theft`: what counts here is what counts for every verifier.

1. signed    – every stored document and PDF that names the key, earlier ones sound, the others suspect
2. grants    – grants given under a suspect grant
3. acts      – acts under suspect grants only, by a suspect procedure or calendar, and acts that follow a suspect act
4. certified – certificates signed by the key, on a suspect path, under a suspect grant, or changed by a suspect act
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from itertools import islice
from typing import Any, TypeVar

from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from sqlalchemy import Connection

from certsvc.core.bundle import parse_shared
from certsvc.core.chain import key_in
from certsvc.core.encoding import b64, canonical, digest, parse_json
from certsvc.core.jose import Jws
from certsvc.core.kinds import CA, KINDS
from certsvc.instance import Instance
from certsvc.services import documents
from certsvc.services.certifiers import certified_by
from certsvc.services.log_theft import Gap, dates, gap_behind
from certsvc.services.publish import WAITING
from certsvc.services.stolen_witness import key_or_witness
from certsvc.services.theft import Theft, theft_at
from certsvc.store import keys as key_store
from certsvc.store import traces
from certsvc.store.rows import SigningKey
from certsvc.store.traces import CertificateTrace, DocumentTrace

Row = TypeVar("Row")
SUSPENDED = "suspended"
#: Decisions that nobody takes back, not even after a theft.
FINAL = ("revoke", "withdraw")
#: States of a certificate that can still change; the others are final. One that waits for the log came too late to be good.
OPEN = ("in_force", SUSPENDED, WAITING)
#: Why a certificate is suspect, so that its next version would be as good as new: its own signature or place, the grant of
#: the key that signed it, its file's signature, or a change of its own status, which the next version does not carry.
ONLY_SIGNED = {"signature", "log", "grant", "file", "event", "page"}
#: On which of the kinds of documents acts stand; nothing stands on the others.
_UNDER_ACTS = ("act+jwt", "grant+jwt", "procedure+jwt", "calendar+jwt")
#: Kinds of documents that every file carries as they were on its day; no key signs both.
_CARRIED = ("statuslist+jwt", "trust+jwt")
#: Later than any time.
NEVER = float("inf")


@dataclass(frozen=True)
class Trace:
    """One thing that the key signed, or that stands on what it signed. `cause` is empty for what is sound."""

    kind: str
    name: str
    what: str
    at: int
    cause: str

    @property
    def sound(self) -> bool:
        return not self.cause


@dataclass(frozen=True)
class CertificateLine:
    """A certificate that the key has to do with; no causes: it is sound."""

    id: str
    number: str
    version: int
    state: str
    issued_at: int
    causes: tuple[str, ...]

    @property
    def sound(self) -> bool:
        return not self.causes

    @property
    def open(self) -> bool:
        """Whether it is suspect and nobody has settled it yet."""
        return bool(self.causes) and self.state in OPEN

    @property
    def mendable(self) -> bool:
        """Whether a new signature mends it, now or once it is reinstated: its act path is sound."""
        return self.open and set(self.causes) <= ONLY_SIGNED

    @property
    def resignable(self) -> bool:
        """Whether a new signature mends it now: it may be superseded."""
        return self.mendable and self.state != SUSPENDED


@dataclass(frozen=True)
class Damage:
    """What is sound and what is suspect after the theft of `key` at `since` (seconds)."""

    key: SigningKey
    since: int
    size: int | None
    """Under a root that requires the log: how many of its entries witnesses had seen before, on which sound rests."""
    traces: tuple[Trace, ...]
    certificates: tuple[CertificateLine, ...]
    pages: tuple[CertificateLine, ...] = ()
    """Sound certificates in force that only their next version gives a file which is believed everywhere (decision 50).
    Of a PDF key: no other key signs for their day of issue, and of this one nobody can tell offline when it signed. Of a
    status, policy or log key: a list, a trust bundle, or a checkpoint, that the thief may have signed is in the file."""


def find_damage(instance: Instance, jkt: str, since: int) -> Damage:
    """Everything about the theft of a key; reads only. Raises NotFound."""
    with instance.engines.read.connect() as connection:
        key, theft = key_or_witness(instance, connection, jkt), theft_at(instance, connection, since)
        return _of_ca(connection, key, theft) if key.use == CA else _Search(instance, connection, key, theft).run()


def grants_since(instance: Instance, connection: Connection, jkt: str, since: int) -> list[str]:
    """Hashes of the grants that the key itself gave after the theft; reads no file, as others wait for this transaction."""
    key, theft = documents.key_by_jkt(connection, jkt), theft_at(instance, connection, since)
    given = _Search(instance, connection, key, theft).signed("grant+jwt")
    return sorted(theft.late("grant+jwt", {one.sha256: one.iat for one in given}))


# --- an issuing CA -------------------------------------------------------------------------------------------------


def _of_ca(connection: Connection, ca: SigningKey, theft: Theft) -> Damage:
    """What the theft of an issuing CA makes suspect: keys that it certified, what these signed since, and every file that
    was handed out since with its certificate in it.

    Once another CA has certified them anew, keys and what they signed are sound; the files are not.
    """
    keys = {key.jkt: key for key in certified_by(connection, ca)}
    traces = [Trace("x509", jkt, f"{key.org_id} {key.use}", key.valid_from, "ca") for jkt, key in keys.items()]
    traces += [] if not keys else _signed_under(connection, keys, theft)
    return Damage(ca, theft.since, theft.size, tuple(traces), tuple(_handed_out(connection, ca, theft)))


def _signed_under(connection: Connection, keys: Collection[str], theft: Theft) -> Iterator[Trace]:
    for typ in KINDS.keys() - {"vc+jwt"}:
        for some in _portions(traces.documents(connection, typ)):
            every = ((one, parse_shared(one.body, one.typ)) for one in some)
            found = [(one, signed) for one, signed in every if any(s.unverified_kid in keys for s in signed.signatures)]
            late = theft.late(typ, {one.sha256: one.iat for one, _ in found})
            yield from (_told(one, signed, "ca" if one.sha256 in late else "") for one, signed in found)


def _handed_out(connection: Connection, ca: SigningKey, theft: Theft) -> Iterator[CertificateLine]:
    mark = b64(ca.certificate).encode()
    for some in _portions(traces.certificates(connection)):
        late = theft.late("vc+jwt", {one.sha256: one.issued_at for one in some})
        lost = traces.handed_out_with(connection, mark, [one.id for one in some if one.sha256 in late])
        yield from (_line(one, ("file",) if one.id in lost else ()) for one in some)


def _portions(rows: Iterator[Row]) -> Iterator[list[Row]]:
    while some := list(islice(rows, traces.AT_A_TIME)):
        yield some


# --- any other key -------------------------------------------------------------------------------------------------


@dataclass
class _Search:
    instance: Instance
    connection: Connection
    key: SigningKey
    theft: Theft
    causes: dict[str, dict[str, str]] = field(default_factory=lambda: defaultdict(dict))
    """Kind -> hash of a suspect document -> cause."""
    pages: list[CertificateLine] = field(default_factory=list)

    @cached_property
    def _gap(self) -> Gap:
        """What a stolen log key or witness leaves without a proof of its time; nothing, of any other key."""
        return gap_behind(self.instance, self.connection, self.key, self.theft.since) if dates(self.key) else Gap()

    def run(self) -> Damage:
        kinds = [kind.typ for kind in KINDS.values() if any(self.key.use in uses for uses in kind.uses)]
        signed = [one for typ in kinds for one in self.signed(typ)]
        for typ in {document.typ for document in signed}:
            late = self.theft.late(typ, {one.sha256: one.iat for one in signed if one.typ == typ})
            self.causes[typ] |= dict.fromkeys(late, "signature")
        sound_acts = [one.sha256 for one in signed if one.typ == "act+jwt" and one.sha256 not in self.causes["act+jwt"]]
        shown = {document.sha256: document for document in signed}
        if self.causes["grant+jwt"]:
            shown |= self._follow_grants()
        if self._gap.by_log or any(self.causes[typ] for typ in _UNDER_ACTS):
            shown |= self._follow_acts()
        found = [self._trace(one) for one in sorted(shown.values(), key=lambda one: (one.typ, one.iat, one.sha256))]
        certificates = tuple(self._certificates(sound_acts))
        return Damage(self.key, self.theft.since, self.theft.size, tuple(found), certificates, tuple(self.pages))

    def _mark(self, typ: str) -> bytes:
        """The protected header of a signature of this key: one string, as it is canonical."""
        return _mark_of(self.key.jkt, typ)

    def signed(self, typ: str) -> Iterator[DocumentTrace]:
        """The documents of a kind that the key signed."""
        mark = self._mark(typ)
        return (one for one in traces.documents(self.connection, typ) if mark in one.body)

    def _trace(self, one: DocumentTrace) -> Trace:
        return _told(one, parse_shared(one.body, one.typ), self.causes[one.typ].get(one.sha256, ""))

    def _follow_grants(self) -> Mapping[str, DocumentTrace]:
        """Grants that stand on a suspect one, now suspect too."""
        every = {one.sha256: one for one in traces.documents(self.connection, "grant+jwt")}
        above = {name: [parse_shared(one.body, one.typ).unverified_payload["parent"]] for name, one in every.items()}
        return {name: every[name] for name in self._spread("grant+jwt", "grant", above)}

    def _follow_acts(self) -> Mapping[str, DocumentTrace]:
        """Acts on suspect grants, procedures or calendars, and acts that follow suspect acts, now suspect too."""
        every: dict[str, DocumentTrace] = {}
        before: dict[str, list[str]] = {}
        for one in traces.documents(self.connection, "act+jwt"):
            payload = parse_shared(one.body, one.typ).unverified_payload
            every[one.sha256], before[one.sha256] = one, payload["prev"]
            # When a lifecycle act was proposed nobody proves: it counts with its decision.
            if payload.get("stage") != "propose" and self._gap.is_undated(one.sha256, one.iat):
                self.causes["act+jwt"][one.sha256] = "log"
            if (cause := self._cause_beneath(payload)) is not None:
                self.causes["act+jwt"].setdefault(one.sha256, cause)
        self._spread("act+jwt", "act", before)
        return {name: every[name] for name in self.causes["act+jwt"]}

    def _cause_beneath(self, act: Mapping[str, Any]) -> str | None:
        """Which of the documents that an act stands on makes it suspect; a grant only where it has no other."""
        lost = self.causes["grant+jwt"]
        if act["grants"] and all(name in lost for name in act["grants"]):
            return "grant"
        return next((kind for kind in ("procedure", "calendar") if act.get(kind) in self.causes[f"{kind}+jwt"]), None)

    def _spread(self, typ: str, cause: str, above: Mapping[str, Iterable[str]]) -> set[str]:
        """Marks everything that stands on a suspect document of `typ`; gives back what was marked."""
        below: dict[str, list[str]] = defaultdict(list)
        for name, parents in above.items():
            for parent in parents:
                below[parent].append(name)
        suspect, waiting, marked = self.causes[typ], list(self.causes[typ]), set()
        while waiting:
            fresh = [name for name in below[waiting.pop()] if name not in suspect]
            suspect.update(dict.fromkeys(fresh, cause))
            waiting += fresh
            marked.update(fresh)
        return marked

    # --- certificates ----------------------------------------------------------------------------------------------

    def _certificates(self, sound_acts: list[str]) -> Iterator[CertificateLine]:
        on_suspect = traces.entries_on(self.connection, self.causes["act+jwt"])
        on_sound = traces.entries_on(self.connection, sound_acts)
        changed, corrected, taken = self._changed()
        files = self._files()
        own = self._mark("vc+jwt")
        granted_from = {_mark_of(jkt, "vc+jwt"): begins for jkt, begins in self._granted_from().items()}
        spoilt_entries: set[str] = set()
        for one, late, is_without_file in self._with_lateness(own):
            head = one.credential.partition(b".")[0]
            causes = {
                "signature": late,
                "log": self._gap.is_undated(one.sha256, one.issued_at),
                "act": one.entry_id in on_suspect,
                "grant": one.issued_at < granted_from.get(head, 0),
                "event": one.id in changed,
                "taken": one.id in taken,
                "correction": one.entry_id in spoilt_entries,
                "file": files.get(one.id, -1) >= self.theft.since,
            }
            # Versions come in order: what follows an unlawful correction is no better than it.
            if one.id in corrected:
                spoilt_entries.add(one.entry_id)
            said = tuple(name for name, is_so in causes.items() if is_so)
            if said or head == own or one.entry_id in on_sound or one.id in files:
                yield _line(one, said)
            if not said and one.state in OPEN and (one.id in files or is_without_file):
                self.pages.append(_line(one, ("page",)))

    def _with_lateness(self, own: bytes) -> Iterator[tuple[CertificateTrace, bool, bool]]:
        """Every certificate, whether this key signed it, by its header `own`, since the theft, and whether none of its files
        is believed without the register though this key did not sign it."""
        for some in _portions(traces.certificates(self.connection)):
            signed = {one.sha256: one.issued_at for one in some if one.credential.partition(b".")[0] == own}
            late, listed = self.theft.late("vc+jwt", signed), self._with_suspect_evidence(some) | self._not_shown(some)
            for one in some:
                lost = one.sha256 in self._gap.documents or one.id in listed or self._alone_signs(one.issued_at)
                yield one, one.sha256 in late, lost

    def _not_shown(self, some: Iterable[CertificateTrace]) -> set[str]:
        """Ids of those that were handed out with a checkpoint that counts no more."""
        if not dates(self.key):
            return set()
        return {name for name, bundle in self._handed_out(some) if not self._gap.is_shown(bundle)}

    def _handed_out(self, some: Iterable[CertificateTrace]) -> Iterator[tuple[str, bytes]]:
        return traces.handed_out(self.connection, [one.id for one in some])

    def _with_suspect_evidence(self, some: Iterable[CertificateTrace]) -> set[str]:
        """Ids of those that were handed out with a status list or a trust bundle in it which a thief may have signed: until
        the file shows another one, nobody can tell offline what he left out of it."""
        typ = next((one for one in _CARRIED if self.causes[one]), None)
        if typ is None:
            return set()
        suspect, mark = self.causes[typ].keys(), self._mark(typ)
        return {
            name
            for name, bundle in self._handed_out(some)
            if mark in bundle and not suspect.isdisjoint(_carried_in(bundle))
        }

    def _changed(self) -> tuple[set[str], set[str], set[str]]:
        """Certificates with a suspect status event, and those of them that such an event corrected, or ended for ever."""
        events = traces.events_by(self.connection, self.causes["act+jwt"])
        # Of what only its time is not proved of, an officer decided all the same.
        decided = traces.events_by(
            self.connection, [one for one, why in self.causes["act+jwt"].items() if why != "log"]
        )
        changed = {one for one, kind in events if kind not in FINAL}
        corrected = {one for one, kind in events if kind == "correct"}
        return changed, corrected, {one for one, kind in decided if kind in FINAL}

    def _files(self) -> dict[str, int]:
        """Certificate id -> when this key signed its last PDF."""
        made: dict[str, int] = {}
        if self.key.use == "pdf":
            # Its certificate may be another one today than when it signed.
            public = key_in(self.key.certificate).public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
            for one in traces.renditions(self.connection):
                if public in one.cms:
                    made[one.certificate_id] = max(one.made_at, made.get(one.certificate_id, 0))
        return made

    def _alone_signs(self, at: int) -> bool:
        """Whether this key was in service for PDFs in that second, and no other was that still signs as of it."""
        fitting = [key for key in self._pdf_keys if key.valid_from <= at < key.valid_to]
        still = {key.jkt for key in fitting if key.ended_reason in (None, "rotated")}
        return self.key in fitting and still <= {self.key.jkt}

    @cached_property
    def _pdf_keys(self) -> tuple[SigningKey, ...]:
        if self.key.use != "pdf":
            return ()
        return key_store.list_signing_keys(self.connection, org_id=self.key.org_id, use="pdf")

    def _granted_from(self) -> dict[str, float]:
        """Credential keys that a suspect grant names -> the second from which another one does, which nothing earlier
        stands on: what the drill gives again is not given for the time before. NEVER where none does."""
        suspect = self.causes["grant+jwt"]
        begins: dict[str, list[float]] = defaultdict(list)
        for one in documents.grants_of(self.connection, self.instance.settings.authority) if suspect else ():
            said = one.unverified_payload
            start = NEVER if one.sha256 in suspect else max(said["iat"], said["nbf"])
            for key in said["keys"]:
                if key["use"] == "credential":
                    begins[key["jkt"]].append(start)
        return {jkt: min(starts) for jkt, starts in begins.items() if NEVER in starts}


def _carried_in(bundle: bytes) -> tuple[str, str]:
    """The hashes of the status list and the trust bundle in a file."""
    value = parse_json(bundle)
    return digest(value["status"]["list"].encode()), digest(value["trust"].encode())


def _mark_of(jkt: str, typ: str) -> bytes:
    return b64(canonical({"alg": "ES256", "kid": jkt, "typ": typ})).encode()


def _told(one: DocumentTrace, document: Jws, cause: str) -> Trace:
    payload = document.unverified_payload
    what = payload.get("act") or payload.get("role") or payload.get("track") or payload.get("use") or one.subject
    return Trace(one.typ, one.sha256, str(what), one.iat, cause)


def _line(one: CertificateTrace, causes: tuple[str, ...]) -> CertificateLine:
    return CertificateLine(one.id, one.number, one.version, one.state, one.issued_at, causes)
