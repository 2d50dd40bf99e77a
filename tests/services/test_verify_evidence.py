"""Verification against the register: whatever is brought, and exactly as much told as each way of asking may know."""

import json
import re
from collections.abc import Callable
from copy import copy
from dataclasses import replace
from io import BytesIO
from typing import Any

import pytest
from PIL import Image
from pypdfium2 import PdfDocument
from support_instance import DAY, SmallInstance
from world_for_tests import BATCHES, World, census

from certsvc.core.bundle import parse_bundle, write_bundle
from certsvc.core.codes import group_code
from certsvc.core.errors import Malformed
from certsvc.core.identity import parse_id_document
from certsvc.core.jose import parse_document, sign_compact
from certsvc.core.outcomes import About
from certsvc.demo import forge
from certsvc.instance import Instance
from certsvc.services import documents, private
from certsvc.services.beside import Update, published_update, read_update
from certsvc.services.log_reading import checkpoint_shown
from certsvc.services.pdf import certificate_pdf
from certsvc.services.public_view import PUBLIC_MEMBERS
from certsvc.services.publish import list_uri
from certsvc.services.status import Proposal, approve, propose
from certsvc.services.verify_evidence import (
    MATCH_TRIES,
    Asked,
    Expect,
    Found,
    fresh_bundle,
    read_anything,
    read_checkpoint,
    verify_code,
    verify_file,
    verify_number,
    verify_offline,
)
from certsvc.store import rosters as roster_store
from certsvc.verify.report import FAMILIES, Report
from certsvc.verify.words import report_json

PAPER = {"number": "示例决〔2025〕1号", "title": "示例决定书", "date": "2025-02-17"}
UNKNOWN = "0000000000000000"


def code(small: SmallInstance, person: int = 0) -> str:
    return small.issued[person].code


def url(small: SmallInstance, host: str = "sample.invalid") -> str:
    return f"https://{host}/v/{code(small)}"


class Ticking(Instance):
    """Whose clock goes on by a second at each look."""

    def now(self) -> int:
        self.clock = super().now() + 1
        return self.clock


def test_who_names_no_time_is_given_one_answer_however_slow_the_machine(small: SmallInstance) -> None:
    slow = copy(small.instance)
    slow.__class__ = Ticking
    reports = [
        verify_code(slow, code(small)),
        verify_file(slow, small.bundle()),
        verify_number(slow, small.issued[0].certificate.number, "样章甲"),
    ]
    assert [(one.verdict, one.then) for one in reports] == [("valid", None)] * 3


def as_json(report: Report) -> dict[str, Any]:
    return report_json(report, "zh")


def qr(*texts: str) -> bytes:
    """A picture with a QR code for each text, side by side."""
    return forge.png(forge.qr_card(list(texts), "sample"))


def last4(small: SmallInstance, person: int = 0) -> str:
    with small.instance.engines.read.connect() as connection:
        entry = roster_store.find_entry(connection, small.issued[person].certificate.entry_id)
        assert entry is not None
        return private.personal_of(small.instance, connection, entry, 1).values["id"][-4:]


def told(report: Report) -> tuple[str, str | None]:
    return report.verdict, report.reason


# --- a code, however it is written ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "write",
    [
        pytest.param(lambda c: c, id="as it is"),
        pytest.param(group_code, id="in groups"),
        pytest.param(str.lower, id="in small letters"),
        pytest.param(lambda c: c.replace("0", "o").replace("1", "l"), id="with letters for digits"),
        pytest.param(lambda c: f"  {c[:8]} {c[8:]}\n", id="with spaces"),
        pytest.param(lambda c: f"https://sample.invalid/v/{c}", id="as the address in the QR"),
        pytest.param(lambda c: f"HTTPS://SAMPLE.INVALID/v/{c}?lang=en", id="as an address in capitals"),
    ],
)
def test_a_code_is_read_however_it_is_written(small: SmallInstance, write: Callable[[str], str]) -> None:
    assert told(verify_code(small.instance, write(code(small)))) == ("valid", None)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (UNKNOWN, ("not_issued", "never_issued")),
        ("7K9Q2MX4TD8F3WAF", ("unreadable", "check_character")),
        ("7K9Q", ("unreadable", "code_form")),
        ("", ("unreadable", "code_form")),
        ("样章甲", ("unreadable", "code_form")),
        ("https://other.invalid/v/" + UNKNOWN, ("not_issued", "foreign_host")),
        ("https://sample.invalid.evil.invalid/v/" + UNKNOWN, ("not_issued", "foreign_host")),
        ("https://sample.invalid@evil.invalid/v/" + UNKNOWN, ("not_issued", "foreign_host")),
        ("https://sample.invalid/v/" + UNKNOWN, ("not_issued", "never_issued")),
        ("https://[/v/" + UNKNOWN, ("unreadable", "code_form")),
        ("://", ("not_issued", "foreign_host")),
    ],
)
def test_a_code_that_leads_nowhere_says_why(small: SmallInstance, text: str, expected: tuple[str, str]) -> None:
    report = verify_code(small.instance, text)
    assert told(report) == expected
    assert report.certificate is None
    assert {row.outcome for row in report.rows} == {"not_run"}


