"""Authority in the model: keys in service, nesting of grants, what a grant allows, withdrawals (docs/format.md 3)."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import date

from model_view import CLOCK_SKEW, Finding, View, day_of, documents, line
from values_for_tests import Act, Facts, Grant

COMMITTEE_YEARS = 3
MOST_LEVELS = 4


def trust_current(view: View) -> Iterator[Finding]:
    """7.1: past `exp` at the time of asking, or dated ahead of it; Annex A: of what was known then, what is of later tells all."""
    if view.question.now > view.edition.trust_until and not view.tells_of_then(view.edition.at):
        yield "authority", "unknown", "trust_expired"
    if view.edition.at > view.question.now + CLOCK_SKEW:
        yield "authority", "unknown", "trust_from_future"


def keys_in_service(view: View) -> Iterator[Finding]:
    """3.5: the end of a key. For status list and trust bundle it is unknown, not fail."""
    for end in view.edition.ends:
        if view.known is not None and (end.declared or end.to) > view.known:
            # 7.1: what came to light later does not change that it had ended.
            if end.to > view.known:
                continue
            end = replace(end, reason="rotated")
        last, code = end.to, "key_ended"
        if end.reason == "compromised":
            last, code = None if end.good_before is None else min(end.to, end.good_before), "key_compromised"
        if not view.rules.good_before and end.reason == "compromised":
            last = end.to
        for document in documents(view):
            if end.key in document.by and (last is None or document.time >= last):
                yield "authority", "unknown" if document.what in ("trust", "status") else "fail", code


def years_on(day: date) -> date:
    """3.2: the day of the same name three years later, or the last day of a February."""
    return day.replace(year=day.year + COMMITTEE_YEARS, day=28 if (day.month, day.day) == (2, 29) else day.day)


def within(child: tuple[str, ...], parent: tuple[str, ...]) -> bool:
    return "*" in parent or ("*" not in child and set(child) <= set(parent))


def covers(outer: str, inner: str) -> bool:
    """3.2: 220000 covers all of Jilin, 220100 covers 2201xx, any code itself."""
    stem = outer[:2] if outer.endswith("0000") else outer[:4] if outer.endswith("00") else outer
    return inner.startswith(stem)


def grants_nest(view: View) -> Iterator[Finding]:
    """3.2, for every grant in the bundle."""
    for grant in view.grants.values():
        yield from (("authority", "fail", code) for code in nesting(view.facts, grant))


def nesting(facts: Facts, grant: Grant) -> Iterator[str]:
    if grant.role.startswith("committee") and day_of(grant.exp) > years_on(day_of(grant.nbf)):
        yield "committee_term"
    if len(line(facts, grant.name)) > MOST_LEVELS or grant.depth < 0:
        yield "depth_exceeded"
    signer = facts.keys[grant.by]
    if grant.parent is None:
        if signer.use != "policy" or grant.iss != signer.org:
            yield "root_unknown"
        return
    parent = facts.grants[grant.parent]
    if signer.use != "grant" or grant.by not in parent.keys or not grant.iss == signer.org == parent.sub:
        yield "grant_signer"
    if grant.depth >= parent.depth:
        yield "depth_exceeded"
    if not narrower(grant, parent):
        yield "scope_widened"


def narrower(child: Grant, parent: Grant) -> bool:
    inner, outer = child.scope, parent.scope
    return (
        parent.nbf <= child.nbf < child.exp <= parent.exp
        and set(child.acts) <= set(parent.acts)
        and within(inner.series, outer.series)
        and set(inner.levels) <= set(outer.levels)
        and all(any(covers(one, region) for one in outer.regions) for region in inner.regions)
        and outer.years[0] <= inner.years[0] <= inner.years[1] <= outer.years[1]
        and (child.role not in ("hrss", "issuer") or parent.role in ("hrss", "issuer"))
    )


def withdrawn_by(view: View, name: str, time: int) -> bool:
    """3.4: was this grant, or one above it, withdrawn for what is dated `time`?"""
    names = {one.name for one in line(view.facts, name)}
    for said in view.edition.withdrawals:
        if said.grant not in names or (view.known is not None and said.since > view.known):
            continue
        first = said.good_before if said.reason == "compromised" else said.since
        if not view.rules.good_before and said.reason == "compromised":
            first = said.since
        if view.rules.withdrawal and (first is None or time >= first):
            return True
    return False


def refusals(view: View, grant: Grant, act: str, time: int, paper: str | None = None) -> Iterator[str]:
    """3.3: why the grant does not allow `act` for this target at `time`, on the day of its paper; nothing if it does."""
    target, scope = view.facts.target, grant.scope
    if act not in grant.acts:
        yield "act_not_granted"
    if time < max(grant.nbf, grant.iat):
        yield "grant_not_yet"
    if paper is not None and paper < day_of(grant.nbf).isoformat():
        yield "document_before_grant"
    if time > grant.exp:
        yield "grant_expired"
    if target.level not in scope.levels:
        yield "level_out_of_scope"
    if "*" not in scope.series and target.series not in scope.series:
        yield "series_out_of_scope"
    if not any(covers(one, target.region) for one in scope.regions):
        yield "region_out_of_scope"
    if not scope.years[0] <= target.year <= scope.years[1]:
        yield "year_out_of_scope"
    if withdrawn_by(view, grant.name, time):
        yield "grant_withdrawn"


def granted(
    view: View,
    org: str,
    keys: tuple[str, ...],
    among: list[str],
    act: str,
    time: int,
    unknown_key: str,
    paper: str | None = None,
) -> list[str]:
    """Empty if one of the grants `among` allows it; else all that stands in the way of any."""
    faults: list[str] = []
    for grant in (view.facts.grants[name] for name in among):
        if grant.sub != org or not set(keys) <= set(grant.keys):
            faults.append(unknown_key)
        elif found := list(refusals(view, grant, act, time, paper)):
            faults += found
        else:
            return []
    return faults or [unknown_key]


def acts_granted(view: View) -> Iterator[Finding]:
    for act in view.path:
        among = meant_for(view, act) or list(act.grants)
        for code in granted(view, act.org, act.by, among, act.kind, act.iat, "key_unknown_to_grant", act.paper):
            yield "authority", "fail", code


def meant_for(view: View, act: Act) -> list[str]:
    """3.3: of the grants an act names its own with all its keys, for its kind, in a role of its step."""
    roles = {role for step in view.facts.procedure.steps if step.act == act.kind for role in step.roles}
    named = [view.facts.grants[name] for name in act.grants]
    own = [one for one in named if one.sub == act.org and set(act.by) <= set(one.keys)]
    return [one.name for one in own if act.kind in one.acts and one.role in roles]


def certificate_granted(view: View) -> Iterator[Finding]:
    """3.3: by a grant in a role of the step of issuing, to the office that did it, or one above that decided a correction."""
    own = issuers_grants(view)
    issued = view.certificate
    for act in view.path:
        decided = {event.decide.org for event in view.corrections[-1:]}
        above = {one.sub for name in act.grants for one in line(view.facts, name)}
        if act.kind == "issue" and issued.org not in {act.org} | decided & above:
            yield "authority", "fail", "issuer_mismatch"
    if not any(issued.key in view.facts.grants[name].keys for name in own):
        yield unlisted(view)
        return
    roles = {role for step in view.facts.procedure.steps if step.act == "issue" for role in step.roles}
    meant = [
        name for name in own if view.facts.grants[name].role in roles and issued.key in view.facts.grants[name].keys
    ]
    faults = granted(view, issued.org, (issued.key,), meant or own, "issue", issued.nbf, "key_not_granted")
    for code in faults if meant or faults else ["role_not_allowed"]:
        yield "authority", "fail", code


def unlisted(view: View) -> Finding:
    """3.3: a grant that lists the certificate's key may be left out, unless one at hand gives it to another office."""
    elsewhere = any(view.certificate.key in grant.keys for grant in view.grants.values())
    return ("authority", "fail", "key_not_granted") if elsewhere else ("authority", "unknown", "grant_missing")


def issuers_grants(view: View) -> list[str]:
    return [grant.name for grant in view.grants.values() if grant.sub == view.certificate.org]


def lifecycle_granted(view: View) -> Iterator[Finding]:
    """3.3: as any act, by the issuer or an office above it in its line of grants."""
    above = {one.sub for name in issuers_grants(view) for one in line(view.facts, name)}
    for event, half in view.halves:
        if half.org not in above:
            held = any(view.certificate.key in view.facts.grants[name].keys for name in issuers_grants(view))
            yield ("authority", "fail", "status_org_foreign") if held else unlisted(view)
        for code in granted(view, half.org, half.by, list(half.grants), event.act, half.iat, "key_unknown_to_grant"):
            yield "authority", "fail", code


def status_key_granted(view: View) -> Iterator[Finding]:
    """3.3: the key of the list is in a grant of the issuer that was not withdrawn."""
    for edition in {id(view.edition): view.edition, id(view.newest): view.newest}.values():
        naming = [name for name in issuers_grants(view) if edition.status_key in view.facts.grants[name].keys]
        if not naming:
            yield "authority", "unknown", "status_key_not_granted"
        elif all(withdrawn_by(view, name, edition.at) for name in naming):
            yield "authority", "unknown", "grant_withdrawn"
