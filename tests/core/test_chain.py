"""X.509 chains in their two fixed shapes: who a key belongs to, up to a root that we hold.

What an attacker makes of a certificate stands in tests/vectors/chain.json (test_chain_vectors.py).
"""

from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from support_x509 import START, USAGES, authority, der, made, patched

from certsvc.core.chain import (
    ChainFault,
    certificate_key,
    has_issued,
    identify,
    instance_extension,
    load_certificate,
    read_anchor,
)
from certsvc.core.errors import Malformed
from certsvc.core.kinds import CEREMONY_USES, ISSUED_USES
from certsvc.signers.minting import DAY, Authority, Holder, mint_issuing_ca, mint_signer, new_key

ROOT, CA = authority("root"), authority("ca")
TEST_ROOT = authority("test_root")
ANCHORS = (der(ROOT.certificate),)
POOL = (der(CA.certificate),)


def leaf(by: Authority, use: str, **holder: str) -> bytes:
    return der(mint_signer(by, Holder("COMM", "示例评委会", "key", **holder), use, new_key(use), START, 3))


def one(**wanted: Any) -> x509.Certificate:
    """A certificate as tests/vectors/chain.json describes it."""
    return made("leaf", {"leaf": wanted}).certificate


@pytest.mark.parametrize("use", ISSUED_USES)
def test_an_issued_key_is_identified_through_its_ca(use: str) -> None:
    found = identify(leaf(CA, use), POOL, ANCHORS)
    assert (found.use, found.org, found.org_name, found.officer) == (use, "COMM", "示例评委会", None)


@pytest.mark.parametrize("use", CEREMONY_USES)
def test_a_ceremony_key_is_identified_by_the_root_alone(use: str) -> None:
    assert identify(leaf(ROOT, use), (), ANCHORS).use == use


def test_an_officer_has_a_pseudonym_and_an_office_key_has_none() -> None:
    assert identify(leaf(CA, "officer", pseudonym="abc"), POOL, ANCHORS).officer == "abc"
    assert identify(leaf(CA, "seal", pseudonym="abc"), POOL, ANCHORS).officer is None


def test_two_pseudonyms_are_none() -> None:
    assert identify(der(one(ekus=["officer"], pseudonyms=["a"])), POOL, ANCHORS).officer == "a"
    assert identify(der(one(ekus=["officer"], pseudonyms=["a", "b"])), POOL, ANCHORS).officer is None


def test_the_validity_is_the_intersection_of_the_whole_chain() -> None:
    found = identify(der(one(days=[10, 20_000])), POOL, ANCHORS)
    first, last = START + 10 * DAY, START + 3650 * DAY
    assert (found.not_before, found.not_after) == (int(first.timestamp()), int(last.timestamp()))
    assert found.valid_at(found.not_before) and found.valid_at(found.not_after)
    assert not found.valid_at(found.not_before - 1) and not found.valid_at(found.not_after + 1)


def test_the_right_root_is_found_among_those_of_the_same_name() -> None:
    assert identify(leaf(CA, "seal"), POOL, (der(authority("other_root").certificate), *ANCHORS)).org == "COMM"


@pytest.mark.parametrize("data", [b"", b"junk", der(CA.certificate) + b"\x00", b"\x30\x80"])
def test_bytes_that_are_no_certificate_are_malformed(data: bytes) -> None:
    with pytest.raises(Malformed, match=r"^certificate_form:"):
        load_certificate(data)
    assert not has_issued(data, leaf(CA, "seal")) and not has_issued(POOL[0], data)
    for chain in ((data, POOL), (leaf(CA, "seal"), (data, *POOL))):
        with pytest.raises(ChainFault, match=r"^cert_form$"):
            identify(*chain, ANCHORS)


def test_a_signature_that_calls_its_last_bit_unused_is_no_certificate() -> None:
    """The count of unused bits stands outside what is signed; it may be raised only where the last bit is 0."""
    data = next(data for data in iter(lambda: leaf(CA, "seal"), b"") if data[-1] & 1 == 0)
    certificate = load_certificate(data)
    place = len(data) - len(certificate.signature) - 1
    assert data[place] == 0
    with pytest.raises(Malformed, match=r"^certificate_form:"):
        load_certificate(data[:place] + b"\x01" + data[place + 1 :])


def test_a_key_of_no_office_has_an_empty_one() -> None:
    key = new_key("seal")
    builder = mint_signer(CA, Holder("COMM", "示例评委会", "key"), "seal", key, START, 3)
    bare = x509.CertificateBuilder(
        builder.issuer, x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "key")]), key.public_key(), 7,
        START, START + DAY, list(builder.extensions),
    ).sign(CA.key, builder.signature_hash_algorithm)  # fmt: skip
    found = identify(der(bare), POOL, ANCHORS)
    assert (found.org, found.org_name) == ("", "")


def test_the_instance_extension_is_two_booleans_in_der() -> None:
    # SEQUENCE { test BOOLEAN, logRequired BOOLEAN }
    assert instance_extension(True, False).value.hex() == "30060101ff010100"
    assert instance_extension(False, True).value.hex() == "30060101000101ff"


