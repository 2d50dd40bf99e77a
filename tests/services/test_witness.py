"""A witness over HTTP: what it signs and refuses, what it keeps, and what our log learns from it."""

import json
import shutil
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from hashlib import sha256
from http.client import HTTPConnection
from pathlib import Path

import pytest
from cli_for_tests import call, must
from insecure_log import LOG, ORIGIN, entry, head_at, insecure_signer
from log_for_tests import LogHome, log_template
from world_for_tests import opened

from certsvc.cli.witness import make_server
from certsvc.core.checkpoint import Head, format_head, parse_policy, verify_checkpoint
from certsvc.core.errors import NotReady, Refused
from certsvc.core.merkle import consistency_path_at, leaf_hash, levels, root_of
from certsvc.core.note import Note, encode_base64, format_note, format_vkey, parse_note, parse_vkey, verified_signatures
from certsvc.services import cosign, high_water, log, mirror
from certsvc.services.log_evidence import LogEvidence
from certsvc.services.log_reading import checkpoint_shown
from certsvc.services.witness import DISPUTES, MAX_REQUEST, Witness, add_checkpoint, checkpoint_of, create, open_witness
from certsvc.services.witness_list import FILE
from certsvc.store import log as log_store

#: Fixtures of log_for_tests.
__all__ = ["log_template"]
NAME = "witness.example/archive"
PLACE = sha256(ORIGIN.encode()).hexdigest()


@pytest.fixture
def witness(tmp_path: Path) -> Iterator[Witness]:
    """A witness of the log of the vectors, whose clock stands at 1,800,000,000."""
    create(tmp_path / "witness", NAME)
    made = replace(open_witness(tmp_path / "witness", [LOG.vkey]), clock=lambda: 1_800_000_000.9)
    yield made
    made.engines.close()


def request(old: int, head: Head, proof: list[bytes] | None = None, signer=LOG) -> bytes:
    """The body that submits `head`, with the right proof unless another is given."""
    if proof is None:
        rows = [leaf_hash(entry(index)) for index in range(head.size)]

        def hash_of(level: int, index: int) -> bytes:
            return root_of(levels(rows[index << level : (index + 1) << level]))

        proof = consistency_path_at(old, head.size, hash_of) if old <= head.size else []
    text = format_head(head)
    lines = "\n".join([f"old {old}", *map(encode_base64, proof), "", ""])
    return lines.encode() + format_note(Note(text, (signer.line(text),)))


def other(size: int) -> Head:
    """A head that the log signs as well, with another root."""
    return Head(ORIGIN, size, sha256(b"another %d" % size).digest())


def test_a_growing_log_is_cosigned_and_shown(witness: Witness) -> None:
    old = 0
    for size in (0, 1, 3, 8, 8, 21):
        answer = add_checkpoint(witness, request(old, head_at(size)))
        assert answer.status == 200
        note = parse_note(format_head(head_at(size)).encode() + b"\n" + answer.body)
        assert verified_signatures(note, (witness.key,)) == {witness.key: 1_800_000_000}
        shown = parse_note(checkpoint_of(witness, PLACE).body)
        assert set(verified_signatures(shown, (witness.key, LOG.key))) == {witness.key, LOG.key}
        assert shown.text == note.text
        old = size


STRANGER, FOREIGN = insecure_signer(ORIGIN, seed="stranger"), insecure_signer("log.example/other")
#: defect -> (request after size 5 was cosigned, status, body or None).
REFUSED: dict[str, tuple[bytes, int, bytes | None]] = {
    "nothing": (b"", 400, None),
    "no old size": (request(5, head_at(9)).replace(b"old 5\n", b""), 400, None),
    "an old size with a zero": (request(5, head_at(9)).replace(b"old 5", b"old 05"), 400, None),
    "a proof line of 31 bytes": (request(5, head_at(9), [bytes(31)]), 400, None),
    "64 proof lines": (request(5, head_at(9), [bytes(32)] * 64), 400, None),
    "no blank line": (b"old 5\n", 400, None),
    "an extension line": (request(5, head_at(9)).replace(b"\n9\n", b"\n9\nmore\n"), 400, None),
    "an old size above the new": (request(9, head_at(8)), 400, None),
    "an unknown log": (request(5, Head("log.example/other", 9, bytes(32)), signer=FOREIGN), 404, None),
    "a stranger's signature": (request(5, head_at(9), signer=STRANGER), 403, None),
    "another old size": (request(3, head_at(9)), 409, b"5\n"),
    "an old size of zero": (request(0, head_at(9)), 409, b"5\n"),
    "a smaller log": (request(3, head_at(4)), 409, b"5\n"),
    "no proof": (request(5, head_at(9), []), 422, None),
    "a proof of another size": (request(5, head_at(9), [bytes(32)] * 4), 422, None),
    "a proof where none belongs": (request(5, head_at(5), [bytes(32)]), 422, None),
    "another root of the size": (request(5, other(5), []), 422, None),
    "another root of a larger size": (request(5, other(9), [bytes(32)] * 4), 422, None),
}


