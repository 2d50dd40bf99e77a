"""X.509 chains in their two fixed shapes: who a key belongs to, up to a root that we hold."""

from datetime import UTC, datetime
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding

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
from certsvc.core.kinds import ARC, CEREMONY_USES, ISSUED_USES
from certsvc.signers.minting import DAY, Authority, Holder, mint_issuing_ca, mint_root, mint_signer, new_key

START = datetime(2025, 1, 5, tzinfo=UTC)
NO_KEY_USAGE = dict.fromkeys(
    (
        "digital_signature", "content_commitment", "key_encipherment", "data_encipherment", "key_agreement",
        "key_cert_sign", "crl_sign", "encipher_only", "decipher_only",
    ),
    False,
)  # fmt: skip


def authority(label: str = "", test: bool = False) -> tuple[Authority, Authority]:
    """A root and an issuing CA; the names are the same for every label but the keys are not."""
    root_key, ca_key = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
    root = Authority(mint_root(Holder("ROOT", "示例根", "root"), root_key, START, 20, test), root_key)
    ca = Authority(mint_issuing_ca(root, Holder("HRSS", "示例厅", "ca"), ca_key, START, 10, test), ca_key)
    return root, ca


ROOT, CA = authority()
OTHER_ROOT, OTHER_CA = authority()
TEST_ROOT, TEST_CA = authority(test=True)


def der(certificate: x509.Certificate) -> bytes:
    return certificate.public_bytes(Encoding.DER)


ANCHORS = (der(ROOT.certificate),)
POOL = (der(CA.certificate),)


def leaf(by: Authority, use: str, **holder: str) -> bytes:
    return der(mint_signer(by, Holder("COMM", "示例评委会", "key", **holder), use, new_key(use), START, 3))


class Wanted:
    """A certificate as our minting would never make it."""

    def __init__(self, by: Authority = CA, use: str = "seal") -> None:
        self.by, self.subject = by, Holder("COMM", "示例评委会", "key").name()
        self.key: Any = ec.generate_private_key(ec.SECP256R1())
        self.first, self.last = START, START + 365 * DAY
        self.extensions: dict[type, tuple[x509.ExtensionType, bool]] = {}
        self.add(x509.BasicConstraints(ca=False, path_length=None))
        self.add(x509.KeyUsage(**NO_KEY_USAGE | {"digital_signature": True}))
        self.uses(ISSUED_USES[use])

    def add(self, extension: x509.ExtensionType, critical: bool = True) -> "Wanted":
        self.extensions[type(extension)] = (extension, critical)
        return self

    def uses(self, *oids: str, critical: bool = True) -> "Wanted":
        return self.add(x509.ExtendedKeyUsage([x509.ObjectIdentifier(oid) for oid in oids]), critical)

    def without(self, kind: type) -> "Wanted":
        del self.extensions[kind]
        return self

    def usage(self, **chosen: bool) -> "Wanted":
        return self.add(x509.KeyUsage(**NO_KEY_USAGE | chosen))

    def ca(self, **basic: Any) -> "Wanted":
        self.subject = CA.certificate.subject
        return self.add(x509.BasicConstraints(**{"ca": True, "path_length": 0} | basic)).usage(key_cert_sign=True)

    def days(self, first: int, last: int) -> "Wanted":
        self.first, self.last = START + first * DAY, START + last * DAY
        return self

    @property
    def certificate(self) -> x509.Certificate:
        builder = x509.CertificateBuilder(
            self.by.certificate.subject, self.subject, self.key.public_key(), 7, self.first, self.last
        )
        for extension, critical in self.extensions.values():
            builder = builder.add_extension(extension, critical)
        identifier = x509.AuthorityKeyIdentifier.from_issuer_public_key(self.by.key.public_key())
        return builder.add_extension(identifier, False).sign(self.by.key, SHA256())

    @property
    def der(self) -> bytes:
        return der(self.certificate)


def fault_of(leaf_der: bytes, pool: tuple[bytes, ...] = POOL, anchors: tuple[bytes, ...] = ANCHORS) -> str:
    with pytest.raises(ChainFault) as fault:
        identify(leaf_der, pool, anchors)
    return fault.value.code


