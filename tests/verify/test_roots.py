"""Two roots are pinned: what one instance grants and withdraws says nothing about another's (docs/decisions/0027).

Which trust bundle, status list or further grant lies in a file is signed by nobody: it never makes anything void.
"""

from typing import Any

import pytest
from support_changes import apply_changes
from support_forge import Forge, judge, unlogged
from support_instance import SmallInstance
from test_vectors import VECTORS

from certsvc.core.bundle import parse_bundle
from certsvc.core.chain import Anchor, issuers_of
from certsvc.core.encoding import b64, canonical, parse_json
from certsvc.services.beside import Update, update_in
from certsvc.services.verify_evidence import Asked, Found, verify_offline
from certsvc.verify.path import jkt_of, kids_of


def mixed(ours: SmallInstance, theirs: SmallInstance, **taken: Any) -> bytes:
    """Our bundle with some members of theirs, and of all key certificates those that it needs."""
    own, foreign = (parse_json(unlogged(one.bundle())) for one in (ours, theirs))
    value = {**own, **{name: foreign[name] for name in taken}}
    for name, more in taken.items():
        value[name] = more(own[name], foreign[name])
    value["grant_logs"] = [None] * len(value["grants"])
    every = list(dict.fromkeys((*own["certs"], *foreign["certs"])))
    probe = parse_bundle(canonical({**value, "certs": every}))
    events = [act for event in probe.events for act in (event.propose, event.decide)]
    signed = (
        *probe.shared.acts,
        *probe.grants,
        *probe.calendars,
        probe.procedure,
        probe.trust,
        probe.status_list,
        *events,
    )
    kids = kids_of([probe.credential, *signed])
    leaves = tuple(der for der in probe.certs if jkt_of(der) in kids)
    needed = (*leaves, *(issuers_of(leaves, probe.certs) - set(leaves)))
    return canonical({**value, "certs": [b64(der) for der in needed]})


def theirs_of(_own: Any, foreign: Any) -> Any:
    return foreign


def both(ours: SmallInstance, theirs: SmallInstance) -> tuple[Anchor, ...]:
    return (*ours.anchors, *theirs.anchors)


SHOWN: dict[str, tuple[dict[str, Any], tuple[str, str]]] = {
    "trust_bundle_of_another_root": ({"trust": theirs_of}, ("tampered", "evidence_differs")),
    "status_list_of_another_root": ({"status": theirs_of}, ("cannot_decide", "status_foreign")),
    "grants_of_another_root": ({"grants": lambda own, foreign: own + foreign}, ("tampered", "unused_evidence")),
}


@pytest.mark.parametrize("case", SHOWN)
def test_what_lies_beside_under_another_root_makes_no_certificate_void(
    case: str, small_instance: SmallInstance, production_instance: SmallInstance
) -> None:
    taken, expected = SHOWN[case]
    anchors = both(small_instance, production_instance)
    assert judge(small_instance, mixed(small_instance, production_instance), anchors=anchors).verdict == "valid"
    report = judge(small_instance, mixed(small_instance, production_instance, **taken), anchors=anchors)
    assert (report.verdict, report.reason) == expected


def test_a_grant_of_the_issuer_under_another_root_is_told_as_altered_evidence(
    small_instance: SmallInstance, production_instance: SmallInstance
) -> None:
    """Both instances call their issuer by one name, so its grants are among those that a bundle may hold."""

    def issuers(own: list[str], foreign: list[str]) -> list[str]:
        granted = {one.sha256: one for one in parse_bundle(production_instance.bundle()).grants}
        wanted = [one for one in granted.values() if one.unverified_payload["sub"] == "HRSS"]
        for one in wanted:
            parent = granted.get(str(one.unverified_payload["parent"]))
            wanted += [parent] if parent is not None and parent not in wanted else []
        return own + [one.body.decode() for one in wanted]

    report = judge(
        small_instance,
        mixed(small_instance, production_instance, grants=issuers),
        anchors=both(small_instance, production_instance),
    )
    assert (report.verdict, report.reason, report.about.figures["member"]) == ("tampered", "evidence_differs", "grants")


def test_a_trust_bundle_of_another_root_laid_beside_says_nothing_against_the_file(
    small_instance: SmallInstance, production_instance: SmallInstance
) -> None:
    data, anchors = small_instance.bundle(), both(small_instance, production_instance)
    theirs = update_in(parse_bundle(production_instance.bundle()))
    for brought in (Update(trust=theirs.trust, certs=theirs.certs), theirs):
        asked = Asked(at=small_instance.now, now=small_instance.now, newer_trust=brought.write())
        if brought.status is not None:
            asked = Asked(at=small_instance.now, now=small_instance.now, newer_status=brought.write())
        report = verify_offline(Found(bundle=data), anchors, asked)
        assert report.verdict in ("valid", "cannot_decide"), (report.verdict, report.reason)


def firsts() -> dict[str, Any]:
    """Verdict -> the first vector that ends with it, of those that ask nothing in particular."""
    found: dict[str, Any] = {}
    for one in VECTORS:
        if "asked" not in one and one["expected"]["verdict"] not in ("valid", "cannot_decide"):
            found.setdefault(one["expected"]["verdict"], one)
    return found


@pytest.mark.parametrize("beside", ["newer_status", "newer_trust"])
@pytest.mark.parametrize("verdict", firsts())
def test_what_nobody_can_prove_beside_a_file_hides_nothing_that_the_file_proves(
    verdict: str, beside: str, small_instance: SmallInstance, production_instance: SmallInstance
) -> None:
    data = apply_changes(Forge(small_instance), firsts()[verdict]["changes"]).build()
    theirs = update_in(parse_bundle(production_instance.bundle()))
    brought = theirs.status if beside == "newer_status" else theirs.trust
    assert brought is not None
    alone = judge(small_instance, data)
    report = judge(small_instance, data, **{beside: brought.body})
    assert (report.verdict, report.reason) == (alone.verdict, alone.reason)
    assert alone.verdict == verdict
