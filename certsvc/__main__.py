"""`python -m certsvc` and the console script `certsvc`."""

import logging
import os
import sys
from contextlib import suppress


def main() -> None:
    """Runs the command line; leaves with the exit code that the README lists."""
    from certsvc.cli.main import cli
    from certsvc.cli.say import PROGRAM

    for library in ("pyhanko", "fontTools"):
        # What they think of a stranger's file belongs into the Report, in our words.
        logging.getLogger(library).setLevel(logging.CRITICAL)
    for stream in (sys.stdout, sys.stderr):
        # A terminal that is not UTF-8 must not turn a verdict into a traceback.
        with suppress(AttributeError, ValueError):
            stream.reconfigure(encoding="utf-8", errors="replace")  # type: ignore[union-attr]
    cli(prog_name=os.environ.get(PROGRAM, "certsvc"))


if __name__ == "__main__":
    main()
