"""What `verify` was given: files, codes, addresses, tokens, look-ups by number and name, each with its own question."""

import json
import re
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click

from certsvc.cli.options import Moment
from certsvc.core.codes import check_certificate_number
from certsvc.core.errors import Malformed
from certsvc.services.verify_evidence import Expect

#: A larger file is no certificate, picture or bundle of ours.
MAX_BYTES = 32 * 2**20
#: Members of a `.json` look-up case; anything else is read as the file itself.
CASE_MEMBERS = frozenset({"number", "name", "code", "at", "expect_name", "expect_id_last4"})
_NAMES_A_FILE = re.compile(r"\.(pdf|png|jpe?g|json|jwt|txt)$", re.IGNORECASE)


@dataclass(frozen=True)
class Question:
    """One thing to verify: exactly one of `data`, `text` and `number` (with `name`)."""

    label: str
    """How the answer names it."""
    data: bytes | None = None
    text: str | None = None
    number: str | None = None
    name: str | None = None
    at: int | None = None
    expect: Expect | None = None


def questions(
    arguments: tuple[str, ...], number: str | None, name: str | None, at: int | None, expect: Expect | None
) -> list[Question]:
    """The questions in the order typed. Raises UsageError for what cannot be one."""
    if (number is None) != (name is None):
        raise click.UsageError("--number 和 --name 须同时给出 · go together")
    found = [_question(one, at, expect) for one in arguments]
    if number is not None:
        found.append(Question(number, number=number, name=name, at=at, expect=expect))
    if not found:
        raise click.UsageError("给出文件、查验码或 --number 与 --name · give a file, a code, or --number with --name")
    return found


def _question(argument: str, at: int | None, expect: Expect | None) -> Question:
    if argument == "-":
        return Question("-", data=sys.stdin.buffer.read(MAX_BYTES), at=at, expect=expect)
    path = Path(argument)
    if _is_file(path):
        data = _read(path)
        case = look_up_case(data) if path.suffix.lower() == ".json" else None
        return _of_case(argument, case, at, expect) if case else Question(argument, data=data, at=at, expect=expect)
    if "://" not in argument and (_NAMES_A_FILE.search(argument) or "/" in argument):
        raise click.UsageError(f"没有此文件 · no such file: {argument}")
    if _is_number(argument):
        raise click.UsageError("编号须与姓名一起查 · a number is asked together with a name: --number N --name X")
    return Question(argument if len(argument) <= 80 else argument[:16] + "…", text=argument, at=at, expect=expect)


def look_up_case(data: bytes) -> dict[str, Any] | None:
    """The members of a look-up case, or None when the file is something else (a bundle, a token)."""
    try:
        value = json.loads(data) if len(data) <= 4096 else None
    except ValueError:
        return None
    if not isinstance(value, dict) or not value or not set(value) <= CASE_MEMBERS:
        return None
    pair = isinstance(value.get("number"), str) and isinstance(value.get("name"), str)
    return value if pair or isinstance(value.get("code"), str) else None


def _of_case(label: str, case: dict[str, Any], at: int | None, expect: Expect | None) -> Question:
    """A case's own time and expectation stand where none was typed."""
    if at is None and "at" in case:
        at = Moment().convert(str(case["at"]), None, None)
    if expect is None and ("expect_name" in case or "expect_id_last4" in case):
        expect = Expect(case.get("expect_name"), case.get("expect_id_last4"))
    if "code" in case:
        return Question(label, text=case["code"], at=at, expect=expect)
    return Question(label, number=case["number"], name=case["name"], at=at, expect=expect)


def _is_file(path: Path) -> bool:
    try:
        return path.is_file()
    except OSError:  # a token is longer than a file name may be
        return False


def _read(path: Path) -> bytes:
    if path.stat().st_size > MAX_BYTES:
        raise click.UsageError(f"文件超过 32 MB · the file is larger than 32 MB: {path}")
    return path.read_bytes()


def read_at_most(path: Path, most: int) -> bytes:
    """The file, or one byte more than its reader takes, which that reader then refuses."""
    with path.open("rb") as file:
        return file.read(most + 1)


def _is_number(text: str) -> bool:
    try:
        return bool(check_certificate_number(text))
    except Malformed:
        return False
