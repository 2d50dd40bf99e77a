"""Organisations, officers, signing keys."""

from dataclasses import replace

import pytest
from rows_for_tests import KEY, NOW, OFFICE, OFFICER, add_office
from sqlalchemy import Engine

from certsvc.core.errors import Refused
from certsvc.store import keys

COMMITTEE = replace(OFFICE, id="committee", kind="committee", local_code=None)


@pytest.fixture
def offices(engine: Engine) -> Engine:
    with engine.begin() as connection:
        add_office(connection)
        keys.add_organisation(connection, COMMITTEE)
        keys.add_signing_key(connection, KEY)
    return engine


def test_organisations_are_found_and_listed_by_kind(offices: Engine) -> None:
    with offices.connect() as connection:
        assert keys.find_organisation(connection, "hrss") == OFFICE
        assert keys.find_organisation(connection, "nobody") is None
        assert keys.list_organisations(connection) == (COMMITTEE, OFFICE)
        assert keys.list_organisations(connection, "hrss") == (OFFICE,)


def test_one_human_is_an_officer_of_several_organisations_once_each(offices: Engine) -> None:
    second = replace(OFFICER, id="officer-2", org_id="committee")
    with offices.begin() as connection:
        keys.add_officer(connection, second)
        keys.add_officer(connection, replace(OFFICER, id="officer-3", pseudonym="pseudonym-3"))
        assert keys.find_officer(connection, "officer-1") == OFFICER
        assert keys.list_officers(connection, pseudonym="pseudonym-1") == (OFFICER, second)
        assert keys.list_officers(connection, org_id="committee") == (second,)
        assert len(keys.list_officers(connection)) == 3
    with pytest.raises(Exception, match="pseudonym"), offices.begin() as connection:
        keys.add_officer(connection, replace(second, id="officer-4"))


def test_keys_are_found_by_thumbprint_use_owner_and_time(offices: Engine) -> None:
    officers_key = replace(KEY, jkt="jkt-2", use="officer", org_id=None, officer_id="officer-1")
    newer = replace(KEY, jkt="jkt-3", valid_from=NOW + 50, valid_to=NOW + 150)
    with offices.begin() as connection:
        keys.add_signing_key(connection, officers_key)
        keys.add_signing_key(connection, newer)
        assert keys.find_signing_key(connection, "jkt-1") == KEY
        assert keys.find_signing_key(connection, "jkt-9") is None
        assert keys.list_signing_keys(connection, use="seal", org_id="hrss") == (newer, KEY)
        assert keys.list_signing_keys(connection, officer_id="officer-1") == (officers_key,)
        assert keys.list_signing_keys(connection, use="seal", good_at=NOW + 49) == (KEY,)
        assert keys.list_signing_keys(connection, use="seal", good_at=NOW + 100) == (newer,)


def test_a_key_ends_once_and_is_kept(offices: Engine) -> None:
    ended = replace(KEY, valid_to=NOW + 10, ended_reason="compromised", good_before=42)
    with offices.begin() as connection:
        keys.end_signing_key(connection, "jkt-1", "compromised", NOW + 10, good_before=42)
        assert keys.find_signing_key(connection, "jkt-1") == ended
        assert keys.list_signing_keys(connection, good_at=NOW + 5) == ()
    with pytest.raises(Refused) as caught, offices.begin() as connection:
        keys.end_signing_key(connection, "jkt-1", "retired", NOW + 20)
    assert caught.value.code == "key_ended"
