"""What a check may find: each says its code, and figures are told as text."""

import pytest

from certsvc.core.outcomes import About, Fault, NotRun, Unknown


@pytest.mark.parametrize("kind", [Fault, Unknown, NotRun])
def test_what_a_check_finds_is_printed_as_its_code(kind: type[Exception]) -> None:
    assert str(kind("some_code")) == "some_code"


def test_a_fault_tells_act_office_and_figures_and_a_gap_figures_alone() -> None:
    assert Fault("c", "evaluate", "COMM", needed=2).about == About("evaluate", "COMM", {"needed": "2"})
    assert Fault("c").about == Unknown("c").about == About(None, None, {})
    assert Unknown("c", days=3).about == About(None, None, {"days": "3"})
