"""What rests on evidence that nobody signed, where that is not what was signed: not run, so it accuses nobody.

A verdict and its reason are the same with it and without it (docs/decisions/0047), but that a lifecycle act of another
certificate, which anybody can lay into the evidence, makes this one void by nothing. What signatures alone bear out is told
all the same: each code below stands with the one thing it is judged by that nobody signed.
"""

from functools import cached_property

from certsvc.core.jose import Jws
from certsvc.core.outcomes import About
from certsvc.verify.case import Case
from certsvc.verify.certificate import corrections_of_others, head_of, last_named, names
from certsvc.verify.entry import entry_shown, fits_roster
from certsvc.verify.path import BY_SIGNATURES
from certsvc.verify.report import Row
from certsvc.verify.status import is_about

#: Codes of rows of the procedure and status families that say that such evidence differs.
_DIFFERS = ("evidence_differs", "inclusion_bad")
#: Judged by the target, which stands in the entry.
_BY_TARGET = (
    "target_changed", "level_out_of_scope", "series_out_of_scope", "specialty_out_of_scope", "region_out_of_scope",
    "track_out_of_scope", "year_out_of_scope", "procedure_track", "level_beyond_track", "series_beyond_track",
    "application_year", "title_beyond_level", "fact_within_ratio", "fact_level_step", "fact_education_check",
    "fact_not_exam_series", "fact_at_least_for_level", "fact_county_unit",
)  # fmt: skip
#: Judged by the order in which acts are shown. An act that is not older than the one it names is out of order as signed.
_BY_ORDER = (
    "act_missing", "act_missing_before", "link_case", "role_not_allowed", "part_of_others", "evidence_head", "interval_short",
    "application_year", "procedure_superseded", "fact_no_ban", "fact_within_ratio",
)  # fmt: skip
_OUT_OF_TURN = ("nothing_beyond", "acts_complete")
#: Judged by the step that an act did: where a procedure has several of its kind, the order tells which.
_BY_STEP = ("enough_signers", "meeting_facts", "person_facts")
#: Judged by certificate and path together: check and code.
_BY_BOTH = (
    ("head_named", "evidence_head"), ("acts_quoted", "cert_mismatch"), ("certificate_granted", "issuer_mismatch"),
    ("certificate_granted", "role_not_allowed"),
)  # fmt: skip
#: Families whose faults make void.
_OF_OFFICES = ("chain", "authority", "procedure")
#: What differs where a certificate stands beside an entry, a correction or a path that is not its own.
_ANOTHERS = {"commitments", "target", "version", "correction", "path"}

Rows = tuple[Row, ...]


def unfit_left_out(case: Case, parts: tuple[Rows, ...]) -> tuple[Rows, ...]:
    """The rows of each check; what rests on evidence that differs says nothing any more but that."""
    differing = [
        row for rows in parts for row in rows if row.outcome == "fail" and row.code in _DIFFERS and row.family != "log"
    ]
    strange = [*corrections_of_others(case), *(one for one in case.bundle.events if not is_about(case, one))]
    others = {act.sha256 for one in strange for act in (one.propose, one.decide)}
    if not differing and not others:
        return parts
    unfit = _Unfit(case, differing, others)
    return tuple(tuple(unfit.left_out(row) for row in rows) for rows in parts)


