"""The chain as a reader sees it: root, authority, grants, acts in order, corrections, certificate, what was decided about
it since, status – each pass, fail or open.

Whoever knows nothing of cryptography can name the office that did not sign. Drawn only where every signature held.
"""

from collections.abc import Callable, Set
from dataclasses import replace
from functools import partial
from typing import TypeVar

from certsvc.core.bundle import Event
from certsvc.core.chain import Identity
from certsvc.core.jose import Jws
from certsvc.core.logged import Span
from certsvc.core.outcomes import Fault, Unknown
from certsvc.core.statuslist import REVOKED
from certsvc.verify.case import Case
from certsvc.verify.marks import marked
from certsvc.verify.pairing import Step, pairing, roles_said
from certsvc.verify.path import Path, anchors_above, time_of
from certsvc.verify.register import annulling
from certsvc.verify.report import InLog, Link, Row
from certsvc.verify.status import listed_value, status_at
from certsvc.verify.trusted import Place

_T = TypeVar("_T")
_YEAR_2200 = 7_258_118_400
_STATES = {0: "in_force", 1: "revoked", 2: "suspended", 3: "superseded", 11: "withdrawn"}


def draw(case: Case, odd: tuple[Row, ...]) -> tuple[Link, ...]:
    """The links in order, each marked by the rows that did not pass and stand on it (`marks`).

    A required check that was not run for want of evidence leaves its link not run: it has not passed.
    """
    if odd:
        return marked(case, (*_lasting(case, odd), _status(case)), odd)
    # Where nothing is wrong, certificates that were issued together have the same links, each its own place in the log,
    # and each time that is asked about its own status.
    links: tuple[Link, ...] = case.batch.remember("links", lambda _: _lasting(case, ()))
    if case.bundle.logged is not None:
        logged = _certificate_logged(case)
        links = tuple(replace(link, logged=logged) if link.kind == "certificate" else link for link in links)
    return (*links, _status(case))


def _lasting(case: Case, odd: tuple[Row, ...]) -> tuple[Link, ...]:
    """All but the status: what is the same for every time that is asked about."""
    return (
        _root(case), _authority(case), *(_grant(case.path, grant) for grant in _from_the_top(case.path)), *_acts(case, odd),
        *_decisions(case, case.bundle.corrections, odd), _certificate(case, odd),
        *_decisions(case, case.bundle.events, odd),
    )  # fmt: skip


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
    return InLog(index, showable(span.time.earliest), showable(span.time.after), witnesses)


def _certificate_logged(case: Case) -> InLog | None:
    """The place of the certificate, whose proof `certificate_logged` did not refuse."""
    logged = case.bundle.logged
    return None if logged is None else _logged(lambda: Place(logged.proof.index, case.batch.span))


def _root(case: Case) -> Link:
    """The root above the keys. Nothing is drawn under a root that we do not hold, so this one is in order."""
    anchor = anchors_above(case.path, case.anchors)[0].certificate
    begins, ends = (int(day.timestamp()) for day in (anchor.not_valid_before_utc, anchor.not_valid_after_utc))
    return Link("root", "", "ROOT", anchor.subject.rfc4514_string(), "pass", at=begins, until=ends)


def _authority(case: Case) -> Link:
    """The issuer, whose key signed the certificate."""
    return Link("authority", "issuer", *_issuer(case), "pass")


def _from_the_top(path: Path) -> list[Jws]:
    """The grants, each after the one it stands on; whoever signed them, since what is wrong with one is told beside it."""
    known = {grant.sha256: grant for grant in path.grants_signed}

    def depth(grant: Jws) -> int:
        # It ends: a parent is named by its hash, so none can name its own descendant.
        parent = known.get(str(grant.unverified_payload["parent"]))
        return 0 if parent is None else 1 + depth(parent)

    def place(grant: Jws) -> tuple[int, int, str]:
        return depth(grant), grant.unverified_payload["nbf"], grant.unverified_payload["sub"]

    return sorted(known.values(), key=place)


def _grant(path: Path, grant: Jws) -> Link:
    payload = grant.unverified_payload
    org = str(payload["sub"])
    return Link(
        "grant", payload["role"], org, _name(path, org), "pass", (), payload["document"]["number"],
        showable(payload["nbf"]), showable(payload["exp"]), evidence=grant.sha256, logged=_logged(partial(path.log.place, grant)),
    )  # fmt: skip


def _acts(case: Case, odd: tuple[Row, ...]) -> list[Link]:
    """The acts in order; a required act that nobody did stands in its place."""
    path = case.path
    links = [_act(path, "act", act, _logged(partial(path.log.place, act))) for act in path.acts]
    absent = [row for row in odd if row.of_absent_act]
    turns = [_turn(path, act) for act in path.acts] if absent else []
    for row in absent:
        turn = _turn_missed(path, row)
        place = sum(one < turn for one in turns)
        turns.insert(place, turn)
        links.insert(place, _absent(path, str(row.about.act), row))
    return links


