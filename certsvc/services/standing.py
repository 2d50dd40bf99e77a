"""Whether an entry stands in the way of another one for the same person, title and year (docs/decisions/0035).

One whose acts count no more, whose certificates have ended for good, or that was struck does not: the person is taken
in anew on another roster, and everything is done again there. One with a certificate that has not ended does.
"""

from dataclasses import dataclass

from sqlalchemy import Connection

from certsvc.services import documents
from certsvc.services.soundness import Soundness
from certsvc.store import certificates as certificate_store
from certsvc.store import documents as document_store
from certsvc.store import status as status_store
from certsvc.store.rows import Certificate, Entry

#: States after which a certificate never counts again; of a superseded one the next version says what counts.
OVER = ("revoked", "withdrawn", "superseded")
#: Why an entry stands.
IN_HAND, CERTIFIED, VOID = "in_hand", "certified", "void"
#: Why it does not: its acts count no more; its certificate was revoked as the key was stolen; it was struck; its
#: certificate was revoked or withdrawn for another reason; nothing is signed about it, and its employer is another.
CONDEMNED, STOLEN, STRUCK, ENDED, MISPLACED = "condemned", "stolen", "struck", "ended", "misplaced"
#: What an officer has to decide on: a file alone has nobody voted on until it passes, and brings back no lost title; nor does it
#: say which of two employers is the right one.
DECIDED = (STRUCK, ENDED, MISPLACED)


@dataclass(frozen=True)
class Standing:
    """What has become of an entry."""

    why: str
    number: str | None = None
    """Of its certificate, where it has one."""

    @property
    def stands(self) -> bool:
        return self.why in (IN_HAND, CERTIFIED, VOID)

    @property
    def asks(self) -> bool:
        return self.why in DECIDED


def standing_of(connection: Connection, entry: Entry, soundness: Soundness) -> Standing:
    """What has become of `entry`, by what the register and the newest trust bundle say now."""
    versions = certificate_store.list_versions(connection, entry.id)
    number = versions[-1].number if versions else None
    acts = [act.sha256 for act in document_store.list_acts_of_entry(connection, entry.id)]
    # Who was struck by an act that counts no more was not struck.
    spoilt = soundness.first_fault([*acts, *filter(None, [entry.struck_by])]) is not None
    if any(one.state not in OVER for one in versions):
        # It has to be revoked first: two certificates of one title would stand in the register.
        return Standing(VOID if spoilt else CERTIFIED, number)
    if spoilt:
        return Standing(CONDEMNED, number)
    if entry.struck_by is not None:
        return Standing(STRUCK)
    if versions:
        return Standing(STOLEN if _was_stolen(connection, versions[-1]) else ENDED, number)
    return Standing(IN_HAND)


def _was_stolen(connection: Connection, certificate: Certificate) -> bool:
    """Whether the last thing that was decided about a certificate is that it was signed with a stolen key."""
    events = status_store.list_events(connection, certificate.id)
    if not events:
        return False
    decided = documents.load_document(connection, events[-1].decide_sha256, "act+jwt")
    return bool(decided.unverified_payload["reason"] == "key_compromised")
