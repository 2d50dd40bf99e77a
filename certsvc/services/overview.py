"""What an officer looks at before acting: offices and grants, rosters and how far they are, certificates, proposals."""

from collections import Counter
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection

from certsvc.core.calendar import local_date
from certsvc.core.errors import NotFound
from certsvc.core.jose import parse_document
from certsvc.instance import Instance
from certsvc.services import documents
from certsvc.services.act_places import places_of, roles_done, roles_lacking
from certsvc.services.register_only import refuse_register_only
from certsvc.services.soundness import Soundness, Spoilt
from certsvc.services.status import find_certificate
from certsvc.services.units import Unknown, unknown_units, with_offices
from certsvc.store import certificates as certificate_store
from certsvc.store import documents as document_store
from certsvc.store import keys as key_store
from certsvc.store import rosters as roster_store
from certsvc.store import status as status_store
from certsvc.store.rows import (
    Act,
    Certificate,
    Entry,
    Officer,
    Organisation,
    Roster,
    StatusEvent,
    StatusProposal,
    Version,
)


@dataclass(frozen=True)
class GrantLine:
    """One grant of an organisation."""

    sha256: str
    role: str
    acts: tuple[str, ...]
    officers: int
    until: str
    """Last day, ISO date in Asia/Shanghai."""
    officer_keys: frozenset[str]
    payload: dict[str, Any]


@dataclass(frozen=True)
class Office:
    """An organisation with its keys' uses, officers and the grants that are neither withdrawn nor past their end."""

    organisation: Organisation
    uses: tuple[str, ...]
    officers: tuple[Officer, ...]
    grants: tuple[GrantLine, ...]
    officer_keys: dict[str, str]
    """Officer id -> key thumbprint."""


def offices(instance: Instance) -> list[Office]:
    """Every organisation, by id."""
    with instance.engines.read.connect() as connection:
        return [_office(connection, one, instance.now()) for one in key_store.list_organisations(connection)]


def _office(connection: Connection, organisation: Organisation, now: int) -> Office:
    keys = key_store.list_signing_keys(connection, org_id=organisation.id)
    living = documents.living_grants_of(connection, organisation.id, now)
    grants = [_grant(row.unverified_payload, row.sha256) for row in living]
    return Office(
        organisation,
        tuple(sorted({key.use for key in keys if key.officer_id is None})),
        key_store.list_officers(connection, org_id=organisation.id),
        tuple(grants),
        # Newest first, so that the newest living one is written last.
        {key.officer_id: key.jkt for key in reversed(keys) if key.officer_id is not None and key.ended_reason is None},
    )


def _grant(payload: dict[str, Any], sha256: str) -> GrantLine:
    officers = frozenset(key["jkt"] for key in payload["keys"] if key["use"] == "officer")
    until = local_date(payload["exp"]).isoformat()
    return GrantLine(sha256, payload["role"], tuple(payload["acts"]), len(officers), until, officers, payload)


def pseudonym_of(instance: Instance, officer_id: str) -> str:
    """The pseudonym of the human behind an officer. Raises NotFound."""
    with instance.engines.read.connect() as connection:
        officer = key_store.find_officer(connection, officer_id)
    if officer is None:
        zh, en = f"经办人不存在:{officer_id}", f"No officer {officer_id}."
        raise NotFound("officer_unknown", zh, en, "certsvc keys list")
    return officer.pseudonym


# --- rosters -------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class StepLine:
    """One step of a roster's procedure."""

    act: str
    roles: tuple[str, ...]
    signers: int
    done: int
    """How many people of the roster are past it."""
    acts: tuple[Act, ...]
    stage: int | None = None
    """Which of several meetings the officer has to say it was."""


@dataclass(frozen=True)
class RosterView:
    """A roster and how far its people are."""

    roster: Roster
    people: int
    """People still on it."""
    struck: int
    issued: int
    steps: tuple[StepLine, ...]
    again: tuple[str, ...] = ()
    """Of each who was taken in anew the roster on which that was; they are counted nowhere else."""
    spoilt: tuple[Spoilt, ...] = ()
    """People still on it whose acts count no more."""

    @property
    def next_step(self) -> StepLine | None:
        """The first step that somebody still waits for; None when all are past the last."""
        return next((step for step in self.steps if step.done < self.people), None)


