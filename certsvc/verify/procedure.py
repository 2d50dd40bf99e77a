"""Procedure: the acts that the track prescribes, each once, in order, with facts, intervals and separations that hold.

A result reached outside the prescribed procedure is void (结果一律无效, 吉林省2022年职称工作通知 六(二)), so every
rule here is recomputed from signed numbers and names the act and the organisation that failed it.
"""

from collections.abc import Mapping
from datetime import date
from typing import Any

from certsvc.core.calendar import exceptions, local_date, working_days
from certsvc.core.facts import FactCase, approved_ratio, dated_rightly, fact_holds
from certsvc.core.grants import granted_ratios
from certsvc.core.jose import Jws
from certsvc.core.outcomes import Fault, Unknown
from certsvc.verify.chain import signed_and_sealed
from certsvc.verify.editions import begun, perhaps_replaced, replaced
from certsvc.verify.pairing import Step, acts_of, names_absent, pairing, step_of
from certsvc.verify.parts import has_part
from certsvc.verify.path import Path, act_fault, time_of
from certsvc.verify.steps import grant_for, left_out_before, people_behind
from certsvc.verify.trusted import When

#: From these acts on a roster is homogeneous and says its scope (formats.md 4).
SCOPED = ("evaluate", "result_notice", "settle_objections", "approve", "file", "issue")

#: An act states fewer figures, and so does a row. Of one with thousands none is told: each false fact would repeat all.
MOST_FIGURES = 64


def procedure_in_force(path: Path) -> None:
    """The acts follow the track's procedure: trusted, in force when the first act was signed, and of its year."""
    name, procedure = path.procedure_signed.sha256, path.procedure
    if procedure["track"] != path.target.track:
        raise Fault("procedure_track", track=path.target.track)
    listed = [one for one in path.trust["procedures"] if one["sha256"] == name]
    if not listed:
        _check_could_know(path, path.procedure_signed)
    if not listed or listed[0]["track"] != procedure["track"]:
        raise Fault("procedure_unlisted", track=procedure["track"])
    # The first act names the procedure's hash, so one dated before the procedure was signed is back-dated.
    _check_in_force(path, acts_of(path)[0], listed[0])
    if path.target.level not in procedure["levels"]:
        raise Fault("level_beyond_track", level=path.target.level)
    if "*" not in procedure["series"] and path.target.series not in procedure["series"]:
        raise Fault("series_beyond_track", series=path.target.series)
    _check_year(path, acts_of(path)[0])


def _check_year(path: Path, opening: Jws) -> None:
    year, opened = path.target.year, opened_on(path)
    if dated_rightly(year, opened):
        return
    if left_out_before(path, opening):
        raise Unknown("act_left_out", act=opening.unverified_payload["act"])
    raise act_fault("application_year", opening, year=year, opened=opened.year)


def _check_in_force(path: Path, opening: Jws, listed: Mapping[str, Any]) -> None:
    """The procedure was in force at the first act at hand, or ended since and an act before that may be left out."""
    procedure, first = path.procedure, path.when(opening)
    superseded = Fault("procedure_superseded", track=procedure["track"])
    if not begun(listed, max(procedure["nbf"], procedure["iat"]), first):
        raise superseded
    if (first.stated > procedure["exp"] or replaced(listed, first)) and left_out_before(path, opening):
        raise Unknown("act_left_out", act=opening.unverified_payload["act"])
    if first.stated > procedure["exp"] or replaced(listed, first):
        raise superseded
    if first.latest > procedure["exp"]:
        raise Unknown("time_unproved", until=procedure["exp"])
    _check_proved(listed, first)


def _check_proved(listed: Mapping[str, Any], act: When) -> None:
    """Raises Unknown where the log leaves open whether the successor of what is `listed` was in force at the act."""
    if perhaps_replaced(listed, act):
        raise Unknown("time_unproved", until=listed["to"])


def _check_could_know(path: Path, document: Jws) -> None:
    """Raises Unknown for a trust bundle that was signed before `document`, and so cannot list it (docs/decisions/0020)."""
    if path.trust["iat"] < time_of(document):
        raise Unknown("trust_older", typ=document.typ)


def one_procedure(path: Path, act: Jws) -> None:
    """The act follows the same procedure as all others on the path."""
    if act.unverified_payload["procedure"] != path.procedure_signed.sha256:
        raise act_fault("procedure_changed", act)


