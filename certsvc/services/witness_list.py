"""The witnesses of an instance: who they are, where they are asked, and the policy that follows (C2SP tlog-policy).

HOME/witnesses.json is the only place: {"threshold": 2, "witnesses": [{"url": "https://…", "vkey": "name+id+base64"}]}.
A witness of another office has the address of its web server. `file:DIR` is one in a folder of this machine, relative
to HOME, and stands still in time with the instance: who keeps its own witness proves nothing to anybody, so only a
demo or a test may have one.
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

    @property
    def policy(self) -> WitnessPolicy:
        """Raises Malformed for what cannot be satisfied or would count one key twice."""
        return parse_policy(self.threshold, [format_vkey(one.key) for one in self.members])


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
    found = WitnessList(value["threshold"], tuple(_witness(instance, row) for row in value["witnesses"]))
    # A list that no checkpoint could ever satisfy is told now, and not with the first certificate.
    _ = found.policy
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
    """What a checkpoint of this home must satisfy; None without witnesses. Raises NotReady(witnesses_form)."""
    found = read_list(instance)
    return None if found is None else found.policy


def policy_row(instance: Instance) -> dict[str, Any] | None:
    """The same as the trust bundle says it (TRUST.witness_policy)."""
    found = read_list(instance)
    if found is None:
        return None
    return {"threshold": found.threshold, "vkeys": [format_vkey(one.key) for one in found.members]}


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
