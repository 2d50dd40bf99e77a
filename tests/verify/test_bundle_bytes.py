"""No byte of the evidence may change: not of the bundle, not of the certificate, not of a key certificate."""

import sys
from pathlib import Path

import pytest
from support_forge import judge
from support_instance import SmallInstance

from certsvc.core.bundle import parse_bundle
from certsvc.core.chain import ChainFault, identify, key_in
from certsvc.core.encoding import canonical, parse_json
from certsvc.core.errors import Malformed
from certsvc.core.jose import parse_document
from certsvc.verify import verify
from certsvc.verify.case import Case, Evidence

sys.path.insert(0, str(Path(__file__).parents[1] / "vectors"))

from insecure_logged import Logbook, Story, strict_office
from insecure_office import DAY, START

#: The bytes of one bundle in this many tests, so that they run side by side.
SHARES = 16


def flipped(data: bytes, place: int, mask: int) -> bytes:
    return data[:place] + bytes([data[place] ^ mask]) + data[place + 1 :]


@pytest.mark.filterwarnings("ignore:Attribute's length must be:UserWarning")
@pytest.mark.parametrize("share", range(SHARES))
def test_a_bundle_with_any_one_byte_changed_is_never_valid(share: int, small_instance: SmallInstance) -> None:
    data = small_instance.bundle()
    # The lowest bit makes another letter of the same alphabet, which hurts more than a byte that is no text.
    places = range(share, len(data), SHARES)
    survivors = [n for n in places if judge(small_instance, flipped(data, n, 1)).verdict == "valid"]
    assert survivors == []


def test_a_bundle_with_a_byte_left_out_or_doubled_is_never_valid(small_instance: SmallInstance) -> None:
    data = small_instance.bundle()
    for place in range(0, len(data), 101):
        for changed in (data[:place] + data[place + 1 :], data[: place + 1] + data[place:]):
            assert judge(small_instance, changed).verdict != "valid"


@pytest.mark.parametrize("tail", [b"\n", b" ", b"\x00", b"{}"], ids=["newline", "space", "nul", "second_object"])
def test_a_bundle_with_bytes_after_it_is_tampered(tail: bytes, small_instance: SmallInstance) -> None:
    assert judge(small_instance, small_instance.bundle() + tail).verdict == "tampered"


def test_a_certificate_with_any_one_bit_changed_has_no_signature(small_instance: SmallInstance) -> None:
    bundle = parse_bundle(small_instance.bundle())
    case = Case(Evidence(bundle), small_instance.anchors, small_instance.now, small_instance.now)
    key = key_in(case.path.certificate_of(bundle.credential, 0))
    assert case.path.signer(bundle.credential).use == "credential"
    token = bundle.credential.body
    assert bundle.credential.signed_by(key)
    for place in range(len(token)):
        for bit in range(8):
            try:
                document = parse_document(flipped(token, place, 1 << bit), "vc+jwt")
            except Malformed:
                continue
            assert not document.signed_by(key), (place, bit)


@pytest.mark.filterwarnings("ignore:Attribute's length must be:UserWarning")
@pytest.mark.parametrize("role", ["leaf", "issuing_ca", "ceremony_leaf"])
def test_a_key_certificate_with_any_one_byte_changed_proves_nobody(role: str, small_instance: SmallInstance) -> None:
    bundle = parse_bundle(small_instance.bundle())
    case = Case(Evidence(bundle), small_instance.anchors, small_instance.now, small_instance.now)
    leaf = case.path.certificate_of(bundle.trust if role == "ceremony_leaf" else bundle.credential, 0)
    authority = bundle.certs[-1]
    identify(leaf, (authority,), case.path.roots)
    changing = authority if role == "issuing_ca" else leaf
    for place in range(len(changing)):
        for mask in (1, 0x80):
            changed = flipped(changing, place, mask)
            arguments = (leaf, (changed,)) if role == "issuing_ca" else (changed, (authority,))
            with pytest.raises(ChainFault):
                identify(*arguments, case.path.roots)


STRICT = strict_office()
PROVED = Logbook(STRICT, Story()).data()
NOW = START + 29 * DAY


def with_log_proofs(data: bytes) -> str:
    """The verdict on a bundle under the root that requires a log; of one that cannot be read, tampered."""
    try:
        return verify(Evidence(parse_bundle(data)), (STRICT.anchor,), NOW, NOW).verdict
    except Malformed:
        return "tampered"


@pytest.mark.parametrize("member", ["log", "grant_logs", "status"])
def test_no_byte_of_a_log_proof_may_change_where_a_log_is_required(member: str) -> None:
    """Of every third byte the lowest bit; the proof of the certificate, of the first grant and of the status list."""
    assert with_log_proofs(PROVED) == "valid"
    value = parse_json(PROVED)
    logged = {"log": value["log"], "grant_logs": value["grant_logs"][0], "status": value["status"]["log"]}[member]
    written = canonical(logged)
    assert PROVED.count(written) == 1
    start = PROVED.index(written)
    places = range(start, start + len(written), 3)
    assert [n - start for n in places if with_log_proofs(flipped(PROVED, n, 1)) == "valid"] == []
