"""What tests need from the machine, and what happens when it is not there."""

import os
import shutil
from pathlib import Path

import pytest

#: Debian keeps the server programs of PostgreSQL out of PATH.
POSTGRES_BINS = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda path: int(path.parent.name))


def needs(tool: str, apt: str) -> str:
    """The path of a program. Without it the test is skipped, naming the line to type, or fails if
    CERTSVC_REQUIRE_ALL=1."""
    places = os.pathsep.join([os.environ.get("PATH", ""), *map(str, reversed(POSTGRES_BINS))])
    found = shutil.which(tool, path=places)
    if found is None:
        reason = f"{tool} is missing: apt-get install {apt}"
        if os.environ.get("CERTSVC_REQUIRE_ALL") == "1":
            pytest.fail(reason)
        pytest.skip(reason)
    return found