@pytest.mark.parametrize(("body", "status", "said"), REFUSED.values(), ids=REFUSED.keys())
def test_what_does_not_continue_the_log_is_refused_and_changes_nothing(
    witness: Witness, body: bytes, status: int, said: bytes | None
) -> None:
    assert add_checkpoint(witness, request(0, head_at(5))).status == 200
    before = checkpoint_of(witness, PLACE)
    answer = add_checkpoint(witness, body)
    assert answer.status == status
    assert said in (None, answer.body)
    assert answer.kind == ("text/x.tlog.size" if status == 409 else "text/plain; charset=utf-8")
    assert checkpoint_of(witness, PLACE) == before
    assert add_checkpoint(witness, request(5, head_at(9))).status == 200


@pytest.mark.parametrize("old", [5, 0])
def test_two_signed_roots_of_one_size_are_kept_as_evidence(witness: Witness, old: int) -> None:
    add_checkpoint(witness, request(0, head_at(5)))
    body = request(old, other(5), [])
    for _ in range(2):
        assert add_checkpoint(witness, body).status in (409, 422)
    (kept,) = (witness.home / DISPUTES).iterdir()
    ours, before = kept.read_bytes().split(b"\n--- cosigned before ---\n\n")
    assert ours == body
    roots = {
        verify_checkpoint(parse_note(note), (LOG.key,), log.ALONE, closed=False).root
        for note in (before, ours.partition(b"\n\n")[2])
    }
    assert roots == {head_at(5).root, other(5).root}


def test_of_many_submissions_at_once_each_continues_the_one_before(witness: Witness) -> None:
    bodies = [request(0, head_at(size)) for size in range(1, 13)]
    with ThreadPoolExecutor(12) as pool:
        statuses = sorted(answer.status for answer in pool.map(lambda body: add_checkpoint(witness, body), bodies))
    assert statuses == [200] + [409] * 11


def test_what_was_cosigned_outlives_the_process_and_a_lost_database_is_not_made_anew(witness: Witness) -> None:
    add_checkpoint(witness, request(0, head_at(5)))
    again = open_witness(witness.home, [LOG.vkey])
    assert add_checkpoint(again, request(0, head_at(9))).body == b"5\n"
    again.engines.close()
    witness.engines.close()
    (witness.home / "witness.sqlite3").unlink()
    with pytest.raises(NotReady, match="witness_missing"):
        open_witness(witness.home, [LOG.vkey])
    with pytest.raises(NotReady, match="home_exists"):
        create(witness.home, NAME)


# --- over HTTP --------------------------------------------------------------------------------------------------------


@contextmanager
def served(witness: Witness) -> Iterator[str]:
    server = make_server(witness, "127.0.0.1", 0)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join(10)
        server.server_close()


def test_the_protocol_over_http(witness: Witness) -> None:
    with served(witness) as url:
        connection = HTTPConnection(url.removeprefix("http://"), timeout=5)
        said = []
        for method, path, body in (
            ("GET", f"/{PLACE}/checkpoint", None),
            ("POST", "/add-checkpoint", request(0, head_at(3))),
            ("POST", "/add-checkpoint", request(0, head_at(3))),
            ("GET", f"/{PLACE}/checkpoint", None),
            ("GET", f"/{PLACE.upper()}/checkpoint", None),
            ("POST", "/other", b"x"),
            ("POST", "/add-checkpoint", b"x" * (MAX_REQUEST + 1)),
        ):
            connection.request(method, path, body)
            answer = connection.getresponse()
            said.append((answer.status, answer.read()[:12], answer.headers["Content-Type"]))
        connection.close()
    text = "text/plain; charset=utf-8"
    assert [status for status, _, _ in said] == [404, 200, 409, 200, 404, 404, 413]
    assert said[2] == (409, b"3\n", "text/x.tlog.size")
    assert {kind for _, _, kind in said} == {text, "text/x.tlog.size"}


