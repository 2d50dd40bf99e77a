"""Document: the carrier of the bundle. A PDF of ours has exactly one valid whole-file signature of the issuer."""

from certsvc.core.chain import ChainFault, identify
from certsvc.core.outcomes import Fault, NotRun
from certsvc.verify.case import Case


def file_untouched(case: Case) -> None:
    """The file is as signed: one signature over all its bytes, in the one encoding we write (formats.md 7)."""
    document = case.evidence.document
    if document is None or document.kind != "pdf":
        raise NotRun("no_file_given")
    if document.faults:
        raise Fault(document.faults[0])


def file_signed_by_issuer(case: Case) -> None:
    """The key behind the PDF signature is certified and granted for PDFs of the certificate's issuer."""
    document = case.evidence.document
    if document is None or document.kind != "pdf":
        raise NotRun("no_file_given")
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
