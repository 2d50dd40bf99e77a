"""Files of ours: which signatures of PDFs the register made (docs/decisions/0046)."""

from dataclasses import replace

from sqlalchemy import Connection

from certsvc.store import certificates as certificate_store
from certsvc.store.rows import Certificate
from certsvc.verify.case import DocumentFindings


def as_registered(
    connection: Connection, certificate: Certificate, document: DocumentFindings | None, cms: bytes | None
) -> DocumentFindings | None:
    """What was found about a file, with the register's word on its signature `cms` (DER); as it was where it has none.

    Every signature is kept before its file is handed out, so one that is not kept is another's, or was lost with a backup.
    """
    if document is None or cms is None:
        return document
    return replace(document, registered=certificate_store.has_rendition(connection, certificate.id, cms))
