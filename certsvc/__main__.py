"""`python -m certsvc` and the console script `certsvc`."""

import sys
from contextlib import suppress


def main() -> None:
    """Runs the command line; leaves with the exit code that the README lists."""
    from certsvc.cli.main import cli

    for stream in (sys.stdout, sys.stderr):
        # A terminal that is not UTF-8 must not turn a verdict into a traceback.
        with suppress(AttributeError, ValueError):
            stream.reconfigure(encoding="utf-8", errors="replace")  # type: ignore[union-attr]
    cli(prog_name="certsvc")


if __name__ == "__main__":
    main()