def _turn(path: Path, act: Jws) -> tuple[int, int]:
    """Number of the step that an act did, and of its role where each role does the step; of a stray the step of its kind."""
    steps, number = path.procedure["steps"], pairing(path).places.get(act.sha256)
    if number is None:
        kinds = [step["act"] for step in steps]
        kind = act.unverified_payload["act"]
        return (kinds.index(kind), 0) if kind in kinds else (len(steps), 0)
    return number, _rank(steps[number], roles_said(path, act))


def _turn_missed(path: Path, row: Row) -> tuple[int, int]:
    """The same of an act that nobody did: of the first step of its kind that one of these roles left undone."""
    roles = set(row.about.figures.get("roles", "").split(","))
    for number, (step, acts) in enumerate(pairing(path).pairs):
        if step["act"] == row.about.act and roles <= {*step["roles"], ""} and (not acts or step["each_role"]):
            return number, _rank(step, roles)
    return 0, 0


def _rank(step: Step, roles: Set[str]) -> int:
    return next((n for n, role in enumerate(step["roles"]) if step["each_role"] and role in roles), 0)


def _absent(path: Path, name: str, row: Row) -> Link:
    roles = tuple(row.about.figures.get("roles", "").split(","))
    # Who did the act beside it is no office that was to do this one.
    able = [one for one in row.about.figures.get("holders", "").split(",") if one]
    names = "、".join(_name(path, one) or one for one in able)
    return Link("act", name, (able or [""])[0], names, "fail", (row.code,), roles=roles, rows=(row,))


def _decisions(case: Case, events: tuple[Event, ...], odd: tuple[Row, ...]) -> list[Link]:
    """What was decided about the certificate; before a decision its proposal, where something is wrong with that."""
    links, wrong = [], {row.evidence for row in odd}
    for event in events:
        if event.propose.sha256 in wrong:
            links.append(_act(case.path, "proposal", event.propose, None))
        logged = _logged(partial(case.batch.place, event.decide))
        links.append(_act(case.path, "decision", event.decide, logged))
    return links


def _act(path: Path, kind: str, act: Jws, logged: InLog | None) -> Link:
    payload = act.unverified_payload
    return Link(
        kind, payload["act"], payload["org"], _name(path, payload["org"]), "pass", (), payload["document"]["number"],
        showable(time_of(act)), signed_by=_signed_by(path, act), evidence=act.sha256, logged=logged,
    )  # fmt: skip


def _signed_by(path: Path, act: Jws) -> tuple[str, ...]:
    found = []
    for position in range(len(act.signatures)):
        try:
            found.append(path.identity(path.certificate_of(act, position)).use)
        except (Fault, Unknown):
            found.append("unknown")
    return tuple(found)


def _certificate(case: Case, odd: tuple[Row, ...]) -> Link:
    """The certificate, of whose key signed it: whatever it says of its issuer, that office said it."""
    signer, name = _office(case, _found(lambda: case.batch.issuer))
    approval, issued = case.credential["certificate"]["approval"]["number"], showable(case.issued_at)
    logged = None if any(row.id == "certificate_logged" for row in odd) else _certificate_logged(case)
    return Link("certificate", "", signer, name, "pass", (), approval, issued, logged=logged)


def _status(case: Case) -> Link:
    """The status at the time asked about, as the newest list at hand bears it out."""
    listed, (state, decision) = case.batch.status_list, _state(case)
    paper = decision.unverified_payload["document"]["number"] if decision else ""
    at, until = showable(time_of(listed)), showable(listed.unverified_payload["exp"])
    return Link(
        "status", state, *_publisher(case, listed), "pass", (), paper, at, until, evidence=listed.sha256,
        logged=_logged(partial(case.batch.place, listed)),
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


def _publisher(case: Case, listed: Jws) -> tuple[str, str]:
    """Id and name of whose key signed a status list; of the issuer where that is not known."""
    return _office(case, _found(lambda: case.path.identity(case.path.certificate_of(listed, 0))))


def _office(case: Case, signer: Identity | None) -> tuple[str, str]:
    """Id and name of who signed; where that is the issuer, or not known, as the certificate states them."""
    issuer = _issuer(case)
    return issuer if signer is None or signer.org == issuer[0] else (signer.org, signer.org_name)


def showable(at: int) -> int | None:
    """A time that a calendar can show; a hostile one is left out."""
    return at if 0 <= at < _YEAR_2200 else None


def _name(path: Path, org: str) -> str:
    return path.org_names.get(org, "")
