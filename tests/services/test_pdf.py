"""The PDF: one file for ever, refused when the certificate is not in force, and never valid after any change."""

import hashlib
import random
import subprocess
import sys
from collections.abc import Iterator
from io import BytesIO

import pytest
from pyhanko.pdf_utils.reader import PdfFileReader
from sqlalchemy import select, text
from support_instance import DAY, SmallInstance
from world_for_tests import environment, opened

from certsvc.core.errors import NotFound, NotReady, Refused
from certsvc.render.page import toolchain_fingerprint
from certsvc.render.reader import read_pdf
from certsvc.services.pdf import certificate_pdf, certificate_png, pdf_of
from certsvc.services.status import Proposal, approve, propose
from certsvc.services.verify_evidence import verify_file
from certsvc.store import certificates as certificate_store
from certsvc.store.rows import Certificate
from certsvc.store.tables import rendition

PAPER = {"number": "示例决〔2025〕1号", "title": "示例决定书", "date": "2025-02-17"}
DOWNLOAD = """
import hashlib, sys
from certsvc.instance import open_instance
from certsvc.services.pdf import certificate_pdf
print(hashlib.sha256(certificate_pdf(open_instance(sys.argv[1]), sys.argv[2])).hexdigest())
"""


def stored(small: SmallInstance, person: int = 0) -> Certificate:
    with small.instance.engines.read.connect() as connection:
        found = certificate_store.find_certificate(connection, small.issued[person].certificate.id)
    assert found is not None
    return found


def renditions(small: SmallInstance) -> list[tuple[str, bytes]]:
    with small.instance.engines.read.connect() as connection:
        columns = select(rendition.c.fingerprint, rendition.c.cms)
        return [(row[0], bytes(row[1])) for row in connection.execute(columns)]


def decide(small: SmallInstance, kind: str, reason: str, **more: bool) -> None:
    order = Proposal(kind, small.issued[0].code, "HRSS-1", PAPER, reason, **more)  # type: ignore[arg-type]
    approve(small.instance, propose(small.instance, order), "HRSS-2")


# --- the same bytes -------------------------------------------------------------------------------------------------


def test_two_processes_give_the_same_file(small: SmallInstance) -> None:
    command = [sys.executable, "-c", DOWNLOAD, str(small.instance.home), small.issued[0].code]
    runs = [
        subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment(small.instance.home, None))
        for _ in range(2)
    ]
    hashes = {run.communicate(timeout=120)[0].strip() for run in runs}
    hashes.add(hashlib.sha256(certificate_pdf(small.instance, small.issued[0].code)).hexdigest())
    assert len(hashes) == 1
    assert len(next(iter(hashes))) == 64
    assert len(renditions(small)) == 1


def test_the_file_stays_the_same_whoever_asks_and_whenever(small: SmallInstance) -> None:
    first = certificate_pdf(small.instance, small.issued[0].code)
    small.instance.set_clock(small.now + 200 * DAY)
    assert certificate_pdf(small.instance, small.issued[0].code.lower()) == first
    assert pdf_of(small.instance, stored(small)) == first
    decide(small, "suspend", "inquiry")
    assert pdf_of(small.instance, stored(small)) == first


def test_a_download_after_the_first_touches_no_key(small: SmallInstance) -> None:
    first = certificate_pdf(small.instance, small.issued[0].code)
    for key in (small.instance.home / "keys").glob("*.pem"):
        key.unlink()
    with opened(small.instance.home) as another:
        assert certificate_pdf(another, small.issued[0].code) == first


def test_another_toolchain_adds_a_rendition_and_keeps_the_old(small: SmallInstance) -> None:
    first = certificate_pdf(small.instance, small.issued[0].code)
    ((_, cms),) = renditions(small)
    with small.instance.engines.write.begin() as connection:
        connection.execute(text("UPDATE rendition SET fingerprint = 'an older toolchain'"))
    again = certificate_pdf(small.instance, small.issued[0].code)
    found = dict(renditions(small))
    assert found.keys() == {"an older toolchain", toolchain_fingerprint(small.instance.fonts)}
    assert found["an older toolchain"] == cms
    assert verify_file(small.instance, again).verdict == verify_file(small.instance, first).verdict == "valid"


def test_a_page_that_came_out_otherwise_is_never_passed_off_as_the_signed_one(small: SmallInstance) -> None:
    certificate_pdf(small.instance, small.issued[0].code)
    with small.instance.engines.write.begin() as connection:
        connection.execute(text("UPDATE rendition SET page_sha256 = 'another page'"))
    with pytest.raises(NotReady) as error:
        certificate_pdf(small.instance, small.issued[0].code)
    assert error.value.code == "page_differs"


def test_a_certificate_whose_evidence_is_not_frozen_is_not_signed(small: SmallInstance) -> None:
    assert small.issued[0].certificate.frozen_bundle is None
    with pytest.raises(NotReady) as error:
        pdf_of(small.instance, small.issued[0].certificate)
    assert error.value.code == "not_frozen"
    assert renditions(small) == []


