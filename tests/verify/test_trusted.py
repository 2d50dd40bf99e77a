"""When a document was made: what it states must fit what the log shows, and no bound is narrower than the clocks allow."""

import sys
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from certsvc.core.logged import LogKeys, span_between
from certsvc.core.note import format_note
from certsvc.core.outcomes import Fault, Unknown
from certsvc.verify.trusted import LAG, SKEW, When, _within, check_stated

sys.path.insert(0, str(Path(__file__).parents[1] / "vectors"))

from insecure_log import LOG, NINE, POLICY, cosigned, head_at, times

KEYS = LogKeys((LOG.key,), POLICY)
CLOCKS = st.lists(st.integers(0, 10**6), min_size=2, max_size=3)


def fits(when: When) -> bool:
    """Whether what is stated is not false; it may be unproved."""
    try:
        check_stated(when)
    except Fault as fault:
        assert fault.code == "time_mismatch"
        assert fault.about.figures["backdated"] == str(when.stated < when.earliest)
        return False
    except Unknown:
        return True
    return True


def seen(stated: int, before: list[int], after: list[int], index: int = 4) -> When:
    """A document at place 4 that two or three witnesses did not see, and then did."""
    notes = (format_note(cosigned(head_at(n), times(*clocks))) for n, clocks in ((4, before), (5, after)))
    return _within(span_between(*notes, KEYS), NINE + stated, index)


@given(st.integers(-(10**6), 10**6), CLOCKS, CLOCKS)
def test_the_first_second_is_never_after_the_last_and_both_are_of_a_quorum(
    stated: int, before: list[int], after: list[int]
) -> None:
    when = seen(stated, before, after)
    assert when.earliest <= when.latest
    assert (when.stated, when.last_index) == (NINE + stated, 4)
    # So many clocks had reached the last second as must agree, and so many were past the one before the first.
    assert sum(NINE + one <= when.latest for one in after) >= POLICY.threshold
    assert sum(NINE + one >= when.earliest - 1 for one in before) >= POLICY.threshold


@given(st.integers(-(10**6), 10**6), CLOCKS, CLOCKS)
def test_what_is_stated_inside_fits_and_what_is_stated_beyond_the_hour_does_not(
    stated: int, before: list[int], after: list[int]
) -> None:
    when = seen(stated, before, after)
    assert fits(when) == (when.earliest - LAG <= when.stated <= when.latest + SKEW)
    for inside in (when.earliest, when.latest, when.earliest - LAG, when.latest + SKEW):
        assert fits(When(inside, when.earliest, when.latest))
    for outside in (when.earliest - LAG - 1, when.latest + SKEW + 1):
        assert not fits(When(outside, when.earliest, when.latest))


@given(CLOCKS, st.lists(st.integers(0, 10**6), min_size=3, max_size=3), st.integers(2, 3))
def test_who_leaves_a_witness_out_gains_no_earlier_second(before: list[int], after: list[int], kept: int) -> None:
    whole, part = seen(0, before, after), seen(0, before, after[:kept])
    assert part.latest >= whole.latest


@given(st.integers(-(10**6), 10**6))
def test_without_witnesses_a_document_is_as_old_as_it_says(stated: int) -> None:
    assert fits(When(stated, stated, stated))