def test_a_witness_is_made_by_command_and_never_twice(tmp_path: Path) -> None:
    vkey = must("witness", "init", NAME, "--home", tmp_path / "w").out.strip()
    assert parse_vkey(vkey).name == NAME
    assert "home_exists" in call("witness", "init", NAME, "--home", tmp_path / "w").err
    assert (tmp_path / "w" / "witness.pem").stat().st_mode & 0o077 == 0
    said = call("witness", "serve", "--home", tmp_path / "none", "--log-vkey", LOG.vkey)
    assert (said.code, "witness_missing" in said.err) == (1, True)


# --- our log and its witnesses ----------------------------------------------------------------------------------------


@pytest.fixture
def home(log_template: Path, tmp_path: Path) -> Iterator[LogHome]:
    with opened(Path(shutil.copytree(log_template, tmp_path / "home"))) as instance:
        yield LogHome(instance, None)


@pytest.fixture
def witnessed(home: LogHome, tmp_path: Path) -> Iterator[tuple[LogHome, Witness]]:
    """A log with one witness that answers."""
    vkey = create(tmp_path / "archive", NAME)
    with home.instance.engines.read.connect() as connection:
        keys = [format_vkey(key) for key in log.log_keys(home.instance, connection)]
    made = open_witness(tmp_path / "archive", keys)
    with served(made) as url:
        name_witnesses(home, (url, vkey))
        yield home, made
    made.engines.close()


def name_witnesses(home: LogHome, *rows: tuple[str, str]) -> None:
    """Writes the list of witnesses; one of them is enough."""
    value = {"threshold": 1, "witnesses": [{"url": url, "vkey": vkey} for url, vkey in rows]}
    (home.home / FILE).write_text(json.dumps(value))


def grow(home: LogHome, start: int, end: int) -> list[cosign.Said]:
    home.put(range(start, end))
    log.sequence(home.instance)
    return cosign.cosign(home.instance)


def outcomes(said: list[cosign.Said]) -> list[str]:
    return [one.outcome for one in said]


def test_the_newest_checkpoint_is_cosigned_and_served_with_the_line(witnessed: tuple[LogHome, Witness]) -> None:
    home, witness = witnessed
    policy = parse_policy(1, [format_vkey(witness.key)])
    for start, end in ((0, 3), (3, 300), (300, 300)):
        assert outcomes(grow(home, start, end)) == ["cosigned"]
        note = checkpoint_shown(home.instance)
        with home.instance.engines.read.connect() as connection:
            keys = log.log_keys(home.instance, connection)
        assert note is not None
        assert verify_checkpoint(parse_note(note), keys, policy).size == end
    with home.instance.engines.read.connect() as connection:
        found = LogEvidence(home.instance, connection).of_key("key 5")
    assert found is not None and found.before is not None
    without, having = (
        verify_checkpoint(parse_note(one), keys, policy) for one in (found.before, found.proof.checkpoint)
    )
    assert without.size <= found.proof.index < having.size


def test_a_cosignature_that_we_lost_is_asked_for_again(witnessed: tuple[LogHome, Witness]) -> None:
    """log.md 2.3 #8: the witness stored, our save was lost."""
    home, witness = witnessed
    home.put(range(3))
    log.sequence(home.instance)
    with home.instance.engines.read.connect() as connection:
        newest = log_store.newest(connection)
    assert newest is not None
    assert add_checkpoint(witness, b"old 0\n\n" + newest.note).status == 200
    assert outcomes(cosign.cosign(home.instance)) == ["cosigned"]
    assert outcomes(grow(home, 3, 9)) == ["cosigned"]