def rosters(instance: Instance) -> list[RosterView]:
    """Every roster, newest first."""
    with instance.engines.read.connect() as connection:
        soundness = Soundness(connection)
        return [_view(instance, connection, roster, soundness) for roster in roster_store.list_rosters(connection)]


def roster_view(instance: Instance, roster_id: str) -> RosterView:
    """One roster. Raises NotFound."""
    with instance.engines.read.connect() as connection:
        return _view(instance, connection, _roster(connection, roster_id), Soundness(connection))


def _roster(connection: Connection, roster_id: str) -> Roster:
    roster = roster_store.find_roster(connection, roster_id)
    if roster is None:
        refuse_register_only(connection, roster_id)
        zh, en = f"花名册不存在:{roster_id}", f"No roster {roster_id}."
        raise NotFound("roster_unknown", zh, en, "certsvc roster list")
    return roster


def _view(instance: Instance, connection: Connection, roster: Roster, soundness: Soundness) -> RosterView:
    entries = roster_store.list_entries(connection, roster.id, live_only=False)
    here = [entry for entry in entries if entry.replaced_by is None]
    live = [entry for entry in here if entry.struck_by is None]
    acts = document_store.list_acts(connection, roster.id)
    heads = Counter(entry.head_act for entry in live)
    steps = _steps(instance, connection, roster, acts)
    place_of = places_of(connection, [act.sha256 for act in acts], steps)
    # Several acts may have done one step, one for each unit: their people add up.
    places: Counter[int] = Counter()
    known = [head for head in heads if head]
    lacking = roles_lacking(roles_done(connection, known, place_of, steps), place_of, steps, roster.region)
    for head, people in heads.items():
        places[place_of.get(head, -1) - (head in lacking)] += people
    lines = [
        StepLine(
            step["act"],
            tuple(step["roles"]),
            step["signers"],
            sum(n for place, n in places.items() if place >= position),
            tuple(act for act in acts if place_of[act.sha256] == position),
            next((fact["args"]["stage"] for fact in step["facts"] if fact["name"] == "stage"), None),
        )
        for position, step in enumerate(steps)
    ]
    certified = {c.entry_id for c in certificate_store.list_certificates(connection, roster_id=roster.id)}
    issued = len(certified & {entry.id for entry in here})
    again = tuple(entry.replaced_by for entry in entries if entry.replaced_by is not None)
    spoilt = tuple(soundness.spoilt_for(live))
    return RosterView(roster, len(live), len(here) - len(live), issued, tuple(lines), again, spoilt)


def _steps(instance: Instance, connection: Connection, roster: Roster, acts: tuple[Act, ...]) -> list[dict[str, Any]]:
    """The procedure that the first act fixed, else the one in force now."""
    if acts:
        first = documents.load_document(connection, acts[0].sha256, "act+jwt").unverified_payload
        name = first["procedure"]
        return list(documents.load_document(connection, name, "procedure+jwt").unverified_payload["steps"])
    return list(documents.procedure_for(connection, roster.track, instance.now()).unverified_payload["steps"])


def who_may(instance: Instance, roster: Roster, step: StepLine) -> list[tuple[str, list[str]]]:
    """Organisations with enough officers under one living grant for this step, with those officers' ids."""
    found: dict[str, list[str]] = {}
    # This act is each unit's own: it answers for its own people only.
    units, _ = units_of(instance, roster.id)
    for office in offices(instance):
        if step.act == "unit_notice" and office.organisation.id not in units:
            continue
        for grant in office.grants:
            able = [one.id for one in office.officers if office.officer_keys.get(one.id) in grant.officer_keys]
            fits = grant.role in step.roles and step.act in grant.acts and _in_scope(grant.payload, roster)
            alive = grant.payload["nbf"] <= instance.now() <= grant.payload["exp"]
            if fits and alive and len(able) >= step.signers:
                found.setdefault(office.organisation.id, able[: step.signers])
    return list(found.items())


def _in_scope(payload: dict[str, Any], roster: Roster) -> bool:
    """A first sieve by level, series and track; the act itself asks the rule."""
    scope = payload["scope"]
    pairs = (("levels", roster.level), ("series", roster.series), ("tracks", roster.track))
    return all("*" in scope[name] or value in scope[name] for name, value in pairs)


