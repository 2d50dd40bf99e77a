"""Document: the carrier of the bundle. A PDF of ours has exactly one valid whole-file signature of the issuer."""

from certsvc.core.chain import ChainFault, identify
from certsvc.core.outcomes import Fault
from certsvc.verify.case import Case, DocumentFindings


def file_untouched(case: Case) -> None:
    """The file is as signed: one signature over all its bytes, in the one encoding we write (formats.md 7)."""
    faults = _file(case).faults
    if faults:
        raise Fault(faults[0])


def file_signed_by_issuer(case: Case) -> None:
    """The key behind the PDF signature is certified and granted for PDFs of the certificate's issuer."""
    document = _file(case)
    if document.signer is None or document.issuing_ca is None:
        raise Fault("pdf_unsigned")
    try:
        signer = identify(document.signer, (document.issuing_ca,), case.path.roots)
    except ChainFault as fault:
        raise Fault("pdf_signer_chain", what=fault.code) from fault
    issuer = case.batch.issuer.org
    granted = any(g.org == issuer and g.has_key(signer.jkt, "pdf") for g in case.path.grants.values())
    if signer.use != "pdf" or signer.org != issuer or not granted or not signer.valid_at(case.issued_at):
        raise Fault("pdf_signer_foreign", org=signer.org)


def _file(case: Case) -> DocumentFindings:
    """The PDF; only where there is one are these checks run. Raises LookupError."""
    if case.evidence.document is None:
        raise LookupError("document")
    return case.evidence.document
