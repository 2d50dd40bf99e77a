"""How much a reader takes of a certificate's evidence (docs/format.md 7.2), asked before anything is signed that it would refuse.

Every lifecycle act stands in the evidence from its decision on, and what is too large for a reader reads as tampered, for
ever. So what keeps a certificate alive is refused while there is still room for its last revocation (docs/decisions/0043).
"""

from collections.abc import Mapping
from dataclasses import replace

from sqlalchemy import Connection

from certsvc.core.bundle import (
    MAX_BYTES,
    MAX_MARKS,
    MAX_NOTE_BYTES,
    MAX_NOTES,
    MOST,
    Bundle,
    write_bundle,
)
from certsvc.core.chain import MAX_ISSUING_CAS, instance_flags, load_certificate
from certsvc.core.encoding import marks_in
from certsvc.core.errors import Refused
from certsvc.instance import Instance
from certsvc.services.evidence import gather_bundle
from certsvc.services.publish import newest_status_list
from certsvc.store.rows import Certificate

#: Act -> status events for which there must be room: itself and a revocation, of a suspension its reinstatement as well.
#: Those that are not named end the certificate, and nothing stands in their way.
EVENTS = {"suspend": 3, "reinstate": 2, "correct": 1}
#: What one status event adds at most: its two halves and its log proof, between two checkpoints of its own, and the CA of its keys.
EVENT = {"bytes": 12_288, "marks": 128, "notes": 2, "cas": 1}
#: What may come between that and the last revocation: grants of four more days, the keys that they name.
SPARE = {"grants": 8, "certs": 8, "bytes": 65_536, "marks": 1_000, "notes": 8}
LIMITS = {
    **MOST,
    "cas": MAX_ISSUING_CAS,
    "bytes": MAX_BYTES,
    "marks": MAX_MARKS,
    "notes": MAX_NOTES,
    "note_bytes": MAX_NOTE_BYTES,
}
#: What there is too much of, in two languages.
NAMES = {
    "bytes": ("个字节", "bytes"),
    "calendars": ("份日历", "calendars"),
    "cas": ("个签发 CA", "issuing CAs"),
    "certs": ("张密钥证书", "key certificates"),
    "corrections": ("次更正", "corrections"),
    "entries": ("个版本", "versions"),
    "events": ("次状态变更", "status events"),
    "grants": ("份授权", "grants"),
    "marks": ("处标点", "commas, colons and brackets"),
    "note_bytes": ("个日志检查点字节", "bytes of log checkpoints"),
    "notes": ("个日志检查点", "log checkpoints"),
    "path": ("个环节", "acts"),
}


def check_event(instance: Instance, connection: Connection, certificate: Certificate, act: str) -> None:
    """Returns if the evidence of `certificate` has room for the lifecycle act and a revocation after it.

    Raises Refused(evidence_full). An end is always in order: what keeps its room free is that all else is refused before.
    """
    if act not in EVENTS:
        return
    bundle = gather_bundle(instance, connection, certificate, newest_status_list(connection, certificate.list_uri))
    data = write_bundle(bundle)
    _check(size_of(bundle, data), {"events": EVENTS[act]}, certificate.number)
    if act == "correct":
        # The next version has the correction in its path, and of its own events none yet.
        after = size_of(replace(bundle, events=()), data)
        _check(after, {"corrections": 1, "entries": 1, "events": 1}, certificate.number)


def check_issue(bundle: Bundle, number: str) -> None:
    """Returns if a certificate with this evidence could still be revoked. Raises Refused(evidence_full).

    Not asked: how long it is written, which `evidence.written` asks a moment later.
    """
    _check(size_of(bundle), {"events": 1}, number)


def size_of(bundle: Bundle, data: bytes = b"") -> dict[str, int]:
    """What a reader counts, by the names of LIMITS; `data` as it is written. What waits for the log counts as if it had a
    proof between two checkpoints of the widest."""
    notes = bundle.notes
    late = 2 * _unlogged(bundle) if notes else 0
    found = {"bytes": len(data), "marks": marks_in(data), "notes": len(notes) + late}
    found["note_bytes"] = sum(map(len, notes)) + late * max(map(len, notes), default=0)
    found["cas"] = sum(instance_flags(load_certificate(one)) is not None for one in bundle.certs)
    return {**{name: len(getattr(bundle, name)) for name in MOST}, **found}


def _check(used: Mapping[str, int], more: Mapping[str, int], number: str) -> None:
    # A correction takes as much as an event of its own.
    times = more.get("events", 0) + more.get("corrections", 0)
    each = used["note_bytes"] // max(used["notes"], 1)
    for name, most in LIMITS.items():
        unit = EVENT["notes"] * each if name == "note_bytes" else EVENT.get(name, 0)
        spare = SPARE["notes"] * each if name == "note_bytes" else SPARE.get(name, 0)
        if used[name] + more.get(name, times * unit) + spare > most:
            raise _full(name, used[name], number)


def _unlogged(bundle: Bundle) -> int:
    decided = [one.logged for one in (*bundle.corrections, *bundle.events)]
    every = (bundle.logged, bundle.status_logged, *(one.logged for one in bundle.path), *decided, *bundle.grants_logged)
    return sum(one is None for one in every)


def _full(name: str, used: int, number: str) -> Refused:
    most, (zh, en) = LIMITS[name], NAMES[name]
    return Refused(
        "evidence_full",
        f"证据包最多容纳 {most:,} {zh},此证书已用 {used:,};余量只留给撤销或注销",
        f"Evidence holds at most {most:,} {en}, and this one has {used:,}; the rest is kept for its revocation.",
        f"certsvc status revoke {number} --help",
    )
