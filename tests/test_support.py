"""A missing program is a skip with the line to type, and a failure where everything is required."""

import pytest
from support import needs


def test_a_program_that_is_there_is_found() -> None:
    assert needs("sh", "dash").endswith("/sh")


def test_a_missing_program_is_skipped_with_the_line_to_type(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CERTSVC_REQUIRE_ALL", raising=False)
    with pytest.raises(pytest.skip.Exception, match="apt-get install sample-package"):
        needs("no-such-program", "sample-package")


def test_a_missing_program_is_a_failure_where_everything_is_required(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CERTSVC_REQUIRE_ALL", "1")
    with pytest.raises(pytest.fail.Exception, match="apt-get install sample-package"):
        needs("no-such-program", "sample-package")
