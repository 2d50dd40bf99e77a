"""What a lifecycle act may be by itself: docs/format.md 5.4, the table of reasons and effects."""

import pytest

from certsvc.core import schemas
from certsvc.core.lifecycle import DATED, REASONS, is_lawful

AT_ONCE, FROM_THE_START = {"retroactive": False, "from": None}, {"retroactive": True, "from": None}
FROM_A_DAY, BOTH = {"retroactive": False, "from": "2025-02-18"}, {"retroactive": True, "from": "2025-02-18"}


def lawful(act: str, reason: str, effective: dict[str, object]) -> bool:
    return is_lawful({"act": act, "reason": reason, "effective": effective})


def test_every_lifecycle_act_has_reasons_and_every_reason_an_act() -> None:
    assert set(REASONS) == set(schemas.LIFECYCLE_ACTS)
    assert {reason for reasons in REASONS.values() for reason in reasons} == set(schemas.REASONS)


@pytest.mark.parametrize("act", REASONS)
def test_an_act_gives_no_reason_of_another(act: str) -> None:
    taken = [reason for reason in schemas.REASONS if lawful(act, reason, AT_ONCE)]
    assert sorted(taken) == sorted(REASONS[act])


@pytest.mark.parametrize("act", REASONS)
def test_only_a_revocation_reaches_back_or_has_a_day_and_never_both(act: str) -> None:
    taken = [lawful(act, REASONS[act][0], one) for one in (AT_ONCE, FROM_THE_START, FROM_A_DAY, BOTH)]
    assert taken == [True, act in DATED, act in DATED, False]
    assert DATED == ("revoke",)
