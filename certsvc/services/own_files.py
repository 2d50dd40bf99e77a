"""Files of ours: which signatures of PDFs the register made (docs/decisions/0040), and whether a verifier would take one."""

from dataclasses import replace

from sqlalchemy import Connection

from certsvc.core.bundle import parse_bundle
from certsvc.core.errors import Malformed, Refused
from certsvc.core.outcomes import Fault, Unknown
from certsvc.instance import Instance
from certsvc.render.reader import read_pdf
from certsvc.store import certificates as certificate_store
from certsvc.store.rows import Certificate
from certsvc.verify.case import Case, DocumentFindings, Evidence
from certsvc.verify.document import file_signed_by_issuer, file_untouched


def as_registered(
    connection: Connection, certificate: Certificate, document: DocumentFindings | None, cms: bytes | None
) -> DocumentFindings | None:
    """What was found about a file, with the register's word on its signature `cms` (DER); as it was where it has none.

    Every signature is kept before its file is handed out, so one that is not kept is another's, or was lost with a backup.
    """
    if document is None or cms is None:
        return document
    return replace(document, registered=certificate_store.has_rendition(connection, certificate.id, cms))


def check_own_file(instance: Instance, certificate: Certificate, pdf: bytes) -> None:
    """Returns if a verifier finds nothing wrong with a file that was signed just now (docs/format.md 7.3).

    What the certificate inside is worth is not asked. Raises Refused own_check_failed.
    """
    findings = read_pdf(pdf)
    if findings.bundle is None or findings.signature is None:
        raise _refused(findings.faults[0] if findings.faults else "bundle_missing")
    signer, issuing = findings.signature.signer_der, findings.signature.issuing_ca_der
    document, at = DocumentFindings("pdf", findings.faults, signer, issuing), certificate.issued_at
    try:
        case = Case(Evidence(parse_bundle(findings.bundle), document), instance.anchors, at, max(instance.now(), at))
        file_untouched(case)
        file_signed_by_issuer(case)
    except (Fault, Unknown, Malformed) as error:
        raise _refused(error.code) from error


def _refused(code: str) -> Refused:
    zh, en = f"自检未通过,文件未出具:{code}", f"Our own check says {code}; the file is not handed out."
    return Refused("own_check_failed", zh, en, "certsvc doctor")
