"""Evidence out of the log while others make it longer."""

from pathlib import Path

import pytest
from log_for_tests import log_home, log_template, log_template_on_postgresql  # noqa: F401

from certsvc.services import log
from certsvc.services.log_evidence import LogEvidence


def test_evidence_of_a_later_entry_is_found_by_a_reader_who_began_before_it(
    backend: str, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    with log_home(backend, request, tmp_path) as own, own.instance.engines.read.connect() as connection:
        own.put(range(3))
        log.sequence(own.instance)
        evidence = LogEvidence(own.instance, connection)
        assert evidence.of_key("key 0") is not None
        own.put(range(3, 12))
        log.sequence(own.instance)
        found = [evidence.of_key(f"key {number}") for number in range(3, 12)]
        assert [one.proof.index for one in found if one is not None] == list(range(3, 12))