@pytest.mark.parametrize("use", ISSUED_USES)
def test_an_issued_key_is_identified_through_its_ca(use: str) -> None:
    one = identify(leaf(CA, use), POOL, ANCHORS)
    assert (one.use, one.org, one.org_name, one.officer) == (use, "COMM", "示例评委会", None)


@pytest.mark.parametrize("use", CEREMONY_USES)
def test_a_ceremony_key_is_identified_by_the_root_alone(use: str) -> None:
    assert identify(leaf(ROOT, use), (), ANCHORS).use == use


def test_an_officer_has_a_pseudonym_and_an_office_key_has_none() -> None:
    assert identify(leaf(CA, "officer", pseudonym="abc"), POOL, ANCHORS).officer == "abc"
    assert identify(leaf(CA, "seal", pseudonym="abc"), POOL, ANCHORS).officer is None


def test_two_pseudonyms_are_none() -> None:
    wanted = Wanted(use="officer")
    serials = [x509.NameAttribute(x509.NameOID.SERIAL_NUMBER, value) for value in ("a", "b")]
    wanted.subject = x509.Name([*wanted.subject, *serials])
    assert identify(wanted.der, POOL, ANCHORS).officer is None


def test_the_validity_is_the_intersection_of_the_whole_chain() -> None:
    one = identify(Wanted().days(10, 20_000).der, POOL, ANCHORS)
    first, last = START + 10 * DAY, START + 3650 * DAY
    assert (one.not_before, one.not_after) == (int(first.timestamp()), int(last.timestamp()))
    assert one.valid_at(one.not_before) and one.valid_at(one.not_after)
    assert not one.valid_at(one.not_before - 1) and not one.valid_at(one.not_after + 1)


TLS_SERVER = "1.3.6.1.5.5.7.3.1"
FAULTS: dict[str, tuple[Wanted, str]] = {
    "no_eku": (Wanted().without(x509.ExtendedKeyUsage), "cert_use"),
    "two_ekus": (Wanted().uses(ISSUED_USES["seal"], ISSUED_USES["officer"]), "cert_use"),
    "tls_key_of_the_same_ca": (Wanted().uses(TLS_SERVER), "cert_use"),
    "unknown_eku_of_our_arc": (Wanted().uses(f"{ARC}.3.99"), "cert_use"),
    "eku_not_critical": (Wanted().uses(ISSUED_USES["seal"], critical=False), "cert_chain"),
    "leaf_is_a_ca": (Wanted().add(x509.BasicConstraints(ca=True, path_length=None)), "cert_chain"),
    "leaf_without_basic_constraints": (Wanted().without(x509.BasicConstraints), "cert_chain"),
    "leaf_without_key_usage": (Wanted().without(x509.KeyUsage), "cert_chain"),
    "leaf_may_not_sign": (Wanted().usage(key_agreement=True), "cert_chain"),
    "leaf_may_certify": (Wanted().usage(digital_signature=True, key_cert_sign=True), "cert_chain"),
    "leaf_by_a_foreign_ca": (Wanted(by=OTHER_CA), "cert_chain"),
    "leaf_by_the_root": (Wanted(by=ROOT), "cert_chain"),
    "policy_key_by_the_ca": (Wanted(use="seal").uses(CEREMONY_USES["policy"]), "unknown_root"),
    "witness_key_by_the_ca": (Wanted(use="seal").uses(CEREMONY_USES["witness"]), "unknown_root"),
    "unknown_critical_extension": (
        Wanted().add(x509.UnrecognizedExtension(x509.ObjectIdentifier(f"{ARC}.9"), b"\x05\x00")), "cert_chain",
    ),
    "ended_before_the_ca_began": (Wanted().days(-20, -10), "cert_chain"),
}  # fmt: skip


@pytest.mark.parametrize(("wanted", "code"), FAULTS.values(), ids=FAULTS.keys())
def test_a_key_of_another_shape_is_nobodys(wanted: Wanted, code: str) -> None:
    assert fault_of(wanted.der) == code


def test_a_key_of_another_kind_is_nobodys() -> None:
    wanted = Wanted()
    wanted.key = rsa.generate_private_key(65537, 2048)
    assert fault_of(wanted.der) == "cert_form"


