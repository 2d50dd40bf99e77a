"""A forge for adversarial bundles: a genuine bundle taken apart, changed, and signed again with the real keys.

`Forge.tree` holds everything that is signed as plain values. Where one document names another by its hash the tree says
`@name` instead, so whatever is changed, all links are made anew and every signature holds; a change that shall break a
link writes another hash there. Unchanged, the forge gives the genuine bundle byte for byte.

Names: `@credential`, `@acts.KIND`, `@grants.ROLE`, `@procedure`, `@calendar`, `@other_calendar` (once it is copied), `@events.N.decide`, `@roster.KIND` (its
root), `@entry.N`, `@person.N` and `@printed.person` (commitments), `@key:LABEL` (a thumbprint; labels are officer ids and ORGANISATION.use).
"""

import copy
import re
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from functools import cached_property
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from support_instance import DAY, START, SmallInstance

from certsvc.core.acts import Roster, Row
from certsvc.core.bundle import parse_bundle, write_bundle
from certsvc.core.chain import Anchor, has_issued
from certsvc.core.claims import Target, entry_commitment, person_commitment
from certsvc.core.encoding import b64, canonical, digest, parse_json, unb64
from certsvc.core.jose import Jws, parse_document, sign_compact, sign_general, thumbprint
from certsvc.core.statuslist import pack
from certsvc.services.verify_evidence import Asked, Found, verify_offline
from certsvc.signers import Signer
from certsvc.signers.file import EdDsaSigner, Es256Signer
from certsvc.signers.minting import Authority, Holder, mint_issuing_ca, mint_root, mint_signer, new_key, read_ca_key
from certsvc.store import documents as document_store
from certsvc.store import keys as key_store
from certsvc.verify import verify
from certsvc.verify.case import DocumentFindings, Evidence
from certsvc.verify.report import Report

_NAME = re.compile(r"@key:([A-Za-z0-9.-]+)|@([a-z_]+(?:\.[a-z_0-9]+)*)")
_TYPES = {
    "credential": "vc+jwt",
    "grants": "grant+jwt",
    "procedure": "procedure+jwt",
    "calendar": "calendar+jwt",
    "other_calendar": "calendar+jwt",
    "trust": "trust+jwt",
    "status": "statuslist+jwt",
}


def judge(
    small: SmallInstance,
    data: bytes,
    anchors: tuple[Anchor, ...] | None = None,
    document: DocumentFindings | None = None,
    **asked: Any,
) -> Report:
    """The offline Report on `data`, asked when the certificates were fresh; `at`, `now`, `max_age`, `newer_status`.

    `document`: what was found about the PDF that it came in.
    """
    times = {"at": small.now, "now": small.now} | asked
    found = Found(bundle=data, document=document, carrier="none" if document is None else document.kind)
    return verify_offline(found, small.anchors if anchors is None else anchors, Asked(**times))


def unlogged(data: bytes) -> bytes:
    """The bundle without its log proofs, which no forge can make."""
    bundle = parse_bundle(data)
    path = tuple(replace(step, logged=None) for step in bundle.path)
    bare = replace(bundle, logged=None, path=path, grants_logged=(), status_logged=None)
    return write_bundle(bare)


def judge_beside(small: SmallInstance, data: bytes, trust: bytes) -> Report:
    """As `judge`, by somebody who has seen another trust bundle before."""
    evidence = Evidence(parse_bundle(data), newer_trust=parse_document(trust, "trust+jwt"))
    return verify(evidence, small.anchors, small.now, small.now)


