"""The command line as a whole: every command loads, errors are told in two languages, exit codes are kept."""

import subprocess
import sys
from collections.abc import Callable, Iterator

import click
import pytest
from cli_for_tests import call
from click.testing import CliRunner

from certsvc import __version__
from certsvc.cli.errors import show
from certsvc.cli.main import COMMANDS, cli
from certsvc.core.errors import NotFound
from certsvc.core.outcomes import Fault


def every_command() -> Iterator[tuple[str, click.Command]]:
    context = click.Context(cli)
    for name in COMMANDS:
        command = cli.get_command(context, name)
        assert command is not None, name
        yield name, command
        if isinstance(command, click.Group):
            yield from ((f"{name} {sub}", one) for sub, one in command.commands.items())


@pytest.mark.parametrize("name", [name for name, _ in every_command()])
def test_every_command_says_in_two_languages_what_it_does(name: str) -> None:
    said = call(*name.split(), "--help")
    assert said.code == 0
    summary = said.out.split("\n\n")[1]
    assert " · " in summary


def test_every_command_that_touches_a_home_takes_one() -> None:
    homeless = {"bench", "roster template"}
    lacking = {
        name
        for name, command in every_command()
        if not isinstance(command, click.Group) and "home" not in {p.name for p in command.params}
    }
    assert lacking == homeless


def test_the_version_is_printed() -> None:
    assert call("--version").out == f"certsvc {__version__}\n"


def test_help_is_shown_without_loading_the_commands() -> None:
    code = (
        "import sys; from certsvc.cli.main import cli; cli(['--help'], standalone_mode=False); "
        "sys.exit(any(name in sys.modules for name in ('sqlalchemy', 'flask', 'typst')))"
    )
    assert subprocess.run([sys.executable, "-c", code], capture_output=True).returncode == 0


def test_an_unknown_command_is_wrong_usage() -> None:
    assert call("isue").code == 2


@pytest.fixture
def raising(monkeypatch: pytest.MonkeyPatch) -> Callable[[BaseException], object]:
    """Runs a command that raises."""

    def run(error: BaseException) -> object:
        @click.command("bench")
        def broken() -> None:
            raise error

        monkeypatch.setattr("certsvc.cli.tools.bench_command", broken)
        return CliRunner().invoke(cli, ["bench"], catch_exceptions=False)

    return run


@pytest.mark.parametrize(
    ("error", "code", "words"),
    [
        (NotFound("x_unknown", "没有此物", "No such thing.", "certsvc list"), 1, ("没有此物", "No such thing.", "certsvc list")),
        (Fault("level_out_of_scope", "evaluate", "COMM", value="senior"), 1, ("正高级", "COMM", "level_out_of_scope")),
        (Fault("code_without_words"), 1, ("code_without_words",)),
        (FileNotFoundError(2, "No such file", "a.pdf"), 1, ("a.pdf",)),
        (RuntimeError("boom\nsecond line"), 70, ("内部错误", "RuntimeError: boom", "CERTSVC_DEBUG=1")),
        (KeyboardInterrupt(), 130, ("已停止",)),
    ],
    ids=["refused", "a rule", "a rule without words", "a file", "a defect of ours", "Ctrl-C"],
)  # fmt: skip
def test_an_error_is_told_with_its_exit_code(raising, error: BaseException, code: int, words: tuple[str, ...]) -> None:
    result = raising(error)
    assert result.exit_code == code
    assert all(word in result.stderr for word in words), result.stderr
    assert "Traceback" not in result.stderr
    assert result.stdout == ""


def test_the_traceback_of_a_defect_is_shown_on_demand(raising, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CERTSVC_DEBUG", "1")
    assert "Traceback" in raising(RuntimeError("boom")).stderr


def test_a_closed_pipe_is_no_error_of_ours() -> None:
    with pytest.raises(BrokenPipeError):
        show(BrokenPipeError(32, "Broken pipe"))


def test_a_broken_database_is_told_in_words(raising) -> None:
    from sqlalchemy.exc import OperationalError

    result = raising(OperationalError("SELECT 1", {}, Exception("disk I/O error")))
    assert (result.exit_code, "数据库出错" in result.stderr) == (1, True)


def test_hints_name_the_program_as_it_was_called(monkeypatch: pytest.MonkeyPatch, tmp_path) -> None:
    monkeypatch.setenv("CERTSVC_PROGRAM", "./run")
    assert "./run init --home" in call("list", "--home", tmp_path).err