def snapshot(home: LogHome, target: Path) -> Path:
    """The whole home as a machine's snapshot has it: with database and mark."""
    home.instance.engines.close()
    return Path(shutil.copytree(home.home, target))


def test_a_machine_that_was_put_back_learns_it_before_it_signs(
    witnessed: tuple[LogHome, Witness], tmp_path: Path
) -> None:
    """log.md 2.3 #10: the mark was put back with the database, and only the witness knows better."""
    home, _ = witnessed
    grow(home, 0, 5)
    old = snapshot(home, tmp_path / "old")
    grow(home, 5, 9)
    mirror.export(home.instance, tmp_path / "mirror")
    said = call("log", "tick", "--home", old)
    assert (said.code, "log_rolled_back" in said.err) == (1, True)
    must("log", "recover", tmp_path / "mirror", "--home", old)
    assert "cosigned" in must("log", "tick", "--home", old).err
    with opened(old) as instance:
        assert LogHome(instance, None).check() == 9
        with instance.engines.read.connect() as connection:
            assert log_store.last_witnessed(connection, NAME, 9) == 9


def test_a_stale_mirror_is_refused_when_a_witness_saw_more(witnessed: tuple[LogHome, Witness], tmp_path: Path) -> None:
    home, _ = witnessed
    grow(home, 0, 5)
    mirror.export(home.instance, tmp_path / "mirror")
    old = snapshot(home, tmp_path / "old")
    grow(home, 5, 9)
    with opened(old) as instance, pytest.raises(Refused, match="mirror_short"):
        mirror.recover(instance, tmp_path / "mirror")


def test_a_log_that_finds_its_witness_ahead_stops_signing(witnessed: tuple[LogHome, Witness], tmp_path: Path) -> None:
    """log.md 2.3 #9: it signed once before it asked, and never again."""
    home, _ = witnessed
    grow(home, 0, 5)
    old = snapshot(home, tmp_path / "old")
    grow(home, 5, 9)
    with opened(old) as instance:
        back = LogHome(instance, None)
        assert outcomes(grow(back, 50, 51)) == ["ahead"]
        mark = high_water.read(old)
        assert mark is not None and mark.size == 9
        back.put([60])
        with pytest.raises(NotReady, match="log_rolled_back"):
            log.sequence(instance)


def test_two_logs_of_one_key_are_told_apart_as_a_fork(witnessed: tuple[LogHome, Witness], tmp_path: Path) -> None:
    home, witness = witnessed
    grow(home, 0, 5)
    old = snapshot(home, tmp_path / "old")
    grow(home, 5, 6)
    with opened(old) as instance:
        assert outcomes(grow(LogHome(instance, None), 50, 51)) == ["forked"]
    (kept,) = (witness.home / DISPUTES).iterdir()
    assert b"\n6\n" in kept.read_bytes()
    assert call("log", "tick", "--home", old).code == 1
    assert "forked" in call("log", "tick", "--home", old).err


def test_a_witness_that_is_away_or_lies_holds_up_nobody(witnessed: tuple[LogHome, Witness], tmp_path: Path) -> None:
    home, _ = witnessed
    (real,) = cosign.witnesses(home.instance)
    liar = insecure_signer("witness.example/liar", kind=real.key.kind)
    name_witnesses(
        home,
        ("http://127.0.0.1:9", insecure_signer("witness.example/away", kind=real.key.kind).vkey),
        (real.url, format_vkey(real.key)),
        # It answers with the lines of another.
        (real.url, liar.vkey),
    )
    said = {one.witness: one.outcome for one in grow(home, 0, 3)}
    assert said.pop("witness.example/away") == "unreachable"
    assert said == {NAME: "cosigned", "witness.example/liar": "refused"}
    with home.instance.engines.read.connect() as connection:
        assert [row.witness for row in log_store.list_cosignatures(connection, 3)] == [NAME]


VKEY, OTHER = insecure_signer("w.example/a", kind=4).vkey, insecure_signer("w.example/b", kind=4).vkey


def listed(*rows: tuple[str, str], threshold: object = 1) -> str:
    return json.dumps({"threshold": threshold, "witnesses": [{"url": url, "vkey": vkey} for url, vkey in rows]})


