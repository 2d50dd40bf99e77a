"""Proofs of a log that grows: bytes of a tlog-proof with two cosignatures, and what it takes to make and to check it.

Beside the note alone, which is what would be left without a tree, and one bare Ed25519 verification.
"""

import time
from collections.abc import Iterator
from dataclasses import dataclass

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from certsvc.bench.log_home import START, STEP, grow_tree, log_home
from certsvc.bench.measure import Batch, Figure, in_turn, microseconds
from certsvc.bench.world import World
from certsvc.core.checkpoint import WitnessPolicy, parse_proof, verify_proof
from certsvc.core.merkle import leaf_hash
from certsvc.core.note import COSIGNATURE, VerifierKey, _verified, format_line, message_to_sign, parse_note, signed_line
from certsvc.core.tiles import Edge
from certsvc.instance import Instance
from certsvc.services import log
from certsvc.services.log_proofs import proof_at
from certsvc.store import log as log_store

#: Bytes of an entry of the synthetic tree.
ENTRY = 150
#: Entries whose proofs are made, evenly over the log.
SAMPLES = 64
NAMES = ("north.sample", "south.sample")
CPU = time.process_time


@dataclass(frozen=True)
class Witness:
    """Somebody who cosigns whatever it is shown."""

    key: VerifierKey
    private: Ed25519PrivateKey


def measure(world: World) -> Iterator[Figure]:
    """Three figures at each size: bytes, CPU microseconds to check, CPU microseconds to make."""
    witnesses = tuple(map(_witness, NAMES))
    with log_home(world.instance.home) as instance:
        # What the ceremony put there is no part of what is sampled.
        edge = _edge(instance)
        begin = edge.size
        for size in world.sizes.log_sizes:
            edge = _grow(world, instance, edge, size)
            log.publish(instance)
            _cosign(instance, witnesses)
            yield from _figures(world, instance, witnesses, range(begin, size, -(-(size - begin) // SAMPLES)))


def named(size: int) -> str:
    """1e4 for 10,000; other sizes as they are."""
    digits = str(size)
    return f"1e{len(digits) - 1}" if digits.rstrip("0") == "1" else digits


def entry(number: int) -> bytes:
    """What stands at this index of the synthetic log."""
    return b"%0*d" % (ENTRY, number)


def _witness(name: str) -> Witness:
    private = Ed25519PrivateKey.generate()
    return Witness(VerifierKey(name, COSIGNATURE, private.public_key().public_bytes_raw()), private)


def _edge(instance: Instance) -> Edge:
    with instance.engines.read.connect() as connection:
        return log.read_edge(connection, log_store.read_state(connection))


def _grow(world: World, instance: Instance, edge: Edge, size: int) -> Edge:
    for start in range(edge.size, size, STEP):
        edge = grow_tree(instance, edge, [entry(n) for n in range(start, min(start + STEP, size))])
        world.progress(f"log_proof_{named(size)}", edge.size, size)
    return edge


def _cosign(instance: Instance, witnesses: tuple[Witness, ...]) -> None:
    with instance.engines.write.begin() as connection:
        newest = log_store.newest(connection)
        if newest is None:
            raise LookupError("no checkpoint")
        text = parse_note(newest.note).text
        for one in witnesses:
            line = signed_line(one.key, one.private.sign(message_to_sign(one.key, text, START)), START)
            log_store.put_cosignature(connection, newest.size, one.key.name, format_line(line))


def _figures(world: World, instance: Instance, witnesses: tuple[Witness, ...], indices: range) -> Iterator[Figure]:
    name, rounds = f"log_proof_{named(indices.stop)}", world.sizes.log_proof_rounds
    policy = WitnessPolicy(len(witnesses), tuple(one.key for one in witnesses))
    with instance.engines.read.connect() as connection:
        keys = log.log_keys(instance, connection)
        proofs = {index: proof_at(connection, index) for index in indices}
        note = parse_proof(proofs[indices[0]]).checkpoint

        def check(_number: int) -> int:
            for index, data in proofs.items():
                # As whoever sees this log for the first time.
                _verified.cache_clear()
                verify_proof(parse_proof(data), leaf_hash(entry(index)), keys, policy)
            return len(proofs)

        def make(_number: int) -> int:
            for index in indices:
                proof_at(connection, index)
            return len(indices)

        bare = _bare_verification(note, keys[0])
        longest = max(map(len, proofs.values()))
        yield Figure(f"{name}_bytes", longest, "B", "its checkpoint alone", len(note))
        for action, ours in (("check", check), ("make", make)):
            yield microseconds(f"{name}_{action}", "one Ed25519 verify", in_turn(rounds, ours, bare, clock=CPU))


def _bare_verification(note: bytes, key: VerifierKey) -> Batch:
    """Verifies the log's own signature with an open key, SAMPLES times."""
    parsed, public = parse_note(note), Ed25519PublicKey.from_public_bytes(key.public)
    signature, message = parsed.signatures[0].signature, message_to_sign(key, parsed.text)

    def bare(_number: int) -> int:
        for _ in range(SAMPLES):
            public.verify(signature, message)
        return SAMPLES

    return bare