def act_linked(path: Path, act: Jws) -> None:
    """The act names the one before it, is about a part that this one has, is not older, takes in nobody, and is about the
    scope that the certificate is."""
    place, payload = path.places[act.sha256], act.unverified_payload
    before = path.acts[place - 1] if place else None
    named = payload["prev"]
    if any(path.places.get(one, -1) > place for one in named) or path.acts.count(act) > 1:
        # The order in which acts are shown is signed by nobody; that one names another proves which came first.
        raise Fault("evidence_differs", member="path")
    if (before is None and named) or (before is not None and before.sha256 not in named):
        if before is not None and names_absent(path, act) and ill_signed(path, before):
            raise Fault("evidence_differs", member="signatures")
        if left_out_before(path, act):
            raise Unknown("act_left_out", act=payload["act"])
        raise act_fault("link_case" if before else "act_missing_before", act)
    if not has_part(before, payload["part"]):
        raise act_fault("part_of_others", act)
    if before is not None and time_of(act) < time_of(before):
        raise act_fault("order", act)
    _check_grown(path, act, place)
    scope = payload["roster"]["scope"]
    if scope != path.target.scope() and (scope is not None or payload["act"] in SCOPED or _counted(path, place)):
        raise act_fault("target_changed", act)


def _check_grown(path: Path, act: Jws, place: int) -> None:
    """Raises Fault where the list is longer than the one that it came from: nobody joins it who did not come through the
    act before (docs/decisions/0036). Where it is merged with a list of another path, nothing here says how long it may be.
    """
    named, count = act.unverified_payload["prev"], act.unverified_payload["roster"]["count"]
    if not named or not path.places.keys() >= set(named):
        return
    before = path.lists[place - 1]
    # What is wrong with the list before is told of that act.
    if not isinstance(before, Fault) and count > before[1]:
        raise act_fault("roster_grew", act, most=before[1], count=count)


def _counted(path: Path, place: int) -> bool:
    """Whether a ratio is taken of the list at `place`: approved for one level, it counts nobody of another."""
    step = step_of(path, path.acts[place + 1]) if place + 1 < len(path.acts) else None
    return step is not None and any(fact["name"] == "within_ratio" for fact in (*step["facts"], *step["row_facts"]))


def nothing_beyond(path: Path, act: Jws) -> None:
    """The act did a step of the procedure where that step belongs."""
    if act in pairing(path).strays:
        raise act_fault("order", act)


def enough_signers(path: Path, act: Jws, step: Step) -> None:
    """The act bears the officers that its step asks for, counted as distinct people."""
    with path.doubting(act):
        check_signers(path, act, step)


def check_signers(path: Path, act: Jws, step: Step) -> None:
    """As `enough_signers`, of the signatures as they are shown, whether or not they are what was signed."""
    officers = [one.officer for position, one in enumerate(path.signers(act)) if position != 1]
    needed, found = step["signers"], len(set(officers))
    if (len(act.signatures) - 1, found) != (needed, needed):
        raise act_fault("signer_not_distinct", act, needed=needed, found=found, signatures=len(act.signatures) - 1)


def ill_signed(path: Path, act: Jws) -> bool:
    """Whether an act bears other signatures than it should. Asked where nothing names the act as it is shown: then it is not
    as it was when the next one followed on it, since its name is the hash of its signatures too."""
    step = step_of(path, act)
    try:
        signed_and_sealed(path, act)
        if step is not None:
            enough_signers(path, act, step)
    except Fault:
        return True
    return False


def meeting_fact_holds(path: Path, act: Jws, fact: dict[str, Any]) -> None:
    """A fact about the meeting or the whole list is true of the signed numbers: quorum, ratio, posts."""
    check_fact(path, act, fact, {})


def notice_long_enough(path: Path, act: Jws, step: Step) -> None:
    """A public notice lasted the working days its step asks for, by the calendar that the closing act names."""
    place = path.places[act.sha256]
    if place + 1 >= len(path.acts):
        raise Unknown("notice_open", act=step["act"])
    closing = path.acts[place + 1]
    name = path.calendar_of(closing)
    calendars = {one.sha256: one for one in path.calendars}
    if name is None or name not in calendars:
        raise Unknown("calendar_missing", act=closing.unverified_payload["act"])
    listed = _check_calendar(path, closing, calendars[name])
    opened, closed = path.when(act), path.when(closing)
    # The longest time that it can have lasted, and the shortest, which alone counts for it (formats.md 4).
    calendar = calendars[name].unverified_payload
    known = path.remember(("exceptions", name), lambda _: exceptions(calendar))
    needed = step["min_working_days"]
    try:
        longest = working_days(calendar, opened.earliest, closed.latest, known, needed)
        shortest = working_days(calendar, opened.latest, closed.earliest, known, needed)
    except Unknown as gap:
        raise Unknown(gap.code, **gap.about.figures, act=step["act"], org=act.unverified_payload["org"]) from gap
    if longest < needed:
        raise act_fault("interval_short", act, days=longest, needed=needed)
    _check_proved(listed, closed)
    if shortest < needed:
        raise Unknown("interval_unproved", act=step["act"], days=shortest, needed=needed)


def _check_calendar(path: Path, closing: Jws, calendar: Jws) -> Mapping[str, Any]:
    """The row of the calendar that closes a notice. Raises Fault where it has none, or is not the newest of its days."""
    listed = next((row for row in path.trust["calendars"] if row["sha256"] == calendar.sha256), None)
    if listed is None:
        _check_could_know(path, calendar)
        raise act_fault("calendar_unlisted", closing)
    closed = path.when(closing)
    if not begun(listed, calendar.unverified_payload["iat"], closed) or replaced(listed, closed):
        raise act_fault("calendar_superseded", closing)
    return dict(listed)