def test_a_code_tells_everything_that_is_printed(small: SmallInstance) -> None:
    report = verify_code(small.instance, code(small))
    assert report.certificate is not None
    assert report.certificate["holder_name"] == "样章甲"
    assert report.certificate["number"] == small.issued[0].certificate.number
    assert [link.name for link in report.chain if link.kind == "act"][-1] == "issue"
    assert (report.record_source, report.time_source, report.test) == ("native", "asserted", True)
    assert report.fresh_until == (report.status_as_of or 0) + 1800


# --- files ----------------------------------------------------------------------------------------------------------


def make_token(small: SmallInstance) -> bytes:
    return small.issued[0].certificate.credential


BROUGHT: dict[str, tuple[Callable[[SmallInstance], bytes], str]] = {
    "pdf": (lambda s: certificate_pdf(s.instance, code(s)), "identical"),
    "bundle": (lambda s: s.bundle(), "not_checked"),
    "token": (make_token, "not_checked"),
    "token with a line end": (lambda s: make_token(s) + b"\n", "not_checked"),
    "code in a text file": (lambda s: code(s).encode(), "not_checked"),
    "picture of the QR": (lambda s: qr(url(s)), "differs"),
    "two QR codes, one of them ours": (lambda s: qr("https://other.invalid/", url(s)), "differs"),
    "scan of the paper": (
        lambda s: forge.scanned_pdf(forge.picture_of(certificate_pdf(s.instance, code(s)))), "differs"
    ),
}  # fmt: skip


@pytest.mark.parametrize("kind", BROUGHT)
def test_whatever_is_brought_leads_to_the_certificate(small: SmallInstance, kind: str) -> None:
    make, match = BROUGHT[kind]
    report = verify_file(small.instance, make(small))
    assert told(report) == ("valid", None)
    assert report.match["file"] == match
    assert report.certificate is not None
    assert report.certificate["holder_name"] == "样章甲"


@pytest.mark.parametrize("kind", BROUGHT)
def test_whatever_is_brought_meets_the_status_of_today(small: SmallInstance, kind: str) -> None:
    data = BROUGHT[kind][0](small)
    order = Proposal("revoke", code(small), "HRSS-1", PAPER, "fraud", retroactive=True)
    approve(small.instance, propose(small.instance, order), "HRSS-2")
    assert told(verify_file(small.instance, data)) == ("revoked", "revoked")


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (b"", ("unreadable", "code_form")),
        (b"\x00\xff\x00", ("unreadable", "image_unreadable")),
        (b"%PDF-1.7\nnot really", ("unreadable", "pdf_unreadable")),
        (b"eyJ.e30.AAAA", ("tampered", None)),
        (b'{"credential":1,"certs":2}', ("tampered", None)),
        (b'{"a":1}', ("unreadable", "code_form")),
        (b"x" * 40_000, ("unreadable", "image_unreadable")),
    ],
    ids=["empty", "noise", "no pdf", "no token", "no bundle", "other json", "long text"],
)
def test_what_is_not_ours_is_unreadable_or_tampered_and_never_raises(
    small: SmallInstance, data: bytes, expected: tuple[str, str | None]
) -> None:
    report = verify_file(small.instance, data)
    assert report.verdict == expected[0]
    assert expected[1] in (None, report.reason)
    assert report.certificate is None


