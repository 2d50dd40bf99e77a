"""What a check may find: false and unknown are different types, and neither is ever mistaken for the other."""

from dataclasses import dataclass, field


@dataclass(frozen=True)
class About:
    """What a finding is about, in machine values: act kind, organisation id, and the figures that decided."""

    act: str | None = None
    org: str | None = None
    figures: dict[str, str] = field(default_factory=dict)


class Fault(Exception):
    """The answer is no. `code` is stable lower_snake, never reused; words for people stand in `verify.words`."""

    def __init__(self, code: str, act: str | None = None, org: str | None = None, **figures: object) -> None:
        super().__init__(code)
        self.code = code
        self.about = About(act, org, {name: str(value) for name, value in figures.items()})


class Unknown(Exception):
    """The answer cannot be given: evidence is missing, stale or unreachable."""

    def __init__(self, code: str, **figures: object) -> None:
        super().__init__(code)
        self.code = code
        self.about = About(None, None, {name: str(value) for name, value in figures.items()})


class NotRun(Exception):
    """The check had nothing to look at. It is shown, and never counts as passed."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code
