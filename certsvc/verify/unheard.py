"""What rests on a document of which no key at hand made the signature: not run, so that it accuses nobody.

Such a document may be anybody's. The certificate names the last act, each act the one before it, and its grants, procedure
and calendars, all by their hashes: what is named so is what these offices had before them, whoever signed it, and others are
judged by it. Grants, lifecycle acts, lists and the trust bundle are not looked at by anybody else's row while their own key
is not at hand (`Path.heard`). docs/decisions/0053.
"""

from itertools import pairwise

from certsvc.core.outcomes import About
from certsvc.verify.case import Case
from certsvc.verify.certificate import names
from certsvc.verify.report import Row
from certsvc.verify.verdict import ALTERED

#: Families of which a row can be about an act that is named by nothing at hand.
_OF_ACTS = ("chain", "authority", "procedure", "log")

Rows = tuple[Row, ...]


def unheard_left_out(case: Case, signed: tuple[Rows, ...], parts: tuple[Rows, ...]) -> tuple[Rows, ...]:
    """The rows of each check after those of integrity, `signed`: what rests on a document that nobody at hand signed says
    only that, and where the evidence holds what it should not, nothing has failed but that."""
    odd = [row for rows in signed for row in rows if row.outcome in ("fail", "unknown")]
    if not odd:
        return parts
    unfit = any(row.outcome == "fail" or row.code == "path_missing" for row in odd)
    unheard = _Unheard(case, odd, "evidence_unfit" if unfit else "signature_unknown")
    return tuple(tuple(unheard.left_out(row) for row in rows) for rows in parts)


class _Unheard:
    """What of the evidence about one certificate nobody at hand signed."""

    def __init__(self, case: Case, odd: list[Row], code: str) -> None:
        self.code = code
        self.documents = {row.evidence for row in odd if row.code == "key_unknown" and row.evidence}
        self.certificate = any(row.id == "credential_signature" for row in odd)
        self.all = any(row.evidence not in self.documents for row in odd)
        self.adrift = _adrift(case)

    def left_out(self, row: Row) -> Row:
        ran = row.outcome in ("pass", "fail")
        if not (ran and self._is_about_it(row)) and not (row.outcome == "fail" and self._rests_on_it(row)):
            return row
        about = About(row.about.act, row.about.org) if row.evidence else About()
        return row._replace(outcome="not_run", code=self.code, about=about, within=(row.act, row.org))

    def _is_about_it(self, row: Row) -> bool:
        return row.evidence in self.documents or (self.certificate and row.evidence is None)

    def _rests_on_it(self, row: Row) -> bool:
        return self.all or (self.adrift and row.family in _OF_ACTS and row.code not in ALTERED)


def _adrift(case: Case) -> bool:
    """Whether an act that nobody at hand signed may be named by nothing at hand, so that the path may be made up."""
    path, batch = case.path, case.batch
    decided = [act for one in batch.corrections for act in (one.propose, one.decide)]
    if all(path.heard(act) for act in (*path.acts, *decided)):
        return False
    linked = all(act.sha256 in after.unverified_payload["prev"] for act, after in pairwise(path.acts))
    # A correction says nothing of the path (docs/decisions/0020).
    return bool(batch.corrections) or not (linked and names(batch, path.acts[-1]))
