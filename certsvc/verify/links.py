"""The chain as a reader sees it: root, authority, grants, acts in order, certificate, status – each pass, fail or open.

Whoever knows nothing of cryptography can name the office that did not sign. Drawn only where every signature held.
"""

from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Any, TypeVar

from certsvc.core.grants import Grant
from certsvc.core.jose import Jws
from certsvc.core.logged import Span
from certsvc.core.outcomes import Fault, Unknown
from certsvc.core.statuslist import REVOKED
from certsvc.verify.case import Case
from certsvc.verify.path import Path, anchors_above, time_of
from certsvc.verify.register import annulling
from certsvc.verify.report import InLog, Link, Row
from certsvc.verify.status import listed_value, status_at
from certsvc.verify.trusted import Place

#: From bad to good: a link is as good as the worst check that names it.
_WORST = ("fail", "unknown", "not_run", "pass")
_T = TypeVar("_T")
_YEAR_2200 = 7_258_118_400
_STATES = {0: "in_force", 1: "revoked", 2: "suspended", 3: "superseded", 11: "withdrawn"}


def draw(case: Case, odd: tuple[Row, ...]) -> tuple[Link, ...]:
    """The links in order, marked by the rows that did not pass; those about no one document count for the ends.

    A required check that was not run for want of evidence leaves its link not run: it has not passed.
    """
    judged = _Judged(odd)
    if odd:
        return (*_lasting(case, judged), _status(case, judged))
    # Where nothing is wrong, certificates that were issued together have the same links, each its own place in the log,
    # and each time that is asked about its own status.
    links: tuple[Link, ...] = case.batch.remember("links", lambda _: _lasting(case, judged))
    if case.bundle.logged is not None:
        links = (*links[:-1], replace(links[-1], logged=_certificate_logged(case)))
    return (*links, _status(case, judged))


def _lasting(case: Case, judged: "_Judged") -> tuple[Link, ...]:
    """All but the status: what is the same for every time that is asked about."""
    grants = [_grant(case.path, grant, judged) for grant in _from_the_top(case.path)]
    return (
        _root(case), _authority(case, judged), *grants, *_acts(case, judged), _certificate(case, judged)
    )  # fmt: skip


class _Judged:
    """The rows, by what they are about. Without a fault anywhere, everything passed."""

    def __init__(self, odd: tuple[Row, ...]) -> None:
        self.odd = odd
        #: Places of the rows, by document and by act kind and office: there may be thousands of rows and many acts.
        self._places: dict[Any, list[int]] = {}
        for place, row in enumerate(odd):
            named = (row.about.act, row.about.org) if row.evidence is None else row.evidence
            self._places.setdefault(named, []).append(place)

    def of_act(self, act: Jws) -> tuple[str, tuple[str, ...]]:
        """Also the rows that name the act by its kind and office."""
        payload = act.unverified_payload
        names = (act.sha256, (payload["act"], payload["org"]))
        rows = (self.odd[place] for place in sorted(place for name in names for place in self._places.get(name, [])))
        return self.worst(row for row in rows if row.evidence == act.sha256 or _names(row, act))

    def of(self, evidence: str) -> tuple[str, tuple[str, ...]]:
        return self.worst(self.odd[place] for place in self._places.get(evidence, []))

    def family(self, *families: str) -> tuple[str, tuple[str, ...]]:
        return self.worst(row for row in self.odd if row.family in families and row.evidence is None)

    def of_status(self, listed: Jws) -> tuple[str, tuple[str, ...]]:
        """Also the rows about the status list itself, and what ended a later version and this one with it."""
        return self.worst(
            row
            for row in self.odd
            if row.evidence == listed.sha256
            or (row.family == "status" and row.evidence is None)
            or row.id in ("not_annulled_since", "status_key_granted")
        )

    def found(self, check: str) -> bool:
        """Whether a check has a row that did not pass."""
        return any(row.id == check for row in self.odd)

    @staticmethod
    def worst(rows: Iterable[Row]) -> tuple[str, tuple[str, ...]]:
        """The worst outcome and all codes."""
        own = list(rows)
        outcome = min((row.outcome for row in own), key=_WORST.index, default="pass")
        return outcome, tuple(dict.fromkeys(row.code for row in own))

    @property
    def missing(self) -> list[Row]:
        return [row for row in self.odd if row.of_absent_act]


def _logged(place: Callable[[], Place]) -> InLog | None:
    """Where a document stands in the log; None where that is not proved: the rows of the log family say why."""
    found = _found(place)
    return None if found is None else _in_log(found.index, found.span)


def _found(look: Callable[[], _T]) -> _T | None:
    """What `look` found; None where it raises, which proves nothing, as with a check."""
    try:
        return look()
    except Exception:
        return None


def _in_log(index: int, span: Span) -> InLog:
    if span.without is None or span.time is None:
        return InLog(index, None, None, 0)
    witnesses = min(len(one.witness_times) for one in (span.without, span.having))
    return InLog(index, _told(span.time.earliest), _told(span.time.after), witnesses)


def _certificate_logged(case: Case) -> InLog | None:
    """The place of the certificate, whose proof `certificate_logged` did not refuse."""
    logged = case.bundle.logged
    return None if logged is None else _logged(lambda: Place(logged.proof.index, case.batch.span))


def _root(case: Case) -> Link:
    """The root above the keys. Nothing is drawn under a root that we do not hold, so this one is in order."""
    anchor = anchors_above(case.path, case.anchors)[0].certificate
    begins, ends = (int(day.timestamp()) for day in (anchor.not_valid_before_utc, anchor.not_valid_after_utc))
    return Link("root", "", "ROOT", anchor.subject.rfc4514_string(), "pass", at=begins, until=ends)


