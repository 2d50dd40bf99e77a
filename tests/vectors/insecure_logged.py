"""INSECURE-TEST bundles with the log proofs of everything in them, under a root that requires a log (docs/format.md 6).

Each document is logged a minute after it was signed, under a checkpoint of its own; a minute before it was signed the
witnesses saw the log without it. A `Story` says what is otherwise.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

from insecure_bundle import make_bundle
from insecure_documents import Recipe
from insecure_log import LOG, WITNESSES, InsecureSigner
from insecure_office import DAY, Office, insecure_salt

from certsvc.core.bundle import Bundle, parse_bundle, write_bundle
from certsvc.core.checkpoint import Head, Proof, format_head
from certsvc.core.encoding import digest
from certsvc.core.jose import Jws, thumbprint
from certsvc.core.leaves import act_leaf, act_tags, certificate_tag, public_leaf, snapshot_leaf, status_leaf
from certsvc.core.logged import Logged
from certsvc.core.merkle import inclusion_path, leaf_hash, levels, root_of
from certsvc.core.note import Note, format_note

MINUTE = 60
#: Entries of other people's documents, before and after each of ours.
OTHERS = 2
ALL = tuple(WITNESSES)


@dataclass(frozen=True)
class Signed:
    """Who signs a checkpoint: the log's key, and its witnesses."""

    by: InsecureSigner = LOG
    witnesses: tuple[str, ...] = ALL
    origin: str = LOG.key.name


@dataclass(frozen=True)
class Story:
    """What is otherwise, by the name of a document: `grants.ORG`, `acts.KIND`, `certificate`, `decision`, `list`."""

    recipe: Recipe = field(default_factory=Recipe)
    at: Mapping[str, int] = field(default_factory=dict)
    """When it was logged, in seconds; else a minute after the time that it states."""
    unseen: Mapping[str, int] = field(default_factory=dict)
    """How long before that no witness came by, in seconds; else two minutes."""
    omitted: tuple[str, ...] = ()
    """Comes without its proof."""
    unseen_before: tuple[str, ...] = ()
    """Comes without an earlier checkpoint."""
    salts: Mapping[str, bytes | None] = field(default_factory=dict)
    """The salt that the proof shows, where it is not that of the leaf (public leaves have none)."""
    secrets: Mapping[str, bytes] = field(default_factory=dict)
    """What its once-tag is made of, where it is not what comes before it."""
    sealed: Mapping[str, str] = field(default_factory=dict)
    """Whose key its leaf names."""
    shift: Mapping[str, int] = field(default_factory=dict)
    """How far the index in the proof is from the true one."""
    signed: Mapping[str, Signed] = field(default_factory=dict)
    """Who signed the checkpoint that has it."""
    wrong_side: tuple[str, ...] = ()
    """Shows for its earlier checkpoint the one that has it."""
    ended: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """key -> reason and name of the first document that is not good any more, or "" if nobody knows; and the first after
    its end, where that came earlier."""
    withdrawn: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    """Organisation -> reason and first document after the withdrawal of its grant."""
    ended_at: int | None = None
    """When what is in `ended` and `withdrawn` came to its end, in seconds; else a day before the trust bundle."""
    policy: Mapping[str, Any] | None = field(
        default_factory=lambda: {"threshold": 2, "vkeys": [one.vkey for one in WITNESSES.values()]}
    )
    vkeys: tuple[str, ...] = (LOG.vkey,)
    log_ended: tuple[str, str] | None = None
    """Why the log's key ended, and the first document that it is not believed for."""
    witnesses_ended: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    """Name of a witness -> the same of its key."""
    procedure_from: str = ""
    """The document that was logged before the procedure was."""
    procedure_to: str = ""
    """The first document that was logged after its successor."""
    procedure_next: int | None = None
    """When its successor begins, in seconds; else the time that the document `procedure_to` states."""
    list_size: int = 0
    """How far the size that the status list states is from that of its checkpoint."""
    list_late: int = MINUTE
    """How long after its checkpoint the status list was signed, in seconds."""


#: Root that requires a log.
STRICT = "root that requires a log"


def strict_office() -> Office:
    return Office(STRICT, log_required=True)


def _others(start: int) -> list[bytes]:
    return [public_leaf("key", f"another document {start + n}".encode()) for n in range(OTHERS)]


