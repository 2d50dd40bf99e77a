"""Other people's programs read what we write: joserfc, OpenSSL, jsonschema, rfc8785."""

import json
import subprocess
import zlib
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import rfc8785
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from joserfc import jws, jwt
from joserfc.errors import BadSignatureError
from joserfc.jwk import ECKey, KeySet
from support import needs
from support_forge import Forge
from support_instance import SmallInstance

from certsvc.core.bundle import parse_bundle
from certsvc.core.encoding import b64, canonical, unb64
from certsvc.services import publish

SCHEMA = Path(__file__).parents[2].parent / "shared" / "data" / "schemas" / "ob_v3p0_achievementcredential_schema.json"


@pytest.fixture(scope="module")
def key_set(small_instance: SmallInstance) -> KeySet:
    """Our published JWKS, as text, read by joserfc."""
    return KeySet.import_key_set(json.loads(json.dumps(publish.jwks(small_instance.instance))))


def test_joserfc_verifies_a_certificate_with_our_published_keys(small_instance: SmallInstance, key_set: KeySet) -> None:
    token = parse_bundle(small_instance.bundle()).credential.body.decode()
    read = jwt.decode(token, key_set, algorithms=["ES256"])
    assert read.header["typ"] == "vc+jwt"
    assert read.claims["certificate"]["name"] == "样章甲"
    assert rfc8785.dumps(read.claims) == unb64(token.split(".")[1])


def test_joserfc_refuses_a_certificate_with_another_name(small_instance: SmallInstance, key_set: KeySet) -> None:
    head, middle, signature = parse_bundle(small_instance.bundle()).credential.body.decode().split(".")
    payload = json.loads(unb64(middle))
    payload["certificate"]["name"] = "样章伪"
    with pytest.raises(BadSignatureError):
        jws.deserialize_compact(f"{head}.{b64(canonical(payload))}.{signature}", key_set, algorithms=["ES256"])


def test_joserfc_reads_the_status_list_and_its_slot(small_instance: SmallInstance, key_set: KeySet) -> None:
    """draft-ietf-oauth-status-list: zlib, 4 bits a slot, from the least significant bit."""
    forge = Forge(small_instance)
    slot = forge.tree["credential"]["status"]["status_list"]["idx"]
    forge.tree["slots"] = {slot: 11}
    claims = jwt.decode(forge.document("status").decode(), key_set, algorithms=["ES256"]).claims
    raw = zlib.decompress(unb64(claims["status_list"]["lst"]))
    bits = claims["status_list"]["bits"]
    per_byte = 8 // bits
    assert raw[slot // per_byte] >> slot % per_byte * bits & (1 << bits) - 1 == 11


def test_joserfc_verifies_both_signatures_of_an_act(small_instance: SmallInstance) -> None:
    act = json.loads(parse_bundle(small_instance.bundle()).path[4].act.body)
    forge = Forge(small_instance)
    for row, label in zip(act["signatures"], ["COMM-1", "COMM.seal"], strict=True):
        public = x509.load_der_x509_certificate(forge.certificate(label)).public_key()
        pem = public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
        token = f"{row['protected']}.{act['payload']}.{row['signature']}"
        assert jws.deserialize_compact(token, KeySet.import_key_set({"keys": [jwk_of(pem)]}), algorithms=["ES256"])


def jwk_of(pem: bytes) -> dict[str, Any]:
    key = ECKey.import_key(pem)
    return key.as_dict(private=False) | {"kid": key.thumbprint()}


def pem_file(folder: Path, name: str, *certificates: x509.Certificate) -> str:
    path = folder / name
    path.write_bytes(b"".join(one.public_bytes(Encoding.PEM) for one in certificates))
    return str(path)


def openssl(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([needs("openssl", "openssl"), *arguments], capture_output=True, text=True, check=False)


def verified(
    small: SmallInstance, folder: Path, leaf: bytes, *, ca: bool = True, root: SmallInstance | None = None
) -> bool:
    certs = [x509.load_der_x509_certificate(der) for der in parse_bundle(small.bundle()).certs]
    anchor = pem_file(folder, "root.pem", (root or small).anchors[0].certificate)
    chain = ["-untrusted", pem_file(folder, "ca.pem", certs[-1])] if ca else []
    one = pem_file(folder, "leaf.pem", x509.load_der_x509_certificate(leaf))
    options = ["-x509_strict", "-no-CApath", "-no-CAstore", "-purpose", "any", "-attime", str(small.now)]
    return openssl("verify", *options, "-CAfile", anchor, *chain, one).returncode == 0


@pytest.mark.parametrize(
    "label", ["HRSS.credential", "HRSS.seal", "HRSS.status", "HRSS.pdf", "HRSS.grant", "COMM.seal", "COMM-1"]
)
def test_openssl_verifies_an_issued_key_through_the_issuing_ca(
    label: str, small_instance: SmallInstance, tmp_path: Path
) -> None:
    leaf = Forge(small_instance).certificate(label)
    assert verified(small_instance, tmp_path, leaf)
    assert not verified(small_instance, tmp_path, leaf, ca=False)


@pytest.mark.parametrize("use", ["policy", "log", "witness", "archive"])
def test_openssl_verifies_a_ceremony_key_under_the_root_alone(
    use: str, small_instance: SmallInstance, tmp_path: Path
) -> None:
    assert verified(small_instance, tmp_path, Forge(small_instance).certificate(f"ROOT.{use}"), ca=False)


def test_openssl_refuses_our_keys_under_another_root_with_the_same_names(
    small_instance: SmallInstance, production_instance: SmallInstance, tmp_path: Path
) -> None:
    leaf = Forge(small_instance).certificate("HRSS.credential")
    assert not verified(small_instance, tmp_path, leaf, root=production_instance)


def test_the_certificate_fits_the_schema_of_open_badges_3(small_instance: SmallInstance) -> None:
    if not SCHEMA.is_file():
        pytest.skip(f"{SCHEMA} is not beside this checkout")
    validator = jsonschema.Draft201909Validator(json.loads(SCHEMA.read_text("utf-8")))
    for person in range(3):
        payload = parse_bundle(small_instance.bundle(person)).credential.unverified_payload
        assert [error.message for error in validator.iter_errors(payload)] == []
    assert list(validator.iter_errors({name: one for name, one in payload.items() if name != "credentialSubject"}))


def test_every_signed_payload_is_in_the_form_of_rfc_8785(small_instance: SmallInstance) -> None:
    data = small_instance.bundle()
    assert rfc8785.dumps(json.loads(data)) == data
    for document in parse_bundle(data).documents:
        body = document.body.decode()
        middle = json.loads(body)["payload"] if body[0] == "{" else body.split(".")[1]
        assert rfc8785.dumps(json.loads(unb64(middle))) == unb64(middle)