BAD_FILES = {
    "no JSON": "x",
    "no object": "[]",
    "a member too many": json.dumps({**json.loads(listed(("http://w.example", VKEY))), "more": 1}),
    "no key": json.dumps({"threshold": 1, "witnesses": [{"url": "http://w.example"}]}),
    "another scheme": listed(("ftp://w.example", VKEY)),
    "the key of a log": listed(("http://w.example", LOG.vkey)),
    "one witness twice": listed(("http://w.example", VKEY), ("http://w.example", VKEY)),
    "nobody": listed(),
    "a threshold of none": listed(("http://w.example", VKEY), threshold=0),
    "a threshold that is no number": listed(("http://w.example", VKEY), threshold=True),
}


@pytest.mark.parametrize("text", BAD_FILES.values(), ids=BAD_FILES.keys())
def test_a_list_of_witnesses_with_a_defect_is_told(home: LogHome, text: str) -> None:
    (home.home / FILE).write_text(text)
    with pytest.raises(NotReady, match="witnesses_form"):
        cosign.witnesses(home.instance)


def test_the_policy_of_a_home_is_the_one_of_its_list(home: LogHome) -> None:
    assert (cosign.policy(home.instance), cosign.policy_row(home.instance)) == (None, None)
    (home.home / FILE).write_text(listed(("http://w.example", VKEY), ("https://x.example", OTHER), threshold=2))
    assert cosign.policy(home.instance) == parse_policy(2, [VKEY, OTHER])
    assert cosign.policy_row(home.instance) == {"threshold": 2, "vkeys": [VKEY, OTHER]}


def test_a_list_with_fewer_witnesses_than_have_to_cosign_is_no_policy_yet(home: LogHome) -> None:
    (home.home / FILE).write_text(listed(("http://w.example", VKEY), ("http://x.example", OTHER), threshold=3))
    assert len(cosign.witnesses(home.instance)) == 2
    assert (cosign.policy(home.instance), cosign.policy_row(home.instance)) == (None, None)


# --- witnesses of this machine ---------------------------------------------------------------------------------------


def test_a_witness_in_a_folder_of_the_home_lives_by_its_clock_and_moves_with_it(home: LogHome, tmp_path: Path) -> None:
    vkey = create(home.home / "witnesses" / "north", NAME)
    name_witnesses(home, ("file:witnesses/north", vkey))
    home.instance.set_clock(1_750_000_000)
    assert outcomes(grow(home, 0, 3)) == ["cosigned"]
    assert cosign.cosigned_at(home.instance) == [1_750_000_000]
    home.instance.set_clock(1_740_000_000)
    assert outcomes(cosign.cosign(home.instance)) == ["cosigned"]
    assert cosign.cosigned_at(home.instance) == [1_740_000_000]
    (head,) = cosign.witnessed_heads(home.instance)
    assert head.size == 3
    home.instance.close()
    with opened(home.home.rename(tmp_path / "moved")) as instance:
        assert outcomes(grow(LogHome(instance, None), 3, 4)) == ["cosigned"]


def test_a_witness_in_a_folder_outside_is_found_by_its_whole_path(home: LogHome, tmp_path: Path) -> None:
    name_witnesses(home, (f"file:{tmp_path / 'w'}", create(tmp_path / "w", NAME)))
    assert outcomes(grow(home, 0, 3)) == ["cosigned"]
    assert cosign.answering(home.instance) == 1


def test_a_witness_of_this_machine_whose_folder_is_gone_is_away(home: LogHome) -> None:
    name_witnesses(home, ("file:witnesses/gone", VKEY))
    assert outcomes(grow(home, 0, 3)) == ["unreachable"]
    assert (cosign.answering(home.instance), list(cosign.witnessed_heads(home.instance))) == (0, [])


def test_a_witness_of_this_machine_is_refused_in_production(home: LogHome) -> None:
    """Who keeps its own witness proves nothing to anybody."""
    name_witnesses(home, ("file:witnesses/north", create(home.home / "witnesses" / "north", NAME)))
    home.instance.settings = replace(home.instance.settings, environment="production")
    with pytest.raises(NotReady, match="witnesses_form"):
        cosign.cosign(home.instance)


def test_a_log_without_witnesses_asks_nobody(home: LogHome) -> None:
    assert cosign.cosign(home.instance) == []
