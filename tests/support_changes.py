"""The changes that tests/vectors/verify.json is written in: data in, a changed `Forge` out.

A change is an object `{"do": NAME, …}`. Those of the first table change the tree before anything is signed, so that
every signature holds; those of the second change the finished bundle. Paths are written `acts.evaluate.facts.present`.
"""

import copy
import hashlib
import hmac
import json
import re
from datetime import datetime
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from support_forge import Forge, holder_of, walk
from support_instance import DAY, START

from certsvc.core.calendar import SHANGHAI
from certsvc.core.claims import FIELDS, OPEN_FIELDS, field_commitments
from certsvc.core.codes import licence_identifier
from certsvc.core.encoding import b64, canonical, parse_json, unb64
from certsvc.core.statuslist import AFTER

_HUMAN = re.compile(r"@human:([A-Za-z0-9-]+)")
_DAY_TIME = re.compile(r"@day:(\d+)([+-]\d+)?")


def apply_changes(forge: Forge, changes: list[dict[str, Any]]) -> Forge:
    """`forge` with all `changes`, in order."""
    for change in changes:
        arguments = {name: _meant(forge, value) for name, value in change.items() if name != "do"}
        if change["do"] in BEFORE_SIGNING:
            BEFORE_SIGNING[change["do"]](forge, **arguments)
        else:
            forge.after.append(lambda value, c=change["do"], a=arguments: AFTER_SIGNING[c](forge, value, **a))
    return forge


def day(number: float) -> int:
    """Seconds at `number` days after the start of the small instance."""
    return int(START + number * DAY)


def _meant(forge: Forge, value: Any) -> Any:
    """`value` with `@human:LABEL` (a pseudonym), `@day:N` and `@day:N+S` (S seconds later) put in."""
    if isinstance(value, dict):
        return {name: _meant(forge, one) for name, one in value.items()}
    if isinstance(value, list):
        return [_meant(forge, one) for one in value]
    if isinstance(value, str) and (moment := _DAY_TIME.fullmatch(value)):
        return day(int(moment[1])) + int(moment[2] or 0)
    return _HUMAN.sub(lambda found: human(forge, found[1]), value) if isinstance(value, str) else value


def human(forge: Forge, label: str) -> str:
    """The pseudonym in an officer's certificate."""
    return str(holder_of(x509.load_der_x509_certificate(forge.certificate(label))).pseudonym)


def _place(value: Any, path: str) -> tuple[Any, Any]:
    """The container and the last key of a path."""
    head, _, last = path.rpartition(".")
    container = walk(value, head) if head else value
    return container, int(last) if isinstance(container, list) else last


def _set_in(value: Any, at: str, to: Any) -> None:
    container, key = _place(value, at)
    container[key] = to


# --- before signing ------------------------------------------------------------------------------------------------


def _set(forge: Forge, at: str, to: Any) -> None:
    _set_in(forge.tree, at, to)


def _remove(forge: Forge, at: str) -> None:
    container, key = _place(forge.tree, at)
    del container[key]


def _add(forge: Forge, at: str, value: Any) -> None:
    walk(forge.tree, at).append(value)


def _insert(forge: Forge, at: str, place: int, value: Any) -> None:
    walk(forge.tree, at).insert(place, value)


def _copy(forge: Forge, at: str, to: str) -> None:
    """A second document like the first, signed by the same keys."""
    _set_in(forge.tree, to, copy.deepcopy(walk(forge.tree, at)))
    if at in forge.tree["signers"]:
        forge.tree["signers"][to] = list(forge.tree["signers"][at])


def _pad(forge: Forge, acts: list[str], by: int) -> None:
    """Adds strangers to the lists of acts: the same people on each of them."""
    strangers = [{"entry": b64(bytes([n + 1]) * 32), "facts": None, "salt": None} for n in range(by)]
    for kind in acts:
        forge.tree["rows"][kind] += copy.deepcopy(strangers)
        roster = forge.tree["acts"][kind]["roster"]
        roster |= {"root": f"@roster.{kind}", "count": roster["count"] + by}


