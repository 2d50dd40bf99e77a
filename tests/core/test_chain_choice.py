"""Which of several issuing CAs of one name stands above a key: the one whose key its certificate names, and that signed."""

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from support_x509 import START, authority, der, made

from certsvc.core.chain import MAX_ISSUING_CAS, ChainFault, has_issued, identify, issuer_of, issuers_of
from certsvc.signers.minting import Authority, Holder, mint_issuing_ca, mint_signer, new_key

ROOT, CA = authority("root"), authority("ca")
ANCHORS, OURS = (der(ROOT.certificate),), der(CA.certificate)
OTHERS = tuple(
    der(
        mint_issuing_ca(ROOT, Holder("HRSS", "示例厅", "ca"), ec.generate_private_key(ec.SECP256R1()), START, 10, False)
    )
    for _ in range(MAX_ISSUING_CAS)
)
KEY = new_key("seal")
LEAF = der(mint_signer(CA, Holder("COMM", "示例评委会", "key"), "seal", KEY, START, 3))
SLOW = made("slow", {"slow": {"by": "root", "subject": "ca", "key": "p384"}})


def leaf_naming(*keys: ec.EllipticCurvePrivateKey) -> bytes:
    """The certificate of LEAF, signed by the same CA, with these authorityKeyIdentifiers: none or one."""
    plain = x509.load_der_x509_certificate(LEAF)
    builder = x509.CertificateBuilder(
        plain.issuer, plain.subject, plain.public_key(), 9, START, plain.not_valid_after_utc
    )
    for one in plain.extensions:
        if not isinstance(one.value, x509.AuthorityKeyIdentifier):
            builder = builder.add_extension(one.value, one.critical)
    for key in keys:
        named = x509.AuthorityKeyIdentifier.from_issuer_public_key(key.public_key())
        builder = builder.add_extension(named, critical=False)
    return der(builder.sign(CA.key, SHA256()))


@pytest.mark.parametrize("place", [0, 3, MAX_ISSUING_CAS - 1])
def test_of_several_cas_of_one_name_the_one_that_signed_is_found_wherever_it_stands(place: int) -> None:
    others = OTHERS[1:]
    pool = (*others[:place], OURS, *others[place:])
    assert issuer_of(LEAF, pool) == OURS
    assert identify(LEAF, pool, ANCHORS).org == "COMM"
    assert issuers_of([LEAF], pool) == {OURS}


def test_of_more_cas_of_one_name_none_is_looked_at() -> None:
    with pytest.raises(ChainFault, match="cert_chain"):
        issuer_of(LEAF, (OURS, *OTHERS))
    assert issuers_of([LEAF], (OURS, *OTHERS)) == frozenset()


def test_a_ca_that_the_key_names_and_that_did_not_sign_it_is_none() -> None:
    stranger = ec.generate_private_key(ec.SECP256R1())
    named = der(mint_issuing_ca(ROOT, Holder("HRSS", "示例厅", "ca"), stranger, START, 10, False))
    with pytest.raises(ChainFault, match="cert_chain"):
        identify(leaf_naming(stranger), (named, OURS), ANCHORS)
    assert issuers_of([leaf_naming(stranger)], (named,)) == frozenset()


def test_a_key_that_names_no_ca_is_identified_where_one_alone_bears_the_name() -> None:
    assert identify(leaf_naming(), (OURS,), ANCHORS).org == "COMM"
    assert identify(leaf_naming(CA.key), (OURS, OTHERS[0]), ANCHORS).org == "COMM"
    with pytest.raises(ChainFault, match="cert_chain"):
        identify(leaf_naming(), (OURS, OTHERS[0]), ANCHORS)


def test_a_ca_with_another_kind_of_key_has_issued_nothing() -> None:
    leaf = der(
        mint_signer(Authority(SLOW.certificate, SLOW.key), Holder("COMM", "示例评委会", "key"), "seal", KEY, START, 3)
    )
    assert not has_issued(der(SLOW.certificate), leaf)
    assert has_issued(OURS, LEAF)
    with pytest.raises(ChainFault, match="cert_chain"):
        identify(leaf, (der(SLOW.certificate), OURS), ANCHORS)


def test_that_a_key_is_nobodys_is_said_each_time() -> None:
    for _ in range(2):
        with pytest.raises(ChainFault, match="unknown_root"):
            identify(LEAF, (OURS,), ())
