"""What is signed stands in the log: one leaf a document, opened by its salt alone, in the transaction of the document."""

import json
import re
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from hashlib import sha256
from itertools import product
from pathlib import Path
from typing import Any
from uuid import uuid4

import log_leaves_killed_for_tests
import pytest
from log_for_tests import appoint_anew, forget_log
from world_for_tests import BATCHES, WALKS, World, environment, opened

from certsvc.core import leaves
from certsvc.core.encoding import b64, digest, tagged
from certsvc.core.errors import NotReady, Refused
from certsvc.core.jose import Jws, parse_document, sign_general
from certsvc.core.leaves import parse_leaf
from certsvc.core.logged import LogKeys, span_between
from certsvc.instance import Instance
from certsvc.services import (
    cosign,
    doctor,
    documents,
    high_water,
    log,
    log_backfill,
    log_leaves,
    private,
    rotation,
    status,
)
from certsvc.services.log_evidence import LogEvidence
from certsvc.services.publish import current_status_list, list_uri
from certsvc.services.status_rules import Proposal
from certsvc.services.withdrawal import withdraw_grant
from certsvc.store import certificates as certificate_store
from certsvc.store import documents as document_store
from certsvc.store import keys as key_store
from certsvc.store import log as log_store
from certsvc.store import rosters as roster_store
from certsvc.store.log_rows import LogEntry
from certsvc.store.rows import Act, Certificate, Document
from certsvc.store.shelf import CERTIFICATES, DOCUMENTS, LOG_ENTRIES

PROGRAM = Path(log_leaves_killed_for_tests.__file__)
PAPER = {"number": "示例决〔2025〕9号", "title": "示例决定书", "date": "2025-04-12"}
HASH = re.compile(r"[A-Za-z0-9_-]{43}")


def order(kind: str, number: str, **more: Any) -> Proposal:
    return Proposal(kind, number, "H1", PAPER, **more)


def decide(world: World, proposal: Proposal) -> None:
    status.approve(world.instance, status.propose(world.instance, proposal), "H2")


def live(world: World) -> str:
    """A small life: a roster with all its acts, two certificates, one suspended, one corrected; gives its roster."""
    roster = world.ready(2)
    world.issue(roster)
    one, other = world.certificates(roster)
    decide(world, order("suspend", one.number, reason="inquiry"))
    decide(world, order("correct", other.number, reason="correction", changes={"name": "样章丁"}))
    current_status_list(world.instance, list_uri(world.instance))
    return roster


@pytest.fixture
def lived(anywhere: World) -> World:
    live(anywhere)
    return anywhere


@pytest.fixture
def lived_here(province: World) -> World:
    live(province)
    return province


def logged(instance: Instance) -> tuple[LogEntry, ...]:
    with instance.engines.read.connect() as connection:
        return LOG_ENTRIES.all(connection, LOG_ENTRIES.select)


def stored(instance: Instance) -> dict[str, Document | Certificate]:
    """Every document that the log knows a leaf for, by its hash."""
    with instance.engines.read.connect() as connection:
        found = DOCUMENTS.all(connection, DOCUMENTS.select)
        issued = CERTIFICATES.all(connection, CERTIFICATES.select)
    return {one.sha256: one for one in (*found, *issued)}


def kind_of(document: Document | Certificate) -> str:
    if isinstance(document, Certificate):
        return "act"
    if document.typ == "act+jwt":
        return "status" if payload(document).get("stage") == "decide" else "act"
    return {"statuslist+jwt": "snapshot"}.get(document.typ, document.typ.removesuffix("+jwt"))


def payload(document: Document) -> dict[str, Any]:
    return dict(parse_document(document.body, document.typ).unverified_payload)


# --- one leaf a document ---------------------------------------------------------------------------------------------


