"""The evidence bundle (证据包): a certificate with everything needed to verify it offline (formats.md 7).

It is canonical JSON with closed members, so there is no byte in it that may change and still be the same bundle.
"""

from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Any

from certsvc.core.claims import Target
from certsvc.core.encoding import b64, canonical, marks_in, marks_inside, parse_json, rewrite, unb64
from certsvc.core.errors import Malformed
from certsvc.core.jose import Jws, parse_document
from certsvc.core.logged import Logged, logged_json, parse_logged
from certsvc.core.memory import once
from certsvc.core.schemas import BUNDLE, LIFECYCLE_ACTS, PATH_ACTS
from certsvc.core.shape import check_shape, compiled

MEDIA_TYPE = "application/vnd.certsvc.bundle+json"
#: The largest bundle that is read at all.
MAX_BYTES = 1_048_576
#: A bundle with every list at its limit has fewer commas, colons and brackets; a million of them cost a second to read.
MAX_MARKS = 20_000
#: The same in the payloads of all documents, counted where a bundle is so large that they could cost much.
MAX_INNER_MARKS, COUNTED_BYTES = 40_000, 98_304
#: More than any certificate needs; what a check does for each of them stays cheap.
MOST = {"certs": 256, "grants": 128, "path": 64, "events": 64, "corrections": 32, "entries": 33, "calendars": 16}
#: Different checkpoints in all log proofs of a bundle: each costs the verification of every signature that counts. A
#: status event brings two as a rule, everything else of a bundle 20 to 30: room for some 35 events.
MAX_NOTES = 112
#: Bytes of them together: where many witnesses sign, fewer checkpoints cost as much.
MAX_NOTE_BYTES = 98_304
#: The largest document or key certificate whose parsed form or signature check is remembered.
REMEMBERED_BYTES = 16_384


@dataclass(frozen=True)
class Entry:
    """One entry of a roster as its holder may show it: commitments, salt and target."""

    salt: bytes
    commitments: dict[str, str]
    target: Target


@dataclass(frozen=True)
class RosterProof:
    """That an entry with its row stands in the roster of an act (RFC 6962 path)."""

    index: int
    row_facts: dict[str, Any] | None
    row_salt: bytes | None
    path: bytes
    """Siblings from the leaf upwards, 32 bytes each."""

    @once
    def row_json(self) -> bytes:
        """The canonical form of the row's facts."""
        return rewrite(self.row_facts or {})

    @property
    def siblings(self) -> list[bytes]:
        return [self.path[start : start + 32] for start in range(0, len(self.path), 32)]


@dataclass(frozen=True)
class PathStep:
    """One act of the path and the place of the entry in its roster."""

    act: Jws
    proof: RosterProof
    logged: Logged | None = None


@dataclass(frozen=True)
class Event:
    """One lifecycle act: the proposal of one officer and the decision of another."""

    propose: Jws
    decide: Jws
    logged: Logged | None = None
    """Of the decision."""


@dataclass(frozen=True)
class Shared:
    """What all certificates of a roster have in common: the acts and everything they stand on."""

    acts: tuple[Jws, ...]
    grants: tuple[Jws, ...]
    procedure: Jws
    calendars: tuple[Jws, ...]
    trust: Jws
    certs: tuple[bytes, ...]
    acts_logged: tuple[Logged | None, ...] = ()
    grants_logged: tuple[Logged | None, ...] = ()

    @cached_property
    def places(self) -> dict[str, int]:
        """Hash of an act -> its first place on the path, counted from 0."""
        return {act.sha256: place for place, act in reversed(list(enumerate(self.acts)))}

    @cached_property
    def _hash(self) -> int:
        # Log proofs are left out: equal documents seldom come with others, and are told apart when they do.
        return hash((self.acts, self.grants, self.procedure, self.calendars, self.trust, self.certs))

    def __hash__(self) -> int:
        return self._hash


@lru_cache(maxsize=512)
def shared_once(shared: Shared) -> Shared:
    """The equal value that was seen first, so that what is found out about it need be found out once."""
    return shared