def test_a_picture_with_two_codes_of_ours_decides_nothing(small: SmallInstance) -> None:
    other = url(small).replace(code(small), code(small, 1))
    assert told(verify_file(small.instance, qr(url(small), other))) == ("cannot_decide", "several_codes")


def test_a_picture_of_a_foreign_code_is_not_issued_here(small: SmallInstance) -> None:
    assert told(verify_file(small.instance, qr(url(small, "other.invalid")))) == ("not_issued", "foreign_host")


def test_a_picture_without_a_code_is_unreadable(small: SmallInstance) -> None:
    assert told(verify_file(small.instance, forge.png(Image.new("RGB", (200, 200), "white")))) == (
        "unreadable",
        "no_code_found",
    )


def forged_twin(small: SmallInstance) -> bytes:
    """A second credential over the same path, made by somebody who has the key but not the register."""
    bundle = parse_bundle(small.bundle())
    body = bundle.credential.unverified_payload
    twin = {**body, "id": body["id"][:-4] + "0000", "jti": body["jti"][:-4] + "0000"}
    with small.instance.engines.read.connect() as connection:
        key = documents.own_key(connection, "HRSS", "credential")
    credential = parse_document(sign_compact(twin, "vc+jwt", small.instance.signer(key)), "vc+jwt")
    return write_bundle(replace(bundle, credential=credential, logged=None))


def test_what_the_register_does_not_hold_is_never_valid(small: SmallInstance) -> None:
    """J1: a certificate made past the register has all signatures, and still nobody issued it."""
    data = forged_twin(small)
    report = verify_file(small.instance, data)
    assert told(report) == ("cannot_decide", "register_differs")
    token = parse_bundle(data).credential.body
    assert told(verify_file(small.instance, token)) == ("cannot_decide", "register_differs")
    head, body, signature = token.split(b".")
    broken = b".".join([head, body, signature[:-2] + (b"AA" if signature[-2:] != b"AA" else b"BA")])
    assert verify_file(small.instance, broken).verdict == "tampered"


def test_offline_a_bundle_is_judged_by_itself(small: SmallInstance) -> None:
    now = small.instance.now()
    found = read_anything(small.bundle(), None)
    assert told(verify_offline(found, small.anchors, Asked(now, now))) == ("valid", None)
    assert verify_offline(found, (), Asked(now, now)).verdict == "not_issued"
    late = verify_offline(found, small.anchors, Asked(now, now + 8 * DAY))
    assert told(late) == ("cannot_decide", "status_stale")
    code_alone = verify_offline(read_anything(code(small).encode(), None), small.anchors, Asked(now, now))
    assert told(code_alone) == ("cannot_decide", "offline_no_bundle")


# --- number and name ------------------------------------------------------------------------------------------------


def test_number_and_name_tell_the_public_members_alone(small: SmallInstance) -> None:
    report = verify_number(small.instance, small.issued[0].certificate.number, "样章甲")
    assert told(report) == ("valid", None)
    assert report.certificate is not None
    assert set(report.certificate) == set(PUBLIC_MEMBERS)
    assert report.certificate["holder_name"] == "样*"
    assert report.chain == ()
    assert [row.id for row in report.rows] == list(FAMILIES)
    assert all(row.about == About() and row.evidence is None for row in report.rows)
    said = json.dumps(as_json(report), ensure_ascii=False)
    assert "样章甲" not in said
    assert "示例机构" not in said


def test_a_name_may_be_typed_loosely(small: SmallInstance) -> None:
    assert verify_number(small.instance, f" {small.issued[0].certificate.number} ", " 样章 甲").verdict == "valid"


def test_every_miss_of_number_and_name_is_the_same(small: SmallInstance) -> None:
    number = small.issued[0].certificate.number
    misses = [
        verify_number(small.instance, typed, name)
        for typed, name in (
            (number, "样章乙"),
            (number, ""),
            (number[:-1], "样章甲"),
            ("no number", "样章甲"),
            (number[:-1] + ("0" if number[-1] != "0" else "1"), "样章甲"),
        )
    ]
    assert {told(report) for report in misses} == {("no_record", "no_record")}
    assert len({json.dumps(as_json(report)) for report in misses}) == 1