def test_every_document_has_the_leaf_of_its_kind_and_its_place(lived: World) -> None:
    entries, known = logged(lived.instance), stored(lived.instance)
    wanted = {sha256: kind_of(one) for sha256, one in known.items()}
    assert {entry.subject: json.loads(entry.entry)["k"] for entry in entries} == wanted
    counts = Counter(json.loads(entry.entry)["k"] for entry in entries)
    assert counts == Counter(wanted.values())
    # Nine acts, two proposals and three certificates; two decisions.
    assert (counts["act"], counts["status"]) == (14, 2)
    assert {"grant", "procedure", "key", "calendar", "trust", "snapshot"} <= counts.keys()
    assert sorted(entry.idx for entry in entries if entry.idx is not None) == list(range(len(entries)))
    with lived.instance.engines.read.connect() as connection:
        assert log_store.read_state(connection).pub_size == len(entries)


def test_a_withdrawal_has_its_leaf(province: World) -> None:
    with province.instance.engines.read.connect() as connection:
        grant = documents.grants_of(connection, "SL-XD")[0].sha256
    withdrawn = withdraw_grant(province.instance, grant, "withdrawn", PAPER)
    (entry,) = [one for one in logged(province.instance) if one.subject == withdrawn.sha256]
    assert parse_leaf(entry.entry) == {"v": 1, "k": "ungrant", "d": withdrawn.sha256}


def rebuilt(world: World, entry: LogEntry, salts: dict[str, bytes]) -> bytes:
    """The leaf again, from the stored document, its salt and the salts before it, by the rule of the format alone."""
    document = stored(world.instance)[str(entry.subject)]
    with world.instance.engines.read.connect() as connection:
        if isinstance(document, Certificate):
            one = parse_document(document.credential, "vc+jwt")
            row = roster_store.find_entry(connection, document.entry_id)
            assert row is not None and entry.salt is not None
            tag = leaves.certificate_tag(row.entry_salt, document.version)
            return leaves.act_leaf(one.signatures[0].unverified_kid, one.body, entry.salt, [tag])
        said = payload(document)
        if document.typ == "statuslist+jwt":
            return leaves.snapshot_leaf(said["sub"], said["n"], document.body)
        if document.typ == "trust+jwt":
            return leaves.trust_leaf(said["n"], document.body)
        if document.typ != "act+jwt":
            return leaves.public_leaf(document.typ.removesuffix("+jwt"), document.body)
        seal = key_store.list_signing_keys(connection, org_id=said["org"], use="seal")[0].jkt
    assert entry.salt is not None
    if said.get("stage") == "decide":
        slot = {"uri": said["slot"]["uri"], "slot": said["slot"]["idx"], "value": said["value"], "count": said["q"]}
        return leaves.status_leaf(seal, document.body, entry.salt, **slot)
    if said.get("stage") == "propose":
        tags = leaves.act_tags([salts[said["certificate"]]], f"propose {said['jti']}", said["q"])
    else:
        case = log_leaves.case_secret(world.instance, document.subject, said["org"])
        tags = leaves.act_tags([salts[name] for name in said["prev"]] or [case], said["act"], said["part"])
    return leaves.act_leaf(seal, document.body, entry.salt, tags)


def recompute_all(world: World) -> None:
    entries = logged(world.instance)
    salts = {str(entry.subject): entry.salt for entry in entries if entry.salt is not None}
    assert len(set(salts.values())) == len(salts)
    for entry in entries:
        assert rebuilt(world, entry, salts) == entry.entry
        assert (entry.salt is not None) == ("c" in json.loads(entry.entry))


def test_every_leaf_recomputes_from_the_stored_document_and_its_salt(lived: World) -> None:
    recompute_all(lived)


# --- what a leaf tells -----------------------------------------------------------------------------------------------