def _sign(forge: Forge, document: str, by: list[str]) -> None:
    forge.tree["signers"][document] = by


def _mint(forge: Forge, label: str, like: str, **other: Any) -> None:
    forge.mint(label, like, **other)


def _second_ca(forge: Forge) -> None:
    """Another issuing CA under the real root, `second`, whose key is labelled `second.ca`."""
    forge.second_ca()


def _move(forge: Forge, act: str, to: str) -> None:
    """Dates an act and its paper: 10:00 of a day in Asia/Shanghai."""
    moment = datetime.fromisoformat(to + "T10:00:00").replace(tzinfo=SHANGHAI)
    forge.tree["acts"][act]["iat"] = int(moment.timestamp())
    forge.tree["acts"][act]["document"]["date"] = to


def _end_key(
    forge: Forge, key: str, at: int, reason: str, good_before: int | None = None, declared: int | None = None
) -> None:
    """Writes into the trust bundle that a key was ended. A living officer's key, or a second CA's, is not there before."""
    keys = forge.tree["trust"]["keys"]
    if not any(one["jkt"] == f"@key:{key}" for one in keys):
        keys.append(
            {"jkt": f"@key:{key}", "use": "ca" if key.endswith(".ca") else "officer", "from": START}
            | {"to_index": None, "good_before_index": None}
        )
    history = next(one for one in keys if one["jkt"] == f"@key:{key}")
    history |= {"to": at, "declared": declared or at, "reason": reason, "good_before": good_before}


def _withdraw(forge: Forge, grant: str, at: int, reason: str, good_before: int | None = None) -> None:
    """Writes into the trust bundle that a grant was withdrawn."""
    points = {"from": at, "from_index": None, "good_before": good_before, "good_before_index": None}
    forge.tree["trust"]["withdrawn"].append({"sha256": f"@grants.{grant}", "reason": reason, **points})


def _keep_link(forge: Forge, at: str) -> None:
    """A link goes on naming the document as it is at this moment, whatever is changed in it later."""
    container, key = _place(forge.tree, at)
    container[key] = forge.resolved(container[key])


def _event(
    forge: Forge,
    act: str,
    at: int,
    by: tuple[str, str] = ("HRSS-1", "HRSS-2"),
    org: str = "HRSS",
    grant: str = "issuer",
    listed: bool = True,
    **other: Any,
) -> None:
    """A lifecycle act, proposed and decided on one day; the status list follows unless `listed` is false."""
    events, credential = forge.tree["events"], forge.tree["credential"]
    value = AFTER[events[-1]["decide"]["value"] if events else 0].get(act, 0)
    slot, number = credential["status"]["status_list"], len(events)
    half = {
        "jti": f"s-{number}", "act": act, "stage": "propose", "org": org, "officer": human(forge, by[0]),
        "certificate": "@credential", "slot": dict(slot), "q": number, "value": value, "prev": [],
        "grants": [f"@grants.{grant}"], "reason": "inquiry", "effective": {"retroactive": False, "from": None},
        "correction": None, "document": {"number": "示例2号", "title": "示例", "date": "2025-02-17"}, "iat": at,
    } | other  # fmt: skip
    named = {"stage": "decide", "officer": human(forge, by[1]), "prev": [f"@events.{number}.propose"]}
    events.append({"propose": half, "decide": copy.deepcopy(half) | named})
    for name, officer in zip(("propose", "decide"), by, strict=True):
        forge.tree["signers"][f"events.{number}.{name}"] = [officer, f"{org}.seal"]
    if listed:
        forge.tree["slots"][slot["idx"]] = value