def _authority(case: Case, judged: _Judged) -> Link:
    """The issuer, whose key signed the certificate."""
    outcome, codes = judged.family("chain", "authority")
    return Link("authority", "issuer", *_issuer(case), outcome, codes)


def _from_the_top(path: Path) -> list[Grant]:
    """The grants at hand, each after the one it stands on."""
    try:
        known = path.grants_at_hand
    except (Fault, Unknown):
        return []

    def depth(grant: Grant) -> int:
        # It ends: a parent is named by its hash, so none can name its own descendant.
        parent = known.get(grant.payload["parent"])
        return 0 if parent is None else 1 + depth(parent)

    return sorted(known.values(), key=lambda grant: (depth(grant), grant.payload["nbf"], grant.org))


def _grant(path: Path, grant: Grant, judged: _Judged) -> Link:
    payload = grant.payload
    outcome, codes = judged.of(grant.sha256)
    return Link(
        "grant", payload["role"], grant.org, _name(path, grant.org), outcome, codes, payload["document"]["number"],
        _told(payload["nbf"]), _told(payload["exp"]), evidence=grant.sha256,
        logged=_logged(lambda: path.log.place(next(one for one in path.grants_signed if one.sha256 == grant.sha256))),
    )  # fmt: skip


def _acts(case: Case, judged: _Judged) -> list[Link]:
    """The acts in order; a required act that nobody did stands in its place."""
    order = [step["act"] for step in case.path.procedure["steps"]]
    links = [_act(case.path, act, judged) for act in case.path.acts]
    for row in judged.missing:
        name = str(row.about.act)
        place = sum(link.name in order and order.index(link.name) < order.index(name) for link in links)
        roles = tuple(row.about.figures.get("roles", "").split(","))
        # Who did the act beside it is no office that was to do this one.
        able = [one for one in row.about.figures.get("holders", "").split(",") if one]
        names = "、".join(_name(case.path, one) or one for one in able)
        links.insert(place, Link("act", name, (able or [""])[0], names, "fail", ("act_missing",), roles=roles))
    return links


def _act(path: Path, act: Jws, judged: _Judged) -> Link:
    payload = act.unverified_payload
    outcome, codes = judged.of_act(act)
    return Link(
        "act", payload["act"], payload["org"], _name(path, payload["org"]), outcome, codes,
        payload["document"]["number"], _told(time_of(act)), signed_by=_signed_by(path, act), evidence=act.sha256,
        logged=_logged(lambda: path.log.place(act)),
    )  # fmt: skip


def _signed_by(path: Path, act: Jws) -> tuple[str, ...]:
    found = []
    for position in range(len(act.signatures)):
        try:
            found.append(path.identity(path.certificate_of(act, position)).use)
        except (Fault, Unknown):
            found.append("unknown")
    return tuple(found)


def _certificate(case: Case, judged: _Judged) -> Link:
    credential, printed = case.bundle.credential, case.credential["certificate"]
    outcome, codes = judged.worst(
        row
        for row in judged.odd
        if row.evidence == credential.sha256 or (row.family in ("procedure", "log") and row.evidence is None)
        if not row.of_absent_act and not any(_names(row, act) for act in case.path.acts)
    )
    issuer, name = _issuer(case)
    approval = printed["approval"]["number"]
    logged = None if judged.found("certificate_logged") else _certificate_logged(case)
    issued = _told(case.issued_at)
    return Link("certificate", "", issuer, name, outcome, codes, approval, issued, logged=logged)


def _status(case: Case, judged: _Judged) -> Link:
    """The status at the time asked about, as the newest list at hand bears it out."""
    listed, (state, decision) = case.batch.status_list, _state(case)
    outcome, codes = judged.of_status(listed)
    paper = decision.unverified_payload["document"]["number"] if decision else ""
    at, until = _told(time_of(listed)), _told(listed.unverified_payload["exp"])
    return Link(
        "status", state, *_issuer(case), outcome, codes, paper, at, until, evidence=listed.sha256,
        logged=_logged(lambda: case.batch.place(listed)),
    )  # fmt: skip


def _state(case: Case) -> tuple[str, Jws | None]:
    """Name of the status at the time asked about, and the decision behind it where that is at hand: of this version, or
    of a later one that ended this one with it.

    Where nobody can tell it, what the newest list says; no name for a value that has no meaning, or cannot be read.
    """
    annulled = annulling(case)
    if annulled is not None:
        return _STATES[REVOKED], annulled
    then = _found(lambda: status_at(case)) if case.at >= case.issued_at else None
    if then is not None:
        value, event = then
        return _STATES[value], event.decide if event else None
    listed = _found(lambda: listed_value(case))
    return "" if listed is None else _STATES.get(listed, ""), None


def _issuer(case: Case) -> tuple[str, str]:
    """Id and name, as the certificate states them."""
    return case.credential["iss"].rpartition(":")[2], case.credential["issuer"]["name"]


def _names(row: Row, act: Jws) -> bool:
    payload, about = act.unverified_payload, row.about
    # A missing act names an office that may have done another of its kind.
    same = (about.act, about.org) == (payload["act"], payload["org"])
    return same and row.evidence is None and not row.of_absent_act


def _told(at: int) -> int | None:
    """A time that a calendar can show; a hostile one is left out."""
    return at if 0 <= at < _YEAR_2200 else None


def _name(path: Path, org: str) -> str:
    return path.org_names.get(org, "")
