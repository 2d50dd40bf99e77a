"""Runs the command line in this process, as a shell would, and gives back what it said."""

from dataclasses import dataclass

from click.testing import CliRunner

from certsvc.cli.main import cli


@dataclass(frozen=True)
class Said:
    """Exit code, results and talk of one call."""

    code: int
    out: str
    err: str


def call(*arguments: object) -> Said:
    """One call of certsvc. Whatever leaves it as an exception fails the test."""
    result = CliRunner().invoke(cli, [str(one) for one in arguments], catch_exceptions=False)
    return Said(result.exit_code, result.stdout, result.stderr)


def must(*arguments: object) -> Said:
    """As `call`, for what has to succeed."""
    said = call(*arguments)
    assert said.code == 0, said.err
    return said