def _list(forge: Forge, value: int) -> None:
    """Writes a value into the person's slot of the status list."""
    forge.tree["slots"][forge.tree["credential"]["status"]["status_list"]["idx"]] = value


def _correct(
    forge: Forge,
    name: str | None,
    at: int,
    act: str = "correct",
    also: dict[str, str] | None = None,
    **other: Any,
) -> None:
    """The next version with another printed name, and whatever else is in `also`, as a correction makes it."""
    tree, printed = forge.tree, forge.tree["credential"]["certificate"]
    changed = ({} if name is None else {"name": name}) | (also or {})
    salts = {field: bytes([position + 1 + 8 * len(tree["corrections"])]) * 32 for position, field in enumerate(FIELDS)}
    # What does not change keeps its commitment and its salt.
    fresh = field_commitments({**dict.fromkeys(FIELDS, ""), **changed}, salts)
    commitments = tree["entries"][-1]["commitments"] | {field: fresh[field] for field in changed}
    target = copy.deepcopy(tree["entries"][0]["target"])
    tree["entries"].append({"salt": b64(bytes(32)), "commitments": commitments, "target": target})
    opened = [field for field in OPEN_FIELDS if field in changed]
    tree["salts"] |= {field: b64(salts[field]) for field in opened}
    _next_version(forge, act, at, {"fields": sorted(changed), "reason": "correction"} | other)
    printed |= {**{field: changed[field] for field in opened}, "commitments": commitments}


def _reissue(forge: Forge, at: int, **other: Any) -> None:
    """The same content as the next version under a fresh salt, as it is issued again when a key was stolen."""
    entry = forge.tree["entries"][-1]
    forge.tree["entries"].append({**copy.deepcopy(entry), "salt": b64(bytes(32))})
    _next_version(forge, "correct", at, {"fields": [], "reason": "key_compromised"} | other)


def _next_version(forge: Forge, act: str, at: int, other: dict[str, Any]) -> None:
    """The act of correction between the last two entries, and a certificate that rests on it."""
    tree = forge.tree
    number = len(tree["corrections"])
    stated = {"old_entry": f"@entry.{number}", "new_entry": f"@entry.{number + 1}", "fields": other.pop("fields")}
    old = forge.small.issued[0].certificate.sha256
    _event(forge, act, at, listed=False, correction=stated, certificate=old, **other)
    tree["corrections"].append(tree["events"].pop())
    for half in ("propose", "decide"):
        tree["signers"][f"corrections.{number}.{half}"] = tree["signers"].pop(f"events.0.{half}")
    tree["corrections"][number]["decide"]["prev"] = [f"@corrections.{number}.propose"]
    printed = tree["credential"]["certificate"]
    *_, kind, issuer, serial, _version, _check = printed["licence_id"].split(".")
    printed |= {"version": number + 2, "licence_id": licence_identifier(kind, issuer, serial, number + 2)}
    tree["credential"]["sub"] = f"urn:certsvc:person:@person.{number + 1}"
    tree["credential"]["evidence"][0]["id"] = f"urn:certsvc:act:@corrections.{number}.decide"


# --- after signing -------------------------------------------------------------------------------------------------


def _bundle_set(forge: Forge, value: dict[str, Any], at: str, to: Any) -> None:
    _set_in(value, at, to)


def _bundle_remove(forge: Forge, value: dict[str, Any], at: str) -> None:
    container, key = _place(value, at)
    del container[key]


def _bundle_put(forge: Forge, value: dict[str, Any], at: str, value_of: str) -> None:
    _set_in(value, at, _part(forge, value, value_of))


def _bundle_add(forge: Forge, value: dict[str, Any], at: str, value_of: str) -> None:
    walk(value, at).append(_part(forge, value, value_of))