def ca_wanted() -> Wanted:
    return Wanted(by=ROOT).ca().uses(*ISSUED_USES.values(), critical=False)


CAS: dict[str, tuple[Wanted, str]] = {
    "path_length_one": (ca_wanted().ca(path_length=1), "cert_chain"),
    "no_path_length": (ca_wanted().ca(path_length=None), "cert_chain"),
    "not_a_ca": (ca_wanted().ca(ca=False, path_length=None), "cert_chain"),
    "no_eku": (ca_wanted().without(x509.ExtendedKeyUsage), "cert_chain"),
    "eku_of_a_ceremony_key": (
        ca_wanted().uses(*ISSUED_USES.values(), CEREMONY_USES["policy"], critical=False), "cert_use",
    ),
    "eku_without_this_use": (ca_wanted().uses(ISSUED_USES["officer"], critical=False), "cert_use"),
    "may_not_certify": (ca_wanted().usage(digital_signature=True), "cert_chain"),
    "no_basic_constraints": (ca_wanted().without(x509.BasicConstraints), "cert_chain"),
}  # fmt: skip


@pytest.mark.parametrize(("wanted", "code"), CAS.values(), ids=CAS.keys())
def test_an_issuing_ca_of_another_shape_certifies_nobody(wanted: Wanted, code: str) -> None:
    made = Authority(wanted.certificate, wanted.key)
    assert fault_of(leaf(made, "seal"), (wanted.der,)) == code


def test_an_issuing_ca_made_by_hand_in_our_shape_certifies() -> None:
    wanted = ca_wanted()
    assert identify(leaf(Authority(wanted.certificate, wanted.key), "seal"), (wanted.der,), ANCHORS).use == "seal"


def test_a_ca_below_the_issuing_ca_certifies_nobody() -> None:
    lower = Wanted(by=CA).ca().uses(*ISSUED_USES.values(), critical=False)
    lower.subject = Holder("HRSS", "示例厅", "lower ca").name()
    assert fault_of(leaf(Authority(lower.certificate, lower.key), "seal"), (lower.der, *POOL)) == "unknown_root"


def test_a_signing_key_certifies_nobody() -> None:
    signer = Wanted()
    signer.subject = Holder("COMM", "示例评委会", "would-be ca").name()
    assert fault_of(leaf(Authority(signer.certificate, signer.key), "seal"), (signer.der, *POOL)) == "unknown_root"


def test_a_chain_under_a_root_with_the_same_names_ends_nowhere() -> None:
    assert fault_of(leaf(OTHER_CA, "seal"), (der(OTHER_CA.certificate),)) == "unknown_root"
    assert fault_of(leaf(OTHER_ROOT, "policy"), ()) == "unknown_root"


def test_a_root_that_came_with_the_evidence_is_not_trusted() -> None:
    pool = (der(OTHER_CA.certificate), der(OTHER_ROOT.certificate))
    assert fault_of(leaf(OTHER_CA, "seal"), pool) == "unknown_root"


def test_a_chain_of_a_test_instance_is_called_so() -> None:
    assert fault_of(leaf(TEST_CA, "seal"), (der(TEST_CA.certificate),)) == "test_root"


def test_without_any_root_nobody_is_known() -> None:
    assert fault_of(leaf(CA, "seal"), anchors=()) == "unknown_root"


def test_without_its_ca_a_key_is_nobodys() -> None:
    assert fault_of(leaf(CA, "seal"), ()) == "cert_chain"


def test_the_right_ca_is_found_among_those_of_the_same_name() -> None:
    pool = (der(OTHER_CA.certificate), der(TEST_CA.certificate), *POOL)
    assert identify(leaf(CA, "seal"), pool, ANCHORS).org == "COMM"
    assert identify(leaf(CA, "seal"), POOL, (der(OTHER_ROOT.certificate), *ANCHORS)).org == "COMM"