# --- comparison -----------------------------------------------------------------------------------------------------


def test_what_the_asker_expects_is_compared_and_never_told(small: SmallInstance) -> None:
    right = Expect("样章甲", last4(small), "高级工程师")
    report = verify_code(small.instance, code(small), expect=right)
    assert {report.match[name] for name in ("name", "id_last4", "title")} == {"match"}
    assert report.exit_code == 0
    wrong = verify_code(small.instance, code(small), expect=Expect("样章乙", "zzzz", "工程师"))
    assert {wrong.match[name] for name in ("name", "id_last4", "title")} == {"mismatch"}
    assert (wrong.verdict, wrong.exit_code) == ("valid", 23)


def test_the_last_four_are_compared_five_times_a_day(small: SmallInstance) -> None:
    def ask(person: int = 0, typed: str = "zzzz") -> str:
        return verify_code(small.instance, code(small, person), expect=Expect(id_last4=typed)).match["id_last4"]

    assert [ask() for _ in range(MATCH_TRIES)] == ["mismatch"] * 5
    assert ask(typed=last4(small)) == "not_checked"
    assert ask(1, last4(small, 1)) == "match"
    small.instance.set_clock(small.now + DAY)
    assert ask(typed=last4(small)) == "match"


def test_nothing_is_compared_for_a_certificate_that_is_not_shown(small: SmallInstance) -> None:
    before = census(small.instance)
    report = verify_code(small.instance, UNKNOWN, expect=Expect("样章甲", "zzzz"))
    assert set(report.match.values()) == {"not_checked"}
    assert census(small.instance) == before


# --- the time asked about -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("days", "expected"), [(-1, "cannot_decide"), (0, "valid"), (1, "valid"), (4000, "valid")])
def test_a_time_before_the_issue_decides_nothing(small: SmallInstance, days: int, expected: str) -> None:
    assert verify_code(small.instance, code(small), at=small.now + days * DAY).verdict == expected


@pytest.mark.parametrize("at", [-(10**12), -1, 0, 10**12, 10**18])
def test_a_time_out_of_all_time_never_raises(small: SmallInstance, at: int) -> None:
    assert verify_code(small.instance, code(small), at=at).verdict in ("valid", "cannot_decide")


# --- no ID number, anywhere -----------------------------------------------------------------------------------------


def id_numbers(data: bytes) -> set[str]:
    """Every 18-digit citizen number with a valid check character in `data`."""
    found = set()
    for match in re.finditer(rb"(?=([1-9][0-9]{16}[0-9Xx]))", data):
        try:
            parse_id_document("resident_id", match[1].decode())
        except Malformed:
            continue
        found.add(match[1].decode())
    return found


def test_the_search_for_id_numbers_finds_one() -> None:
    assert id_numbers(b"a 220000198506150012 b") == {"220000198506150012"}
    assert id_numbers(b"1220000198506150012") >= {"220000198506150012"}
    assert id_numbers(b"220000198506150013 15062200002025020100") == set()


def collect(world: World, caplog: pytest.LogCaptureFixture) -> dict[str, bytes]:
    """Everything that an instance stores, gives out or says on the way from a file to a revocation."""
    roster_id = world.ready(people=4)
    numbers = set()
    with world.instance.engines.read.connect() as connection:
        for entry in world.entries(roster_id):
            numbers.add(private.personal_of(world.instance, connection, entry, 1).values["id"])
    assert len(numbers) == 4
    issued = world.issue(roster_id)
    for kind, reason, one in (("suspend", "inquiry", issued[0]), ("withdraw", "holder_request", issued[1])):
        approve(world.instance, propose(world.instance, Proposal(kind, one.code, "H1", PAPER, reason)), "H2")
    pdf = certificate_pdf(world.instance, issued[2].code)
    with PdfDocument(BytesIO(pdf)) as document:
        text = "".join(page.get_textpage().get_text_range() for page in document)
    reports = [verify_code(world.instance, one.code, expect=Expect(id_last4="0012")) for one in issued]
    reports += [verify_file(world.instance, pdf), verify_number(world.instance, issued[0].certificate.number, "x")]
    answers: list[Any] = [as_json(report) for report in reports]
    # The digits of the signature's hexadecimal are chance, and now and then look like a number.
    signature = pdf.index(b"/Contents <"), pdf.index(b">", pdf.index(b"/Contents <"))
    page = pdf[: signature[0]] + pdf[signature[1] :]
    found = {"reports": json.dumps(answers).encode(), "pdf": page, "text": text.encode(), "log": caplog.text.encode()}
    found |= {f"bundle {n}": b or b"" for n, b in enumerate(bundles(world, [one.code for one in issued]))}
    world.instance.engines.close()
    files = [p for p in world.home.rglob("*") if p.is_file()]
    found |= {str(path.relative_to(world.home)): path.read_bytes() for path in files}
    for number in numbers:
        assert not [name for name, data in found.items() if number.encode() in data]
    return found


