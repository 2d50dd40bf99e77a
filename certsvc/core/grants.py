"""Grants (授权) say MAY: which organisation's keys may do which acts, for what, until when (formats.md 3).

Scope only narrows down the chain, so a grant allows what it and all its ancestors allow.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from certsvc.core.calendar import day_begins, local_date, years_later
from certsvc.core.claims import Target
from certsvc.core.outcomes import Fault, Unknown
from certsvc.core.regions import region_covers

#: No chain of delegation is longer: province, city or firm or university, committee, sub-unit.
MAX_DEPTH = 4
#: Only a human resources office approves pass ratios (吉林省2022年职称工作通知 一(二)4).
RATIO_GIVERS = ("issuer", "hrss", "supervisor")
#: Roles that only one of them passes on: what approves or files for the province is no part of a city or a university.
OFFICES = ("issuer", "hrss")
#: A committee's filing is valid for at most so many years (人社部令第40号 第八条; domain.md 7, A02).
COMMITTEE_YEARS = 3


@dataclass(frozen=True)
class Grant:
    """A grant whose signature was verified; `signer` is the key that made it."""

    sha256: str
    payload: Mapping[str, Any]
    signer_jkt: str
    signer_use: str
    signer_org: str

    def has_key(self, jkt: str, use: str) -> bool:
        return {"jkt": jkt, "use": use} in self.payload["keys"]

    @property
    def org(self) -> str:
        return str(self.payload["sub"])


def ancestry(grant: Grant, grants: Mapping[str, Grant]) -> Iterator[Grant]:
    """`grant`, then its parents up to the top one. Raises Fault: chain_loop, depth_exceeded; Unknown: grant_missing."""
    seen: set[str] = set()
    step: Grant | None = grant
    while step is not None:
        if step.sha256 in seen or len(seen) >= MAX_DEPTH:
            raise Fault("chain_loop" if step.sha256 in seen else "depth_exceeded", org=step.org)
        seen.add(step.sha256)
        yield step
        parent = step.payload["parent"]
        if parent is not None and parent not in grants:
            raise Unknown("grant_missing", org=step.org)
        step = None if parent is None else grants[parent]


def granted_ratios(grant: Grant, grants: Mapping[str, Grant]) -> Mapping[str, int]:
    """level -> approved pass ratio in percent, from `grant` or the nearest grant above that states any."""
    stated = (step.payload["ratios"] for step in ancestry(grant, grants))
    return next((ratios for ratios in stated if ratios), {})


def check_nesting(grant: Grant, grants: Mapping[str, Grant]) -> None:
    """Returns if every link from the top down to `grant` was lawful. Raises Fault naming the organisation."""
    line = list(ancestry(grant, grants))
    for place, child in enumerate(line, start=1):
        _check_term(child)
        if place == len(line):
            _check_top(child)
        else:
            _check_link(child, line[place])
            _check_ratios(child, line[place:])


def _check_top(grant: Grant) -> None:
    if grant.signer_use != "policy" or grant.payload["iss"] != grant.signer_org:
        raise Fault("root_unknown", org=grant.org)


def _check_link(child: Grant, parent: Grant) -> None:
    if not parent.has_key(child.signer_jkt, "grant") or child.signer_use != "grant":
        raise Fault("grant_signer", org=child.org)
    if child.payload["iss"] != parent.org or child.signer_org != parent.org:
        raise Fault("grant_signer", org=child.org)
    # A depth of 0 ends the line; without the lower bound, -1 would pass for less than 0.
    if not 0 <= child.payload["depth"] < parent.payload["depth"]:
        raise Fault("depth_exceeded", org=child.org)
    if not parent.payload["nbf"] <= child.payload["nbf"] < child.payload["exp"] <= parent.payload["exp"]:
        raise Fault("scope_widened", org=child.org, dimension="time")
    if not set(child.payload["acts"]) <= set(parent.payload["acts"]):
        raise Fault("scope_widened", org=child.org, dimension="acts")
    if child.payload["role"] in OFFICES and parent.payload["role"] not in OFFICES:
        raise Fault("scope_widened", org=child.org, dimension="role")
    for name, narrower in DIMENSIONS.items():
        if not narrower(child.payload["scope"][name], parent.payload["scope"][name]):
            raise Fault("scope_widened", org=child.org, dimension=name)


def _check_ratios(child: Grant, above: list[Grant]) -> None:
    # The whole line, since a university could name a part of itself an office and let that one give the ratios.
    if child.payload["ratios"] and any(step.payload["role"] not in RATIO_GIVERS for step in above):
        raise Fault("ratio_self_given", org=child.org)


def _check_term(grant: Grant) -> None:
    if not grant.payload["role"].startswith("committee"):
        return
    # In civil days: the day on which it begins is not counted, the last is counted whole (民法典 第二百零一至二百零三条).
    try:
        first, last = local_date(grant.payload["nbf"]), local_date(grant.payload["exp"])
        within = last <= years_later(first, COMMITTEE_YEARS)
    except (ValueError, OverflowError, OSError):
        within = False
    if not within:
        raise Fault("committee_term", org=grant.org)


def _listed(inner: list[str], outer: list[str]) -> bool:
    return "*" in outer or ("*" not in inner and set(inner) <= set(outer))


def _regions(inner: list[str], outer: list[str]) -> bool:
    return all(any(region_covers(wide, narrow) for wide in outer) for narrow in inner)


def _years(inner: Mapping[str, int], outer: Mapping[str, int]) -> bool:
    return outer["from"] <= inner["from"] <= inner["to"] <= outer["to"]


#: dimension of a scope -> is the first within the second.
DIMENSIONS: dict[str, Any] = {
    "series": _listed,
    "specialties": _listed,
    "levels": _listed,
    "regions": _regions,
    "tracks": _listed,
    "years": _years,
}
#: dimension -> (how a target is written in it, code when it lies outside).
_TARGET: tuple[tuple[str, str, str], ...] = (
    ("levels", "level", "level_out_of_scope"),
    ("series", "series", "series_out_of_scope"),
    ("specialties", "specialty", "specialty_out_of_scope"),
    ("regions", "region", "region_out_of_scope"),
    ("tracks", "track", "track_out_of_scope"),
)


def covers(grant: Grant, roles: Sequence[str], act: str, target: Target) -> bool:
    """Whether `grant` gives `act` on `target` to one of the roles, at whatever time: who was to do what nobody did."""
    begins = max(grant.payload["nbf"], grant.payload["iat"])
    try:
        check_allows(grant, act, target, begins)
    except Fault:
        return False
    return grant.payload["role"] in roles


def check_allows(grant: Grant, act: str, target: Target, at: int) -> None:
    """Returns if `grant` allows `act` for `target` at `at`. Raises Fault naming what fails.

    Only this grant is asked; `check_nesting` proves that its ancestors allow no less.
    """
    payload, scope = grant.payload, grant.payload["scope"]
    if act not in payload["acts"]:
        raise Fault("act_not_granted", act, grant.org)
    # What is done under a grant names its hash, so an act dated before the grant was signed is back-dated.
    if at < max(payload["nbf"], payload["iat"]):
        raise Fault("grant_not_yet", act, grant.org)
    if at > payload["exp"]:
        raise Fault("grant_expired", act, grant.org)
    for dimension, member, code in _TARGET:
        value = str(getattr(target, member))
        if not DIMENSIONS[dimension]([value], scope[dimension]):
            raise Fault(code, act, grant.org, value=value)
    if not scope["years"]["from"] <= target.year <= scope["years"]["to"]:
        raise Fault("year_out_of_scope", act, grant.org, value=target.year)


def check_lasts(grant: Grant, until: int) -> None:
    """Returns if `grant` ends no earlier than `until`, when something had been done under it for certain.

    Raises Unknown time_unproved: it began in time (`check_allows`) and may have come after the end.
    """
    if until > grant.payload["exp"]:
        raise Unknown("time_unproved", until=grant.payload["exp"])


def check_begun(grant: Grant, act: str, written: date) -> None:
    """Returns if `grant` had begun by the end of the day of an act's paper, its decision day (A01, A03 in domain.md 7).

    Raises Fault document_before_grant. By `nbf` alone: a successor with another key is signed later and begins as before.
    """
    begins = grant.payload["nbf"]
    if day_begins(written) + 86_400 <= begins:
        figures = {"date": written.isoformat(), "begun": local_date(begins).isoformat()}
        raise Fault("document_before_grant", act, grant.org, **figures)
