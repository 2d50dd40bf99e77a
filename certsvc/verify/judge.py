"""How a check is asked: once for each thing it is about, with a row for each answer."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Any, NamedTuple

from certsvc.core.errors import Malformed
from certsvc.core.facts import FACTS
from certsvc.core.jose import Jws
from certsvc.core.outcomes import About, Fault, NotRun, Unknown
from certsvc.verify.batch import Batch
from certsvc.verify.case import Case
from certsvc.verify.naming import of_document, of_head, of_issue, of_list
from certsvc.verify.path import Path
from certsvc.verify.report import Row, Whose


class Subject(NamedTuple):
    """One thing that a check is asked about; `args` are what `run` is given after the view."""

    document: Jws | None
    """Names the row: its act, organisation and hash."""
    args: tuple[Any, ...] = ()
    rule: str = ""
    """A closer source than the check's own."""
    act: str | None = None
    """Names the row where no document does, with `org`."""
    org: str | None = None
    within: Whose | None = None
    """Whose the row is where neither its document nor its finding says that."""
    both: tuple[str, str] | None = None
    """The acts that it is about together. A row that passed names them; what did not pass says itself which act it was."""

    @property
    def about(self) -> About:
        if self.document is None:
            return _about(self.act, self.org)
        payload = self.document.unverified_payload
        return _about(payload.get("act"), payload.get("sub" if self.document.typ == "grant+jwt" else "org"))


WHOLE = Subject(None)
_NOTHING, _NOBODY = About(), ("issue", None)
#: After so many bad signatures a check asks of no more: each costs as much as a good one, and there is room for hundreds.
MOST_BAD = 8
#: Few acts and offices stand in very many rows.
_about = lru_cache(maxsize=4096)(About)


View = Path | Batch | Case


@dataclass(frozen=True)
class Each:
    """What a check is asked about, one by one."""

    find: Callable[[Any], Sequence[Subject]]
    view: str
    """path | batch | case: how much it looks at. One answer about a path or a batch serves all its certificates."""
    optional: bool = False
    """There may be none: no correction, no lifecycle act, no notice."""
    along: Callable[[Path], Sequence[Subject]] | None = None
    """Where what it is about is found in the path, though the answer is the certificate's own."""
    absent: Callable[[Batch], tuple[str, str] | None] = lambda _: None
    """Outcome and code when the whole batch has nothing that the check could look at."""
    whose: Callable[[Batch], Whose] = of_issue
    """Whose a row about the whole is."""


def of_path(optional: bool = False) -> Callable[[Callable[[Path], Sequence[Subject]]], Each]:
    return lambda find: Each(find, "path", optional, whose=of_head)


def of_batch(optional: bool = False) -> Callable[[Callable[[Batch], Sequence[Subject]]], Each]:
    return lambda find: Each(find, "batch", optional)


def of_case(absent: Callable[[Batch], bool]) -> Callable[[Callable[[Case], Sequence[Subject]]], Each]:
    """Subjects of one certificate; `absent` says of a batch that its certificates have none."""
    nothing = ("not_applicable", "nothing_to_check")
    return lambda find: Each(find, "case", optional=True, absent=lambda batch: nothing if absent(batch) else None)


def with_a(member: str, code: str) -> Each:
    """The certificate as a whole, where the asker brought `member` of the batch; else the check is not run."""
    return Each(_whole, "case", absent=lambda batch: None if getattr(batch, member) else ("not_run", code))


def along_path(optional: bool = False) -> Callable[[Callable[[Path], Sequence[Subject]]], Each]:
    """Subjects of the path, asked about one certificate."""
    return lambda find: Each(lambda case: find(case.path), "case", optional, along=find)


def _whole(_: View) -> tuple[Subject, ...]:
    return (WHOLE,)


#: The path, the batch, its status list, the certificate as a whole.
PATH, BATCH, CASE = Each(_whole, "path", whose=of_head), Each(_whole, "batch"), Each(_whole, "case")
#: The path, with what is shown beside it.
HEAD = Each(_whole, "batch", whose=of_head)
STATUS_LIST = Each(_whole, "batch", whose=of_list)


