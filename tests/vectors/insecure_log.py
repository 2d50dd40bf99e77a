"""INSECURE-TEST keys of a log and its witnesses, and notes that they sign: the same bytes every time.

Ed25519 seeds are SHA-256("certsvc INSECURE-TEST key NAME"), so everything these keys sign proves nothing.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from certsvc.core.checkpoint import Head, Proof, WitnessPolicy, format_head
from certsvc.core.merkle import inclusion_path, leaf_hash, levels, root_of
from certsvc.core.note import (
    COSIGNATURE,
    ED25519,
    Note,
    NoteSignature,
    VerifierKey,
    format_note,
    format_vkey,
    message_to_sign,
    signed_line,
)

ORIGIN = "log.example/certsvc"
WITNESS_NAMES = ("witness.example/archive", "witness.example/changchun", "witness.example/jilin")
#: 2025-03-03 09:00 in Shanghai.
NINE = 1_740_963_600


@dataclass(frozen=True)
class InsecureSigner:
    """A private key with the verifier key that goes with it."""

    private: Ed25519PrivateKey
    key: VerifierKey

    @property
    def vkey(self) -> str:
        return format_vkey(self.key)

    def line(self, text: str, time: int | None = None) -> NoteSignature:
        """Its line under `text`, at `time` if it is a witness."""
        return signed_line(self.key, self.private.sign(message_to_sign(self.key, text, time)), time)


def insecure_signer(name: str, kind: int = ED25519, seed: str = "") -> InsecureSigner:
    """The signer of that name; `seed` names its key where that is not its own."""
    private = Ed25519PrivateKey.from_private_bytes(
        sha256(f"certsvc INSECURE-TEST key {seed or name}".encode()).digest()
    )
    public = private.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
    return InsecureSigner(private, VerifierKey(name, kind, public))


LOG = insecure_signer(ORIGIN)
WITNESSES = {name: insecure_signer(name, COSIGNATURE) for name in WITNESS_NAMES}
#: Two of three.
POLICY = WitnessPolicy(2, tuple(witness.key for witness in WITNESSES.values()))


def times(*seconds: int) -> dict[str, int]:
    """Times after nine o'clock of the first, second, third witness."""
    return {name: NINE + second for name, second in zip(WITNESS_NAMES, seconds, strict=False)}


def cosigned(head: Head, witness_times: Mapping[str, int]) -> Note:
    """The head signed by the log, then by each witness at its time."""
    text = format_head(head)
    lines = (WITNESSES[name].line(text, time) for name, time in witness_times.items())
    return Note(text, (LOG.line(text), *lines))


def entry(index: int) -> bytes:
    return b"entry %d" % index


def head_at(size: int) -> Head:
    """The head of the log of `entry(0)`, `entry(1)` …"""
    return Head(ORIGIN, size, root_of(levels([leaf_hash(entry(index)) for index in range(size)])))


def proof_at(index: int, size: int, witness_times: Mapping[str, int], extra: bytes | None = None) -> Proof:
    """The proof of `entry(index)` in that log."""
    tree = levels([leaf_hash(entry(index)) for index in range(size)])
    note = format_note(cosigned(head_at(size), witness_times))
    return Proof(extra, index, tuple(inclusion_path(tree, index)), note)
