"""Parts (分组): a list that an act divides among committees, of which each following act is about one (formats.md 4.2)."""

from collections.abc import Mapping
from typing import Any

from certsvc.core.jose import Jws


def parts_fit(payload: Mapping[str, Any]) -> bool:
    """Whether the parts of an act have together as many people as its roster, and each of them somebody."""
    counts = [part["count"] for part in payload["parts"]]
    return min(counts, default=0) >= 1 and sum(counts) == payload["roster"]["count"]


def has_part(act: Jws | None, part: int) -> bool:
    """Whether the list of an act has a part of that number: 0 alone where it was not divided, or where nothing was before.

    Each number makes a once-tag of its own, so an act about a part that is none could be done again unseen.
    """
    return 0 <= part < max(1, len(act.unverified_payload["parts"]) if act else 0)
