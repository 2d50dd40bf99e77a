"""One link of a chain (RFC 5280 6.1), judged by `cryptography.x509.verification` and our own extension policies."""

from cryptography import x509
from cryptography.x509 import verification as xv


def link_holds(below: x509.Certificate, above: x509.Certificate, policy: xv.ExtensionPolicy) -> bool:
    """RFC 5280 6.1 for one link, at some time that both have: `policy` is what `below` must be."""
    verifier = (
        xv.PolicyBuilder()
        .store(xv.Store([above]))
        .time(max(below.not_valid_before_utc, above.not_valid_before_utc))
        .max_chain_depth(0)
        .extension_policies(ca_policy=CA_POLICY, ee_policy=policy)
        .build_client_verifier()
    )
    try:
        verifier.verify(below, [])
    except xv.VerificationError:
        return False
    return True


def _ca_policy() -> xv.ExtensionPolicy:
    return (
        xv.ExtensionPolicy.permit_all()
        .require_present(x509.BasicConstraints, xv.Criticality.CRITICAL, _is_ca)
        .require_present(x509.KeyUsage, xv.Criticality.CRITICAL, _may_sign_certificates)
    )


def _leaf_policy() -> xv.ExtensionPolicy:
    return (
        xv.ExtensionPolicy.permit_all()
        .require_present(x509.BasicConstraints, xv.Criticality.CRITICAL, _is_leaf)
        .require_present(x509.KeyUsage, xv.Criticality.CRITICAL, _may_sign_documents)
        .require_present(x509.ExtendedKeyUsage, xv.Criticality.CRITICAL, None)
    )


def _is_ca(policy: xv.Policy, cert: x509.Certificate, basic: x509.BasicConstraints) -> None:
    if not basic.ca:
        raise ValueError("not a CA")


def _may_sign_certificates(policy: xv.Policy, cert: x509.Certificate, usage: x509.KeyUsage) -> None:
    if not usage.key_cert_sign:
        raise ValueError("no keyCertSign")


def _is_leaf(policy: xv.Policy, cert: x509.Certificate, basic: x509.BasicConstraints) -> None:
    if basic.ca:
        raise ValueError("a CA key may not sign documents")


def _may_sign_documents(policy: xv.Policy, cert: x509.Certificate, usage: x509.KeyUsage) -> None:
    if not usage.digital_signature or usage.key_cert_sign:
        raise ValueError("digitalSignature only")


CA_POLICY, LEAF_POLICY = _ca_policy(), _leaf_policy()
