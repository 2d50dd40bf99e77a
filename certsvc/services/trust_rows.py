"""Rows of a trust bundle (formats.md 7): pure functions of what was signed and of its places in the log."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from certsvc.core.jose import Jws
from certsvc.services.log_points import Points
from certsvc.store.rows import SigningKey


def withdrawn_rows(
    ungrants: Iterable[Mapping[str, Any]], names: Mapping[str, str], points: Points
) -> list[dict[str, Any]]:
    """What a trust bundle says of withdrawals, by their payloads and whatever order these come in.

    `names`: hash of each grant -> hash of its withdrawal, whose place in the log is the point from which it counts.
    """
    rows = (
        {
            "sha256": payload["grant"],
            "reason": payload["reason"],
            "from": payload["from"],
            "from_index": points.place(names.get(payload["grant"])),
            "good_before": payload["good_before"],
            "good_before_index": points.bound(payload["good_before"]),
        }
        for payload in ungrants
    )
    return sorted(rows, key=lambda row: (row["from"], row["sha256"]))


def key_row(key: SigningKey, ends: Sequence[Jws], points: Points) -> dict[str, Any]:
    """What a trust bundle says of a key; `ends` are the events that tell of its end."""
    ended = key.ended_reason
    indices = [index for index in (points.place(one.sha256) for one in ends) if index is not None]
    return {
        "jkt": key.jkt,
        "use": key.use,
        "from": key.valid_from,
        "to": key.valid_to if ended else None,
        # A second event, of a theft that came to light later, moves no end.
        "to_index": min(indices, default=None),
        "declared": max((one.unverified_payload["iat"] for one in ends), default=key.valid_to if ended else None),
        "reason": ended,
        "good_before": key.good_before,
        "good_before_index": points.bound(key.good_before),
    }
