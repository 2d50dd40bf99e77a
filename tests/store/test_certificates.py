"""Serials, intents, certificates, renditions, claim links."""

import threading
from collections.abc import Callable
from dataclasses import replace

import pytest
from rows_for_tests import INTENT, LIST, NOW, add_certificates, add_roster, certificate
from sqlalchemy import Engine
from sqlalchemy.exc import IntegrityError

from certsvc.core.errors import Refused
from certsvc.store import certificates
from certsvc.store.engine import Engines
from certsvc.store.rows import Certificate, ClaimLink, Rendition

COUNTER = (2026, "2000", "05", "senior")
LINK = ClaimLink("token-1", "certificate-1", 3, False, NOW)


@pytest.fixture
def issued(engine: Engine) -> Engine:
    with engine.begin() as connection:
        add_certificates(connection)
    return engine


def at_once(count: int, run: Callable[[int], None]) -> None:
    """Runs `run(0)` … `run(count - 1)` in threads that begin together, and raises what any of them raised."""
    gate = threading.Barrier(count)
    failures: list[BaseException] = []

    def guarded(number: int) -> None:
        gate.wait()
        try:
            run(number)
        except BaseException as error:
            failures.append(error)

    threads = [threading.Thread(target=guarded, args=(number,)) for number in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []


def test_serials_begin_at_one_and_every_counter_counts_alone(engine: Engine) -> None:
    with engine.begin() as connection:
        assert [certificates.take_serial(connection, *COUNTER) for _ in range(3)] == [1, 2, 3]
        for other in [
            (2027, "2000", "05", "senior"),
            (2026, "2001", "05", "senior"),
            (2026, "2000", "L1", "senior"),
            (2026, "2000", "05", "junior"),
        ]:
            assert certificates.take_serial(connection, *other) == 1


def test_a_serial_of_a_transaction_that_failed_is_given_to_the_next(engine: Engine) -> None:
    with engine.begin() as connection:
        certificates.take_serial(connection, *COUNTER)
    with pytest.raises(ZeroDivisionError), engine.begin() as connection:
        assert certificates.take_serial(connection, *COUNTER) == 2
        _ = 1 // 0
    with engine.begin() as connection:
        assert certificates.take_serial(connection, *COUNTER) == 2


def test_many_writers_draw_serials_without_gap_or_double(engine: Engine) -> None:
    drawn: list[int] = []

    def run(number: int) -> None:
        for turn in range(10):
            transaction = engine.connect()
            with transaction, transaction.begin() as step:
                serial = certificates.take_serial(transaction, *COUNTER)
                if (number + turn) % 5 == 0:
                    step.rollback()
                else:
                    drawn.append(serial)

    at_once(4, run)
    assert sorted(drawn) == list(range(1, len(drawn) + 1))
    assert len(drawn) == 32


def test_an_intent_is_kept_until_its_certificate_is_there(engine: Engine) -> None:
    second = replace(INTENT, id="intent-2", entry_id="entry-2", idx=8, created_at=NOW - 1)
    with engine.begin() as connection:
        add_roster(connection)
        certificates.add_intent(connection, INTENT)
        certificates.add_intent(connection, second)
        assert certificates.list_intents(connection) == (second, INTENT)
        assert certificates.find_intent(connection, "entry-1", 1) == INTENT
        assert certificates.find_intent(connection, "entry-1", 2) is None
        certificates.remove_intent(connection, "intent-1")
        assert certificates.list_intents(connection) == (second,)


def test_one_version_is_intended_once(engine: Engine) -> None:
    with pytest.raises(Refused) as caught, engine.begin() as connection:
        add_roster(connection)
        certificates.add_intent(connection, INTENT)
        certificates.add_intent(connection, replace(INTENT, id="intent-2"))
    assert caught.value.code == "intent_exists"


def test_a_certificate_is_found_by_each_of_its_names(issued: Engine, engines: Engines) -> None:
    with engines.read.connect() as connection:
        for found in (
            certificates.find_certificate(connection, "certificate-2"),
            certificates.find_by_code_key(connection, "code-key-2"),
            certificates.find_by_sha256(connection, "sha-2"),
        ):
            assert found == certificate(2)
        assert certificates.find_by_number(connection, "N2") == (certificate(2),)
        assert certificates.list_versions(connection, "entry-2") == (certificate(2),)


def test_what_was_never_issued_is_not_found(issued: Engine) -> None:
    with issued.connect() as connection:
        assert certificates.find_certificate(connection, "certificate-9") is None
        assert certificates.find_by_code_key(connection, "code-key-9") is None
        assert certificates.find_by_sha256(connection, "sha-9") is None
        assert certificates.find_by_number(connection, "N9") == ()


def version_two(**changes: object) -> Certificate:
    """A second version of the first certificate."""
    own: dict[str, object] = {"id": "certificate-1b", "version": 2, "code_key": "k", "sha256": "s", "idx": 99}
    return replace(certificate(1), **(own | changes))  # type: ignore[arg-type]


def test_all_versions_of_a_number_come_oldest_first(issued: Engine) -> None:
    with issued.begin() as connection:
        certificates.add_certificate(connection, version_two())
        assert certificates.find_by_number(connection, "N1") == (certificate(1), version_two())
        assert certificates.list_versions(connection, "entry-1") == (certificate(1), version_two())


TAKEN = {
    "version_of_the_entry": version_two(version=1, number="N9"),
    "number_of_another": version_two(entry_id="entry-2", number="N1"),
    "code": version_two(code_key="code-key-2"),
    "credential": version_two(sha256="sha-2"),
    "status_index": version_two(idx=2),
}


@pytest.mark.parametrize("double", TAKEN.values(), ids=TAKEN.keys())
def test_a_value_that_exists_once_is_not_given_twice(issued: Engine, double: Certificate) -> None:
    if double.number == "N1" and double.entry_id == "entry-2":
        with issued.begin() as connection:
            certificates.add_certificate(connection, version_two(id="other", code_key="o", sha256="o", idx=98))
    with pytest.raises(Refused) as caught, issued.begin() as connection:
        certificates.add_certificate(connection, double)
    assert caught.value.code == "certificate_exists"


def test_the_same_index_of_another_list_is_free(issued: Engine) -> None:
    with issued.begin() as connection:
        certificates.add_certificate(connection, version_two(idx=1, list_uri=f"{LIST}0"))
        assert certificates.used_indices(connection, LIST) == {1, 2, 3}
        assert certificates.used_indices(connection, f"{LIST}0") == {1}


def test_certificates_are_listed_by_roster_person_and_state(issued: Engine) -> None:
    with issued.begin() as connection:
        certificates.set_state(connection, "certificate-3", "in_force")
        three = certificate(3, state="in_force")
        everyone = (certificate(1), certificate(2), three)
        assert certificates.list_certificates(connection) == everyone
        assert certificates.list_certificates(connection, roster_id="R0001") == everyone
        assert certificates.list_certificates(connection, roster_id="R0002") == ()
        assert certificates.list_certificates(connection, person_id="person-2") == (certificate(2),)
        assert certificates.list_certificates(connection, state="in_force") == (three,)
        assert certificates.list_certificates(connection, person_id="person-2", state="in_force") == ()


def test_an_unknown_state_is_refused(issued: Engine) -> None:
    with pytest.raises(IntegrityError), issued.begin() as connection:
        certificates.set_state(connection, "certificate-1", "fine")


def test_a_certificate_comes_into_force_once_and_its_bundle_is_frozen_with_it(issued: Engine) -> None:
    with issued.begin() as connection:
        assert certificates.count_waiting(connection) == 3
        assert certificates.bring_into_force(connection, "certificate-1", b"{}")
        assert not certificates.bring_into_force(connection, "certificate-1", b"other")
        found = certificates.find_certificate(connection, "certificate-1")
        assert found == certificate(1, state="in_force", frozen_bundle=b"{}")
        assert certificates.find_certificate(connection, "certificate-2") == certificate(2)
        assert certificates.count_waiting(connection) == 2


def test_what_was_revoked_while_it_waited_never_comes_into_force(issued: Engine) -> None:
    with issued.begin() as connection:
        certificates.set_state(connection, "certificate-1", "revoked")
        assert not certificates.bring_into_force(connection, "certificate-1", b"{}")
        assert certificates.find_certificate(connection, "certificate-1") == certificate(1, state="revoked")


def test_what_waits_for_the_log_is_listed_oldest_first(issued: Engine) -> None:
    with issued.begin() as connection:
        certificates.bring_into_force(connection, "certificate-2", b"{}")
        assert certificates.list_waiting(connection) == (certificate(1), certificate(3))
        assert certificates.list_waiting(connection, most=1) == (certificate(1),)
        assert certificates.list_waiting(connection, roster_id="R0001") == (certificate(1), certificate(3))
        assert certificates.list_waiting(connection, roster_id="R0002") == ()
        assert certificates.find_stored(connection, ["certificate-1", "nobody"]) == {"certificate-1"}


def test_a_rendition_is_signed_once_per_toolchain(issued: Engine) -> None:
    item = Rendition("rendition-1", "certificate-1", "typst 0.16", "p2", b"cms2", NOW)
    with issued.begin() as connection:
        assert certificates.keep_rendition(connection, item) == item
        assert certificates.find_rendition(connection, "certificate-1", "typst 0.16") == item
        assert certificates.find_rendition(connection, "certificate-1", "typst 0.17") is None
        assert certificates.find_rendition(connection, "certificate-2", "typst 0.16") is None
    with issued.begin() as connection:
        assert certificates.keep_rendition(connection, replace(item, id="rendition-2", cms=b"late")) == item


def test_a_claim_link_serves_a_few_tries(issued: Engine) -> None:
    with issued.begin() as connection:
        certificates.add_claim_link(connection, LINK)
        certificates.add_claim_link(connection, replace(LINK, token_key="token-2"))
        left = [certificates.spend_claim_try(connection, "token-1") for _ in range(4)]
        assert left == [replace(LINK, tries_left=2), replace(LINK, tries_left=1), replace(LINK, tries_left=0), None]
        assert certificates.find_claim_link(connection, "token-1") == replace(LINK, tries_left=0)
        assert certificates.find_claim_link(connection, "token-2") == replace(LINK, token_key="token-2")
        assert certificates.spend_claim_try(connection, "token-9") is None


def test_a_dead_claim_link_serves_nobody(issued: Engine) -> None:
    with issued.begin() as connection:
        certificates.add_claim_link(connection, LINK)
        assert certificates.end_claim_link(connection, "token-1")
        assert not certificates.end_claim_link(connection, "token-1")
        assert certificates.find_claim_link(connection, "token-1") == replace(LINK, dead=True)
        assert certificates.spend_claim_try(connection, "token-1") is None


def test_a_hundred_guesses_at_one_moment_are_three(issued: Engine) -> None:
    with issued.begin() as connection:
        certificates.add_claim_link(connection, LINK)
    served: list[ClaimLink] = []

    def run(_number: int) -> None:
        for _ in range(5):
            with issued.begin() as connection:
                link = certificates.spend_claim_try(connection, "token-1")
                served.extend([link] if link else [])

    at_once(4, run)
    assert sorted(link.tries_left for link in served) == [0, 1, 2]
