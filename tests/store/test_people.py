"""People and their dated lists."""

from dataclasses import replace

import pytest
from rows_for_tests import IDENTITY, JOB, NAME, NOW, PERSON
from sqlalchemy import Engine

from certsvc.core.errors import Refused
from certsvc.store import people
from certsvc.store.rows import KnownPerson, Photo

KNOWN = KnownPerson("person-1", "样章红", ("样章红",), "1980-01-02", "F", ("示例大学",))


@pytest.fixture
def register(engine: Engine) -> Engine:
    """One person with a name, a number and an employer."""
    with engine.begin() as connection:
        people.add_person(connection, PERSON)
        people.add_name(connection, NAME)
        people.add_identity_document(connection, IDENTITY)
        people.add_employment(connection, JOB)
    return engine


def test_a_person_is_found_by_the_key_of_the_number(register: Engine) -> None:
    with register.connect() as connection:
        assert people.find_person_by_number_key(connection, "key-1") == KNOWN
        assert people.find_person_by_number_key(connection, "key-2") is None
        assert people.list_identity_documents(connection, "person-1") == (IDENTITY,)


def test_candidates_agree_in_name_birth_and_sex(register: Engine) -> None:
    with register.connect() as connection:
        assert people.find_candidates(connection, "样章红", "1980-01-02", "F") == (KNOWN,)
        for other in [("样章", "1980-01-02", "F"), ("样章红", "1980-01-03", "F"), ("样章红", "1980-01-02", "M")]:
            assert people.find_candidates(connection, *other) == ()


def test_a_new_name_closes_the_former_and_both_are_found(register: Engine) -> None:
    new = replace(NAME, id="name-2", name="样章 青", name_fold="样章青", valid_from="2024-05-01", basis="更名")
    with register.begin() as connection:
        people.add_name(connection, new)
    with register.connect() as connection:
        assert people.list_names(connection, "person-1") == (replace(NAME, valid_to="2024-05-01"), new)
        for fold in ("样章红", "样章青"):
            (found,) = people.find_candidates(connection, fold, "1980-01-02", "F")
            assert (found.name, found.name_folds) == ("样章 青", ("样章红", "样章青"))


def test_two_names_of_one_day_keep_their_order(register: Engine) -> None:
    later = replace(NAME, id="a-name", name="样章青")
    with register.begin() as connection:
        people.add_name(connection, later)
        assert people.list_names(connection, "person-1")[-1] == later


def test_a_name_that_goes_back_to_a_former_one_makes_one_candidate(register: Engine) -> None:
    with register.begin() as connection:
        people.add_name(connection, replace(NAME, id="name-2", name_fold="样章青", valid_from="2024-05-01"))
        people.add_name(connection, replace(NAME, id="name-3", valid_from="2025-05-01"))
        (found,) = people.find_candidates(connection, "样章红", "1980-01-02", "F")
    assert found.name_folds == ("样章红", "样章青")


def test_a_name_older_than_the_present_one_is_refused(register: Engine) -> None:
    with pytest.raises(Refused) as caught, register.begin() as connection:
        people.add_name(connection, replace(NAME, id="name-2", valid_from="2019-12-31"))
    assert caught.value.code == "name_order"


def test_a_number_belongs_to_one_person(register: Engine) -> None:
    with pytest.raises(Refused) as caught, register.begin() as connection:
        people.add_person(connection, replace(PERSON, id="person-2"))
        people.add_identity_document(connection, replace(IDENTITY, id="idd-2", person_id="person-2"))
    assert caught.value.code == "identity_known"


def test_employers_come_oldest_first_and_each_once_as_a_unit(register: Engine) -> None:
    jobs = (replace(JOB, id="job-0", unit_name="示例医院", valid_from="2010-01-01", valid_to="2012-01-01"), JOB)
    with register.begin() as connection:
        people.add_employment(connection, jobs[0])
        assert people.list_employments(connection, "person-1") == jobs
        people.add_employment(connection, replace(JOB, id="job-2", valid_from="2023-01-01"))
        found = people.find_person_by_number_key(connection, "key-1")
    assert found is not None
    assert found.units == ("示例医院", "示例大学")


def test_a_new_photo_is_the_present_one_and_the_old_one_is_kept(register: Engine) -> None:
    first, second = Photo("person-1", b"\xff\xd8", "b", NOW), Photo("person-1", b"\xff\xd9", "a", NOW + 1)
    with register.begin() as connection:
        assert people.find_photo(connection, "person-1") is None
        people.put_photo(connection, first)
        people.put_photo(connection, second)
        assert people.find_photo(connection, "person-1") == second
        assert people.find_photo_named(connection, "person-1", "b") == first
        assert people.find_photo_named(connection, "person-2", "b") is None
        people.put_photo(connection, replace(first, added_at=NOW + 2))
        assert people.find_photo(connection, "person-1") == replace(first, added_at=NOW + 2)
