"""Document kinds: one table of `typ`, size cap and key uses (formats.md 1 and 2).

A document of one kind is never accepted as another, and a key of one use never signs for another.
"""

from dataclasses import dataclass
from functools import cached_property

from certsvc.core import schemas
from certsvc.core.shape import Fits, Shape, compiled

#: One UUID arc (ITU-T X.667) holds every object identifier of certsvc.
ARC = "2.25.133712459120346507816274409562238120961"

#: What the extension in a root or CA certificate says: is it a test root, does it require a log (formats.md 2).
INSTANCE_EXTENSION = f"{ARC}.1"

#: key use -> EKU. Shape (a): key -> root, certified in the ceremony only.
CEREMONY_USES: dict[str, str] = {
    "policy": f"{ARC}.2.1",
    "log": f"{ARC}.2.2",
    "witness": f"{ARC}.2.3",
    "archive": f"{ARC}.2.4",
}
#: key use -> EKU. Shape (b): key -> issuing CA -> root.
ISSUED_USES: dict[str, str] = {
    "credential": f"{ARC}.3.1",
    "seal": f"{ARC}.3.2",
    "officer": f"{ARC}.3.3",
    "status": f"{ARC}.3.4",
    "pdf": f"{ARC}.3.5",
    "receipt": f"{ARC}.3.6",
    "qr": f"{ARC}.3.7",
    "grant": f"{ARC}.3.8",
}
#: What the history calls the keys that certify and sign no document: the root's, and an issuing CA's.
ROOT, CA = "root", "ca"
CERTIFYING_USES = (ROOT, CA)
USE_OF_EKU: dict[str, str] = {oid: use for use, oid in (CEREMONY_USES | ISSUED_USES).items()}

#: What tells of certificates and decides nothing by itself: where its own key does not count, it is as if it were absent.
LISTS = ("statuslist+jwt", "trust+jwt")


@dataclass(frozen=True)
class Kind:
    """One `typ`: its largest size in bytes, the key uses of each signature in order, and its payload's schema."""

    typ: str
    max_bytes: int
    uses: tuple[tuple[str, ...], ...]
    shape: Shape

    @cached_property
    def fits(self) -> Fits:
        """True for a payload that has the shape."""
        return compiled(self.shape)


KINDS: dict[str, Kind] = {
    kind.typ: kind
    for kind in (
        Kind("vc+jwt", 16_384, (("credential",),), schemas.CREDENTIAL),
        Kind("grant+jwt", 16_384, (("policy", "grant"),), schemas.GRANT),
        Kind("ungrant+jwt", 16_384, (("policy", "grant"),), schemas.UNGRANT),
        Kind("key+jwt", 16_384, (("policy",),), schemas.KEY_EVENT),
        Kind("procedure+jwt", 65_536, (("policy",),), schemas.PROCEDURE),
        # signatures: officer (签字), organisation seal (盖章), then a second officer where the step asks for two.
        Kind("act+jwt", 65_536, (("officer",), ("seal",), ("officer",)), schemas.ACT),
        Kind("calendar+jwt", 65_536, (("policy",),), schemas.CALENDAR),
        Kind("trust+jwt", 524_288, (("policy",),), schemas.TRUST),
        Kind("statuslist+jwt", 163_840, (("status",),), schemas.STATUS_LIST),
        Kind("bitstring+jwt", 163_840, (("status",),), schemas.BITSTRING),
        Kind("equivalence+jwt", 16_384, (("seal",),), schemas.EQUIVALENCE),
    )
}