@dataclass(frozen=True)
class Check:
    """One claim that can be true. `run` returns when it is, and raises Fault, Unknown or NotRun when it is not."""

    id: str
    family: str
    rule: str
    run: Callable[..., None]
    each: Each = CASE
    at_once: Callable[[Case], None] | None = None
    """Asks about all subjects in one go: raises when any of them would not pass, whichever it is."""

    def rows(self, case: Case) -> tuple[Row, ...]:
        """One row for each thing that the check is about."""
        if self.each.view == "case":
            return self._ask(case, case)
        view = case.batch if self.each.view == "batch" else case.path
        rows: tuple[Row, ...] = view.remember(("rows of", self.id), lambda _: self._ask(view, case))
        return rows

    def not_run(self, code: str) -> tuple[Row, ...]:
        """The row where nothing can be believed, not even who issued the certificate: always the same object."""
        if code not in self._unheard:
            self._unheard[code] = (self._row("not_run", code),)
        return self._unheard[code]

    @cached_property
    def _unheard(self) -> dict[str, tuple[Row, ...]]:
        return {}

    def _constant(self, batch: Batch, outcome: str, code: str) -> tuple[Row, ...]:
        """A row that says nothing about one certificate: for all of a batch the same object, so that equal findings are
        seen fast."""
        return batch.remember(
            ("row of", self.id, outcome, code), lambda batch: (self._row(outcome, code, within=self.each.whose(batch)),)
        )

    def idle(self, batch: Batch) -> tuple[Row, ...] | None:
        """The rows when there is nothing to look at in the whole batch."""
        found = self.each.absent(batch)
        return None if found is None else self._constant(batch, *found)

    def _ask(self, view: View, case: Case) -> tuple[Row, ...]:
        if self.each is CASE:
            return self._answer(view, case, WHOLE) or self._constant(case.batch, "pass", self.id)
        try:
            subjects = self.each.find(view)
        except Exception as error:
            return self._refused(error, case, WHOLE)
        if not subjects:
            # An empty list proves nothing, unless the thing may well be absent.
            return self._constant(case.batch, "not_applicable" if self.each.optional else "unknown", "nothing_to_check")
        rows: list[Row] = []
        bad = 0
        for one in subjects:
            odd = self._answer(view, case, one) if bad < MOST_BAD else self._unasked(one)
            rows += odd or self._passed(case, one)
            bad += bool(odd) and odd[0].code == "sig_bad"
        return tuple(rows)

    def questions(self, path: Path) -> tuple[tuple[Callable[..., None], tuple[Any, ...]], ...] | None:
        """What is run about every certificate of a path, without its rows; None where that depends on the certificate."""
        if self.each.along is None:
            return ((self.run, ()),) if self.each.find is _whole else None
        try:
            asked = tuple((self.run, (one.document, *one.args)) for one in self.each.along(path))
        except Exception:
            return None
        return asked if self.at_once is None else ((self.at_once, ()),)

    def _answer(self, view: View, case: Case, subject: Subject) -> tuple[Row, ...]:
        """The row of a check that did not pass; none when it did."""
        try:
            if subject.document is None:
                self.run(view, *subject.args)
            else:
                self.run(view, subject.document, *subject.args)
        except Exception as error:
            return self._refused(error, case, subject)
        return ()

    def passed(self, case: Case) -> tuple[Row, ...]:
        """The rows of a check about which `questions` were asked and none raised."""
        if self.each.find is _whole:
            return self._constant(case.batch, "pass", self.id)
        subjects = self.each.find(case)
        return tuple(row for one in subjects for row in self._passed(case, one)) or self._ask(case, case)

    def _passed(self, case: Case, subject: Subject) -> tuple[Row, ...]:
        document, rule = subject.document, subject.rule or self.rule
        about = subject.about if subject.both is None else About(subject.both[1], None, {"apart_from": subject.both[0]})
        # Most are about acts, which name both.
        within = _NOBODY if about.act and about.org else self._within(case, subject)
        evidence = document.sha256 if document else None
        return (Row(self.id, self.family, "pass", self.id, about, rule, evidence, within),)

    def _within(self, case: Case, subject: Subject) -> Whose:
        if subject.document is not None:
            return of_document(case.path, subject.document)
        return subject.within or self.each.whose(case.batch)

    def _unasked(self, subject: Subject) -> tuple[Row, ...]:
        return (self._row("not_run", "signature_failed", subject.about, subject),)

    def _refused(self, error: Exception, case: Case, subject: Subject) -> tuple[Row, ...]:
        outcome, code, about = _outcome(error)
        if subject is WHOLE and outcome == "not_run":
            return self._constant(case.batch, outcome, code)
        act, org = about.act or subject.about.act, about.org or subject.about.org
        name = case.path.org_names.get(org) if org else None
        figures = {**about.figures, "org_name": name} if name else about.figures
        return (self._row(outcome, code, About(act, org, figures), subject, self._within(case, subject)),)

    def _row(
        self, outcome: str, code: str, about: About = _NOTHING, subject: Subject = WHOLE, within: Whose = _NOBODY
    ) -> Row:
        evidence = subject.document.sha256 if subject.document else None
        # A fact that is false names its own source: the step's says only that it is asked.
        fact = FACTS.get(code.removeprefix("fact_"))
        rule = (fact.rule if fact else "") or subject.rule or self.rule
        return Row(self.id, self.family, outcome, code, about, rule, evidence, within)


def _outcome(error: Exception) -> tuple[str, str, About]:
    """Outcome, code and figures of what a check raised."""
    if isinstance(error, Fault):
        return "fail", error.code, error.about
    if isinstance(error, Unknown):
        return "unknown", error.code, error.about
    if isinstance(error, NotRun):
        return "not_run", error.code, About()
    if isinstance(error, Malformed):
        return "unknown", error.code, About()
    # A check that raises proves nothing; it must not decide, and must not be lost.
    return "unknown", "check_raised", About(figures={"error": type(error).__name__})