def entries_of(instance: Instance, roster_id: str) -> tuple[Entry, ...]:
    """The people of a roster, struck ones too, by position. Raises NotFound."""
    with instance.engines.read.connect() as connection:
        _roster(connection, roster_id)
        return with_offices(connection, roster_store.list_entries(connection, roster_id, live_only=False))


def units_of(instance: Instance, roster_id: str) -> tuple[set[str], list[Unknown]]:
    """Whose act the people of a roster wait for who have none yet: offices, and employers whose office is not known."""
    live = [e for e in entries_of(instance, roster_id) if e.struck_by is None and e.replaced_by is None]
    waiting = [e for e in live if e.head_act is None]
    with instance.engines.read.connect() as connection:
        return {e.unit_org_id for e in waiting if e.unit_org_id}, unknown_units(connection, waiting)


def entries_at(instance: Instance, roster_id: str, rows: tuple[str, ...]) -> frozenset[str]:
    """Entry ids of rows named as the spreadsheet shows them ("12", or "sheet:12"). Raises NotFound."""
    chosen = set()
    known = entries_of(instance, roster_id)
    for row in rows:
        sheet, _, number = row.rpartition(":")
        fitting = [e.id for e in known if str(e.position) == number and sheet in ("", sheet_of(e))]
        if len(fitting) != 1:
            zh, en = (
                f"花名册 {roster_id} 中没有(或不止一个)第 {row} 行",
                f"No row, or several rows, {row} on {roster_id}.",
            )
            raise NotFound("row_unknown", zh, en, f"certsvc roster check {roster_id} --people")
        chosen.add(fitting[0])
    return frozenset(chosen)


def sheet_of(entry: Entry) -> str:
    """The sheet an entry stood on."""
    return str(entry.columns.get("position", [""])[0])


# --- certificates --------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class CertificateView:
    """A certificate as the office sees it."""

    certificate: Certificate
    code: str
    """The verification code, 16 characters."""
    printed: dict[str, Any]
    """The signed member `certificate`."""
    roster_id: str
    events: tuple[StatusEvent, ...]
    versions: tuple[Certificate, ...]
    replaces: Version | None
    """The version before, None for the first."""
    replaced_by: Version | None
    """The version after, None for the newest."""


def certificates(
    instance: Instance, roster_id: str | None, state: str | None
) -> list[tuple[Certificate, dict[str, Any]]]:
    """Certificates with what is printed on them, by number and version."""
    with instance.engines.read.connect() as connection:
        found = certificate_store.list_certificates(connection, roster_id=roster_id, state=state)
    return [(one, printed_on(one)) for one in found]


def newest_versions(instance: Instance) -> dict[str, int]:
    """Entry id -> its newest version, for certificates that were ever replaced."""
    with instance.engines.read.connect() as connection:
        return certificate_store.newest_versions(connection)


def certificate_view(instance: Instance, code_or_number: str) -> CertificateView:
    """One certificate, by code, or the newest version of a number. Raises NotFound."""
    with instance.engines.read.connect() as connection:
        found = find_certificate(instance, connection, code_or_number)
        entry = roster_store.find_entry(connection, found.entry_id)
        return CertificateView(
            found,
            code_of(instance, found),
            printed_on(found),
            entry.roster_id if entry else "",
            status_store.list_events(connection, found.id),
            certificate_store.list_versions(connection, found.entry_id),
            certificate_store.predecessor_of(connection, found),
            certificate_store.successor_of(connection, found),
        )


def code_of(instance: Instance, certificate: Certificate) -> str:
    """The verification code of a certificate."""
    return instance.data_keys.unseal(certificate.code_sealed, f"code/{certificate.id}".encode()).decode()


def printed_on(certificate: Certificate) -> dict[str, Any]:
    """The signed member `certificate`: everything that is printed."""
    return dict(parse_document(certificate.credential, "vc+jwt").unverified_payload["certificate"])


def proposals(instance: Instance, state: str | None) -> list[tuple[StatusProposal, Certificate | None]]:
    """Proposals with the certificate that each is about, oldest first."""
    with instance.engines.read.connect() as connection:
        found = status_store.list_proposals(connection, state=state)
        return [(one, certificate_store.find_certificate(connection, one.certificate_id)) for one in found]
