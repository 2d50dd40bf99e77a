"""Options that many commands share: --home, --clock, the paper behind an act, officers."""

import functools
import re
from collections.abc import Callable
from datetime import date
from typing import Any, TypeVar

import click

from certsvc.cli.say import HOME_TYPED
from certsvc.core.calendar import seconds_typed
from certsvc.core.errors import Refused
from certsvc.instance import Instance, open_instance
from certsvc.services.documents import today_of

F = TypeVar("F", bound=Callable[..., Any])

_SPAN = re.compile(r"(\d{1,6})([smhd]?)")
_SPAN_SECONDS = {"": 1, "s": 1, "m": 60, "h": 3600, "d": 86_400}


def _note_home(ctx: click.Context, _param: click.Parameter, value: str | None) -> str | None:
    ctx.meta[HOME_TYPED] = value
    return value


home_option = click.option(
    "--home",
    type=click.Path(file_okay=False),
    metavar="DIR",
    callback=_note_home,
    help="实例目录 · home (CERTSVC_HOME; ./var/home)",
)


class Moment(click.ParamType):
    """RFC 3339, or a date: then the end of that day in Asia/Shanghai. Seconds since 1970 UTC."""

    name = "TIME"
    begins = False

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        if isinstance(value, int):
            return value
        try:
            return seconds_typed(value, self.begins)
        except ValueError:
            self.fail(f"{value!r}: 2024-03-15, 2024-03-15T10:00:00+08:00 或 · or 2024-03-15T02:00:00Z", param, ctx)


class Theft(Moment):
    """As Moment, but a date is its beginning: of a day on which a key was stolen nothing is sound."""

    begins = True


class Span(click.ParamType):
    """90s, 30m, 24h, 7d. Seconds."""

    name = "SPAN"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        found = _SPAN.fullmatch(str(value))
        if found is None:
            self.fail(f"{value!r}: 90s, 30m, 24h, 7d", param, ctx)
        return int(found[1]) * _SPAN_SECONDS[found[2]]


class Figure(click.ParamType):
    """name=value."""

    name = "NAME=VALUE"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> tuple[str, str]:
        name, equals, said = str(value).partition("=")
        if not (name and equals and said):
            self.fail(f"{value!r}: NAME=VALUE", param, ctx)
        return name, said


class IsoDate(click.ParamType):
    """YYYY-MM-DD, as text."""

    name = "DATE"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        try:
            return date.fromisoformat(str(value)).isoformat()
        except ValueError:
            self.fail(f"{value!r}: YYYY-MM-DD", param, ctx)


def opens_home(command: F) -> F:
    """Gives the command an open Instance as its first argument and closes it afterwards."""

    @home_option
    @functools.wraps(command)
    def run(home: str | None, **values: Any) -> Any:
        instance = open_instance(home)
        try:
            return command(instance, **values)
        finally:
            instance.close()

    return run  # type: ignore[return-value]


def acts_at_a_time(command: F) -> F:
    """As `opens_home`, with --clock: a demo may set its clock, so that it can have a past."""

    @click.option("--clock", type=Moment(), help="演示时钟,正式环境拒绝 · demo clock, refused in production")
    @functools.wraps(command)
    def run(instance: Instance, clock: int | None, **values: Any) -> Any:
        if clock is not None:
            instance.set_clock(clock)
        return command(instance, **values)

    return opens_home(run)  # type: ignore[return-value]


def names_a_paper(required: bool) -> Callable[[F], F]:
    """Adds the options of the document behind an act; the command gets `document`: number, title and date, or None."""

    def decorate(command: F) -> F:
        @click.option("--document-number", required=required, metavar="N", help="文号 · number of the document")
        @click.option("--document-title", metavar="T", help="标题,默认同文号 · its title, the number by default")
        @click.option("--document-date", type=IsoDate(), help="日期,默认今天 · its date, today by default")
        @functools.wraps(command)
        def run(
            instance: Instance,
            document_number: str | None,
            document_title: str | None,
            document_date: str | None,
            **values: Any,
        ) -> Any:
            if document_number is None and (document_title or document_date):
                raise click.UsageError("--document-number")
            today = today_of(instance)
            if document_date is not None and document_date > today:
                zh, en = (
                    f"文件日期 {document_date} 晚于今天 {today}",
                    f"The paper is dated {document_date}, today is {today}.",
                )
                raise Refused("paper_ahead", zh, en, f"{click.get_current_context().command_path} --help")
            title, day = document_title or document_number, document_date or today
            paper = {"number": document_number, "title": title, "date": day} if document_number else None
            return command(instance, document=paper, **values)

        return run  # type: ignore[return-value]

    return decorate