def test_no_leaf_says_a_word_about_anybody(lived_here: World) -> None:
    """But for hashes a leaf holds its kind, sizes, and the address, slot, value and counter of a status."""
    uri = re.escape(list_uri(lived_here.instance))
    forms = {
        "act": r'{"c":"#","k":"act","o":"#","u":\["#"(,"#")*\],"v":1}',
        "status": rf'{{"c":"#","i":\d+,"k":"status","l":"{uri}","o":"#","q":\d,"s":\d+,"v":1}}',
        "snapshot": rf'{{"d":"#","k":"snapshot","l":"{uri}","n":\d+,"v":1}}',
        "trust": r'{"d":"#","k":"trust","n":\d+,"v":1}',
    }
    for entry in logged(lived_here.instance):
        text = entry.entry.decode("ascii")
        kind = json.loads(text)["k"]
        assert re.fullmatch(forms.get(kind, rf'{{"d":"#","k":"{kind}","v":1}}'), HASH.sub("#", text)), text


def test_an_act_and_a_certificate_look_alike(lived_here: World) -> None:
    known = stored(lived_here.instance)
    acts = [one for one in logged(lived_here.instance) if json.loads(one.entry)["k"] == "act"]
    shapes = {isinstance(known[str(one.subject)], Certificate): set() for one in acts}
    for one in acts:
        shapes[isinstance(known[str(one.subject)], Certificate)].add(HASH.sub("#", one.entry.decode()))
    assert shapes[True] == shapes[False] and len(shapes) == 2


def secrets_of(world: World, known: Sequence[Certificate]) -> Iterator[bytes]:
    """All that somebody may know who has the papers of a case, and its whole file but the leaf salts."""
    with world.instance.engines.read.connect() as connection:
        for certificate in known:
            entry = roster_store.find_entry(connection, certificate.entry_id)
            assert entry is not None
            personal = private.personal_of(world.instance, connection, entry, 1)
            yield from personal.salts.values()
            for value in (*personal.values.values(), entry.title, certificate.number, certificate.id, entry.roster_id):
                yield from (sha256(value.encode()).digest(), value.encode()[:32].ljust(32, b"\x00"))
    yield bytes(32)


def test_nobody_finds_a_leaf_who_knows_everything_but_the_salts(lived_here: World) -> None:
    """Tried: the bare hash of each document; its commitment under 32 zero bytes, under every field salt, and under name,
    birth, sex, ID number, title, certificate number, roster (padded, and hashed) and the hash of every document as salt;
    the once-tags of every act kind, of every proposal and of versions 1 and 2 under the same. The salt itself finds it."""
    world = lived_here
    entries = [one for one in logged(world.instance) if json.loads(one.entry)["k"] in ("act", "status")]
    public = {token for one in entries for token in (json.loads(one.entry)["c"], *json.loads(one.entry).get("u", []))}
    known = stored(world.instance)
    bodies = [one.credential if isinstance(one, Certificate) else one.body for one in known.values()]
    guessed = [sha256(body).digest() for body in bodies]
    guessed += secrets_of(world, world.certificates())
    kinds = ("unit_notice", "recommend", "accept", "draw", "evaluate", "result_notice", "settle_objections", "approve",
             "issue", "propose", "suspend", "correct")  # fmt: skip
    tries = {digest(body) for body in bodies}
    tries |= {leaves.commitment(body, secret) for body, secret in product(bodies, guessed)}
    acts = [payload(one) for one in known.values() if isinstance(one, Document) and one.typ == "act+jwt"]
    kinds = (*kinds, *(f"propose {act['jti']}" for act in acts))
    tries |= {tag for kind, part in product(kinds, (0, 1)) for tag in leaves.act_tags(guessed, kind, part)}
    tries |= {leaves.certificate_tag(secret, version) for secret, version in product(guessed, (1, 2))}
    tries |= {b64(tagged("commit", sha256(body).digest())) for body in bodies}
    assert len(tries) > 5_000
    assert not tries & public
    (one, *_) = entries
    assert one.salt is not None
    found = known[str(one.subject)]
    body = found.credential if isinstance(found, Certificate) else found.body
    assert leaves.commitment(body, one.salt) in public


# --- once -------------------------------------------------------------------------------------------------------------


def act_of(world: World, roster: str, kind: str) -> tuple[Act, Jws]:
    with world.instance.engines.read.connect() as connection:
        (act,) = [one for one in document_store.list_acts(connection, roster) if one.kind == kind]
        return act, documents.load_document(connection, act.sha256, "act+jwt")