def bundles(world: World, codes: list[str]) -> list[bytes | None]:
    return [fresh_bundle(world.instance, one) for one in codes]


def test_no_id_number_is_in_anything_that_is_stored_said_or_given_out(
    province: World, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("DEBUG")
    found = collect(province, caplog)
    assert "certsvc.sqlite3" in found
    assert {name: id_numbers(data) for name, data in found.items() if id_numbers(data)} == {}


def test_a_refused_file_says_no_id_number_in_the_register(province: World) -> None:
    province.at(0)
    path = province.file(replace(BATCHES["T01"], people=3, title="工程师"))
    with pytest.raises(Exception) as error:
        province.import_file(path)
    assert id_numbers(str(error.value).encode()) == set()
    province.instance.engines.close()
    for stored in province.home.glob("certsvc.sqlite3*"):
        assert id_numbers(stored.read_bytes()) == set()


# --- what is laid beside a file --------------------------------------------------------------------------------------


def beside(small: SmallInstance, data: bytes, **brought: bytes) -> tuple[str, str | None]:
    now = small.instance.now()
    report = verify_offline(Found(bundle=data), small.anchors, Asked(now, now, **brought))
    return report.verdict, report.reason


def test_a_newer_list_with_its_proof_makes_an_old_file_fresh(small: SmallInstance) -> None:
    old = small.bundle()
    small.instance.set_clock(small.now + 30 * DAY)
    assert beside(small, old)[0] == "cannot_decide"
    newer = published_update(small.instance, list_uri(small.instance)).write()
    assert beside(small, old, newer_status=newer) == ("valid", None)


def test_what_is_served_to_lay_beside_is_read_as_it_was_written(small: SmallInstance) -> None:
    update = published_update(small.instance, list_uri(small.instance))
    assert read_update(update.write()) == update
    assert update.status is not None and update.trust is not None
    assert read_update(update.status.body) == Update(update.status)
    assert read_update(update.trust.body) == Update(trust=update.trust)


def test_the_checkpoint_that_the_asker_has_fits_the_evidence(small: SmallInstance) -> None:
    note = checkpoint_shown(small.instance)
    assert note is not None
    assert beside(small, small.bundle(), checkpoint=note) == ("valid", None)


@pytest.mark.parametrize(
    ("read", "body"),
    [
        (read_update, b'{"list": "x"}'), (read_update, b"no list"), (read_update, b"[]"),
        (read_update, b'{"list":null,"log":null,"trust":null,"grants":[],"grant_logs":[null],"certs":[]}'),
        (read_update, b'{"list":null,"log":null,"trust":null,"grants":[],"grant_logs":[],"certs":%b}' % json.dumps(["AAAA"] * 257).encode()),
        (read_update, b'{"list":null,"log":null,"trust":null,"grants":%b,"grant_logs":%b,"certs":[]}'
            % (json.dumps(["a"] * 33).encode(), json.dumps([None] * 33).encode())),
        (read_update, b'{"list": 1, "log": null}'), (read_update, b'{"list":"\\ud800","log":null}'),
        (read_update, b'{"list":null,"log":{"entry":"AAAA","proof":"\\udfff","before":null}}'),
        (read_checkpoint, b"no note"), (read_checkpoint, "a\nb\nc\n\n\u2014 x AAAAAAAA\n".encode()),
    ],
)  # fmt: skip
def test_what_is_laid_beside_a_file_has_to_be_what_it_says(read: Callable[[bytes], object], body: bytes) -> None:
    with pytest.raises(Malformed):
        read(body)