def _part(forge: Forge, value: dict[str, Any], name: str) -> Any:
    """A certificate (`certificate:LABEL`, `ca:NAME`), or a copy of a part of this bundle named by its path."""
    kind, _, rest = name.rpartition(":")
    if kind == "certificate":
        return b64(forge.certificate(rest))
    if kind == "ca":
        return b64(forge.authority(rest).certificate.public_bytes(Encoding.DER))
    part = copy.deepcopy(walk(value, rest))
    return {"propose": part, "decide": part, "log": None} if kind == "event_of" else part


def _drop_grant(forge: Forge, value: dict[str, Any], role: str) -> None:
    """Leaves out a grant that others name."""
    value["grants"].remove(forge.document(f"grants.{role}").decode())


def _drop_key(forge: Forge, value: dict[str, Any], label: str) -> None:
    """Leaves out the certificate of a key."""
    value["certs"].remove(b64(forge.certificate(label)))


def _swap(forge: Forge, value: dict[str, Any], at: list[str]) -> None:
    """Takes parts from the genuine bundle of the next person of the same roster."""
    other = parse_json(forge.small.bundle(1))
    for path in at:
        _set_in(value, path, walk(other, path))


def _tamper(forge: Forge, value: dict[str, Any], document: str, at: str, to: Any) -> None:
    """Changes a signed payload and leaves its signatures as they are."""
    holder, key = _place(value, document)
    whole = holder[key]
    middle = whole["payload"] if isinstance(whole, dict) else whole.split(".")[1]
    payload = json.loads(unb64(middle))
    _set_in(payload, at, to)
    _put_payload(value, document, b64(canonical(payload)))


def _payload_text(forge: Forge, value: dict[str, Any], document: str, old: str, new: str) -> None:
    """Replaces text inside a signed payload: for JSON that no JSON writer would write. The real key signs it."""
    head, middle, _ = walk(value, document).split(".")
    middle = b64(unb64(middle).replace(old.encode(), new.encode(), 1))
    signature = forge.signer(forge.tree["signers"][document][0]).sign(f"{head}.{middle}".encode())
    _set_in(value, document, f"{head}.{middle}.{b64(signature)}")


def _put_payload(value: dict[str, Any], document: str, middle: str) -> None:
    whole = walk(value, document)
    if isinstance(whole, dict):
        whole["payload"] = middle
    else:
        head, _, signature = whole.split(".")
        _set_in(value, document, f"{head}.{middle}.{signature}")


def _header(forge: Forge, value: dict[str, Any], set: dict[str, Any], remove: str | None = None) -> None:
    """The certificate under another header: signed again by its key, by HMAC with the public key, or by nobody."""
    head, middle, _ = value["credential"].split(".")
    header = json.loads(unb64(head)) | set
    header.pop(remove, None)
    head = b64(canonical(header))
    signer = forge.signer("HRSS.credential")
    message = f"{head}.{middle}".encode()
    pem = signer.public_key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    made = {"none": b"", "HS256": hmac.new(pem, message, hashlib.sha256).digest()}
    value["credential"] = f"{head}.{middle}.{b64(made.get(header['alg'], signer.sign(message)))}"


BEFORE_SIGNING: dict[str, Any] = {
    "set": _set,
    "remove": _remove,
    "add": _add,
    "insert": _insert,
    "copy": _copy,
    "pad": _pad,
    "sign": _sign,
    "mint": _mint,
    "second_ca": _second_ca,
    "move": _move,
    "end_key": _end_key,
    "withdraw": _withdraw,
    "keep_link": _keep_link,
    "event": _event,
    "list": _list,
    "correct": _correct,
    "reissue": _reissue,
}
AFTER_SIGNING: dict[str, Any] = {
    "bundle_set": _bundle_set,
    "bundle_remove": _bundle_remove,
    "bundle_put": _bundle_put,
    "bundle_add": _bundle_add,
    "drop_grant": _drop_grant,
    "drop_key": _drop_key,
    "swap_with_next_person": _swap,
    "tamper": _tamper,
    "payload_text": _payload_text,
    "header": _header,
}
