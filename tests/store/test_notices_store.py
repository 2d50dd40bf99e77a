"""Notices: numbered, listed until they are delivered, delivered once; and what the versions of a certificate say."""

import threading
from dataclasses import replace

import pytest
from rows_for_tests import NOW, add_certificates, certificate
from sqlalchemy import Connection, Engine

from certsvc.core.errors import Refused
from certsvc.store import certificates, documents, notices, status
from certsvc.store.rows import Notice, StatusEvent, Version

LETTER = Notice("N0001", "certificate-1", 0, "suspend", "告知", "told", NOW)
DELIVERY = {"at": NOW + 5, "by": "officer-1", "way": "当面送达"}


@pytest.fixture
def suspended(engine: Engine) -> Engine:
    """Three certificates, each suspended once."""
    with engine.begin() as connection:
        add_certificates(connection)
        for number in (1, 2, 3):
            add_event(connection, f"certificate-{number}")
    return engine


def add_event(connection: Connection, of: str) -> None:
    act = documents.add_document(connection, "act+jwt", b"act", subject=of, iat=NOW)
    status.add_event(connection, StatusEvent(of, 0, "suspend", 2, act, act, False, None, NOW))


def test_notices_are_numbered_on_beyond_four_digits(suspended: Engine) -> None:
    with suspended.begin() as connection:
        assert notices.next_notice_id(connection) == "N0001"
        for number, name in enumerate(("N9999", "N10000"), start=1):
            notices.add_notice(connection, replace(LETTER, id=name, certificate_id=f"certificate-{number}"))
        assert notices.next_notice_id(connection) == "N10001"
        assert [one.id for one in notices.list_notices(connection)] == ["N9999", "N10000"]


def test_a_notice_is_open_until_it_is_delivered_once(suspended: Engine) -> None:
    second = replace(LETTER, id="N0002", certificate_id="certificate-2")
    with suspended.begin() as connection:
        for one in (LETTER, second):
            notices.add_notice(connection, one)
        notices.deliver_notice(connection, "N0001", **DELIVERY)
        told = replace(LETTER, delivered_at=NOW + 5, delivered_by="officer-1", way="当面送达")
        assert notices.list_notices(connection) == (told, second)
        assert notices.list_notices(connection, open_only=True) == (second,)
        assert notices.find_notice(connection, "N0001") == told
        assert notices.find_notice(connection, "N0404") is None
    for again in ("N0001", "N0404"):
        with pytest.raises(Refused) as caught, suspended.begin() as connection:
            notices.deliver_notice(connection, again, **DELIVERY)
        assert caught.value.code == "notice_delivered"


def test_notices_written_at_one_moment_have_numbers_of_their_own(suspended: Engine) -> None:
    gate = threading.Barrier(3)
    failures: list[BaseException] = []

    def run(number: int) -> None:
        gate.wait()
        try:
            with suspended.begin() as connection:
                name = notices.next_notice_id(connection)
                notices.add_notice(connection, replace(LETTER, id=name, certificate_id=f"certificate-{number}"))
        except BaseException as error:
            failures.append(error)

    threads = [threading.Thread(target=run, args=(number,)) for number in (1, 2, 3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    with suspended.connect() as connection:
        assert [one.id for one in notices.list_notices(connection)] == ["N0001", "N0002", "N0003"]


def test_versions_point_to_each_other(engine: Engine) -> None:
    later = [
        replace(certificate(1), id=f"v{n}", version=n, code_key=f"k{n}", sha256=f"s{n}", idx=90 + n, issued_at=NOW + n)
        for n in (2, 3)
    ]
    with engine.begin() as connection:
        add_certificates(connection)
        for one in later:
            certificates.add_certificate(connection, one)
        before = [certificates.predecessor_of(connection, one) for one in (certificate(1), *later)]
        after = [certificates.successor_of(connection, one) for one in (certificate(1), *later)]
        alone = (
            certificates.predecessor_of(connection, certificate(2)),
            certificates.successor_of(connection, certificate(2)),
        )
        assert certificates.newest_versions(connection) == {"entry-1": 3}
    assert before == [None, Version("N1", 1, NOW), Version("N1", 2, NOW + 2)]
    assert after == [Version("N1", 2, NOW + 2), Version("N1", 3, NOW + 3), None]
    assert alone == (None, None)
