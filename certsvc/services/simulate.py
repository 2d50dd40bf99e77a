"""Trying a procedure before it is in force (`certsvc procedure simulate`): which past rosters would be void by it, and why.

1. read   – the draft, by the schema of a procedure; an error names the member
2. gather – the rosters of its track and year with their signed acts
3. judge  – by the verifier's own checks and the log's proofs, with the draft in the place of the procedure that was followed,
   and figures and calendars that only the draft asks for as the roster file and the register have them

Nothing is written. Only what was carried through to the end is judged; nobody knows yet how the rest will be.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import date
from functools import cached_property
from typing import Any, NamedTuple

from sqlalchemy import Connection

from certsvc.core.bundle import Bundle, Entry, PathStep, RosterProof
from certsvc.core.encoding import canonical, parse_json
from certsvc.core.errors import Malformed, NotReady
from certsvc.core.jose import Jws
from certsvc.core.outcomes import About
from certsvc.core.schemas import PROCEDURE
from certsvc.core.shape import check_shape
from certsvc.core.tracks import procedure_in, wrong_members
from certsvc.instance import Instance
from certsvc.services import documents
from certsvc.services.act_rules import target_of
from certsvc.services.certifiers import certificates_of
from certsvc.services.evidence import linked
from certsvc.services.log_evidence import LogEvidence
from certsvc.services.simulate_figures import (
    Gap,
    Laid,
    Place,
    closing_unasked,
    laid_beside,
    supplied_path,
    supply,
    without,
)
from certsvc.store import certificates as certificate_store
from certsvc.store import documents as document_store
from certsvc.store import rosters as roster_store
from certsvc.store.rows import Entry as EntryRow
from certsvc.store.rows import Leaf, Roster
from certsvc.verify.batch import Batch, Stated
from certsvc.verify.case import Case, Evidence
from certsvc.verify.checks import CHECKS
from certsvc.verify.path import Path, path_of
from certsvc.verify.report import Row

#: The checks that ask the procedure something.
_ASKING = (
    "procedure_in_force", "acts_complete", "nothing_beyond", "enough_signers", "meeting_facts", "person_facts",
    "notices_long_enough", "powers_separated", "documents_dated",
)  # fmt: skip
ASKED = tuple(check for check in CHECKS if check.id in _ASKING)
#: Code of a reason that only a trial gives: nobody was asked for figures of the draft, and the roster lacks them.
UNASKED = "figure_unasked"
#: Stands for what no check of ASKED looks at: credential and status list.
_NOTHING = Jws("", b"", {}, ())
_HINT = "certsvc procedure show T01"
_YEAR_2200 = 7_258_118_400


@dataclass(frozen=True)
class Reason:
    """One thing that is wrong by the draft, and for how many it is."""

    verdict: str
    """void | cannot_decide"""
    code: str
    act: str | None
    org: str | None
    figures: Mapping[str, str]
    rule: str
    people: int
    certificates: int


@dataclass(frozen=True)
class Outcome:
    """What would become of one roster."""

    roster: Roster
    verdict: str
    """lawful | void | cannot_decide | open: nobody on it has come to the end."""
    people: int
    """Judged: carried through to the end."""
    certificates: int
    affected: int
    """Of the people judged, those for whom something is wrong by the draft."""
    affected_certificates: int
    already: int
    """Of the people judged, those for whom something is wrong by the procedure that was followed."""
    reasons: tuple[Reason, ...] = ()


@dataclass(frozen=True)
class Simulation:
    """A draft against one year."""

    draft: Mapping[str, Any]
    year: int
    outcomes: tuple[Outcome, ...]

    def count(self, verdict: str) -> int:
        return sum(one.verdict == verdict for one in self.outcomes)


def read_draft(data: bytes) -> dict[str, Any]:
    """The draft written in `data`: a procedure as in data/procedures, not signed. Raises Malformed, naming the member."""
    value = parse_json(data)
    # A draft has no date of signing yet, and the words of rosters are never signed.
    draft = {"iat": 0, **procedure_in(value)} if isinstance(value, dict) else value
    try:
        check_shape(draft, PROCEDURE, "draft")
    except Malformed as error:
        raise Malformed(error.code, error.zh, error.en, _HINT) from error
    for where, zh, en in wrong_members(draft):
        raise Malformed("draft_member", f"草案成员有误:{where}:{zh}", f"The draft is wrong at {where}: {en}.", _HINT)
    return dict(draft)


def simulate(
    instance: Instance, draft: Mapping[str, Any], year: int, progress: Callable[[int, int], None] | None = None
) -> Simulation:
    """What `draft` would make of every roster of its track and `year`; `progress` is told people judged, and how many."""
    with instance.engines.read.connect() as connection:
        rosters = [
            one for one in roster_store.list_rosters(connection) if (one.track, one.year) == (draft["track"], year)
        ]
        courses = [_gather(connection, roster) for roster in reversed(rosters)]
        total, judged, outcomes = sum(len(one.people) for one in courses), 0, []
        for course in courses:
            outcomes.append(_Judge(instance, connection, draft, course).outcome())
            judged += len(course.people)
            if progress:
                progress(judged, total)
    return Simulation(draft, year, tuple(outcomes))


# --- gather --------------------------------------------------------------------------------------------------------


@dataclass
class Course:
    """A roster with what every act says about the people who came to its end."""

    roster: Roster
    people: dict[str, dict[str, Leaf]] = field(default_factory=dict)
    """entry id -> act -> leaf"""
    entries: dict[str, EntryRow] = field(default_factory=dict)
    certified: frozenset[str] = frozenset()
    """The entries that have a certificate."""
    on: dict[str, list[EntryRow]] = field(default_factory=dict)
    """act -> those it is about, and those that it struck"""


def _gather(connection: Connection, roster: Roster) -> Course:
    acts = document_store.list_acts(connection, roster.id)
    found: dict[str, dict[str, Leaf]] = defaultdict(dict)
    for act in acts:
        for leaf in document_store.list_act_entries(connection, act.sha256):
            found[leaf.entry_id][act.sha256] = leaf
    last = {act.sha256 for act in acts if act.kind == "issue"}
    everybody = roster_store.list_entries(connection, roster.id, live_only=False)
    entries = {entry.id: entry for entry in everybody if entry.struck_by is None and entry.replaced_by is None}
    on = {a.sha256: [e for e in everybody if a.sha256 in (found[e.id].keys() | {e.struck_by})] for a in acts}
    people = {name: leaves for name, leaves in found.items() if last & leaves.keys() and name in entries}
    certified = certificate_store.list_certificates(connection, roster_id=roster.id)
    return Course(roster, people, entries, frozenset(one.entry_id for one in certified), on)


# --- judge ---------------------------------------------------------------------------------------------------------

Wrong = tuple[str, str, str | None, str | None]
"""verdict, code, act, organisation"""


class Trial(Case):
    """A case without a certificate: its path and what its acts say about one person, and nothing else."""

    given: Path | None = None
    """The path to judge by, where it is not that of the bundle alone."""

    def shared_path(self) -> Path:
        """The path of the bundle, one for all who have the same."""
        roots = tuple(anchor.der for anchor in self.anchors)
        return path_of(self.bundle.shared, self.bundle.trust, roots, self.bundle.entries[-1].target, None)

    @cached_property
    def batch(self) -> Batch:
        path = self.given or self.shared_path()
        last = f"urn:certsvc:act:{path.acts[-1].sha256}"
        said: dict[str, Any] = {**dict.fromkeys(Stated._fields, ""), "head": last, "version": 1, "versions": 1}
        stated = Stated(**said)
        return Batch(path, "", 0, stated, (), (), _NOTHING, None, (), self.now, None, False, False)

    @cached_property
    def shown(self) -> dict[int, bool]:
        """Rows come from the register, which keeps them as they were signed."""
        return dict.fromkeys(range(len(self.bundle.path)), True)


class Both(NamedTuple):
    """What everybody who went through the same acts shares."""

    drafted: Bundle
    followed: Bundle
    laid: list[Laid]
    """The acts beside the steps of both procedures."""
    counted_by: Mapping[str, str]
    """Act -> hash of the calendar by which it closes a notice that only the draft has."""


class _Judge:
    """One roster under a draft."""

    def __init__(self, instance: Instance, connection: Connection, draft: Mapping[str, Any], course: Course) -> None:
        self.instance, self.connection, self.draft, self.course = instance, connection, draft, course
        self.logged = LogEvidence(instance, connection)
        self._shared: dict[tuple[str, ...], Both] = {}
        self._paths: dict[Path, Path] = {}
        self._drafts: dict[frozenset[Place], Jws] = {}

    def outcome(self) -> Outcome:
        course = self.course
        rows: dict[Wrong, Row] = {}
        people: dict[Wrong, set[str]] = defaultdict(set)
        already = set()
        for entry_id, leaves in course.people.items():
            drafted, followed, gaps = self._cases(entry_id, leaves)
            if _wrong(followed):
                already.add(entry_id)
            for wrong, row in _wrong(drafted, gaps).items():
                people[wrong].add(entry_id)
                rows.setdefault(wrong, row)
        affected = set().union(*people.values())
        reasons = tuple(self._reason(wrong, rows[wrong], whom) for wrong, whom in people.items())
        return Outcome(
            course.roster, self._verdict(reasons), len(course.people), len(course.certified & course.people.keys()),
            len(affected), len(affected & course.certified), len(already), reasons,
        )  # fmt: skip

    def _verdict(self, reasons: Iterable[Reason]) -> str:
        if not self.course.people:
            return "open"
        verdicts = {reason.verdict for reason in reasons}
        return next((one for one in ("void", "cannot_decide") if one in verdicts), "lawful")

    def _reason(self, wrong: Wrong, row: Row, whom: set[str]) -> Reason:
        return Reason(*wrong, row.about.figures, row.rule, len(whom), len(whom & self.course.certified))

    def _cases(self, entry_id: str, leaves: Mapping[str, Leaf]) -> tuple[Trial, Trial, tuple[Gap, ...]]:
        """The person's case by the draft, and by the procedure that was followed; what the draft asks for in vain."""
        names = tuple(sorted(leaves))
        if names not in self._shared:
            self._shared[names] = self._bundles(names, entry_id)
        drafted, followed, laid, counted_by = self._shared[names]
        entry, rows = self.course.entries[entry_id], {name: leaf.row_facts for name, leaf in leaves.items()}
        opened = date.fromisoformat(drafted.path[0].act.unverified_payload["document"]["date"])
        found = supply(laid, entry, opened, rows, self.course.on)
        if found.gaps:
            drafted = self._under(drafted, self._drafted(frozenset(gap.place for gap in found.gaps)))
        trial = self._trial(drafted, leaves, found.rows)
        if counted_by or any(found.meeting.values()):
            shared = trial.shared_path()
            given = self._paths.get(shared) or supplied_path(shared, found.meeting, counted_by)
            self._paths[shared] = trial.given = given
        return trial, self._trial(followed, leaves, {}), found.gaps

    def _trial(self, bundle: Bundle, leaves: Mapping[str, Leaf], added: Mapping[str, Mapping[str, Any]]) -> Trial:
        """The case of one person: `bundle` with what each act says of that person and what is `added` to it."""
        proofs = []
        for step in bundle.path:
            leaf, more = leaves[step.act.sha256], added.get(step.act.sha256)
            row = {**more, **(leaf.row_facts or {})} if more else leaf.row_facts
            proofs.append(RosterProof(leaf.leaf_index, row, leaf.row_salt, b""))
        path = tuple(PathStep(one.act, proof, one.logged) for one, proof in zip(bundle.path, proofs, strict=True))
        now = self.instance.now()
        return Trial(Evidence(replace(bundle, path=path)), self.instance.anchors, now, now)

    def _bundles(self, names: tuple[str, ...], entry_id: str) -> Both:
        """What everybody who went through these acts shares, under the draft and under the procedure followed."""
        load = documents.load_document
        acts = linked([load(self.connection, name, "act+jwt") for name in names])
        payloads = [act.unverified_payload for act in acts]
        followed = load(self.connection, payloads[0]["procedure"], "procedure+jwt")
        named = [grant for payload in payloads for grant in payload["grants"]]
        grants = [
            load(self.connection, one, "grant+jwt") for one in documents.grants_with_parents(self.connection, named)
        ]
        calendars = {payload["calendar"] for payload in payloads} - {None}
        kids = {one.unverified_kid for document in (*acts, *grants) for one in document.signatures}
        certs = certificates_of(self.instance, self.connection, sorted(kids))
        shared = Bundle(
            b"", _NOTHING, (Entry(b"", {}, target_of(self.course.entries[entry_id])),), {},
            tuple(self._steps(acts)), (), (), tuple(grants), followed,
            tuple(load(self.connection, one, "calendar+jwt") for one in sorted(calendars)), _NOTHING, _NOTHING,
            certs, None, tuple(map(self.logged.of, grants)),
        )  # fmt: skip
        both = self._under(shared, self._drafted()), self._under(shared, followed)
        now, anchors = self.instance.now(), self.instance.anchors
        drafted, done = (Trial(Evidence(bundle), anchors, now, now).path for bundle in both)
        laid = laid_beside(drafted, done)
        added = self._calendars_of(closing_unasked(laid, acts))
        known = {one.sha256: one for one in (*shared.calendars, *added.values())}
        return Both(
            replace(both[0], calendars=tuple(known.values())), both[1], laid,
            {name: calendar.sha256 for name, calendar in added.items()},
        )  # fmt: skip

    def _calendars_of(self, acts: Iterable[Jws]) -> dict[str, Jws]:
        """Act -> the calendar in force when it was signed; none where the register had none yet."""
        found = {}
        for act in acts:
            with suppress(NotReady):
                found[act.sha256] = documents.calendar_for(self.connection, act.unverified_payload["iat"])
        return found

    def _steps(self, acts: Iterable[Jws]) -> Iterator[PathStep]:
        """The acts with their log proofs: where a root requires them, only they say when something was done."""
        before = None
        for act in acts:
            yield PathStep(act, RosterProof(0, None, None, b""), self.logged.of(act, before))
            before = act.sha256

    def _drafted(self, left_out: frozenset[Place] = frozenset()) -> Jws:
        """The draft as if it had been in force at any time, without the facts at these places."""
        if left_out not in self._drafts:
            payload = {**without(self.draft, left_out), "iat": 0, "nbf": 0, "exp": _YEAR_2200}
            self._drafts[left_out] = Jws("procedure+jwt", canonical(payload), payload, ())
        return self._drafts[left_out]

    def _under(self, bundle: Bundle, procedure: Jws) -> Bundle:
        """`bundle` with `procedure`, and a trust bundle that names it: whether it is trusted is not the question here."""
        trust = documents.current_trust(self.connection)
        track = procedure.unverified_payload["track"]
        always = {"from": 0, "to": None, "from_index": 0, "to_index": None}
        listed = {"track": track, "sha256": procedure.sha256, **always}
        payload = {**trust.unverified_payload, "procedures": [listed]}
        return replace(bundle, procedure=procedure, trust=Jws(trust.typ, canonical(payload), payload, ()))


def _wrong(trial: Trial, gaps: Iterable[Gap] = ()) -> dict[Wrong, Row]:
    """What is wrong; where nothing is, what cannot be decided."""
    found: dict[str, dict[Wrong, Row]] = {"fail": {}, "unknown": {}}
    verdicts = {"fail": "void", "unknown": "cannot_decide"}
    for row in (*(row for check in ASKED for row in check.rows(trial)), *map(_unasked, gaps)):
        if row.outcome in found:
            wrong = (verdicts[row.outcome], row.code, row.about.act, row.about.org)
            found[row.outcome].setdefault(wrong, row)
    return found["fail"] or found["unknown"]


def _unasked(gap: Gap) -> Row:
    about = About(gap.act, gap.org, {"names": ",".join(gap.names)})
    return Row("person_facts", "procedure", "unknown", UNASKED, about, gap.rule)
