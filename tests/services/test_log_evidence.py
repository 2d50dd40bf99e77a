"""Evidence out of the log while others make it longer."""

from pathlib import Path

import pytest
from log_for_tests import log_home, log_template, log_template_on_postgresql  # noqa: F401
from sqlalchemy import event

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


def test_what_one_reader_found_in_the_log_no_other_looks_for_again(
    backend: str, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    with log_home(backend, request, tmp_path) as own:
        own.put(range(3))
        log.sequence(own.instance)
        asked: list[str] = []
        event.listen(own.instance.engines.read, "before_cursor_execute", lambda *said: asked.append(said[2]))
        questions, proofs = [], []
        for _ in range(2):
            with own.instance.engines.read.connect() as connection:
                evidence = LogEvidence(own.instance, connection)
                asked.clear()
                proofs.append([evidence.of_key(f"key {number}") for number in range(3)])
                questions.append(len(asked))
        assert None not in proofs[0]
        assert proofs[0] == proofs[1]
        assert questions[0] > 0 == questions[1]
