"""A time-stamping service on localhost (RFC 3161): a P-256 key, a fixed time, and room for defects."""

import hashlib
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, HTTPServer

from asn1crypto import cms, tsp, x509
from chain_for_tests import make_chain
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.hashes import SHA256

STAMPED_AT = datetime(2026, 11, 20, 9, 31, tzinfo=UTC)


def make_token(signature: bytes, change: Callable[[dict], None] = lambda facts: None, key=None) -> bytes:
    """A token over `signature` with the service's whole chain inside, as public services answer."""
    chain = make_chain(7, key)
    facts = {
        "version": "v1",
        "policy": "1.2.3",
        "message_imprint": {
            "hash_algorithm": {"algorithm": "sha256"},
            "hashed_message": hashlib.sha256(signature).digest(),
        },
        "serial_number": 5,
        "gen_time": STAMPED_AT,
    }
    change(facts)
    content = tsp.TSTInfo(facts)
    attributes = cms.CMSAttributes(
        [
            cms.CMSAttribute({"type": "content_type", "values": ["tst_info"]}),
            cms.CMSAttribute({"type": "message_digest", "values": [hashlib.sha256(content.dump()).digest()]}),
            cms.CMSAttribute({"type": "signing_certificate_v2", "values": [_named(chain.certificate_der)]}),
        ]
    )
    return _signed_data(content, attributes, chain)


def _named(certificate: bytes) -> tsp.SigningCertificateV2:
    return tsp.SigningCertificateV2({"certs": [{"cert_hash": hashlib.sha256(certificate).digest()}]})


def _signed_data(content: tsp.TSTInfo, attributes: cms.CMSAttributes, chain) -> bytes:
    certificate = x509.Certificate.load(chain.certificate_der)
    sid = {"issuer": certificate.issuer, "serial_number": certificate.serial_number}
    rsa_key = isinstance(chain.key, rsa.RSAPrivateKey)
    how = (PKCS1v15(), SHA256()) if rsa_key else (ec.ECDSA(SHA256(), deterministic_signing=True),)
    signer = {
        "version": "v1",
        "sid": cms.SignerIdentifier({"issuer_and_serial_number": cms.IssuerAndSerialNumber(sid)}),
        "digest_algorithm": {"algorithm": "sha256"},
        "signed_attrs": attributes,
        "signature_algorithm": {"algorithm": "sha256_rsa" if rsa_key else "sha256_ecdsa"},
        "signature": chain.key.sign(attributes.dump(), *how),
    }
    ders = (chain.certificate_der, chain.issuing_ca_der, chain.root_der)
    signed = {
        "version": "v3",
        "digest_algorithms": [{"algorithm": "sha256"}],
        "encap_content_info": {"content_type": "tst_info", "content": cms.ParsableOctetString(content.dump())},
        "certificates": [cms.CertificateChoices("certificate", x509.Certificate.load(der)) for der in ders],
        "signer_infos": [signer],
    }
    return cms.ContentInfo({"content_type": "signed_data", "content": cms.SignedData(signed)}).dump()


@contextmanager
def time_stamping_service(answer: Callable[[bytes], bytes]) -> Iterator[str]:
    """The address of a service that answers each query with `answer(query DER)`."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = answer(self.rfile.read(int(self.headers["Content-Length"])))
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *args: object) -> None:
            pass

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}/tsa"
        finally:
            server.shutdown()
            thread.join()
