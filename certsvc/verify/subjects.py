"""What the checks are asked about, one by one: each act, each grant, each step, each fact, each lifecycle act."""

from typing import Any

from certsvc.core.facts import FACTS
from certsvc.core.jose import Jws
from certsvc.verify.batch import Batch
from certsvc.verify.case import Case
from certsvc.verify.judge import Subject, along_path, of_batch, of_case, of_path
from certsvc.verify.pairing import acts_of, pairing
from certsvc.verify.path import Path
from certsvc.verify.report import Whose

# --- of the path, which certificates share -------------------------------------------------------------------------


@of_path()
def acts(path: Path) -> list[Subject]:
    return [Subject(act) for act in acts_of(path)]


@of_path()
def authorities(path: Path) -> list[Subject]:
    """Grants, procedure, calendars and trust bundle."""
    return [Subject(one) for one in path.documents[len(path.acts) :]]


@of_path()
def documents(path: Path) -> list[Subject]:
    return [Subject(one) for one in path.documents]


@of_path()
def grants(path: Path) -> list[Subject]:
    return [Subject(one) for one in path.grants_signed]


@of_path(optional=True)
def logged_acts(path: Path) -> list[Subject]:
    """Where no log is required, those that come with a proof all the same."""
    return _logged(path, path.acts)


@of_path(optional=True)
def logged_grants(path: Path) -> list[Subject]:
    return _logged(path, path.grants_signed)


@of_path(optional=True)
def timed_acts(path: Path) -> list[Subject]:
    """Where the log's time is trusted, and what an act says of its time has to fit it."""
    return _logged(path, path.acts) if path.strict else []


@of_path(optional=True)
def timed_grants(path: Path) -> list[Subject]:
    return _logged(path, path.grants_signed) if path.strict else []


def _logged(path: Path, documents: tuple[Jws, ...]) -> list[Subject]:
    return [Subject(one) for one in documents if path.strict or path.log.has_proof(one)]


@of_path()
def steps_done(path: Path) -> list[Subject]:
    return [Subject(act, (step,), step["rule"]) for step, act in pairing(path).done]


@of_path(optional=True)
def notices(path: Path) -> list[Subject]:
    return [one for one in steps_done.find(path) if one.args[0]["min_working_days"] is not None]


@of_path(optional=True)
def meeting_facts(path: Path) -> list[Subject]:
    return [Subject(act, (fact,), _source(fact)) for step, act in pairing(path).done for fact in step["facts"]]


@of_path(optional=True)
def separations(path: Path) -> list[Subject]:
    """Each pair of acts that must be apart, with the code of the member that says so."""
    pairs = [(code, *pair) for code in ("apart", "apart_people") for pair in path.procedure[code]]
    return [
        Subject(None, (first, second, code), within=_last_of(path, first, second), both=(first, second))
        for code, first, second in pairs
    ]


def _last_of(path: Path, *kinds: str) -> Whose | None:
    """The last act at hand that is of one of these kinds."""
    payloads = (act.unverified_payload for act in reversed(path.acts))
    return next(((one["act"], one["org"]) for one in payloads if one["act"] in kinds), None)


# --- of a batch ----------------------------------------------------------------------------------------------------


@of_batch()
def steps(batch: Batch) -> list[Subject]:
    """Every step that the procedure asks for, done or not. One that may be left out is of the office that did the act
    before it, or after it where that is the first at hand: it was to pass the case on, or to wait."""
    found, pairs, beside = [], pairing(batch.path).pairs, acts_of(batch.path)[0].unverified_payload["org"]
    for step, done in pairs:
        org = done[0].unverified_payload["org"] if done else None
        beside = done[-1].unverified_payload["org"] if done else beside
        found.append(Subject(None, (step, done), step["rule"], step["act"], org, (step["act"], beside)))
    return found


@of_batch(optional=True)
def lifecycle_acts(batch: Batch) -> list[Subject]:
    """All that are at hand: what is carried must be genuine, whenever it was decided."""
    return [Subject(one) for one in batch.lifecycle_acts]


@of_batch(optional=True)
def counted_acts(batch: Batch) -> list[Subject]:
    """Those that count at the time whose knowledge is asked for."""
    return [Subject(one) for one in batch.counted_acts]


@of_batch()
def lists(batch: Batch) -> list[Subject]:
    """Status lists, and trust bundles beside the path's own."""
    return [Subject(one) for one in batch.lists]


@of_batch(optional=True)
def decisions(batch: Batch) -> list[Subject]:
    events = (*batch.corrections, *batch.counted)
    return [Subject(one.decide) for one in events if batch.path.strict or one.logged is not None]


@of_batch(optional=True)
def lists_proved(batch: Batch) -> list[Subject]:
    """Status lists: where a log is required, whoever stole the status key could sign one that nobody else ever saw."""
    lists = zip((batch.status_carried, batch.status_brought), batch.lists_logged, strict=True)
    return [Subject(one) for one, logged in lists if one is not None and (batch.path.strict or logged is not None)]


@of_batch(optional=True)
def lists_bound(batch: Batch) -> list[Subject]:
    """Status lists that say which checkpoint they cover, as they must where a log is required."""
    lists = [one for one in (batch.status_carried, batch.status_brought) if one is not None]
    return [Subject(one) for one in lists if batch.path.strict or one.unverified_payload["checkpoint"] is not None]


@of_batch(optional=True)
def checkpoints(batch: Batch) -> list[Subject]:
    """The one that was brought."""
    return [] if batch.checkpoint is None else [Subject(None, (batch.checkpoint,))]


@of_batch()
def own_documents(batch: Batch) -> list[Subject]:
    return [Subject(one) for one in (*batch.counted_acts, *batch.lists)]


@of_batch(optional=True)
def corrections_proposed(batch: Batch) -> list[Subject]:
    return [Subject(one.decide, (one.propose,)) for one in batch.corrections]


@of_batch(optional=True)
def events_proposed(batch: Batch) -> list[Subject]:
    return [Subject(one.decide, (one.propose,)) for one in batch.counted]


# --- of one certificate --------------------------------------------------------------------------------------------


@along_path()
def places(path: Path) -> list[Subject]:
    """Each act with its place on the path."""
    return [Subject(act, (place,)) for place, act in enumerate(acts_of(path))]


@along_path(optional=True)
def row_facts(path: Path) -> list[Subject]:
    """Each fact that an act says of every person on its roster, by its number among those of its step."""
    return [
        Subject(act, (path.places[act.sha256], step, number), _source(fact))
        for step, act in pairing(path).done
        for number, fact in enumerate(step["row_facts"])
    ]


@of_case(lambda batch: not batch.corrections)
def corrections(case: Case) -> list[Subject]:
    return [Subject(one.decide, (n,)) for n, one in enumerate(case.bundle.corrections)]


@of_case(lambda batch: not batch.counted)
def events(case: Case) -> list[Subject]:
    return [Subject(one.decide, (q,)) for q, one in enumerate(case.batch.counted)]


def _source(fact: dict[str, Any]) -> str:
    return FACTS[fact["name"]].rule if fact["name"] in FACTS else ""
