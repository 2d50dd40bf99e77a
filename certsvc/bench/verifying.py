"""Offline verification and parsing, beside one ES256 verification and `json.loads` of the same bytes."""

import json
import sys
import time
from collections.abc import Callable, Iterator

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.x509 import load_der_x509_certificate

from certsvc import resources
from certsvc.bench.measure import Figure, in_turn, milliseconds
from certsvc.bench.world import World
from certsvc.core.bundle import parse_bundle
from certsvc.core.jose import thumbprint
from certsvc.verify import verify
from certsvc.verify.case import Evidence

#: Repetitions of an operation that is too short for one reading of the clock.
REPEAT = 20
CPU = time.process_time


def measure(world: World) -> Iterator[Figure]:
    """CPU milliseconds from the bytes of a bundle to its Report: with nothing remembered, and as one of many."""
    sizes, one = world.sizes, "one ES256 verify"
    check, bare = _verification(world), _bare_verification(world)

    def first(number: int) -> int:
        world.progress("verify_first", number + 1, sizes.verify_rounds)
        return check(number, 1)

    def warm(number: int) -> int:
        world.progress("verify_warm", number + 1, sizes.verify_rounds)
        # Each certificate once: its own signature and roster proofs are new, the acts of its roster are not.
        return check(sizes.warm_batch * number, sizes.warm_batch)

    rounds = sizes.verify_rounds
    yield milliseconds("verify_first", one, in_turn(rounds, first, bare, lambda _: forget_everything(), CPU))
    forget_everything()
    check(-1, 1)
    yield milliseconds("verify_warm", one, in_turn(rounds, warm, bare, clock=CPU))


def measure_parsing(world: World) -> Iterator[Figure]:
    """CPU milliseconds to read a bundle strictly, beside the standard library's reader."""
    bundles, rounds = world.bundles, world.sizes.verify_rounds

    def ours(number: int) -> int:
        world.progress("parse", number + 1, rounds)
        for n in range(REPEAT):
            parse_bundle(bundles[(number * REPEAT + n) % len(bundles)])
        return REPEAT

    def bare(number: int) -> int:
        for n in range(REPEAT):
            json.loads(bundles[(number * REPEAT + n) % len(bundles)])
        return REPEAT

    parse_bundle(bundles[0])
    yield milliseconds("parse", "json.loads", in_turn(rounds, ours, bare, clock=CPU))


def forget_everything() -> None:
    """Empties every memory of the core and the verifier: parsed documents, proved keys, signatures that held."""
    for name, module in list(sys.modules.items()):
        if name.startswith(("certsvc.core", "certsvc.verify")):
            for value in vars(module).values():
                if hasattr(value, "cache_clear"):
                    value.cache_clear()


def _verification(world: World) -> Callable[[int, int], int]:
    """Verifies `count` bundles from number `start` on. Raises RuntimeError unless all are valid."""
    bundles, anchors, now = world.bundles, world.instance.anchors, world.instance.now()
    titles = resources.titles()

    def check(start: int, count: int) -> int:
        for n in range(start, start + count):
            report = verify(Evidence(parse_bundle(bundles[n % len(bundles)])), anchors, now, now, titles=titles)
            if report.verdict != "valid":
                raise RuntimeError(f"{report.verdict}: {report.reason}")
        return count

    return check


def _bare_verification(world: World) -> Callable[[int], int]:
    """Verifies the signature of one credential with an open key, REPEAT times."""
    bundle = parse_bundle(world.bundles[0])
    one = bundle.credential.signatures[0]
    raw, message = one.signature, one.signing_input
    signature = encode_dss_signature(int.from_bytes(raw[:32]), int.from_bytes(raw[32:]))
    keys = [load_der_x509_certificate(der).public_key() for der in bundle.certs]
    key = next(
        key for key in keys if isinstance(key, ec.EllipticCurvePublicKey) and thumbprint(key) == one.unverified_kid
    )

    def bare(_number: int) -> int:
        for _ in range(REPEAT):
            key.verify(signature, message, ec.ECDSA(SHA256()))
        return REPEAT

    return bare