class _Unfit:
    """What of the evidence about one certificate is not what was signed."""

    def __init__(self, case: Case, differing: list[Row], others: set[str]) -> None:
        self.case, self.path, self.others = case, case.path, others
        self.members = {row.about.figures.get("member") for row in differing}
        self.events = {row.evidence for row in differing if row.id.startswith(("corrections_", "events_"))}
        self._acts: dict[tuple[str | None, str | None], list[Jws]] = {}
        for act in self.path.acts:
            self._acts.setdefault((act.unverified_payload["act"], act.unverified_payload["org"]), []).append(act)

    def left_out(self, row: Row) -> Row:
        if row.outcome != "fail" or row.code in _DIFFERS or not self._rests_on_it(row):
            return row
        # An office that did nothing here is not named: it was to do what by this evidence nobody did.
        named = bool(row.evidence or self._acts_in(row))
        about = About(row.about.act, row.about.org) if named else About()
        return row._replace(outcome="not_run", code="evidence_unfit", about=about, within=(row.act, row.org))

    def _rests_on_it(self, row: Row) -> bool:
        if row.evidence in self.others:
            return row.family in _OF_OFFICES
        return self._by_target(row) or self._by_order(row) or self._by_signatures(row) or self._by_another(row)

    def _acts_in(self, row: Row) -> list[Jws]:
        """The acts at hand that a row is about."""
        if row.evidence is not None:
            place = self.path.places.get(row.evidence)
            return [] if place is None else [self.path.acts[place]]
        return self._acts.get((row.about.act, row.about.org), [])

    # --- the target ------------------------------------------------------------------------------------------------

    def _by_target(self, row: Row) -> bool:
        if row.id == "printed_as_decided":
            return row.about.figures.get("member") != "licence_id" and not self._stated and not self._decided
        if row.id == "certificate_granted":
            return row.code in _BY_TARGET and not self._stated and not self._proved
        if row.of_absent_act:
            # Each office above the unit is asked for: which these are, the region says.
            done = [act for act in self.path.acts if act.unverified_payload["act"] == row.about.act]
            return bool(done) and not self._listed(done)
        acts = self._acts_in(row)
        return row.code in _BY_TARGET and not (self._listed(acts) if acts else self._proved)

    @cached_property
    def _stated(self) -> bool:
        """Whether the certificate, which its issuer signed, has the target that the path was judged by."""
        stated: bool = self.case.credential["certificate"]["target"] == self.case.bundle.entries[-1].target.__dict__
        return stated

    @cached_property
    def _decided(self) -> bool:
        """Whether the certificate is about the person of the entry, and that entry was decided upon."""
        stated = self.case.credential["certificate"]["commitments"]
        return self._proved and bool(stated == self.case.bundle.entries[-1].commitments)

    @cached_property
    def _proved(self) -> bool:
        """Whether an office had that target before it: on its list, or as its correction left it."""
        return self._bound and entry_shown(self.case)

    @cached_property
    def _bound(self) -> bool:
        return last_named(self.case)

    def _listed(self, acts: list[Jws]) -> bool:
        """Whether these acts themselves were about this entry: it stands on the list of each."""
        return self._bound and all(fits_roster(self.case, act, self.path.places[act.sha256]) for act in acts)

    # --- the order of acts, and their signatures -------------------------------------------------------------------

    def _by_order(self, row: Row) -> bool:
        if "path" not in self.members:
            return False
        if row.id in _BY_STEP and any(self._is_of_several_steps(act) for act in self._acts_in(row)):
            return True
        out_of_turn = row.code == "order" and row.id in _OUT_OF_TURN
        return out_of_turn or (row.code in _BY_ORDER and row.id != "certificate_granted")

    def _is_of_several_steps(self, act: Jws) -> bool:
        kinds = [step["act"] for step in self.path.procedure["steps"]]
        return kinds.count(act.unverified_payload["act"]) > 1

    def _by_signatures(self, row: Row) -> bool:
        """Whether it is about signatures of an act that nothing at hand names as it is shown."""
        acts = self._acts_in(row) if "signatures" in self.members and row.code in BY_SIGNATURES else []
        return bool(acts) and all(act.sha256 not in self._named for act in acts)

    @cached_property
    def _named(self) -> set[str]:
        named = {str(one) for act in self.path.acts for one in act.unverified_payload["prev"]}
        return named | {self.case.batch.stated.head.rpartition(":")[2]}

    # --- what belongs to another certificate -----------------------------------------------------------------------

    def _by_another(self, row: Row) -> bool:
        if row.code == "status_org_foreign":
            return row.evidence in self._of_events_that_differ
        if row.code == "status_diverges":
            return any(one.decide.sha256 in self.events for one in self.case.bundle.events)
        return (row.id, row.code) in _BY_BOTH and self._is_of_another

    @cached_property
    def _is_of_another(self) -> bool:
        """Whether nothing shows that certificate and path belong together: it does not name the last act, and something
        else that ties them is not what was signed."""
        batch = self.case.batch
        return not names(batch, head_of(batch)) and (bool(self.members & _ANOTHERS) or not entry_shown(self.case))

    @cached_property
    def _of_events_that_differ(self) -> set[str]:
        events = (*self.case.bundle.corrections, *self.case.bundle.events)
        differ = [one for one in events if one.decide.sha256 in self.events]
        return {act.sha256 for one in differ for act in (one.propose, one.decide)}