def powers_separated(path: Path, first: str, second: str, code: str) -> None:
    """Acts that must be apart come from different people and, unless `code` is `apart_people`, different organisations.

    A pair of one kind is of two acts of that kind: none is ever compared with itself.
    """
    done = list(enumerate(pairing(path).done))
    others = [(place, act) for place, (step, act) in done if step["act"] == second]
    for place, one in [(place, act) for place, (step, act) in done if step["act"] == first]:
        for elsewhere, other in others:
            if place != elsewhere and _hands(path, one, code) & _hands(path, other, code):
                raise act_fault(code, other, apart_from=first)


def _hands(path: Path, act: Jws, code: str) -> set[str]:
    hands = path.remember(("behind", act.sha256), lambda path: people_behind(path, act))
    return {one for one in hands if one.startswith("human:")} if code == "apart_people" else hands


def document_dated(path: Path, act: Jws) -> None:
    """The act's paper is dated within the procedure's lag before the act, and no earlier than that of the act before."""
    lag = path.procedure["document_lag_days"]
    # By the stated time, which fits the log: the log's alone would give more days the wider its span is.
    signed, written = local_date(path.when(act).stated), date.fromisoformat(act.unverified_payload["document"]["date"])
    if not 0 <= (signed - written).days <= lag:
        raise act_fault("document_date", act, date=written.isoformat())
    _check_paper_follows(path, act, written.isoformat())


def _check_paper_follows(path: Path, act: Jws, written: str) -> None:
    # The decision days are in order as the acts are (A10). What it does not name need not be what came before it.
    place = path.places[act.sha256]
    before = path.acts[place - 1].unverified_payload if place else None
    if before is None or path.acts[place - 1].sha256 not in act.unverified_payload["prev"]:
        return
    if written < before["document"]["date"]:
        figures = {"date": written, "follows": before["act"], "earlier": before["document"]["date"]}
        raise act_fault("document_order", act, **figures)


def check_fact(path: Path, act: Jws, fact: dict[str, Any], row: dict[str, Any]) -> None:
    """Raises Fault when `fact` is not true of the signed numbers of an act and of one person's row."""
    check_inputs(act, fact["name"], inputs_of(path, act, fact)._replace(row=row))


def inputs_of(path: Path, act: Jws, fact: dict[str, Any]) -> FactCase:
    """What `fact` is judged by, without anybody's row."""
    applied = _applied(path, act, fact["name"])
    return path.remember(("inputs", act.sha256), lambda path: _inputs(path, act))._replace(
        args=fact["args"], applied=applied
    )


def _inputs(path: Path, act: Jws) -> FactCase:
    """What all facts of an act are judged by, without their arguments."""
    payload = act.unverified_payload
    count, signed = payload["roster"]["count"], local_date(path.when(act).stated)
    return FactCase(
        path.facts_of(act), {}, path.target.scope(), {}, 0, count, _granted(path, act), opened_on(path), signed
    )


def opened_on(path: Path) -> date:
    """The day of the paper of the first act at hand."""
    return date.fromisoformat(acts_of(path)[0].unverified_payload["document"]["date"])


def check_inputs(act: Jws, name: str, inputs: FactCase) -> None:
    """As `check_fact`, of the fact `name`."""
    if not fact_holds(name, inputs):
        figures = {"applied": inputs.applied, "passed": inputs.passed, "approved": approved_ratio(inputs)}
        stated = (one for one in (inputs.facts, inputs.row) if len(one) <= MOST_FIGURES)
        raise act_fault(f"fact_{name}", act, **{**{k: v for one in stated for k, v in one.items()}, **figures})


def _applied(path: Path, act: Jws, fact: str) -> int:
    """Count of the list that the path came through: of the roster before, or of its part; 0 for the first act.

    Another act further back has the same people, and counts none; one of another path must not be needed for a ratio.
    """
    place, payload = path.places[act.sha256], act.unverified_payload
    if fact == "within_ratio" and not path.places.keys() >= set(payload["prev"]):
        raise Unknown("prev_missing", act=payload["act"])
    before = path.lists[place - 1] if place else (b"", 0)
    if not isinstance(before, Fault):
        return before[1]
    if fact == "within_ratio":
        raise before
    return 0


def _granted(path: Path, act: Jws) -> Mapping[str, int]:
    """level -> pass ratio approved in the grant under which the act did its step, or above it; never in another."""
    step, grants = step_of(path, act), path.grants_at_hand
    # Who signed is asked first: figures that nobody is proved to have stated are no facts.
    path.signers(act)
    try:
        return {} if step is None else granted_ratios(grant_for(path, act, step), grants)
    except Fault:
        return {}