def _note(entries: list[bytes], at: int, signed: Signed = Signed()) -> bytes:
    """The checkpoint of these entries; the clocks of its witnesses differ by a second each."""
    text = format_head(Head(signed.origin, len(entries), root_of(levels([leaf_hash(one) for one in entries]))))
    lines = [WITNESSES[one].line(text, at + ALL.index(one)) for one in signed.witnesses]
    return format_note(Note(text, (signed.by.line(text), *lines)))


class Logbook:
    """A log in which one bundle's documents stand, and the bundle with their proofs."""

    def __init__(self, office: Office, story: Story) -> None:
        self.office, self.story = office, story
        self.draft = parse_bundle(make_bundle(office, story.recipe))

    @cached_property
    def documents(self) -> dict[str, Jws]:
        """Name -> document; all that is logged but the list."""
        draft = self.draft
        found = {f"grants.{one.unverified_payload['sub']}": one for one in draft.grants}
        found |= {f"acts.{step.act.unverified_payload['act']}": step.act for step in draft.path}
        found["certificate"] = draft.credential
        for event in (*draft.corrections, *draft.events):
            found["decision"] = event.decide
        return found

    def logged_at(self, name: str) -> int:
        if name in self.story.at:
            return self.story.at[name]
        payload = self.documents[name].unverified_payload
        return int(payload["iat"] if "iat" in payload else payload["nbf"]) + MINUTE

    @cached_property
    def order(self) -> list[str]:
        return sorted(self.documents, key=self.logged_at)

    def index(self, name: str) -> int:
        if name == "after all":
            return len(self._before_list) + OTHERS + 1
        return self.order.index(name) * (OTHERS + 1) + OTHERS

    @cached_property
    def _before_list(self) -> list[bytes]:
        found: list[bytes] = []
        for name in self.order:
            found += [*_others(len(found)), self._leaf(name)]
        return found

    @cached_property
    def entries(self) -> list[bytes]:
        """All of the log: our documents between other people's, and the snapshot of the status list last."""
        before, listed = self._before_list, self.listed
        payload = listed.unverified_payload
        return [*before, *_others(len(before)), snapshot_leaf(payload["sub"], payload["n"], listed.body)]

    # --- leaves ----------------------------------------------------------------------------------------------------

    def _salt(self, name: str) -> bytes:
        return insecure_salt(f"leaf {name}")

    def _leaf(self, name: str) -> bytes:
        document, story = self.documents[name], self.story
        if name.startswith("grants."):
            return public_leaf("grant", document.body)
        kid = document.signatures[min(1, len(document.signatures) - 1)].unverified_kid
        signer = self.office.jkt[story.sealed[name]] if name in story.sealed else kid
        payload, salt = document.unverified_payload, self._salt(name)
        if name == "decision":
            slot, value = payload["slot"], payload["value"]
            return status_leaf(
                signer, document.body, salt, uri=slot["uri"], slot=slot["idx"], value=value, count=payload["q"]
            )
        return act_leaf(signer, document.body, salt, self._tags(name, payload))

    def _tags(self, name: str, payload: dict[str, Any]) -> list[str]:
        if name == "certificate":
            secret = self.story.secrets.get(name, self.draft.entries[0].salt)
            return [certificate_tag(secret, payload["certificate"]["version"])]
        before = {one.sha256: key for key, one in self.documents.items()}
        behind = [self._salt(before[one]) for one in payload["prev"]] or [insecure_salt("case")]
        return act_tags([self.story.secrets.get(name, behind[0])], payload["act"], payload["part"])

    # --- checkpoints and proofs ------------------------------------------------------------------------------------

    def _logged(self, name: str, at: int) -> Logged | None:
        story, index = self.story, self.index(name) if name != "list" else len(self.entries) - 1
        if name in story.omitted:
            return None
        size = index + 1
        tree = levels([leaf_hash(one) for one in self.entries[:size]])
        public = name == "list" or name.startswith("grants.")
        salt = story.salts.get(name, None if public else self._salt(name))
        note = _note(self.entries[:size], at, story.signed.get(name, Signed()))
        proof = Proof(salt, index + story.shift.get(name, 0), tuple(inclusion_path(tree, index)), note)
        before = (
            note if name in story.wrong_side else _note(self.entries[:index], at - story.unseen.get(name, 2 * MINUTE))
        )
        return Logged(self.entries[index], proof, None if name in story.unseen_before else before)

    # --- the bundle ------------------------------------------------------------------------------------------------

    @cached_property
    def trust(self) -> Jws:
        payload, story = dict(self.draft.trust.unverified_payload), self.story
        point = lambda name: self.index(name) if name else None  # noqa: E731
        at = payload["iat"] - DAY if story.ended_at is None else story.ended_at
        keys = [dict(row) for row in payload["keys"]]
        for key, (reason, first, *end) in story.ended.items():
            row = next((one for one in keys if one["jkt"] == self.office.jkt[key]), None)
            if row is None:
                row = {**keys[0], "jkt": self.office.jkt[key], "use": "ca" if key == "ca" else "seal"}
                keys.append(row)
            stolen = reason == "compromised"
            points = {"good_before": at, "good_before_index": point(first)} if stolen else {}
            ended = {"to": at, "to_index": point(end[0] if end else first), "declared": at, "reason": reason}
            row |= {**ended, **points}
        told = {} if story.log_ended is None else {"log": (LOG, story.log_ended)}
        told |= {name: (WITNESSES[name], how) for name, how in story.witnesses_ended.items()}
        for name, (signer, (reason, first)) in told.items():
            points = {"good_before": at, "good_before_index": point(first)} if reason == "compromised" else {}
            jkt, use = thumbprint(signer.private.public_key()), "log" if name == "log" else "witness"
            ended = {"to": at, "to_index": point(first), "declared": at, "reason": reason}
            keys.append({**keys[0], "jkt": jkt, "use": use, **ended, **points})
        payload |= {
            "keys": keys,
            "withdrawn": [self._withdrawn(org, *how, at) for org, how in story.withdrawn.items()],
            "procedures": [
                {
                    **payload["procedures"][0],
                    "from_index": self.index(story.procedure_from) + 1 if story.procedure_from else 0,
                    "to": self._procedure_ends,
                    "to_index": point(story.procedure_to),
                }
            ],
            "n": len(self._before_list),
            "witness_policy": story.policy,
            "log_vkeys": list(story.vkeys),
        }
        return self.office.sign("trust+jwt", "policy", payload)

    @property
    def _procedure_ends(self) -> int | None:
        to, begins = self.story.procedure_to, self.story.procedure_next
        return int(self.documents[to].unverified_payload["iat"]) if to and begins is None else begins

    def _withdrawn(self, org: str, reason: str, first: str, at: int) -> dict[str, Any]:
        index, stolen = self.index(first), reason == "compromised"
        return {
            "sha256": digest(self.documents[f"grants.{org}"].body),
            "reason": reason,
            "from": at,
            "from_index": index,
            "good_before": at if stolen else None,
            "good_before_index": index if stolen else None,
        }

    @cached_property
    def listed(self) -> Jws:
        """The status list, which follows the log up to everything that came before it."""
        payload, size = dict(self.draft.status_list.unverified_payload), len(self._before_list)
        note = _note(self._before_list, payload["iat"] - self.story.list_late)
        payload |= {"n": size + self.story.list_size, "checkpoint": note.decode()}
        return self.office.sign("statuslist+jwt", "issuer.status", payload)

    def bundle(self) -> Bundle:
        draft, sub = self.draft, "grants.{}".format
        proof = lambda name: self._logged(name, self.logged_at(name))  # noqa: E731
        path = [replace(one, logged=proof(f"acts.{one.act.unverified_payload['act']}")) for one in draft.path]
        decided = [
            [replace(one, logged=proof("decision")) for one in events] for events in (draft.corrections, draft.events)
        ]
        return replace(
            draft,
            logged=proof("certificate"),
            path=tuple(path),
            corrections=tuple(decided[0]),
            events=tuple(decided[1]),
            grants_logged=tuple(proof(sub(one.unverified_payload["sub"])) for one in draft.grants),
            status_list=self.listed,
            status_logged=self._logged("list", self.listed.unverified_payload["iat"] + MINUTE),
            trust=self.trust,
        )

    def data(self) -> bytes:
        return write_bundle(self.bundle())
