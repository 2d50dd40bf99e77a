"""Which link of the chain a row stands on: that of the document it is about, unless it says that another office is at fault.

Whatever did not pass stands somewhere, so that no chain is all passed under a verdict that is not; and beside no link does
it say that another office did wrong than the one whose link it is.
"""

from collections.abc import Iterable
from dataclasses import replace

from certsvc.verify.case import Case
from certsvc.verify.report import Link, Row
from certsvc.verify.verdict import ALTERED

#: From bad to good: a link is as good as the worst check that names it.
_WORST = ("fail", "unknown", "not_run", "pass")
#: About the certificate as it is told by what follows the chain.
_AFTERWARDS = ("register", "document")
#: About the status, though of another family.
_OF_STATUS = ("not_annulled_since", "status_key_granted")
#: About what the certificate says, though of the families that ask whose keys they are.
_OF_CERTIFICATE = ("issuer_mismatch",)
#: They name who decided, which is no accusation.
_TELL_WHO_DECIDED = ("in_force", "not_annulled_since")


def marked(case: Case, links: tuple[Link, ...], odd: tuple[Row, ...]) -> tuple[Link, ...]:
    """The links with the rows that stand on them, and one for each office that has no other link of its own."""
    places = _Places(case, links)
    found: list[list[Row]] = [list(link.rows) for link in links]
    others: dict[str, list[Row]] = {}
    for row in [row for row in odd if not _told_elsewhere(row)]:
        for place in dict.fromkeys((*places.of(row), *places.of_grant(row))):
            found[place].append(row)
    for row in places.of_others:
        for place in places.of_another(row):
            found[place].append(row)
        if not places.of_another(row):
            others.setdefault(str(accused(row)), []).append(row)
    own = [_with(link, rows) for link, rows in zip(links, found, strict=True)]
    behind = places.issuer + 1
    return (*own[:behind], *(_other(case, org, rows) for org, rows in others.items()), *own[behind:])


def accused(row: Row) -> str | None:
    """The office of which a row says that it did wrong; an Unknown names it among its figures."""
    return row.about.org or row.about.figures.get("org")


def _accuses_nobody(row: Row) -> bool:
    """Whether what failed is evidence that nobody signed: of the office whose link it is it shows neither good nor bad."""
    return row.outcome == "fail" and row.code in ALTERED


def _told_elsewhere(row: Row) -> bool:
    """The empty place of an act that nobody did has its row already; register and file are told after the chain."""
    return row.of_absent_act or (row.family in _AFTERWARDS and row.id not in _OF_STATUS)


def _with(link: Link, rows: list[Row]) -> Link:
    """The link with the worst outcome of its rows, and all their codes."""
    if not rows:
        return link
    outcome = min(("unknown" if _accuses_nobody(row) else row.outcome for row in rows), key=_WORST.index)
    return replace(link, outcome=outcome, codes=tuple(dict.fromkeys(row.code for row in rows)), rows=tuple(rows))


def _other(case: Case, org: str, rows: list[Row]) -> Link:
    return _with(Link("other", "", org, case.path.org_names.get(org, ""), "pass"), rows)


class _Places:
    """The links by what a row may name. There may be thousands of rows and a hundred links."""

    def __init__(self, case: Case, links: tuple[Link, ...]) -> None:
        self.links = links
        self.of_others: list[Row] = []
        """Rows that accuse another office than that of the document they are about."""
        self._documents: dict[str, list[int]] = {}
        self._acts: dict[tuple[str | None, str | None], list[int]] = {}
        for place, link in enumerate(links):
            if link.evidence is not None:
                self._documents.setdefault(link.evidence, []).append(place)
                if link.kind in ("act", "decision"):
                    self._acts.setdefault((link.name, link.org), []).append(place)
        kinds = [link.kind for link in links]
        self.issuer, self._certificate, self._status = map(kinds.index, ("authority", "certificate", "status"))
        # Of two lists at hand the newest is the status; what is wrong with the other is wrong with the status too.
        self._documents.setdefault(case.batch.status_carried.sha256, [self._status])
        self._documents.setdefault(case.bundle.credential.sha256, [self._certificate])
        self._findings: dict[tuple[str, str | None], list[int]] = {}

    def of(self, row: Row) -> list[int]:
        """The places of the links that `row` stands on; none for what `of_another` is asked about."""
        own = self._own(row)
        named = self._named(row, own)
        if named and (row.evidence or row.family not in ("chain", "authority")):
            return named if row.evidence is None else self._nearest(named, own[0])
        if self._accuses_nobody_else(row, own):
            self._findings.setdefault((row.code, accused(row)), own)
            return own
        if named:
            return self._nearest(named, own[0])
        self.of_others.append(row)
        return []

    def of_grant(self, row: Row) -> list[int]:
        """The grant that was withdrawn, whoever acted on the strength of it."""
        return self._documents.get(row.about.figures.get("sha256", ""), []) if row.code == "grant_withdrawn" else []

    def of_another(self, row: Row) -> list[int]:
        """Where the same was found of a document of the office that `row` accuses, or the root that this office is; else
        none. Asked when `of` was asked about every row."""
        root = [place for place, link in enumerate(self.links[:1]) if link.org == accused(row)]
        return self._findings.get((row.code, accused(row)), root)

    def _own(self, row: Row) -> list[int]:
        """Of the document; of what no link stands for, as procedure, calendar and trust bundle, the authority."""
        if row.evidence is not None:
            return self._documents.get(row.evidence, [self.issuer])
        if self._is_of_status(row):
            return [self._status]
        of_keys = row.family in ("chain", "authority") and row.code not in _OF_CERTIFICATE
        return [self.issuer if of_keys else self._certificate]

    def _named(self, row: Row, own: list[int]) -> list[int]:
        """The acts that a row names by kind and office, of which its own is none."""
        named = row.about.act, row.about.org
        if self._is_of_status(row) or any((link.name, link.org) == named for link in map(self.links.__getitem__, own)):
            return []
        return self._acts.get(named, [])

    def _is_of_status(self, row: Row) -> bool:
        return row.evidence is None and (row.family == "status" or row.id in _OF_STATUS)

    def _accuses_nobody_else(self, row: Row, own: Iterable[int]) -> bool:
        # A grant is of whoever holds it and of whoever gave it.
        offices = {self.links[place].org for place in own if self.links[place].kind != "grant"}
        return accused(row) is None or offices <= {accused(row)} or row.id in _TELL_WHO_DECIDED

    def _nearest(self, places: list[int], to: int) -> list[int]:
        """The nearest of some places, of two equally near the later."""
        best = min(places, key=lambda place: (abs(place - to), -place))
        return self._documents[str(self.links[best].evidence)]
