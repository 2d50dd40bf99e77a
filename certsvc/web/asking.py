"""Every way to ask, guarded: trouble of ours becomes `cannot_decide`, never an error page and never "false"."""

from collections.abc import Callable
from dataclasses import dataclass, field

from certsvc.services.verify_evidence import Expect, verify_code, verify_file, verify_found, verify_number
from certsvc.verify import without_evidence
from certsvc.verify.report import Report
from certsvc.web import context
from certsvc.web.errors import log_trouble
from certsvc.web.reading import TooHard


@dataclass(frozen=True)
class Terms:
    """What goes with every question: the time asked about (seconds, None for now) and what the asker has in hand."""

    at: int | None = None
    expect: Expect = field(default_factory=Expect)


def ask_code(text: str, terms: Terms) -> Report:
    """The Report on a typed code or the address behind a QR."""
    return _guarded(lambda: verify_code(context.instance(), text, at=terms.at, expect=terms.expect), terms)


def ask_number(number: str, name: str, terms: Terms) -> Report:
    """The Report on number + full name."""
    return _guarded(lambda: verify_number(context.instance(), number, name, at=terms.at, expect=terms.expect), terms)


def ask_data(data: bytes, terms: Terms) -> Report:
    """The Report on a token or bundle: our own strict readers, in this process."""
    return _guarded(lambda: verify_file(context.instance(), data, at=terms.at, expect=terms.expect), terms)


def ask_file(data: bytes, terms: Terms) -> tuple[Report, str | None]:
    """The Report on a stranger's file of any kind, read in a process of its own; and the code that its QR holds."""
    codes: list[str | None] = [None]

    def ask() -> Report:
        inst = context.instance()
        found = context.reader().read(data, inst.host)
        codes.append(found.code)
        return verify_found(inst, found, at=terms.at, expect=terms.expect)

    return _guarded(ask, terms), codes[-1]


def _guarded(ask: Callable[[], Report], terms: Terms) -> Report:
    try:
        return ask()
    except TooHard as error:
        return _undecided(error.code, terms)
    except Exception as error:  # a database or key that fails us says nothing about the certificate
        log_trouble(error)
        return _undecided("service_trouble", terms)


def _undecided(code: str, terms: Terms) -> Report:
    inst = context.instance()
    now = inst.now()
    test = any(anchor.test for anchor in inst.anchors)
    return without_evidence("cannot_decide", code, now if terms.at is None else terms.at, now, test)
