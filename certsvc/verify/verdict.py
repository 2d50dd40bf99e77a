"""One function computes the verdict from the rows: the first line of the table that fits wins (design.md 4)."""

from collections.abc import Callable
from dataclasses import dataclass

from certsvc.verify.report import Row

#: A certificate is `valid` only when every check of these families that ran has passed, and at least one did.
REQUIRED = ("integrity", "chain", "authority", "procedure", "status")
_FOREIGN = ("unknown_root", "test_root")
#: Unsigned evidence that does not fit what was signed: altered, or another's. It proves nothing about any office.
ALTERED = ("evidence_differs", "commit_mismatch", "inclusion_bad", "checkpoint_bad")
_UNLAWFUL = ("time_mismatch", "order", "grant_not_yet", "once_tag")


@dataclass(frozen=True)
class Line:
    """A verdict and the rows that bring it about."""

    verdict: str
    fits: Callable[[Row], bool]


def _failed(*families: str) -> Callable[[Row], bool]:
    return lambda row: row.outcome == "fail" and row.family in families


def _failed_with(*codes: str) -> Callable[[Row], bool]:
    return lambda row: row.outcome == "fail" and row.code in codes


TABLE: tuple[Line, ...] = (
    Line("tampered", _failed("integrity")),
    Line("not_issued", _failed_with(*_FOREIGN)),
    # A certificate that its issuer did not sign in this form was altered; nobody had, or lacked, a power by it.
    Line("tampered", _failed_with("cert_chain", "cert_form")),
    Line("tampered", _failed("document")),
    Line("tampered", _failed_with(*ALTERED)),
    Line("void", _failed("chain", "authority", "procedure")),
    Line("void", lambda row: row.family == "log" and _failed_with(*_UNLAWFUL)(row)),
    Line("revoked", _failed_with("revoked")),
    Line("withdrawn", _failed_with("withdrawn")),
    Line("suspended", _failed_with("suspended")),
    Line("superseded", _failed_with("superseded")),
    Line("out_of_term", _failed_with("out_of_term")),
    # Anything else that failed (a status list at odds with the acts) is a contradiction, not a verdict.
    Line("cannot_decide", lambda row: row.outcome == "fail"),
    Line("cannot_decide", lambda row: row.outcome == "unknown"),
)


def decide(rows: tuple[Row, ...], required: tuple[str, ...] = REQUIRED) -> tuple[str, Row | None]:
    """The verdict and the row that decided it; no row for `valid`. No rows at all decide nothing."""
    odd = [row for row in rows if row.outcome != "pass"]
    for line in TABLE:
        for row in odd:
            if line.fits(row):
                return line.verdict, row
    # Nothing that ran has failed, so a family passed if one of its checks did and none was left out.
    left_out = {row.family for row in odd if row.outcome != "not_applicable"}
    passed = {row.family for row in rows if row.outcome == "pass"} - left_out
    return ("valid" if passed.issuperset(required) else "cannot_decide"), None
