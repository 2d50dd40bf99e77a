"""Strangers' files are read in a process of its own: bounded in time, replaced when it dies, and holding no keys."""

import os
import signal
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path

import pytest
import qrcode
from PIL import Image

from certsvc.web.limits import READ_MEMORY
from certsvc.web.reading import FileReader, TooHard

HOST = "verify.jl-rst.example"
CODE = "7K9Q2MX4TD8F3WAE"


@pytest.fixture(scope="module")
def reader() -> Iterator[FileReader]:
    made = FileReader(1, seconds=60, queue_seconds=0.05, memory=READ_MEMORY)
    yield made
    made.close()


def png(picture: Image.Image) -> bytes:
    out = BytesIO()
    picture.save(out, "PNG")
    return out.getvalue()


def qr(text: str) -> bytes:
    return png(qrcode.make(text).get_image().convert("L"))


def slow_file() -> bytes:
    """A picture just below the pixel limit: a few kilobytes that take long to draw and search."""
    return png(Image.effect_noise((6000, 6000), 90))


def test_the_code_of_a_picture_is_read(reader: FileReader) -> None:
    assert reader.read(qr(f"https://{HOST}/v/{CODE}"), HOST).code == CODE


def test_a_picture_that_leads_elsewhere_is_not_issued(reader: FileReader) -> None:
    assert reader.read(qr(f"https://evil.example/v/{CODE}"), HOST).verdict == ("not_issued", "foreign_host")


def test_the_same_child_reads_one_file_after_another(reader: FileReader) -> None:
    first = [reader.read(CODE.encode(), HOST).code, reader._places.queue[0]]
    second = [reader.read(CODE.encode(), HOST).code, reader._places.queue[0]]
    assert first == second


def test_a_file_that_takes_too_long_is_given_up_and_the_next_one_is_read() -> None:
    reader = FileReader(1, seconds=0.2, queue_seconds=0.05, memory=READ_MEMORY)
    with pytest.raises(TooHard, match="too_hard_to_read"):
        reader.read(slow_file(), HOST)
    assert reader.read(CODE.encode(), HOST).code == CODE
    reader.close()


def test_a_child_that_died_is_replaced(reader: FileReader) -> None:
    reader.warm_up()
    child = reader._places.queue[0]
    os.kill(child.process.pid, signal.SIGKILL)
    child.process.wait()
    assert reader.read(CODE.encode(), HOST).code == CODE


def test_an_asker_who_finds_all_readers_busy_is_told_so(reader: FileReader) -> None:
    with reader._child(), pytest.raises(TooHard, match="service_busy"):
        reader.read(CODE.encode(), HOST)


def test_the_child_has_bounded_memory(reader: FileReader) -> None:
    reader.warm_up()
    limits = Path(f"/proc/{reader._places.queue[0].process.pid}/limits").read_text()
    line = next(line for line in limits.splitlines() if line.startswith("Max address space"))
    assert line.split()[3] == str(READ_MEMORY)


def test_the_child_does_not_know_our_environment(reader: FileReader, monkeypatch: pytest.MonkeyPatch) -> None:
    reader.close()
    monkeypatch.setenv("CERTSVC_DATABASE_URL", "postgresql://secret@db/certsvc")
    reader.warm_up()
    assert b"secret" not in Path(f"/proc/{reader._places.queue[0].process.pid}/environ").read_bytes()