@pytest.mark.parametrize("data", [b"", b"junk", der(CA.certificate) + b"\x00", b"\x30\x80"])
def test_bytes_that_are_no_certificate_are_malformed(data: bytes) -> None:
    with pytest.raises(Malformed, match="certificate_form"):
        load_certificate(data)
    assert fault_of(data) == "cert_form"
    assert fault_of(leaf(CA, "seal"), (data, *POOL)) == "cert_form"
    assert not has_issued(data, leaf(CA, "seal")) and not has_issued(POOL[0], data)


def test_a_signature_that_calls_its_last_bit_unused_is_no_certificate() -> None:
    """The count of unused bits stands outside what is signed; it may be raised only where the last bit is 0."""
    data = next(one for one in iter(lambda: Wanted().der, b"") if one[-1] & 1 == 0)
    certificate = load_certificate(data)
    place = len(data) - len(certificate.signature) - 1
    assert data[place] == 0
    with pytest.raises(Malformed, match="certificate_form"):
        load_certificate(data[:place] + b"\x01" + data[place + 1 :])


@pytest.mark.filterwarnings(
    "ignore:Parsed a serial number which wasn't positive:cryptography.utils.CryptographyDeprecationWarning"
)
@pytest.mark.parametrize("serial", [b"\x00", b"\xf9"], ids=["nought", "negative"])
def test_a_serial_number_that_is_not_positive_is_no_certificate(serial: bytes) -> None:
    data = Wanted().der
    assert data.count(b"\x02\x01\x07") >= 1
    with pytest.raises(Malformed, match="certificate_form"):
        load_certificate(data.replace(b"\x02\x01\x07", b"\x02\x01" + serial, 1))


def test_a_key_on_a_curve_that_nobody_knows_is_no_key_of_ours() -> None:
    p256 = bytes.fromhex("06082a8648ce3d030107")
    data = Wanted().der.replace(p256, p256[:-1] + b"\x63", 1)
    with pytest.raises(Malformed, match="key_kind"):
        certificate_key(load_certificate(data))


def test_a_key_of_no_office_has_an_empty_one() -> None:
    wanted = Wanted()
    wanted.subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "key")])
    one = identify(wanted.der, POOL, ANCHORS)
    assert (one.org, one.org_name) == ("", "")


def test_the_instance_extension_is_two_booleans_in_der() -> None:
    # SEQUENCE { test BOOLEAN, logRequired BOOLEAN }
    assert instance_extension(True, False).value.hex() == "30060101ff010100"
    assert instance_extension(False, True).value.hex() == "30060101000101ff"


def test_who_issued_a_key_is_told_by_signature_and_not_by_name() -> None:
    one = leaf(CA, "seal")
    assert has_issued(POOL[0], one)
    assert not has_issued(der(OTHER_CA.certificate), one)
    assert not has_issued(ANCHORS[0], leaf(ROOT, "policy"))


def test_a_root_says_itself_whether_it_is_a_test_root_and_needs_a_log() -> None:
    assert [read_anchor(a.certificate).test for a in (ROOT, TEST_ROOT)] == [False, True]
    assert read_anchor(ROOT.certificate).log_required is False
    for test in (False, True):
        for log in (False, True):
            wanted = Wanted(by=ROOT).ca(path_length=1).add(instance_extension(test, log), critical=False)
            wanted.subject, wanted.key = ROOT.certificate.subject, ROOT.key
            anchor = read_anchor(wanted.certificate)
            assert (anchor.test, anchor.log_required) == (test, log)


def test_what_is_no_root_of_an_instance_is_no_anchor() -> None:
    odd = (
        Wanted(by=ROOT)
        .ca()
        .add(x509.UnrecognizedExtension(instance_extension(False, False).oid, b"\x30\x00"), critical=False)
    )
    odd.subject = ROOT.certificate.subject
    plain = Wanted(by=ROOT).ca()
    plain.subject = ROOT.certificate.subject
    for certificate in (CA.certificate, odd.certificate, plain.certificate):
        with pytest.raises(Malformed, match="not_a_root"):
            read_anchor(certificate)


def test_a_key_on_another_curve_is_no_key_of_ours() -> None:
    wanted = Wanted()
    wanted.key = ec.generate_private_key(ec.SECP384R1())
    with pytest.raises(Malformed, match="key_kind"):
        certificate_key(wanted.certificate)
