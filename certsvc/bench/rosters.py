"""Ten thousand certificates of fifty rosters, verified one after another, beside as many bare ES256 verifications.

Measured is `judge`, every check and the verdict, as soon as the evidence is read: each certificate is new, its roster's
acts are remembered after the first. Reading the bytes of a bundle is `parse`. All rosters are issued before anything is
measured, and forgotten: who issues verifies its own results, and must leave nothing behind that it found out.
"""

import gc
import time
from collections.abc import Callable, Iterator

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256

from certsvc import resources
from certsvc.bench.measure import Figure
from certsvc.bench.verifying import forget_everything
from certsvc.bench.world import World
from certsvc.core.bundle import Bundle, parse_bundle
from certsvc.core.chain import certificate_key, load_certificate
from certsvc.services.issue import Issued
from certsvc.verify import judge
from certsvc.verify.case import Evidence
from certsvc.verify.path import jkt_of

CPU = time.process_time


def measure(world: World) -> Iterator[Figure]:
    """CPU milliseconds for each certificate of many rosters, beside one ES256 verification of the same signature."""
    rosters = [_issued(world, number) for number in range(world.sizes.rosters)]
    forget_everything()
    # What issuing left in memory is not the verifier's to walk through, over and over.
    gc.collect()
    gc.freeze()
    ours = bare = 0.0
    count = 0
    for number, roster in enumerate(rosters):
        world.progress("verify_many", number + 1, world.sizes.rosters)
        for data in [world.stored(one).frozen_bundle or b"" for one in roster]:
            bundle = parse_bundle(data)
            # Whoever comes second finds the tables of the curve warm, so each is first every other time.
            for mine in (True, False) if count % 2 else (False, True):
                ours += _judging(world, bundle) if mine else 0
                bare += 0 if mine else _timed(_bare(bundle))
            count += 1
    gc.unfreeze()
    yield Figure("verify_many", 1000 * ours / count, "ms", "one ES256 verify", 1000 * bare / count)


def _issued(world: World, number: int) -> list[Issued]:
    world.progress("verify_many: issue", number + 1, world.sizes.rosters)
    return world.another_roster(number)


def _judging(world: World, bundle: Bundle) -> float:
    evidence, anchors, now = Evidence(bundle), world.instance.anchors, world.instance.now()
    titles = resources.titles()
    start = CPU()
    verdict, row = judge(evidence, anchors, now, now, titles=titles).decision
    seconds = CPU() - start
    if verdict != "valid":
        raise RuntimeError(f"{verdict}: {row and row.code}")
    return seconds


def _timed(work: Callable[[], None]) -> float:
    start = CPU()
    work()
    return CPU() - start


def _bare(bundle: Bundle) -> Callable[[], None]:
    """The verification of the certificate's signature, with the key open and everything ready."""
    signed = bundle.credential.signatures[0]
    der = next(der for der in bundle.certs if jkt_of(der) == signed.unverified_kid)
    key, raw, message = certificate_key(load_certificate(der)), signed.signature, signed.signing_input
    if not isinstance(key, ec.EllipticCurvePublicKey):
        raise TypeError(key)
    signature = encode_dss_signature(int.from_bytes(raw[:32]), int.from_bytes(raw[32:]))
    return lambda: key.verify(signature, message, ec.ECDSA(SHA256()))
