"""What an auditor saw last of a log: its checkpoint, verbatim. And what it keeps when the log does not go on from it."""

import os
from hashlib import sha256
from pathlib import Path

from certsvc.core.checkpoint import Head, parse_head
from certsvc.core.errors import Malformed, NotReady, Refused
from certsvc.core.note import parse_note
from certsvc.services.high_water import write_durably


def default_path(source: str) -> Path:
    """The state of one source: mirrors lag behind each other, which is no fault."""
    base = os.environ.get("XDG_STATE_HOME") or Path.home() / ".local" / "state"
    return Path(base) / "certsvc" / f"audit-{sha256(source.encode()).hexdigest()[:16]}.checkpoint"


def read(path: Path, origin: str) -> tuple[Head, bytes] | None:
    """The head seen last and its note; None the first time. Raises NotReady, Refused for the state of another log."""
    try:
        note = path.read_bytes()
        head = parse_head(parse_note(note).text)
    except FileNotFoundError:
        return None
    except Malformed as error:
        raise NotReady("audit_state", f"{path} 已损坏", f"{path} is not a checkpoint.") from error
    if head.origin != origin:
        zh, en = f"{path} 属于另一日志", f"{path} is of another log, {head.origin}."
        raise Refused("audit_state_other", zh, en, "certsvc log audit WHERE --state ANOTHER")
    return head, note


def keep(path: Path, note: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    write_durably(path, note)


def keep_evidence(path: Path, seen: bytes, now: bytes) -> Path:
    """Both notes in a file beside the state, one for each pair; gives back its path."""
    text = now + b"\n--- seen before ---\n\n" + seen
    place = path.with_name(f"{path.name}.dispute-{sha256(text).hexdigest()[:16]}.txt")
    place.parent.mkdir(parents=True, exist_ok=True)
    if not place.exists():
        write_durably(place, text)
    return place
