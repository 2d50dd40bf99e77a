"""A witness is appointed (`certsvc witness add`): it stands in HOME/witnesses.json and, signed, in the trust bundle.

Whoever verifies asks for cosignatures of the witnesses in the trust bundle. What was logged before a witness was
appointed has none of it: so witnesses are appointed before the first certificate, and the threshold leaves room.
"""

from typing import Any

from certsvc.core.errors import Malformed, Refused
from certsvc.core.note import format_vkey, parse_vkey
from certsvc.instance import Instance
from certsvc.services import cosign, documents
from certsvc.services.cosign import Said
from certsvc.services.witness_list import ADD, EMPTY, WitnessList, read_list, write_list
from certsvc.store import certificates


def appoint(instance: Instance, vkey: str, url: str, threshold: int | None = None) -> list[Said]:
    """Adds a witness, or gives a known one another address, and publishes the policy; what each witness said of it.

    Without `threshold` as many as before must cosign, at first one. Raises Malformed for a key, address or threshold
    that cannot be; Refused for a known name with another key, or a threshold that takes their evidence from certificates
    that stand on it; NotReady for a list with a defect.
    """
    old = read_list(instance)
    if old is not None and threshold is not None and threshold > old.threshold:
        _check_nothing_issued(instance, old.threshold)
    try:
        value = _with(EMPTY if old is None else _as_json(old), vkey, url)
        write_list(instance, value if threshold is None else {**value, "threshold": threshold})
    except Malformed as error:
        raise Malformed(error.code, error.zh, error.en, ADD) from error
    except ValueError as error:
        raise Malformed("witness_url", "见证人地址须为 http(s)", f"{url}: {error}.", ADD) from error
    documents.publish_trust(instance)
    return cosign.cosign(instance)


def _check_nothing_issued(instance: Instance, threshold: int) -> None:
    """Raises Refused where the log is required and something was issued: what fewer witnesses saw would not count any
    more, and nobody could tell on which side of a key's end it was logged."""
    if not any(anchor.log_required for anchor in instance.anchors):
        return
    with instance.engines.read.connect() as connection:
        issued = certificates.any_issued(connection)
    if issued:
        zh = f"已发的证书只有 {threshold} 名见证人签署,不能提高人数要求"
        en = f"Certificates were issued under {threshold} cosignatures; a higher threshold would leave them without proof."
        raise Refused("witness_threshold", zh, en, ADD)


def _with(value: dict[str, Any], vkey: str, url: str) -> dict[str, Any]:
    """The list with this witness in its place. Raises Malformed, Refused."""
    name = parse_vkey(vkey).name
    rows = [row for row in value["witnesses"] if row["vkey"] != vkey]
    if any(parse_vkey(row["vkey"]).name == name for row in rows):
        zh, en = f"见证人 {name} 已登记,但公钥不同", f"The witness {name} is known with another key."
        raise Refused("witness_known", zh, en, "certsvc witness init ANOTHER-NAME --home DIR")
    return {**value, "witnesses": [*rows, {"url": url, "vkey": vkey}]}


def _as_json(found: WitnessList) -> dict[str, Any]:
    rows = [{"url": one.url, "vkey": format_vkey(one.key)} for one in found.members]
    return {"threshold": found.threshold, "witnesses": rows}
