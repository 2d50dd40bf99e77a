"""Trusted time: an interval between witnessed checkpoints that nothing a holder leaves out makes narrower."""

import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from certsvc.core.checkpoint import Checkpoint, WitnessPolicy
from certsvc.core.outcomes import Fault
from certsvc.core.trusted_time import TrustedTime, trusted_time

sys.path.insert(0, str(Path(__file__).parents[1] / "vectors"))

from insecure_log import NINE, ORIGIN, POLICY, WITNESS_NAMES, times

LATER = 3600


def seen(size: int, *seconds: int) -> Checkpoint:
    return Checkpoint(ORIGIN, size, bytes(32), times(*seconds))


@pytest.mark.parametrize(
    ("threshold", "expected"),
    [(1, (30, 3601)), (2, (20, 3602)), (3, (10, 3603))],
)
def test_k_clocks_must_have_reached_a_time_before_it_counts(threshold: int, expected: tuple[int, int]) -> None:
    policy = WitnessPolicy(threshold, POLICY.keys)
    found = trusted_time(4, seen(4, 20, 10, 30), seen(5, 3602, 3603, 3601), policy)
    assert (found.before - NINE, found.after - NINE) == expected
    assert found.earliest == found.before + 1


def test_a_single_false_clock_among_two_needed_moves_nothing_beyond_the_honest_ones() -> None:
    honest = trusted_time(4, seen(4, 10, 20), seen(5, 3600, 3610), POLICY)
    early, late = -(10**6), 10**6
    for false in (early, late):
        found = trusted_time(4, seen(4, 10, 20, false), seen(5, 3600, 3610, false), POLICY)
        assert found.before <= NINE + 20
        assert found.after >= NINE + 3600
    assert honest == TrustedTime(NINE + 10, NINE + 3610)


@given(
    st.lists(st.integers(0, LATER), min_size=3, max_size=3),
    st.lists(st.integers(0, LATER), min_size=3, max_size=3),
    st.sampled_from([1, 2, 3]),
    st.data(),
)
def test_a_witness_left_out_makes_the_interval_no_narrower(
    before: list[int], after: list[int], threshold: int, data: st.DataObject
) -> None:
    policy = WitnessPolicy(threshold, POLICY.keys)
    whole = trusted_time(4, seen(4, *before), seen(9, *after), policy)
    kept = data.draw(st.integers(threshold, 3))
    part = trusted_time(4, seen(4, *before[:kept]), seen(9, *after[:kept]), policy)
    assert whole.after <= part.after
    assert part.before <= NINE + sorted(before)[-threshold]
    if sorted(before)[-threshold] < sorted(after)[threshold - 1]:
        assert part.before <= whole.before < whole.after


def test_witnesses_that_the_policy_does_not_name_do_not_count() -> None:
    policy = WitnessPolicy(1, POLICY.keys[:1])
    assert trusted_time(4, seen(4, 10, 999), seen(5, 3600, 0), policy) == TrustedTime(NINE + 10, NINE + 3600)
    alone = Checkpoint(ORIGIN, 5, bytes(32), {WITNESS_NAMES[1]: NINE})
    with pytest.raises(Fault, match=r"^witness_quorum$") as refused:
        trusted_time(4, seen(4, 10), alone, policy)
    assert refused.value.about.figures == {"found": "0", "needed": "1"}
    with pytest.raises(Fault, match=r"^witness_quorum$"):
        trusted_time(5, alone, seen(6, 10), policy)


def test_clocks_that_cross_give_an_interval_that_is_not_empty() -> None:
    policy = WitnessPolicy(1, POLICY.keys)
    assert trusted_time(4, seen(4, 100, 103), seen(5, 102, 104), policy) == TrustedTime(NINE + 101, NINE + 102)


@pytest.mark.parametrize(
    ("index", "without", "having"),
    [(4, 5, 5), (4, 5, 9), (4, 4, 4), (4, 9, 4), (-1, 0, 1)],
    ids=["both_have_it", "first_has_it", "neither_has_it", "exchanged", "below_nought"],
)
def test_checkpoints_on_the_wrong_side_of_the_entry_are_refused(index: int, without: int, having: int) -> None:
    with pytest.raises(Fault, match=r"^checkpoint_bad$") as refused:
        trusted_time(index, seen(without, 1, 2), seen(having, 3, 4), POLICY)
    assert refused.value.about.figures == {"why": "wrong_side", "index": str(index)}


def test_checkpoints_of_two_logs_give_no_time() -> None:
    other = Checkpoint("log.example/other", 5, bytes(32), times(3, 4))
    with pytest.raises(Fault, match=r"^checkpoint_bad$"):
        trusted_time(4, seen(4, 1, 2), other, POLICY)
