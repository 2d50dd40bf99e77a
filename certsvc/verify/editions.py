"""Which edition of a procedure or calendar was in force: the newest one that had begun (docs/decisions/0028).

Both are asked of a row of the trust bundle {from, to, from_index, to_index, …} and of the act under it. Where the log
proves an act's place the indices count as well as the times: what entered the log later was no successor yet.
"""

from collections.abc import Mapping
from typing import Any

from certsvc.verify.trusted import When


def begun(row: Mapping[str, Any], begins: int, act: When) -> bool:
    """Whether an edition that says of itself that it `begins` then (seconds) was in force at `act`, or had been."""
    return act.stated >= max(begins, row["from"]) and _reached(row["from_index"], act)


def replaced(row: Mapping[str, Any], act: When) -> bool:
    """Whether its successor was in force at `act`: by the act's own word, or because the log proves it."""
    return _ends(row, act) and max(act.stated, act.earliest) >= row["to"]


def perhaps_replaced(row: Mapping[str, Any], act: When) -> bool:
    """Whether the log leaves open that its successor was in force."""
    return _ends(row, act) and act.latest >= row["to"]


def _ends(row: Mapping[str, Any], act: When) -> bool:
    return row["to"] is not None and _reached(row["to_index"] or 0, act)


def _reached(index: int, act: When) -> bool:
    return act.last_index is None or act.last_index >= index
