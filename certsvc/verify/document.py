"""Document: the carrier of the bundle. A PDF of ours has exactly one valid whole-file signature of the issuer."""

from certsvc.core.chain import ChainFault, identify
from certsvc.core.outcomes import Fault, Unknown
from certsvc.verify.authority import came_before
from certsvc.verify.case import Case, DocumentFindings
from certsvc.verify.trusted import When


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
    granted = any(g.org == issuer and g.has_key(signer.jkt, "pdf") for g in case.path.grants_beside(issuer).values())
    if signer.use != "pdf" or signer.org != issuer or not granted or not signer.valid_at(case.issued_at):
        raise Fault("pdf_signer_foreign", org=signer.org)
    if not document.registered:
        _check_in_service(case, signer.jkt, signer.org)
    if document.registered is False:
        raise Unknown("pdf_unregistered")


def _check_in_service(case: Case, jkt: str, org: str) -> None:
    """The key had not ended at the issue, of which day every file is signed, whenever it is made (docs/decisions/0004).

    So a file says nothing of its own time, and whoever stole its key need not lie about it: of a stolen key no file is
    proved, but one that the register made (docs/decisions/0040). Whose key it is says nothing of who signed: no fault of
    an office (docs/decisions/0027).
    """
    ended = case.path.ended_keys.get(jkt)
    if ended is None:
        return
    stolen, nbf = ended["reason"] == "compromised", case.issued_at
    if not came_before(ended, "to", When(nbf, nbf, nbf), logged=False):
        raise Fault("key_compromised" if stolen else "pdf_signer_foreign", org=org, typ="pdf")
    if stolen:
        raise Unknown("key_compromised", typ="pdf")


def _file(case: Case) -> DocumentFindings:
    """The PDF; only where there is one are these checks run. Raises LookupError."""
    if case.evidence.document is None:
        raise LookupError("document")
    return case.evidence.document
