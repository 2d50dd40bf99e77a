"""A witness is appointed (`certsvc witness add`): it stands in HOME/witnesses.json and, signed, in the trust bundle.

Whoever verifies asks for cosignatures of the witnesses in the trust bundle. What was logged before a witness was
appointed has none of it: so all are appointed before anything is published, and the threshold leaves room.

1. appoint  – the list on disk; while it holds fewer than have to cosign, what is signed waits in the outbox
2. begin    – once it is complete: the checkpoint of the empty log, cosigned by as many as have to
3. proclaim – what waits gets its place and is cosigned; a trust bundle names the witnesses
4. end      – a witness that leaves, or whose key was stolen, is asked no more; what it cosigned before goes on counting
"""

from typing import Any

from certsvc.core.errors import Malformed, NotFound, NotReady, Refused
from certsvc.core.note import format_vkey, parse_vkey
from certsvc.instance import Instance
from certsvc.services import cosign, documents, key_events, log_leaves
from certsvc.services.cosign import Said
from certsvc.services.former_witnesses import witness_jkt
from certsvc.services.witness_list import ADD, EMPTY, WitnessList, is_strict, parse_list, read_list, write_list
from certsvc.store import log as log_store
from certsvc.store.rows import SigningKey


def appoint(instance: Instance, vkey: str, url: str, threshold: int | None = None) -> list[Said]:
    """Adds a witness, or gives a known one another address, and publishes the policy; what each witness said of it.

    Without `threshold` as many as before must cosign, at first one; while fewer are appointed nobody is asked. Raises
    Malformed for a key, address or threshold that cannot be; Refused for a known name with another key, and
    Refused(threshold_late); NotReady for a list with a defect, and whatever is wrong with the log.
    """
    old = read_list(instance)
    try:
        value = _with(EMPTY if old is None else _as_json(old), vkey, url)
        value |= {} if threshold is None else {"threshold": threshold}
        _check_threshold(instance, old, parse_list(instance, value))
        new = write_list(instance, value)
    except Malformed as error:
        raise Malformed(error.code, error.zh, error.en, ADD) from error
    except ValueError as error:
        raise Malformed("witness_url", "见证人地址须为 http(s)", f"{url}: {error}.", ADD) from error
    if new.policy is None and (old is None or old.policy is None):
        return []
    return _publish(instance)


def end(instance: Instance, name: str, reason: str, good_before: int | None = None) -> tuple[int, SigningKey]:
    """Takes a witness from the list: an event and the trust bundle say since when; how many are left, and its key.

    Of one that was stolen (`compromised`) only what it cosigned before `good_before` (seconds) counts, nothing where that is
    None. Raises NotFound for a name that is not in the list, and Refused for a time ahead, for a witness that ended,
    and where too few would be left: its successor is appointed first.
    """
    found = read_list(instance)
    one = next((one for one in (() if found is None else found.members) if one.key.name == name), None)
    if found is None or one is None:
        raise NotFound("witness_unknown", f"没有在任的见证人 {name}", f"No witness {name} is in service.", ADD)
    if (good_before is not None) and (reason != "compromised" or good_before > instance.now()):
        raise Refused("since_future", "时间不能晚于现在,且只用于失密", "The theft cannot lie ahead, and is one.")
    if len(found.members) <= found.threshold:
        zh, en = "余下的见证人不足,请先登记接替者", "Too few would be left; appoint its successor first."
        raise Refused("witness_needed", zh, en, ADD)
    start = min((line.start for line in key_events.history(instance, name)), default=instance.now())
    rows = [
        {**row, "ended": True} if row["vkey"] == format_vkey(one.key) else row for row in _as_json(found)["witnesses"]
    ]
    key = SigningKey(witness_jkt(one.key), "witness", name, None, "", b"", start, instance.now(), reason, good_before)
    with log_leaves.transaction(instance, urgent=True) as connection:
        key_events.note(instance, connection, key)
    # After the event: whoever was interrupted between them says it again.
    write_list(instance, {**_as_json(found), "witnesses": rows})
    documents.publish_trust(instance)
    return len(found.members) - 1, key


def proclaim(instance: Instance) -> None:
    """Signs the trust bundle that names the witnesses, where an interruption or a witness that was away left it out."""
    if not is_strict(instance) or (row := cosign.policy_row(instance)) is None or cosign.is_wanting(instance):
        return
    with instance.engines.read.connect() as connection:
        said = documents.current_trust(connection).unverified_payload["witness_policy"]
    if said != row:
        documents.publish_trust(instance)


def _publish(instance: Instance) -> list[Said]:
    try:
        if is_strict(instance):
            log_leaves.advance(instance)
    except NotReady as error:
        if error.code != log_leaves.UNSEEN:
            raise
        # The empty log is all that they are asked about; `certsvc log tick` goes on from here.
        return cosign.cosign(instance)
    documents.publish_trust(instance)
    return cosign.cosign(instance)


def _check_threshold(instance: Instance, old: WitnessList | None, new: WitnessList) -> None:
    """What is published can get no more cosignatures of its time. Raises Refused(threshold_late)."""
    if not is_strict(instance):
        return
    with instance.engines.read.connect() as connection:
        begun = log_store.read_state(connection).pub_size > 0
        before = _threshold_said(instance, old) if begun else new.threshold
    if new.threshold > before:
        zh = f"已发布的条目只有 {before} 名见证人的签名,不能再提高要求;可只增加见证人而不提高,或另建实例与新的根证书"
        en = (
            f"What is published was cosigned for a threshold of {before}, and would lose its proof. Add the witness "
            "without raising it, or begin another home with a root of its own."
        )
        raise Refused("threshold_late", zh, en, f"{ADD}  (--threshold {before})")


def _threshold_said(instance: Instance, old: WitnessList | None) -> int:
    """How many had to cosign so far: by the list, or without one by the trust bundle."""
    if old is not None:
        return old.threshold
    with instance.engines.read.connect() as connection:
        row = documents.current_trust(connection).unverified_payload["witness_policy"]
    return 0 if row is None else int(row["threshold"])


def _with(value: dict[str, Any], vkey: str, url: str) -> dict[str, Any]:
    """The list with this witness in its place. Raises Malformed, Refused."""
    name = parse_vkey(vkey).name
    if any(row["vkey"] == vkey and row.get("ended") for row in value["witnesses"]):
        raise Refused("witness_ended", f"见证人 {name} 已停用", f"The witness {name} has ended.", ADD)
    rows = [row for row in value["witnesses"] if row["vkey"] != vkey]
    if any(parse_vkey(row["vkey"]).name == name for row in rows):
        zh, en = f"见证人 {name} 已登记,但公钥不同", f"The witness {name} is known with another key."
        raise Refused("witness_known", zh, en, "certsvc witness init ANOTHER-NAME --home DIR")
    return {**value, "witnesses": [*rows, {"url": url, "vkey": vkey}]}


def _as_json(found: WitnessList) -> dict[str, Any]:
    rows: list[dict[str, Any]] = [{"url": one.url, "vkey": format_vkey(one.key)} for one in found.members]
    rows += [{"url": one.url, "vkey": format_vkey(one.key), "ended": True} for one in found.former]
    return {"threshold": found.threshold, "witnesses": rows}