class Forge:
    """One person's evidence as a tree of plain values, and all keys of the instance."""

    def __init__(self, small: SmallInstance, person: int = 0) -> None:
        self.small = small
        self._minted: dict[str, tuple[Signer, bytes]] = {}
        self._cas = [self.authority("issuing-ca").certificate.public_bytes(Encoding.DER)]
        self._signed: dict[str, bytes] = {}
        self.after: list[Callable[[dict[str, Any]], None]] = []
        """What is done to the bundle when everything is signed."""
        self.tree = self._take_apart(small.bundle(person), person)

    # --- keys ------------------------------------------------------------------------------------------------------

    @cached_property
    def _keys(self) -> dict[str, Any]:
        with self.small.instance.engines.read.connect() as connection:
            rows = key_store.list_signing_keys(connection)
        return {row.officer_id or f"{row.org_id}.{row.use}": row for row in rows}

    def signer(self, label: str) -> Signer:
        return self._minted[label][0] if label in self._minted else self.small.instance.signer(self._keys[label])

    def certificate(self, label: str) -> bytes:
        return self._minted[label][1] if label in self._minted else bytes(self._keys[label].certificate)

    def authority(self, name: str) -> Authority:
        """The real `root` or `issuing-ca`; `second`: a CA beside it; `foreign`: one under a root of its own that bears the
        real names."""
        if name in ("foreign", "second"):
            return self._foreign if name == "foreign" else self._second
        file = "roots.pem" if name == "root" else f"{name}.crt"
        certificate = x509.load_pem_x509_certificate((self.small.instance.home / file).read_bytes())
        return Authority(certificate, read_ca_key(self.small.instance.keys_dir / f"{name}.pem"))

    @cached_property
    def _second(self) -> Authority:
        root, key = self.authority("root"), new_key("ca")
        holder, begins = holder_of(self.authority("issuing-ca").certificate), root.certificate.not_valid_before_utc
        ca = mint_issuing_ca(root, holder, key, begins, 10, test=False)  # type: ignore[arg-type]
        self._cas.append(ca.public_bytes(Encoding.DER))
        self._minted["second.ca"] = (Es256Signer(key), self._cas[-1])  # type: ignore[arg-type]
        return Authority(ca, key)  # type: ignore[arg-type]

    def second_ca(self) -> None:
        """Makes the CA `second`."""
        _ = self._second

    @cached_property
    def _foreign(self) -> Authority:
        real_root, real_ca = self.authority("root").certificate, self.authority("issuing-ca").certificate
        root_key, ca_key = (new_key(name) for name in ("root", "ca"))
        begins = real_root.not_valid_before_utc
        root = Authority(mint_root(holder_of(real_root), root_key, begins, 20, test=False), root_key)  # type: ignore[arg-type]
        self.foreign_root = root.certificate
        ca = mint_issuing_ca(root, holder_of(real_ca), ca_key, begins, 10, test=False)  # type: ignore[arg-type]
        self._cas.append(ca.public_bytes(Encoding.DER))
        return Authority(ca, ca_key)  # type: ignore[arg-type]

    def mint(
        self, label: str, like: str, by: str = "issuing-ca", from_day: int = 0, days: int = 3000, **other: str
    ) -> None:
        """A new key `label` certified as the key `like` is, but for `by`, the days, and `use`, `org`, `officer`."""
        real = x509.load_der_x509_certificate(self.certificate(like))
        use = other.get("use", self._keys[like].use)
        holder = holder_of(real)
        holder = Holder(other.get("org", holder.org), holder.org_name, label, other.get("officer", holder.pseudonym))
        begins = datetime.fromtimestamp(START + from_day * DAY, UTC)
        key = new_key(use)
        certificate = mint_signer(self.authority(by), holder, use, key, begins, days / 365)  # type: ignore[arg-type]
        signer: Any = (EdDsaSigner if use in ("log", "witness") else Es256Signer)(key)  # type: ignore[arg-type]
        self._minted[label] = (signer, certificate.public_bytes(Encoding.DER))

    # --- taking apart ----------------------------------------------------------------------------------------------

    def _take_apart(self, data: bytes, person: int) -> dict[str, Any]:
        bundle, value = parse_bundle(data), parse_json(data)
        acts = {step.act.unverified_payload["act"]: step.act for step in bundle.path}
        grants = {one.unverified_payload["role"]: one for one in bundle.grants}
        named = {f"acts.{kind}": act for kind, act in acts.items()} | {f"grants.{r}": g for r, g in grants.items()}
        named |= {"credential": bundle.credential, "procedure": bundle.procedure, "calendar": bundle.calendars[0]}
        hashes = {document.sha256: f"@{name}" for name, document in named.items()}
        hashes |= {act.unverified_payload["roster"]["root"]: f"@roster.{kind}" for kind, act in acts.items()}
        hashes |= {thumbprint(self.signer(label).public_key): f"@key:{label}" for label in self._keys}
        named |= {"trust": bundle.trust, "status": bundle.status_list}
        signed = {name: with_names(document.unverified_payload, hashes) for name, document in named.items()}
        del signed["status"]["status_list"]
        return {
            **{name: signed[name] for name in ("credential", "procedure", "calendar", "trust", "status")},
            "acts": {kind: signed[f"acts.{kind}"] for kind in acts},
            "grants": {role: signed[f"grants.{role}"] for role in grants},
            "calendars": ["calendar"],
            "slots": {},
            "path": list(acts),
            "rows": {kind: self._rows(acts[kind].sha256, person) for kind in acts},
            "entries": value["entries"],
            "salts": value["salts"],
            "events": [],
            "corrections": [],
            "signers": {name: self._labels(document, hashes) for name, document in named.items()},
        }

    def _labels(self, document: Jws, hashes: dict[str, str]) -> list[str]:
        return [hashes[one.unverified_kid].removeprefix("@key:") for one in document.signatures]

    def _rows(self, act: str, person: int) -> list[dict[str, Any]]:
        """The rows of one roster, the person's own first."""
        mine = self.small.issued[person].certificate.entry_id
        with self.small.instance.engines.read.connect() as connection:
            leaves = document_store.list_act_entries(connection, act)
        rows = [
            {
                "entry": "@entry.0" if leaf.entry_id == mine else leaf.commitment,
                "facts": leaf.row_facts,
                "salt": leaf.row_salt and b64(leaf.row_salt),
            }
            for leaf in leaves
        ]
        return sorted(rows, key=lambda row: row["entry"] != "@entry.0")

    # --- putting together ------------------------------------------------------------------------------------------

    def build(self) -> bytes:
        """The bundle, with every link and signature made anew."""
        self._signed = {}
        value = self.value()
        for change in self.after:
            change(value)
        if isinstance(value.get("grants"), list) and not any(value["grant_logs"]):
            # Whatever became of the grants, none of them comes with a log proof.
            value["grant_logs"] = [None] * len(value["grants"])
        return canonical(value)

    def value(self) -> dict[str, Any]:
        """The bundle before it is written."""
        tree, text = self.tree, lambda name: self.document(name).decode()
        value = {
            "v": 1,
            "credential": text("credential"),
            "log": None,
            "entries": tree["entries"],
            "salts": tree["salts"],
            "path": [self._step(kind) for kind in tree["path"]],
            "corrections": [self._event(f"corrections.{n}") for n in range(len(tree["corrections"]))],
            "events": [self._event(f"events.{n}") for n in range(len(tree["events"]))],
            "grants": sorted((text(f"grants.{role}") for role in tree["grants"]), key=lambda g: digest(g.encode())),
            "grant_logs": [None] * len(tree["grants"]),
            "procedure": text("procedure"),
            "calendars": [text(name) for name in tree["calendars"]],
            "trust": text("trust"),
            "status": {"list": text("status"), "log": None},
        }
        return {**value, "certs": [b64(der) for der in self._certificates()]}

    def document(self, name: str) -> bytes:
        """The signed bytes of a named document."""
        if name not in self._signed:
            payload = self._resolve(copy.deepcopy(walk(self.tree, name)))
            if name == "status":
                slots = {int(slot): value for slot, value in self.tree["slots"].items()}
                payload.setdefault("status_list", {"bits": 4, "lst": pack(slots)})
            kind = name.split(".")[0]
            signers = [self.signer(label) for label in self.tree["signers"][name]]
            if kind in _TYPES:
                self._signed[name] = sign_compact(payload, _TYPES[kind], signers[0])
            else:
                self._signed[name] = sign_general(payload, "act+jwt", signers)
        return self._signed[name]

    def resolved(self, value: Any) -> Any:
        """`value` with every name replaced by what it stands for at this moment."""
        self._signed = {}
        return self._resolve(value)

    def _resolve(self, value: Any) -> Any:
        if isinstance(value, dict):
            return {name: self._resolve(one) for name, one in value.items()}
        if isinstance(value, list):
            return [self._resolve(one) for one in value]
        return _NAME.sub(self._named, value) if isinstance(value, str) else value

    def _named(self, found: re.Match[str]) -> str:
        if found[1]:
            return thumbprint(self.signer(found[1]).public_key)
        head, _, rest = found[2].partition(".")
        if head == "roster":
            return self._roster(rest).root
        if head == "printed":
            return person_commitment(self.tree["credential"]["certificate"]["commitments"])
        if head in ("entry", "person"):
            one = self.tree["entries"][int(rest)]
            if head == "person":
                return person_commitment(one["commitments"])
            return entry_commitment(person_commitment(one["commitments"]), Target(**one["target"]), unb64(one["salt"]))
        return digest(self.document(found[2]))

    def _roster(self, kind: str) -> Roster:
        rows = [self._resolve(row) for row in self.tree["rows"][kind]]
        return Roster([Row(row["entry"], row["facts"], row["salt"] and unb64(row["salt"])) for row in rows])

    def _step(self, kind: str) -> dict[str, Any]:
        roster = self._roster(kind)
        proof = roster.proof(roster.index_of()[self._resolve(self.tree["rows"][kind][0]["entry"])])
        row = None if proof.row_salt is None else {"salt": b64(proof.row_salt), "facts": proof.row_facts}
        place = {"index": proof.index, "row": row, "path": [b64(node) for node in proof.siblings]}
        return {"act": parse_json(self.document(f"acts.{kind}")), "proof": place, "log": None}

    def _event(self, name: str) -> dict[str, Any]:
        return {**{half: parse_json(self.document(f"{name}.{half}")) for half in ("propose", "decide")}, "log": None}

    def _certificates(self) -> list[bytes]:
        """Each signer's certificate once, in the order of thumbprints, then the issuing CAs behind them."""
        labels = {label for name in self._signed for label in self.tree["signers"][name]}
        leaves = {thumbprint(self.signer(label).public_key): self.certificate(label) for label in labels}
        cas = [ca for ca in self._cas if any(has_issued(ca, leaf) for leaf in leaves.values())]
        return [leaves[jkt] for jkt in sorted(leaves)] + cas


def holder_of(certificate: x509.Certificate) -> Holder:
    """The subject of a certificate of ours."""
    values = {attribute.oid: str(attribute.value) for attribute in certificate.subject}
    oids = x509.NameOID
    return Holder(
        values[oids.ORGANIZATION_IDENTIFIER], values[oids.ORGANIZATION_NAME], values[oids.COMMON_NAME],
        values.get(oids.SERIAL_NUMBER),
    )  # fmt: skip


def with_names(value: Any, names: dict[str, str]) -> Any:
    """A copy of `value` in which every string that ends in a known hash ends in its name."""
    if isinstance(value, dict):
        return {name: with_names(one, names) for name, one in value.items()}
    if isinstance(value, list):
        return [with_names(one, names) for one in value]
    if isinstance(value, str) and value[-43:] in names:
        return value[:-43] + names[value[-43:]]
    return value


def walk(value: Any, path: str) -> Any:
    """The value at `a.b.0.c`."""
    for part in path.split("."):
        value = value[int(part) if isinstance(value, list) else part]
    return value