def another(world: World, act: Act, first: Jws, **changes: Any) -> Jws:
    """An act with the same words under another `jti`, signed by the same keys and stored in the register."""
    instance = world.instance
    with instance.engines.write.begin() as connection:
        keys = [documents.key_by_jkt(connection, one.unverified_kid) for one in first.signatures]
        said = {**first.unverified_payload, "jti": f"a-{uuid4()}", **changes}
        body = sign_general(said, "act+jwt", [instance.signer(key) for key in keys])
        document_store.add_document(connection, "act+jwt", body, subject=act.roster_id, iat=said["iat"])
        document_store.add_act(
            connection, Act(digest(body), act.kind, act.roster_id, act.org_id, act.root, act.count, act.iat)
        )
    return parse_document(body, "act+jwt")


def put(world: World, document: Jws) -> None:
    with log_leaves.transaction(world.instance) as connection:
        log_leaves.log_document(world.instance, connection, document)


def test_the_same_act_twice_is_one_leaf(lived_here: World) -> None:
    before = logged(lived_here.instance)
    put(lived_here, _first(lived_here, "approve")[1])
    assert logged(lived_here.instance) == before


def _first(world: World, kind: str) -> tuple[Act, Jws]:
    with world.instance.engines.read.connect() as connection:
        (roster,) = roster_store.list_rosters(connection)
    return act_of(world, roster.id, kind)


@pytest.mark.parametrize("kind", ["unit_notice", "evaluate", "issue"])
def test_a_second_successor_of_one_act_has_no_place_in_the_log(lived: World, kind: str) -> None:
    before = logged(lived.instance)
    with pytest.raises(Refused) as error:
        put(lived, another(lived, *_first(lived, kind)))
    assert error.value.code == "log_tag_taken"
    assert logged(lived.instance) == before


def test_another_part_of_a_divided_list_has_its_own_place(lived_here: World) -> None:
    put(lived_here, another(lived_here, *_first(lived_here, "evaluate"), part=1))


def test_a_second_certificate_of_one_version_of_an_entry_repeats_the_once_tag(lived_here: World) -> None:
    (one, *_) = [each for each in lived_here.certificates() if each.version == 1]
    with lived_here.instance.engines.read.connect() as connection:
        entry = roster_store.find_entry(connection, one.entry_id)
    assert entry is not None
    leaf = leaves.act_leaf(b64(bytes(32)), b"a forged one", bytes(32), [leaves.certificate_tag(entry.entry_salt, 1)])
    with lived_here.instance.engines.write.connect() as connection, pytest.raises(Refused) as error:
        log.enqueue(connection, "forged", leaf)
    assert error.value.code == "log_tag_taken"


def test_two_proposals_about_one_certificate_are_two_leaves(lived_here: World) -> None:
    (one, *_) = [each for each in lived_here.certificates() if each.state == "in_force"]
    before = len(logged(lived_here.instance))
    for _ in range(2):
        status.propose(lived_here.instance, order("withdraw", one.number, reason="holder_request"))
    assert len(logged(lived_here.instance)) == before + 2


def test_an_act_that_merges_more_lists_than_a_leaf_has_room_for_has_several(lived_here: World) -> None:
    """Every list it continues is used up, and all of them are bound by one commitment."""
    act, last = _first(lived_here, "issue")
    with lived_here.instance.engines.read.connect() as connection:
        merged = sorted(one.sha256 for one in document_store.list_acts(connection, act.roster_id))
        salts = [log_leaves.salt_of(lived_here.instance, connection, name) for name in merged]
    assert len(merged) == leaves.MAX_TAGS + 1
    whole = another(lived_here, act, last, prev=merged, part=7)
    put(lived_here, whole)
    parts = [json.loads(one.entry) for one in logged(lived_here.instance) if one.subject == whole.sha256]
    assert [len(part["u"]) for part in parts] == [leaves.MAX_TAGS, 1]
    assert len({part["c"] for part in parts}) == 1
    assert [tag for part in parts for tag in part["u"]] == leaves.act_tags(salts, "issue", 7)
    for name in merged:
        with pytest.raises(Refused):
            put(lived_here, another(lived_here, act, last, prev=[name], part=7))