@dataclass(frozen=True)
class Bundle:
    """A parsed bundle. Nothing in it is verified yet."""

    data: bytes
    credential: Jws
    entries: tuple[Entry, ...]
    salts: dict[str, bytes]
    path: tuple[PathStep, ...]
    corrections: tuple[Event, ...]
    events: tuple[Event, ...]
    grants: tuple[Jws, ...]
    procedure: Jws
    calendars: tuple[Jws, ...]
    trust: Jws
    status_list: Jws
    certs: tuple[bytes, ...]
    logged: Logged | None = None
    """Of the certificate."""
    grants_logged: tuple[Logged | None, ...] = ()
    status_logged: Logged | None = None

    @cached_property
    def shared(self) -> Shared:
        acts, logged = tuple(step.act for step in self.path), tuple(step.logged for step in self.path)
        documents = (acts, self.grants, self.procedure, self.calendars, self.trust, self.certs)
        return shared_once(Shared(*documents, logged, self.grants_logged))

    @property
    def logs(self) -> tuple[Logged, ...]:
        """Every log proof in the bundle."""
        decided = [one.logged for one in (*self.corrections, *self.events)]
        acts = (self.logged, *(one.logged for one in self.path), *decided)
        return tuple(one for one in (*acts, *self.grants_logged, self.status_logged) if one is not None)

    @property
    def notes(self) -> set[bytes]:
        """The different checkpoints of all log proofs."""
        return {note for one in self.logs for note in (one.proof.checkpoint, one.before) if note is not None}

    @property
    def documents(self) -> tuple[Jws, ...]:
        """Every signed document in the bundle."""
        events = [document for event in (*self.corrections, *self.events) for document in (event.propose, event.decide)]
        acts = [step.act for step in self.path]
        rest = (*self.grants, self.procedure, *self.calendars, self.trust, self.status_list)
        return (self.credential, *acts, *events, *rest)


_parse_remembered = lru_cache(maxsize=4096)(parse_document)


def parse_shared(body: bytes, typ: str) -> Jws:
    """As `parse_document`, remembered by the bytes: acts and grants are shared by thousands of certificates.

    Large documents are not remembered, since hostile ones would fill the memory; ours are lists, soon replaced.
    """
    return (_parse_remembered if len(body) <= REMEMBERED_BYTES else parse_document)(body, typ)


def check_amount(data: bytes, code: str, what: tuple[str, str]) -> None:
    """Returns if evidence is small enough to be read at all: a bundle, a statement, what is laid beside. Raises Malformed.

    Counted, and nothing parsed: a mebibyte of brackets costs a second to read.
    """
    zh, en = what
    if len(data) > MAX_BYTES or marks_in(data) > MAX_MARKS:
        raise Malformed(code, zh, f"{en} has at most {MAX_BYTES} bytes and {MAX_MARKS} parts.")
    if len(data) > COUNTED_BYTES and marks_inside(data) > MAX_INNER_MARKS:
        raise Malformed(code, zh, f"{en} has at most {MAX_INNER_MARKS} parts in its documents.")


def parse_bundle(data: bytes) -> Bundle:
    """The bundle written in `data`. Raises Malformed for anything that is not exactly one."""
    check_amount(data, "bundle_size", ("证据包过大", "A bundle"))
    value = parse_json(data, canonical_only=True)
    _check_counts(value)
    if not _fits(value):
        check_shape(value, BUNDLE)
    if len(value["grant_logs"]) != len(value["grants"]):
        raise Malformed(
            "grant_logs", "证据包中授权与其日志证明数目不符", "A bundle has one `grant_logs` for each of `grants`."
        )
    bundle = Bundle(
        data,
        parse_document(_bytes(value["credential"]), "vc+jwt"),
        tuple(_entry(one) for one in value["entries"]),
        {name: unb64(salt) for name, salt in value["salts"].items()},
        tuple(
            PathStep(_act(one["act"], PATH_ACTS), _proof(one["proof"]), _logged(one["log"])) for one in value["path"]
        ),
        tuple(_event(one) for one in value["corrections"]),
        tuple(_event(one) for one in value["events"]),
        tuple(parse_shared(_bytes(one), "grant+jwt") for one in value["grants"]),
        parse_shared(_bytes(value["procedure"]), "procedure+jwt"),
        tuple(parse_shared(_bytes(one), "calendar+jwt") for one in value["calendars"]),
        parse_shared(_bytes(value["trust"]), "trust+jwt"),
        parse_shared(_bytes(value["status"]["list"]), "statuslist+jwt"),
        tuple(_der(one) for one in value["certs"]),
        parse_logged(value["log"]),
        tuple(_logged(one) for one in value["grant_logs"]),
        _logged(value["status"]["log"]),
    )
    _check_notes(bundle)
    _ = bundle.shared  # a roster's next certificate is recognised while it is read
    return bundle


def write_bundle(bundle: Bundle) -> bytes:
    """The canonical bytes of `bundle`; its own `data` is not looked at."""
    return canonical(
        {
            "v": 1,
            "credential": bundle.credential.body.decode(),
            "log": logged_json(bundle.logged),
            "entries": [
                {"salt": b64(e.salt), "commitments": e.commitments, "target": e.target.to_json()}
                for e in bundle.entries
            ],
            "salts": {name: b64(salt) for name, salt in bundle.salts.items()},
            "path": [_step_json(step) for step in bundle.path],
            "corrections": [_event_json(event) for event in bundle.corrections],
            "events": [_event_json(event) for event in bundle.events],
            "grants": [grant.body.decode() for grant in bundle.grants],
            "grant_logs": [logged_json(one) for one in bundle.grants_logged or [None] * len(bundle.grants)],
            "procedure": bundle.procedure.body.decode(),
            "calendars": [calendar.body.decode() for calendar in bundle.calendars],
            "trust": bundle.trust.body.decode(),
            "status": {"list": bundle.status_list.body.decode(), "log": logged_json(bundle.status_logged)},
            "certs": [b64(der) for der in bundle.certs],
        }
    )