def test_the_attachment_is_the_bundle_of_the_day_of_issue(small: SmallInstance) -> None:
    small.instance.set_clock(small.now + 30 * DAY)
    findings = read_pdf(certificate_pdf(small.instance, small.issued[0].code))
    assert findings.faults == ()
    assert findings.bundle == stored(small).frozen_bundle


# --- who gets it ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "reason", "more"),
    [("revoke", "fraud", {"retroactive": True}), ("suspend", "inquiry", {}), ("withdraw", "holder_request", {})],
)
def test_a_certificate_that_is_not_in_force_is_not_handed_out(
    small: SmallInstance, kind: str, reason: str, more: dict[str, bool]
) -> None:
    decide(small, kind, reason, **more)
    for give in (certificate_pdf, certificate_png):
        with pytest.raises(Refused) as error:
            give(small.instance, small.issued[0].code)
        assert error.value.code == "not_in_force"
    assert renditions(small) == []


def test_a_reinstated_certificate_is_handed_out_again(small: SmallInstance) -> None:
    decide(small, "suspend", "inquiry")
    decide(small, "reinstate", "cleared")
    assert verify_file(small.instance, certificate_pdf(small.instance, small.issued[0].code)).verdict == "valid"


@pytest.mark.parametrize("code", ["0000000000000000", "not a code", ""], ids=["unknown", "malformed", "empty"])
def test_a_code_of_nothing_is_answered_in_the_same_words(small: SmallInstance, code: str) -> None:
    for give in (certificate_pdf, certificate_png):
        with pytest.raises(NotFound) as error:
            give(small.instance, code)
        assert error.value.code == "certificate_unknown"


def test_the_preview_is_a_picture_and_no_evidence(small: SmallInstance) -> None:
    picture = certificate_png(small.instance, small.issued[0].code)
    assert picture[:8] == b"\x89PNG\r\n\x1a\n"
    report = verify_file(small.instance, picture)
    assert report.match["file"] == "differs"


# --- any change -----------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def untouched(small_template: tuple[object, SmallInstance]) -> Iterator[tuple[SmallInstance, bytes]]:
    """A signed file and the instance that judges it."""
    home, made = small_template
    with opened(home) as instance:  # type: ignore[arg-type]
        instance.set_clock(made.now)
        yield SmallInstance(instance, made.issued, made.now), certificate_pdf(instance, made.issued[0].code)


def judge(small: SmallInstance, data: bytes, position: int, change: int) -> str:
    """The verdict on the file with one byte changed."""
    altered = bytearray(data)
    altered[position] ^= change
    return verify_file(small.instance, bytes(altered)).verdict


REFUSED = {"tampered", "unreadable"}


def test_the_untouched_file_is_valid(untouched: tuple[SmallInstance, bytes]) -> None:
    assert verify_file(*_judged(untouched)).verdict == "valid"


def _judged(untouched: tuple[SmallInstance, bytes]) -> tuple[object, bytes]:
    return untouched[0].instance, untouched[1]


def test_no_byte_of_the_signature_can_be_changed(untouched: tuple[SmallInstance, bytes]) -> None:
    small, data = untouched
    start = data.index(b"/Contents <") + len(b"/Contents ")
    end = data.index(b">", start) + 1
    assert end - start > 12_000
    for position in range(start, end):
        # 0x20 turns a small letter into a capital one: the same number, and still another file.
        change = 0x20 if chr(data[position]).isalpha() else 0x01
        assert judge(small, data, position, change) in REFUSED, position


def test_no_byte_of_the_attachment_can_be_changed(untouched: tuple[SmallInstance, bytes]) -> None:
    small, data = untouched
    start, end = attachment(data)
    assert end - start > 5_000
    for position in range(start, end):
        assert judge(small, data, position, 1 << position % 8) in REFUSED, position


def attachment(data: bytes) -> tuple[int, int]:
    """Where the compressed bundle lies in the file."""
    file = PdfFileReader(BytesIO(data)).root["/Names"]["/EmbeddedFiles"]["/Names"][1].get_object()
    raw = file["/EF"]["/F"].encoded_data
    start = data.index(raw)
    return start, start + len(raw)


def test_no_byte_at_two_thousand_random_places_can_be_changed(untouched: tuple[SmallInstance, bytes]) -> None:
    small, data = untouched
    pick = random.Random(2025)
    for _ in range(2_000):
        position, change = pick.randrange(len(data)), pick.randrange(1, 256)
        assert judge(small, data, position, change) in REFUSED, (position, change)


@pytest.mark.parametrize(
    "alter",
    [
        pytest.param(lambda data: data + b"\n", id="a byte appended"),
        pytest.param(lambda data: data[:-1], id="the last byte cut off"),
        pytest.param(lambda data: b"\n" + data, id="a byte put in front"),
        pytest.param(lambda data: data[: len(data) // 2], id="half of the file"),
        pytest.param(lambda data: data + data, id="twice the file"),
    ],
)
def test_a_longer_or_shorter_file_is_never_valid(untouched: tuple[SmallInstance, bytes], alter: object) -> None:
    small, data = untouched
    assert verify_file(small.instance, alter(data)).verdict in REFUSED  # type: ignore[operator]