# --- the log refuses, the program dies --------------------------------------------------------------------------------


def findings(world: World) -> dict[str, str]:
    return {one.hint: one.en for one in doctor.visit(world.home) if one.state != doctor.OK}


def test_where_a_log_is_required_one_that_refuses_lets_nothing_more_begin_and_says_why(lived_here: World) -> None:
    mark = lived_here.home / high_water.FILE
    saved = mark.read_bytes()
    mark.unlink()
    (one, *_) = [each for each in lived_here.certificates() if each.state == "in_force"]
    asked = cosign.cosigned_at(lived_here.instance)
    lived_here.instance.set_clock(lived_here.instance.now() + 30)
    proposal = status.propose(lived_here.instance, order("withdraw", one.number, reason="holder_request"))
    lived_here.instance.set_clock(lived_here.instance.now() + 3600)
    before = lived_here.census()
    with pytest.raises(NotReady, match="waiting_for_log") as error:
        status.approve(lived_here.instance, proposal, "H2")
    assert (error.value.hint, lived_here.census()) == ("certsvc log tick", before)
    # Nobody was asked to say once more that the proposal was not there yet.
    assert cosign.cosigned_at(lived_here.instance) == asked
    count, since = log_leaves.waiting_since(lived_here.instance)
    assert count == 1 and since is not None
    assert high_water.RECOVER in findings(lived_here)
    assert any("1 entries wait" in en for en in findings(lived_here).values())
    mark.write_bytes(saved)
    assert any("1 entries wait" in en for en in findings(lived_here).values())
    log_leaves.settle(lived_here.instance)
    assert log_leaves.waiting_since(lived_here.instance) == (0, None)
    assert "certsvc log tick" not in findings(lived_here)


def test_without_the_key_of_the_log_an_act_is_done_and_waits(province: World) -> None:
    roster = province.take_in(BATCHES["T01"])
    key = province.home / "keys" / "log.pem"
    key.rename(key.with_suffix(".away"))
    with province.another() as second:
        second.at(0)
        second.sign("unit_notice", roster, "U1")
        assert log_leaves.waiting_since(second.instance)[0] == 1
        with pytest.raises(NotReady):
            log.sequence(second.instance)
    key.with_suffix(".away").rename(key)
    log_leaves.settle(province.instance)
    assert log_leaves.waiting_since(province.instance) == (0, None)
    recompute_all(province)


@pytest.mark.parametrize("point", ["the outbox is committed", "the batch is committed"])
def test_a_kill_behind_the_act_loses_nothing(anywhere: World, point: str) -> None:
    roster = anywhere.take_in(BATCHES["T01"])
    anywhere.at(0)
    command = [sys.executable, str(PROGRAM), str(anywhere.home), roster, str(anywhere.instance.clock), point]
    killed = subprocess.run(command, env=environment(anywhere.home, anywhere.url), capture_output=True, check=False)
    assert killed.returncode == -signal.SIGKILL, killed.stderr
    _, act = act_of(anywhere, roster, "unit_notice")
    (entry,) = [one for one in logged(anywhere.instance) if one.subject == act.sha256]
    assert (entry.idx is None) == (point == "the outbox is committed")
    # A notice counts from when the log had it.
    log_leaves.settle(anywhere.instance)
    recompute_all(anywhere)
    anywhere.at(9)
    anywhere.sign("recommend", roster, "CC")
    assert log_leaves.waiting_since(anywhere.instance) == (0, None)


