"""What the verdict must be, from the plain values alone: written from docs/format.md, without certsvc.

Each rule is a generator of findings `(family, outcome, code)`; `expected` runs all of them and reads the verdict off
the table of Annex B. Section numbers are those of docs/format.md. `Rules` can leave one out, to show that it matters.
"""

from collections.abc import Callable
from dataclasses import dataclass

from model_grants import (
    acts_granted,
    certificate_granted,
    grants_nest,
    keys_in_service,
    lifecycle_granted,
    status_key_granted,
    trust_current,
)
from model_path import (
    acts_in_order,
    certificate_matches,
    corrections_linked,
    notices_long_enough,
    powers_separated,
    steps_hold,
)
from model_status import events_complete, events_lawful, in_force, not_annulled_since, status_fresh, within_term
from model_view import Finding, Rules, View, integrity, keys_certified, offices_match_keys
from values_for_tests import Facts, Question


@dataclass(frozen=True)
class Expected:
    """A verdict, and the codes of which one must be its reason."""

    verdict: str
    reasons: frozenset[str]


RULES = (
    keys_certified, offices_match_keys, trust_current, keys_in_service, grants_nest, acts_granted, certificate_granted,
    lifecycle_granted, status_key_granted, acts_in_order, steps_hold, notices_long_enough, powers_separated,
    certificate_matches, corrections_linked, events_lawful, status_fresh, events_complete, in_force, within_term,
    not_annulled_since,
)  # fmt: skip

#: The first line that fits decides: verdict, and which findings it is about.
VERDICTS: tuple[tuple[str, Callable[[Finding], bool]], ...] = (
    ("tampered", lambda f: f[:2] == ("integrity", "fail")),
    ("void", lambda f: f[0] in ("chain", "authority", "procedure") and f[1] == "fail"),
    ("revoked", lambda f: f[2] == "revoked"),
    ("withdrawn", lambda f: f[2] == "withdrawn"),
    ("suspended", lambda f: f[2] == "suspended"),
    ("superseded", lambda f: f[2] == "superseded"),
    ("out_of_term", lambda f: f[2] == "out_of_term"),
    ("cannot_decide", lambda f: True),
)


def expected(facts: Facts, question: Question, rules: Rules | None = None, known: int | None = None) -> Expected:
    """The verdict on a question. `known`: as it was known at that time; None: as it is known now."""
    view = View(facts, question, rules or Rules(), known)
    # Annex A: unless integrity passed, nothing after it is run.
    findings = list(integrity(view)) or [finding for rule in RULES for finding in rule(view)]
    # Annex A, then and now: before the issue nothing could be known of what is genuine.
    if known is not None and question.at < view.certificate.nbf and not list(integrity(view)):
        return Expected("cannot_decide", frozenset(["before_issue"]))
    for verdict, fits in VERDICTS:
        if found := frozenset(one[2] for one in findings if fits(one)):
            return Expected(verdict, found)
    return Expected("valid", frozenset())
