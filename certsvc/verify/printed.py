"""What a certificate prints and what decides it: the title is one of its series and level (docs/format.md 5.1)."""

from certsvc.verify.case import Case


def printed_as_decided(case: Case) -> None:
    """The title is not one that the catalogue at hand has at other levels or in other series only."""
    target = case.bundle.entries[-1].target
    case.titles.check_level(target.series, target.level, target.title)
