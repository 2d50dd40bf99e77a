"""What the command line says: results on stdout, talk on stderr, colour and bars only where a terminal shows them."""

import os
import shlex
import sys
import time
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager

import click

BAR_WIDTH = 24
#: Where the context keeps the --home that was typed.
HOME_TYPED = "certsvc.home"
#: Set by `./run` to the way it was called.
PROGRAM = "CERTSVC_PROGRAM"
#: Seconds between two drawings of a bar.
BAR_PAUSE = 0.1


def paint(text: str, **style: object) -> str:
    """`text` in colour, unless NO_COLOR is set (no-color.org); click takes the codes off where no terminal reads."""
    return text if os.environ.get("NO_COLOR") else click.style(text, **style)  # type: ignore[arg-type]


def out(text: str = "") -> None:
    """A line of the result."""
    click.echo(text)


def talk(text: str = "") -> None:
    """A line beside the result."""
    click.echo(text, err=True)


def done(zh: str, en: str) -> None:
    """Says on stderr that something is done."""
    talk(f"{paint('✔', fg='green')} {zh} · {en}")


def next_step(command: str) -> None:
    """The next command to type, on stderr."""
    talk(f"  下一步 · Next:  {paint(in_this_home(command), bold=True)}")


def in_this_home(command: str) -> str:
    """`command` as it can be copied: with the program and the --home that were typed."""
    context = click.get_current_context(silent=True)
    home = context.meta.get(HOME_TYPED) if context else None
    name, space, rest = command.partition(" ")
    if name != "certsvc":
        return command
    where = f" --home {shlex.quote(home)}" if home and "--home" not in command else ""
    # Behind `--` everything is a name, even --home.
    options, dashes, names = rest.partition(" -- ")
    return f"{shlex.quote(os.environ.get(PROGRAM, name))}{space}{options}{where}{dashes}{names}"


def width(text: str) -> int:
    """Columns of a terminal that `text` takes; wide characters take two, combining marks none."""
    wide = sum(unicodedata.east_asian_width(char) in "WF" for char in text)
    return len(text) + wide - sum(bool(unicodedata.combining(char)) for char in text)


def pad(text: str, columns: int) -> str:
    """`text` filled with spaces up to `columns`."""
    return text + " " * max(0, columns - width(text))


def plain(text: object) -> str:
    """`text` without characters that a terminal would obey."""
    return "".join(char if char.isprintable() else "\ufffd" for char in str(text))


def table(header: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """Prints rows in columns under a header, on stdout."""
    body = [[plain(cell) for cell in row] for row in rows]
    widths = [max(width(row[n]) for row in [list(header), *body]) for n in range(len(header))]
    for number, row in enumerate([list(header), *body]):
        line = "  ".join(pad(cell, wide) for cell, wide in zip(row, widths, strict=True)).rstrip()
        out(paint(line, dim=True) if number == 0 else line)


class Bar:
    """A progress bar for one job, on stderr and only on a terminal; call it with (done, total)."""

    def __init__(self, label: str) -> None:
        self.label, self.started, self._drawn = label, time.monotonic(), 0.0
        self.shown = sys.stderr.isatty()

    def __call__(self, count: int, total: int) -> None:
        now = time.monotonic()
        if not self.shown or (now - self._drawn < BAR_PAUSE and count < total):
            return
        self._drawn = now
        full = BAR_WIDTH * count // max(total, 1)
        rate = count / max(now - self.started, 1e-6)
        line = f"{pad(self.label, 24)} {'█' * full}{'░' * (BAR_WIDTH - full)} {count:,}/{total:,}  {rate:,.0f}/s"
        click.echo(f"\r  {line}\x1b[K", err=True, nl=False)

    def close(self) -> None:
        if self.shown and self._drawn:
            click.echo("", err=True)


@contextmanager
def bar(label: str) -> Iterator[Bar]:
    """A Bar that ends its line."""
    progress = Bar(label)
    try:
        yield progress
    finally:
        progress.close()


class Stages:
    """A job in named stages: a Bar for each, then its line with the time it took. Call it with (name, done, total)."""

    def __init__(self) -> None:
        self._bar: Bar | None = None
        self._total = 0

    def __call__(self, name: str, count: int, total: int) -> None:
        if self._bar is None or self._bar.label != name:
            self.close()
            self._bar = Bar(name)
        self._total = total
        self._bar(count, total)

    def close(self) -> None:
        """Ends the stage that runs."""
        if self._bar is None:
            return
        clear = "\r\x1b[K" if self._bar.shown else ""
        took = time.monotonic() - self._bar.started
        talk(f"{clear}{paint('✔', fg='green')} {pad(self._bar.label, 24)} {self._total:>8,}  {took:6.1f} s")
        self._bar = None


@contextmanager
def stages() -> Iterator[Stages]:
    """Stages that end their last line."""
    progress = Stages()
    yield progress
    progress.close()
