"""The whole title, in whatever version it was printed: since when it was held, and what ended it (docs/decisions/0022)."""

from datetime import date

from sqlalchemy import Connection

from certsvc.core.calendar import local_date
from certsvc.core.jose import Jws
from certsvc.services import documents
from certsvc.store import certificates as certificate_store
from certsvc.store import status as status_store
from certsvc.store.rows import Certificate


def first_issued(connection: Connection, certificate: Certificate) -> date:
    """The day (Asia/Shanghai) on which version 1 was issued: no title is revoked from a day before."""
    versions = certificate_store.list_versions(connection, certificate.entry_id)
    return local_date(min(one.issued_at for one in versions))


def annulled_since(connection: Connection, certificate: Certificate) -> Jws | None:
    """The decision that revoked a later version from the beginning, or from a day before that version was issued.

    It ends the title for a time when this version, which is final, was the one that was held.
    """
    for later in certificate_store.list_versions(connection, certificate.entry_id):
        if later.version > certificate.version:
            for event in status_store.list_events(connection, later.id):
                if event.kind == "revoke" and _reaches_back(event.retroactive, event.effective_from, later):
                    return documents.load_document(connection, event.decide_sha256, "act+jwt")
    return None


def _reaches_back(retroactive: bool, first_day: str | None, later: Certificate) -> bool:
    return retroactive or (first_day is not None and first_day <= local_date(later.issued_at).isoformat())