def test_who_issued_a_key_is_told_by_signature_and_not_by_name() -> None:
    key = leaf(CA, "seal")
    assert has_issued(POOL[0], key)
    assert not has_issued(der(authority("other_ca").certificate), key)
    assert not has_issued(ANCHORS[0], leaf(ROOT, "policy"))


CA_LIKE = {
    "by": "root", "subject": "ca", "basic": {"ca": True, "path_length": 0}, "usage": ["key_cert_sign"],
    "ekus": ["seal"], "ekus_critical": False,
}  # fmt: skip


@pytest.mark.parametrize(
    ("which", "passed_over"), [("leaf", "usage_critical"), ("mine", "usage_critical"), ("mine", "basic_critical")]
)
def test_what_a_key_may_do_is_nothing_that_a_reader_may_pass_over(which: str, passed_over: str) -> None:
    for critical in (True, False):
        certs: dict[str, dict[str, Any]] = {"mine": dict(CA_LIKE), "leaf": {"by": "mine"}}
        certs[which][passed_over] = critical
        data, pool = (der(made(name, certs).certificate) for name in ("leaf", "mine"))
        if critical:
            assert identify(data, (pool,), ANCHORS).org == "COMM"
            continue
        with pytest.raises(ChainFault, match=r"^cert_chain$"):
            identify(data, (pool,), ANCHORS)


def test_a_key_of_a_kind_that_we_do_not_use_is_malformed() -> None:
    with pytest.raises(Malformed, match=r"^key_kind:"):
        certificate_key(one(key="p384"))


def self_signed(*extensions: x509.ExtensionType) -> x509.Certificate:
    """A certificate of the root's name, signed by the root's key."""
    name = ROOT.certificate.subject
    builder = x509.CertificateBuilder(name, name, ROOT.key.public_key(), 7, START, START + DAY)
    for extension in extensions:
        builder = builder.add_extension(extension, critical=False)
    return builder.sign(ROOT.key, ROOT.certificate.signature_hash_algorithm)


def test_a_root_says_itself_whether_it_is_a_test_root_and_needs_a_log() -> None:
    assert [read_anchor(root.certificate).test for root in (ROOT, TEST_ROOT)] == [False, True]
    assert read_anchor(ROOT.certificate).log_required is False
    for test in (False, True):
        for log in (False, True):
            anchor = read_anchor(self_signed(instance_extension(test, log)))
            assert (anchor.test, anchor.log_required) == (test, log)


def test_what_is_no_root_of_an_instance_is_no_anchor() -> None:
    odd = x509.UnrecognizedExtension(instance_extension(False, False).oid, b"\x30\x00")
    for certificate in (CA.certificate, self_signed(odd), self_signed()):
        with pytest.raises(Malformed, match=r"^not_a_root:"):
            read_anchor(certificate)


def test_a_key_on_a_curve_that_nobody_knows_is_no_key_of_ours() -> None:
    with pytest.raises(Malformed, match=r"^key_kind:"):
        certificate_key(load_certificate(patched(one(), CA, "unknown_curve")))


@pytest.mark.parametrize("kind", ["p384", "rsa2048"])
def test_a_key_of_another_kind_is_no_key_of_ours(kind: str) -> None:
    with pytest.raises(Malformed, match=r"^key_kind:"):
        certificate_key(one(key=kind))


def root_over(path_length: int | None) -> Authority:
    """A root that says how many CAs may stand between it and a key."""
    key = ec.generate_private_key(ec.SECP256R1())
    usage = {name: name == "key_cert_sign" for name in USAGES}
    name, issued = Holder("ROOT", "示例根", "root").name(), 8
    builder = x509.CertificateBuilder(name, name, key.public_key(), issued, START, START + 7000 * DAY)
    builder = builder.add_extension(x509.BasicConstraints(ca=True, path_length=path_length), critical=True)
    builder = builder.add_extension(x509.KeyUsage(**usage), critical=True)
    return Authority(builder.add_extension(instance_extension(False, False), False).sign(key, SHA256()), key)


@pytest.mark.parametrize(("path_length", "expected"), [(0, "cert_chain"), (1, None), (2, None), (None, None)])
def test_a_root_that_allows_no_ca_below_it_has_none(path_length: int | None, expected: str | None) -> None:
    """RFC 5280 4.2.1.9."""
    root, key = root_over(path_length), ec.generate_private_key(ec.SECP256R1())
    ca = Authority(mint_issuing_ca(root, Holder("HRSS", "示例厅", "ca"), key, START, 10, False), key)
    pool, anchors = (der(ca.certificate),), (der(root.certificate),)
    try:
        found = identify(leaf(ca, "seal"), pool, anchors).org
    except ChainFault as fault:
        found = fault.code
    assert found == (expected or "COMM")
    assert identify(leaf(root, "policy"), (), anchors).use == "policy"


def test_of_two_roots_of_one_name_the_one_that_signed_counts() -> None:
    root, other = root_over(1), root_over(1)
    anchors = (der(other.certificate), der(root.certificate))
    assert identify(leaf(root, "policy"), (), anchors).root == der(root.certificate)
    assert identify(leaf(other, "policy"), (), anchors).root == der(other.certificate)