@pytest.mark.parametrize("point", ["the outbox is committed", "the batch is committed", "the checkpoint is committed"])
def test_after_a_kill_and_hours_an_act_is_not_dated_later_than_it_was(province: World, point: str) -> None:
    roster = province.take_in(BATCHES["T01"])
    province.at(0)
    signed = province.instance.now()
    command = [sys.executable, str(PROGRAM), str(province.home), roster, str(signed), point]
    subprocess.run(command, env=environment(province.home, None), capture_output=True, check=False)
    province.at(0, hour=17)
    documents.publish_trust(province.instance)
    _, act = act_of(province, roster, "unit_notice")
    with province.instance.engines.read.connect() as connection:
        logged_as = LogEvidence(province.instance, connection).of(act)
        keys = LogKeys(log.log_keys(province.instance, connection), cosign.policy(province.instance) or log.ALONE)
    assert logged_as is not None
    time = span_between(logged_as.before, logged_as.proof.checkpoint, keys).time
    assert time is not None and time.earliest <= signed + 1 < time.after == province.instance.now()
    for day, kind, officers in WALKS["T01"][1:]:
        province.at(day)
        province.sign(kind, roster, *officers)
    province.at(40)
    assert len(province.issue(roster)) == 2


def test_a_key_of_the_log_that_is_gone_is_replaced_although_leaves_wait_for_it(province: World) -> None:
    (province.home / "keys" / "log.pem").unlink()
    with province.another() as second:
        second.at(0)
        documents.publish_trust(second.instance)
        with pytest.raises(NotReady, match="waiting_for_log"):
            documents.publish_trust(second.instance)
        rotation.rotate_key(second.instance, "ROOT", "log")
        assert log_leaves.waiting_since(second.instance) == (0, None)


# --- what is older than the log ---------------------------------------------------------------------------------------


def said(instance: Instance) -> set[tuple[str | None, str]]:
    return {(entry.subject, json.loads(entry.entry)["k"]) for entry in logged(instance)}


class Stop(Exception):
    pass


def test_a_backfill_gives_every_older_document_its_leaf_also_after_an_interruption(
    lived: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    before, url = said(lived.instance), lived.url
    lived.instance.close()
    with pytest.MonkeyPatch.context() as patch:
        if url:
            patch.setenv("CERTSVC_DATABASE_URL", url)
        forget_log(lived.home)
    monkeypatch.setattr(log_backfill, "CHUNK", 10)
    told: list[tuple[int, int]] = []

    def stop(count: int, total: int) -> None:
        told.append((count, total))
        if len(told) == 2:
            raise Stop

    with opened(lived.home, url) as instance:
        again = World(instance, lived.folder, url)
        appoint_anew(instance)
        assert said(instance) == set() and log_backfill.count_unlogged(instance) == len(before)
        with pytest.raises(Stop):
            log_backfill.backfill(instance, stop)
        assert told[0] == (10, len(before))
        rest = log_backfill.count_unlogged(instance)
        assert 0 < rest < len(before)
        filled = log_backfill.backfill(instance)
        assert (filled.added, filled.refused) == (rest, {})
        assert said(instance) == before
        assert log_leaves.waiting_since(instance) == (0, None)
        recompute_all(again)
        assert log_backfill.backfill(instance).added == 0


def test_an_act_that_is_older_than_the_log_gets_its_leaf_with_its_successor(province: World) -> None:
    roster = province.take_in(BATCHES["T01"])
    province.walk("T01", roster, until="accept")
    clock = province.instance.clock
    province.instance.close()
    forget_log(province.home)
    with opened(province.home) as instance:
        instance.clock = clock
        again = World(instance, province.folder)
        appoint_anew(instance)
        again.sign("accept", roster, "XC")
        assert Counter(kind for _, kind in said(instance)) == {"act": 3}
        recompute_all(again)
        assert "certsvc log backfill" in findings(again)


def test_a_backfill_names_what_has_no_place_and_goes_on(lived_here: World) -> None:
    second = another(lived_here, *_first(lived_here, "evaluate"))
    filled = log_backfill.backfill(lived_here.instance)
    assert (filled.added, filled.refused) == (0, {second.sha256: "log_tag_taken"})
    with lived_here.instance.engines.read.connect() as connection:
        assert certificate_store.list_certificates(connection)
        assert log_store.find_by_subject(connection, second.sha256) is None
