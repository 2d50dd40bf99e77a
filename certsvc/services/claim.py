"""Claim links: a holder's simple way to the file. Five tries at the last four of the ID number, then the link dies."""

import hmac
from dataclasses import dataclass

from certsvc.core.errors import Refused
from certsvc.instance import Instance
from certsvc.services import private
from certsvc.services.pdf import check_logged, pdf_of
from certsvc.store import certificates as certificate_store
from certsvc.store import rosters as roster_store
from certsvc.store import status as status_store


@dataclass(frozen=True)
class ClaimResult:
    """The file when the answer was right, else how many tries are left."""

    pdf: bytes | None
    tries_left: int
    number: str = ""


def claim_state(inst: Instance, token: str) -> str:
    """ "open" or "dead"; a link that never existed is as dead as a used one."""
    with inst.engines.read.connect() as connection:
        link = certificate_store.find_claim_link(connection, inst.data_keys.blind("claim", token))
    return "open" if link is not None and not link.dead and link.tries_left > 0 else "dead"


def claim_pdf(inst: Instance, token: str, id_last4: str) -> ClaimResult:
    """The PDF when the last four fit. The try is spent before the comparison, and a right answer ends the link.

    Raises Refused when the certificate is not in force, or not yet. The link ends when the file is there, so that a crash
    while it is drawn costs the holder nothing; of two right answers at the same moment one gets the file.
    """
    key = inst.data_keys.blind("claim", token)
    with inst.engines.write.begin() as connection:
        link = certificate_store.spend_claim_try(connection, key)
        certificate = link and certificate_store.find_certificate(connection, link.certificate_id)
        entry = certificate and roster_store.find_entry(connection, certificate.entry_id)
        if link is None or certificate is None or entry is None:
            return ClaimResult(None, 0)
        # Before anything is compared; the try comes back with the transaction.
        check_logged(certificate)
        number = private.personal_of(inst, connection, entry, certificate.version).values["id"]
        right = hmac.compare_digest(number[-4:].upper().encode(), id_last4.strip().upper().encode())
        if not right:
            if link.tries_left == 0:
                certificate_store.end_claim_link(connection, key)
            return ClaimResult(None, link.tries_left)
        events = status_store.list_events(connection, certificate.id)
        if events and events[-1].value != 0:
            raise Refused("not_in_force", "证书已不在有效状态,不提供文件", "This certificate is not in force.")
    pdf = pdf_of(inst, certificate)
    with inst.engines.write.begin() as connection:
        first = certificate_store.end_claim_link(connection, key)
    return ClaimResult(pdf if first else None, 0, certificate.number)
