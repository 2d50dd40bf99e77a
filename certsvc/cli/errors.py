"""Errors as people read them: what is wrong in two languages, the code, and the next command to type.

Exit codes: 1 refused or not ready, 2 wrong usage (click), 70 internal, 130 stopped by Ctrl-C; `verify` has its own.
"""

import errno
import os
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import click

from certsvc.cli.say import next_step, paint, talk
from certsvc.core.errors import CertsvcError
from certsvc.core.outcomes import About, Fault, Unknown
from certsvc.verify import words
from certsvc.verify.report import Link, Report, Row

EXIT_REFUSED, EXIT_INTERNAL, EXIT_STOPPED = 1, 70, 130


@contextmanager
def shown_to_people(ctx: click.Context) -> Iterator[None]:
    """Turns every exception of a command into words and an exit code."""
    try:
        yield
    except (click.ClickException, click.exceptions.Exit, click.Abort):
        raise
    except KeyboardInterrupt:
        talk()
        talk("已停止 · Stopped.")
        ctx.exit(EXIT_STOPPED)
    except Exception as error:
        ctx.exit(show(error))


def show(error: Exception) -> int:
    """Says `error` on stderr and gives back the exit code."""
    if isinstance(error, OSError) and error.errno == errno.EPIPE:
        raise error
    for kind, teller in _TELLERS.items():
        if isinstance(error, kind):
            zh, en, code, hint = teller(error)
            _print(zh, en, code, hint)
            return EXIT_REFUSED
    if type(error).__module__.startswith("sqlalchemy"):
        _print("数据库出错,未作任何改动", f"The database failed, and nothing was changed: {_first_line(error)}",
               "database", "certsvc doctor")  # fmt: skip
        return EXIT_REFUSED
    return _internal(error)


def fault_words(code: str, about: About, org_names: dict[str, str] | None = None) -> tuple[str, str]:
    """What a rule of the verifier says, in Chinese and English, with organisations by name where it is known."""
    named = tuple(Link("act", "", org, name, "fail") for org, name in (org_names or {}).items())
    report = Report("void", code, about, 0, 0, chain=named)
    row = Row(code, "procedure", "fail", code, about, "")
    return words.row_sentence(report, row, "zh"), words.row_sentence(report, row, "en")


Told = tuple[str, str, str, str]


def _tell_certsvc(error: CertsvcError) -> Told:
    return error.zh, error.en, error.code, error.hint


def _tell_fault(error: Fault | Unknown) -> Told:
    zh, en = fault_words(error.code, error.about)
    return zh, en, error.code, ""


def _tell_os(error: OSError) -> Told:
    name = error.filename or ""
    return f"文件操作失败:{name}", f"{error.strerror or error}: {name}", "file", ""


_TELLERS: dict[type[Exception], Callable[..., Told]] = {
    CertsvcError: _tell_certsvc,
    Fault: _tell_fault,
    Unknown: _tell_fault,
    OSError: _tell_os,
}


def _print(zh: str, en: str, code: str, hint: str) -> None:
    sign = paint("✖", fg="red")
    talk(f"{sign} {zh}")
    if en != zh:
        talk(f"  {en}")
    if hint:
        next_step(hint)
    talk(paint(f"  [{code}]", dim=True))


def _internal(error: Exception) -> int:
    _print(
        "程序内部错误,请报告",
        f"Internal error, please report it: {type(error).__name__}: {_first_line(error)}",
        "internal",
        "CERTSVC_DEBUG=1 certsvc …",
    )
    if os.environ.get("CERTSVC_DEBUG"):
        talk("".join(traceback.format_exception(error)))
    return EXIT_INTERNAL


def _first_line(error: Exception) -> str:
    return (str(error).splitlines() or [""])[0][:300]