def looks_like_bundle(data: bytes) -> bool:
    """True if `data` is meant to be a bundle, so that a broken one is called altered and not foreign."""
    return data.lstrip()[:1] == b"{" and b'"credential"' in data and b'"certs"' in data


def _check_counts(value: Any) -> None:
    """Raises Malformed before anything is done for each of ten thousand acts, and when there is no entry at all."""
    if isinstance(value, dict) and value.get("entries") == []:
        raise Malformed("entry_missing", "证据包中没有条目", "The bundle holds no entry.")
    for name, most in MOST.items():
        many = value.get(name) if isinstance(value, dict) else None
        if isinstance(many, list) and len(many) > most:
            raise Malformed("bundle_size", "证据包过大", f"A bundle holds at most {most} {name}.")


def _check_notes(bundle: Bundle) -> None:
    """Raises Malformed for more checkpoints than MAX_NOTES, or larger ones than MAX_NOTE_BYTES in all."""
    notes = bundle.notes
    if len(notes) > MAX_NOTES or sum(map(len, notes)) > MAX_NOTE_BYTES:
        en = f"The log proofs of a bundle hold at most {MAX_NOTES} checkpoints of {MAX_NOTE_BYTES} bytes in all."
        raise Malformed("bundle_size", "证据包过大", en)


_fits = compiled(BUNDLE)
#: A roster's certificates carry the same few dozen key certificates, and the same upper nodes of its trees.
_der_remembered = lru_cache(maxsize=4096)(unb64)
_node = lru_cache(maxsize=16_384)(unb64)


def _der(text: str) -> bytes:
    """As `unb64`; large ones are not remembered, as in `parse_shared`."""
    return (_der_remembered if len(text) <= REMEMBERED_BYTES else unb64)(text)


def _act(value: dict[str, Any], kinds: tuple[str, ...]) -> Jws:
    # The value stood in canonical JSON, so its canonical bytes are the stored bytes that were signed and hashed.
    act = parse_shared(rewrite(value), "act+jwt")
    if act.unverified_payload["act"] not in kinds:
        zh, en = "证据包中的环节放错了位置", "The bundle holds an act in the place of another kind."
        raise Malformed("bundle_act_kind", zh, en)
    return act


def _event(value: dict[str, Any]) -> Event:
    propose, decide = (_act(value[half], LIFECYCLE_ACTS) for half in ("propose", "decide"))
    return Event(propose, decide, parse_logged(value["log"]))


def _entry(value: dict[str, Any]) -> Entry:
    return Entry(unb64(value["salt"]), value["commitments"], Target(**value["target"]))


def _proof(value: dict[str, Any]) -> RosterProof:
    row = value["row"]
    path = b"".join(map(_node, value["path"]))
    return RosterProof(value["index"], row and row["facts"], row and unb64(row["salt"]), path)


def _proof_json(proof: RosterProof) -> dict[str, Any]:
    row = None if proof.row_salt is None else {"salt": b64(proof.row_salt), "facts": proof.row_facts}
    return {"index": proof.index, "row": row, "path": [b64(one) for one in proof.siblings]}


def _event_json(event: Event) -> dict[str, Any]:
    halves = {"propose": _general(event.propose), "decide": _general(event.decide)}
    return {**halves, "log": logged_json(event.logged)}


def _step_json(step: PathStep) -> dict[str, Any]:
    return {"act": _general(step.act), "proof": _proof_json(step.proof), "log": logged_json(step.logged)}


def _logged(value: dict[str, Any] | None) -> Logged | None:
    """As `parse_logged`, remembered: acts and grants are shared by thousands of certificates, and so are their proofs."""
    return None if value is None else _logged_once(value["entry"], value["proof"], value["before"])


@lru_cache(maxsize=4096)
def _logged_once(entry: str, proof: str, before: str | None) -> Logged | None:
    return parse_logged({"entry": entry, "proof": proof, "before": before})


def _general(act: Jws) -> Any:
    return parse_json(act.body)


def _bytes(text: str) -> bytes:
    try:
        return text.encode("ascii")
    except UnicodeEncodeError as error:
        raise Malformed(
            "jws_form", "签名文件格式不符合规范", "A signed document holds characters outside ASCII."
        ) from error
