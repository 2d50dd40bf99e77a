"""Trusted time of a log entry (formats.md 6): between two checkpoints that witnesses saw, whatever the document says."""

from dataclasses import dataclass

from certsvc.core.checkpoint import Checkpoint, WitnessPolicy
from certsvc.core.outcomes import Fault


@dataclass(frozen=True)
class TrustedTime:
    """An entry was logged after `before` and not later than `after`, in seconds since 1970 UTC; `before` < `after`."""

    before: int
    after: int

    @property
    def earliest(self) -> int:
        """The first second in which it may have been logged; `after` is the last."""
        return self.before + 1


def trusted_time(index: int, without: Checkpoint, having: Checkpoint, policy: WitnessPolicy) -> TrustedTime:
    """When entry `index` was logged, from verified checkpoints of one log: one without it, one having it.

    A holder who shows other checkpoints than the last without and the first with the entry, or fewer witnesses, gets a
    wider interval. Raises Fault `checkpoint_bad` for checkpoints of two logs or on the wrong side, and
    `witness_quorum`. That the two are one history is the witnesses' statement (tlog-cosignature), not checked here.
    """
    if without.origin != having.origin or not without.size <= index < having.size:
        raise Fault("checkpoint_bad", why="wrong_side", index=index)
    # Of any k witnesses at least one is believed. Hence k clocks must have reached a time before it counts: the k-th
    # smallest for "it was there", the k-th largest for "it was not there yet".
    after = _times(having, policy)[policy.threshold - 1]
    before = _times(without, policy)[-policy.threshold]
    # Clocks of different witnesses differ: a quick pair of checkpoints may seem to be in the wrong order. Then only
    # the later bound is kept, as nothing may be proved by a clock that is ahead.
    return TrustedTime(min(before, after - 1), after)


def _times(checkpoint: Checkpoint, policy: WitnessPolicy) -> list[int]:
    """The times of the policy's witnesses, smallest first."""
    names = {key.name for key in policy.keys}
    times = sorted(time for name, time in checkpoint.witness_times.items() if name in names)
    if len(times) < policy.threshold:
        raise Fault("witness_quorum", found=len(times), needed=policy.threshold)
    return times
