"""A key that is not at hand: what rests on what it signed is left open, and nothing else is (docs/decisions/0053)."""

import copy
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import pytest
from insecure_documents import Recipe
from support_changes import apply_changes
from support_forge import Forge, judge
from support_instance import SmallInstance
from test_blame import BY_ID
from test_unsigned_evidence import BUNDLES, inside, other, places
from test_unsigned_logged import CORRECTED, NOW, OFFICE, USUAL, genuine
from test_vectors import times_of

from certsvc.core.bundle import parse_bundle
from certsvc.core.chain import Anchor, Identity, identify
from certsvc.core.encoding import b64, canonical, parse_json, unb64
from certsvc.core.errors import Malformed
from certsvc.verify import verify
from certsvc.verify.case import Evidence
from certsvc.verify.path import jkt_of

#: A made-up document is tampering at most, where what others signed does not fit it.
OPEN = ("cannot_decide", "tampered")


def kids_in(signed: Any) -> list[str]:
    """Thumbprints that the signatures of a document name: of an act, or of a compact JWS."""
    heads = [one["protected"] for one in signed["signatures"]] if isinstance(signed, dict) else [signed.split(".")[0]]
    return [parse_json(unb64(head))["kid"] for head in heads]


def documents_in(value: dict[str, Any]) -> Iterator[tuple[Any, Any]]:
    """Holder and member of every signed document of a bundle."""
    yield from ((value, name) for name in ("credential", "procedure", "trust"))
    yield value["status"], "list"
    yield from ((value[name], place) for name in ("grants", "calendars") for place in range(len(value[name])))
    yield from ((step, "act") for step in value["path"])
    yield from (
        (one, half) for name in ("corrections", "events") for one in value[name] for half in ("propose", "decide")
    )


def without(value: dict[str, Any], kids: list[str]) -> dict[str, Any]:
    """The bundle without the certificates of some keys."""
    return {**value, "certs": [one for one in value["certs"] if jkt_of(unb64(one)) not in kids]}


def signers_of(value: dict[str, Any], anchors: tuple[Anchor, ...]) -> list[Identity]:
    """Whose keys signed what is in a bundle."""
    certs, roots = tuple(unb64(one) for one in value["certs"]), tuple(anchor.der for anchor in anchors)
    kids = {kid for holder, name in documents_in(value) for kid in kids_in(holder[name])}
    return [identify(one, certs, roots) for one in certs if jkt_of(one) in kids]


def changed(value: Any) -> list[Any]:
    """A little, and by a year to either side."""
    year = 365 * 86_400
    return [other(value), value + year, max(0, value - year)] if type(value) is int else [other(value)]


def made_up(sound: bytes) -> Iterator[tuple[str, bytes]]:
    """The bundle with one member of one document changed that only its missing keys could tell to be altered: what, bytes."""
    whole = parse_json(sound)
    for holder, name in list(documents_in(whole)):
        signed = holder[name]
        value = without(whole, kids_in(signed))
        compact = [] if isinstance(signed, dict) else signed.split(".")
        payload = parse_json(unb64(compact[1] if compact else signed["payload"]))
        for at in places(payload):
            for to in changed(inside(payload, at)) if isinstance(inside(payload, at), str | int) else []:
                edited = copy.deepcopy(payload)
                inside(edited, at[:-1])[at[-1]] = to
                body = b64(canonical(edited))
                holder[name] = f"{compact[0]}.{body}.{compact[2]}" if compact else {**signed, "payload": body}
                yield (
                    f"{name} {payload.get('act', payload.get('sub', ''))} {'.'.join(map(str, at))} {to}",
                    canonical(value),
                )
        holder[name] = signed


@pytest.mark.parametrize("name", BUNDLES)
def test_what_may_be_anybodys_accuses_nobody(name: str, small_instance: SmallInstance) -> None:
    sound = apply_changes(Forge(small_instance), BUNDLES[name]).build()
    found = [(what, judge(small_instance, data).verdict) for what, data in made_up(sound)]
    assert len(found) > 1000
    assert [one for one in found if one[1] not in OPEN] == []


@pytest.mark.parametrize("recipe", [USUAL, CORRECTED])
def test_what_may_be_anybodys_accuses_nobody_beside_log_proofs(recipe: Recipe) -> None:
    found = []
    for what, data in made_up(genuine(recipe)):
        with suppress(Malformed):
            found.append((what, verify(Evidence(parse_bundle(data)), (OFFICE.anchor,), NOW, NOW).verdict))
    assert len(found) > 300
    assert [one for one in found if one[1] not in OPEN] == []


#: A fault -> the keys without which nobody can tell: the certificate's own, and those that signed what it rests on.
RESTS_ON = {
    "quorum": ["COMM.officer", "COMM.seal", "HRSS.credential", "HRSS.grant", "ROOT.policy"],
    "act_not_granted": ["COMM.officer", "COMM.seal", "HRSS.credential", "HRSS.grant"],
    "printed_title": ["HRSS.credential"],
    "revoked": ["HRSS.credential"],
}


@pytest.mark.parametrize(("fault", "keys"), RESTS_ON.items(), ids=RESTS_ON.keys())
def test_a_key_left_out_hides_only_what_rests_on_what_it_signed(
    fault: str, keys: list[str], small_instance: SmallInstance
) -> None:
    whole = parse_json(apply_changes(Forge(small_instance), BY_ID[fault]["changes"]).build())
    times = times_of(BY_ID[fault].get("asked", {}))
    told, hiding = judge(small_instance, canonical(whole), **times), []
    for who in signers_of(whole, small_instance.anchors):
        report = judge(small_instance, canonical(without(whole, [who.jkt])), **times)
        if (report.verdict, report.reason) != (told.verdict, told.reason):
            assert (report.verdict, report.reason) == ("cannot_decide", "key_unknown")
            hiding.append(f"{who.org}.{who.use}")
    assert sorted(hiding) == keys


def test_a_list_that_nobody_at_hand_signed_is_neither_fresh_nor_complete(small_instance: SmallInstance) -> None:
    changes = [{"do": "drop_key", "label": "HRSS.status"}]
    report = judge(small_instance, apply_changes(Forge(small_instance), changes).build())
    told = {row.id: (row.outcome, row.code) for row in report.rows if row.family == "status"}
    assert told["status_fresh"] == told["events_complete"] == ("unknown", "key_unknown")
    assert "fail" not in {outcome for outcome, _ in told.values()}
