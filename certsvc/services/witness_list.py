"""The witnesses of an instance: who they are, where they are asked, and the policy that follows (C2SP tlog-policy).

HOME/witnesses.json is the only place: {"threshold": 2, "witnesses": [{"url": "https://…", "vkey": "name+id+base64"}]}.
A witness of another office has the address of its web server. `file:DIR` is one in a folder of this machine, relative
to HOME, and stands still in time with the instance: who keeps its own witness proves nothing to anybody, so only a
demo or a test may have one. A witness with `"ended": true` is not asked any more; what it cosigned before counts, as the
trust bundle says until when. Under a root that requires the log nothing is published before as many are appointed as have
to cosign: no checkpoint could prove to anybody that something was there, or was not there yet.
"""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from certsvc.core.checkpoint import WitnessPolicy, parse_policy
from certsvc.core.errors import Malformed, NotReady
from certsvc.core.note import VerifierKey, format_vkey, parse_vkey
from certsvc.instance import Instance
from certsvc.services.high_water import write_durably

FILE = "witnesses.json"
LOCAL = "file"
ADD = "certsvc witness add VKEY URL"
EMPTY: dict[str, Any] = {"threshold": 1, "witnesses": []}


@dataclass(frozen=True)
class Witness:
    """Who cosigns, and where it is asked (submission and monitoring prefix in one)."""

    url: str
    key: VerifierKey


@dataclass(frozen=True)
class WitnessList:
    """The witnesses and how many of them must have cosigned."""

    threshold: int
    members: tuple[Witness, ...]
    former: tuple[Witness, ...] = ()
    """Those that have ended."""

    @property
    def ever(self) -> WitnessPolicy | None:
        """The policy with those in it that have ended; None as for `policy`. Raises Malformed."""
        if self.policy is None:
            return None
        return parse_policy(self.threshold, [format_vkey(one.key) for one in (*self.members, *self.former)])

    @property
    def policy(self) -> WitnessPolicy | None:
        """Who is asked today. None while fewer are appointed than have to cosign. Raises Malformed for what would count one key twice."""
        appointed = [format_vkey(one.key) for one in self.members]
        found = parse_policy(min(self.threshold, len(appointed)), appointed)
        return found if found.threshold == self.threshold else None


def read_list(instance: Instance) -> WitnessList | None:
    """The witnesses of this home; None without the file. Raises NotReady(witnesses_form)."""
    try:
        text = (instance.home / FILE).read_bytes()
    except FileNotFoundError:
        return None
    try:
        # Asked before and after every transaction, and changed once in years.
        return instance.keep((FILE, text), lambda: parse_list(instance, json.loads(text)), _forget)
    except (ValueError, KeyError, TypeError, AttributeError, Malformed) as error:
        why = error.en if isinstance(error, Malformed) else str(error)
        en = f"{FILE} is an object with threshold and witnesses, each with url and vkey: {why}"
        raise NotReady("witnesses_form", f"{FILE} 格式错误", en, f"rm {instance.home / FILE} && {ADD}") from error


def _forget(_: WitnessList) -> None:
    """Nothing is open."""


def parse_list(instance: Instance, value: Any) -> WitnessList:
    """What the file says. Raises Malformed, and ValueError, KeyError or TypeError for another form."""
    if value.keys() != {"threshold", "witnesses"} or type(value["threshold"]) is not int:
        raise ValueError("other members, or a threshold that is no number")
    every = [(_witness(instance, row), row.get("ended", False)) for row in value["witnesses"]]
    if any(type(ended) is not bool for _, ended in every):
        raise ValueError("ended is true or false")
    living = tuple(one for one, ended in every if not ended)
    found = WitnessList(value["threshold"], living, tuple(one for one, ended in every if ended))
    # A list that counts one key twice is told now, and not with the first certificate.
    _ = found.policy, found.ever
    return found


def _witness(instance: Instance, row: dict[str, str]) -> Witness:
    key, scheme = parse_vkey(row["vkey"]), urlsplit(row["url"]).scheme
    if scheme == LOCAL and instance.settings.environment != "test":
        raise ValueError("a witness in a folder of this machine is for demos and tests only")
    if scheme not in ("http", "https", LOCAL):
        raise ValueError("a witness has the address of a web server")
    return Witness(row["url"].rstrip("/"), key)


def witnesses(instance: Instance) -> tuple[Witness, ...]:
    """The witnesses of this home, none without the file. Raises NotReady(witnesses_form)."""
    found = read_list(instance)
    return () if found is None else found.members


def policy(instance: Instance) -> WitnessPolicy | None:
    """What a checkpoint of this home must satisfy; None until all are appointed. Raises NotReady(witnesses_form)."""
    found = read_list(instance)
    return None if found is None else found.policy


def policy_ever(instance: Instance) -> WitnessPolicy | None:
    """The same with the witnesses in it that have ended, for what was cosigned before. Raises NotReady(witnesses_form)."""
    found = read_list(instance)
    return None if found is None else found.ever


def policy_row(instance: Instance) -> dict[str, Any] | None:
    """The same as the trust bundle says it (TRUST.witness_policy)."""
    found = policy_ever(instance)
    return None if found is None else {"threshold": found.threshold, "vkeys": [format_vkey(key) for key in found.keys]}


def is_strict(instance: Instance) -> bool:
    """Whether a root of this home says that evidence is only good with proofs of the log."""
    return any(anchor.log_required for anchor in instance.anchors)


def check_witnesses(instance: Instance) -> None:
    """Returns if what is signed now can ever be proved. Raises NotReady(witnesses_missing, witnesses_form)."""
    if not is_strict(instance) or policy(instance) is not None:
        return
    found = read_list(instance)
    count, needed = (0, "") if found is None else (len(found.members), f"/{found.threshold}")
    zh = f"本实例的根证书要求公开日志,见证人尚未齐备({count}{needed})"
    en = f"The root requires a log, and its witnesses are not all appointed ({count}{needed})."
    raise NotReady("witnesses_missing", zh, en, ADD)


def write_list(instance: Instance, value: dict[str, Any]) -> WitnessList:
    """Replaces the file, all of it or nothing. Raises as `parse_list`; then nothing has changed."""
    found = parse_list(instance, value)
    text = json.dumps(value, ensure_ascii=False, indent=2) + "\n"
    write_durably(instance.home / FILE, text.encode())
    return found


def folder_of(instance: Instance, witness: Witness) -> Path | None:
    """The folder of a witness on this machine; None for one that is asked over HTTP."""
    scheme, _, rest = witness.url.partition(":")
    return instance.home / rest if scheme == LOCAL else None
