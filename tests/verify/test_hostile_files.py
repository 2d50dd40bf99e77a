"""What is laid beside a file, a statement and a PDF of a stranger stay cheap as well, whatever they hold.

Measured as in test_hostile_cost.
"""

import zlib
from collections.abc import Callable

import pytest
from test_hostile_cost import LIMIT, MANY_PARTS, cost, of_lists, padded, refusal

from certsvc.core.bundle import MAX_BYTES, MAX_MARKS, parse_bundle
from certsvc.core.encoding import canonical
from certsvc.core.statement import parse_statement
from certsvc.render.reader import read_pdf
from certsvc.services.beside import read_update

READERS = {"statement": (parse_statement, "statement_size"), "beside": (read_update, "update_form")}


def documents_of_lists(number: int, size: int, differs: int) -> bytes:
    return canonical({"grants": [of_lists("grant+jwt", size, differs * 1000 + one) for one in range(number)]})


TOO_MUCH: dict[str, Callable[[int], bytes]] = {
    "one_byte_too_large": lambda n: b"{" + padded(n, MAX_BYTES),
    "ten_mebibytes_of_lists": lambda n: b'{"list":[%d%s]}' % (n, b",[]" * 3_400_000),
    "one_mebibyte_of_lists": lambda n: b'{"list":[%d%s]}' % (n, b",[]" * 340_000),
    "one_mebibyte_of_numbers": lambda n: b'{ "list":[%d%s]}' % (n, b",1" * 500_000),
    "three_hundred_thousand_empty_grants": lambda n: b'{"grants":["%d"%s]}' % (n, b',""' * 300_000),
    "eighty_thousand_members": MANY_PARTS["eighty_thousand_members"][0],
    "sixty_grants_of_lists": lambda n: documents_of_lists(60, 16_000, n),
}


@pytest.mark.parametrize(("read", "code"), READERS.values(), ids=READERS.keys())
@pytest.mark.parametrize("make", TOO_MUCH.values(), ids=TOO_MUCH.keys())
def test_a_file_of_too_many_parts_is_refused_unread(
    read: Callable[[bytes], object], code: str, make: Callable[[int], bytes]
) -> None:
    refused = refusal(read)
    assert refused(make(9)) == code
    assert cost(refused, make) < LIMIT


JUST_READ: dict[str, Callable[[int], bytes]] = {
    "lists": lambda n: b'{"list": [%d%s]}' % (n, b",[]" * (MAX_MARKS // 2 - 2)),
    "numbers": lambda n: b'{"list": [%d%s]}' % (n, b",1" * (MAX_MARKS - 3)),
    "members": lambda n: b"{ %s}" % b",".join(b'"%d":1' % (i + n) for i in range(MAX_MARKS // 2 - 1)),
    "texts_of_half_a_surrogate_pair": lambda n: b'{"list": "%d%s"}' % (n, b"\\ud83d" * 170_000),
}


@pytest.mark.parametrize("read", [read for read, _ in READERS.values()], ids=READERS.keys())
@pytest.mark.parametrize("make", JUST_READ.values(), ids=JUST_READ.keys())
def test_as_many_parts_as_are_read_are_read_at_once(
    read: Callable[[bytes], object], make: Callable[[int], bytes]
) -> None:
    refused = refusal(read)
    assert refused(make(9)) not in ("read", "statement_size", "update_form")
    assert cost(refused, make) < LIMIT


#: Each letter of them might begin what is looked for: runs of base64url one letter too short to be a payload.
RUNS = {"of_127": (b"A" * 127 + b".") * 8000, "of_50": (b"A" * 50 + b".") * 20_000, "of_1": b"A." * 500_000}


@pytest.mark.parametrize("runs", RUNS.values(), ids=RUNS.keys())
def test_a_mebibyte_of_short_runs_is_counted_at_once(runs: bytes) -> None:
    make: Callable[[int], bytes] = lambda n: b'{"credential":"%08d%s"}' % (n, runs)  # noqa: E731
    for read in (parse_bundle, parse_statement, read_update):
        refused = refusal(read)
        assert refused(make(9)) in ("missing_member", "unknown_member")
        assert cost(refused, make) < LIMIT


BREAKS_OFF = zlib.compress(bytes(1_000_000))[:-8] + b"\xff" * 12
#: Five megabytes of the beginnings of streams; seconds of a process that does nothing else (docs/performance.md).
STREAMS = {
    "nothing_behind_each": b"stream\n",
    "empty_ones": b"stream\n" + zlib.compress(b""),
    "each_breaks_off_after_a_megabyte": b"stream\n" + BREAKS_OFF,
    "a_megabyte_each": b"stream\n" + zlib.compress(bytes(1_000_000)),
}


@pytest.mark.parametrize("one", STREAMS.values(), ids=STREAMS.keys())
def test_a_pdf_of_very_many_streams_is_searched_in_two_seconds(one: bytes) -> None:
    make: Callable[[int], bytes] = lambda n: b"%%PDF-1.7 %d\n" % n + one * (5_000_000 // len(one))  # noqa: E731
    assert read_pdf(make(9)).faults == ("pdf_not_ours",)
    assert cost(read_pdf, make) < 2
