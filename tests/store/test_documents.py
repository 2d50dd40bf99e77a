"""Documents by the hash of their bytes, and acts with their leaves."""

from dataclasses import replace

import pytest
from rows_for_tests import NOW, add_act, add_roster
from sqlalchemy import Engine
from sqlalchemy.exc import IntegrityError

from certsvc.core.encoding import digest
from certsvc.store import documents
from certsvc.store.rows import Act, ActEntry, Document, Leaf


def test_a_document_is_named_by_its_bytes_and_kept_once(engine: Engine) -> None:
    with engine.begin() as connection:
        sha256 = documents.add_document(connection, "grant+jwt", b"\x00bytes", subject="hrss", iat=NOW)
        assert sha256 == digest(b"\x00bytes")
        assert documents.add_document(connection, "other+jwt", b"\x00bytes", subject="x", iat=0) == sha256
        assert documents.find_document(connection, sha256) == Document(sha256, "grant+jwt", b"\x00bytes", "hrss", NOW)
        assert documents.find_document(connection, "other") is None


def test_documents_are_listed_by_kind_and_subject_oldest_first(engine: Engine) -> None:
    with engine.begin() as connection:
        for body, typ, subject, iat in [
            (b"2", "grant+jwt", "hrss", NOW + 1),
            (b"1", "grant+jwt", "hrss", NOW),
            (b"3", "grant+jwt", "firm", NOW + 2),
            (b"4", "act+jwt", "hrss", NOW),
        ]:
            documents.add_document(connection, typ, body, subject=subject, iat=iat)
        assert [row.body for row in documents.list_documents(connection, "grant+jwt")] == [b"1", b"2", b"3"]
        assert [row.body for row in documents.list_documents(connection, "grant+jwt", "hrss")] == [b"1", b"2"]


@pytest.fixture
def roster(engine: Engine) -> Engine:
    with engine.begin() as connection:
        add_roster(connection)
    return engine


def test_the_leaves_of_an_act_come_in_tree_order_with_their_commitments(roster: Engine) -> None:
    with roster.begin() as connection:
        sha256 = add_act(connection)
        second = ActEntry(sha256, "entry-1", 1, b"salt", {"yes": 14, "no": 4})
        documents.add_act_entries(connection, [second, ActEntry(sha256, "entry-2", 0, None, None)])
        assert documents.list_act_entries(connection, sha256) == (
            Leaf("entry-2", 0, "commitment-2", None, None),
            Leaf("entry-1", 1, "commitment-1", b"salt", {"yes": 14, "no": 4}),
        )
        assert documents.list_places(connection, "entry-1") == (second,)
        assert documents.list_places(connection, "entry-3") == ()


def test_acts_are_listed_by_roster_and_by_entry_oldest_first(roster: Engine) -> None:
    with roster.begin() as connection:
        later, earlier = add_act(connection, b"later", NOW + 1), add_act(connection, b"earlier", NOW)
        documents.add_act_entries(connection, [ActEntry(later, "entry-1", 0, None, None)])
        assert documents.find_act(connection, later) == Act(later, "recommend", "R0001", "hrss", "root", 3, NOW + 1)
        assert documents.find_act(connection, "other") is None
        assert [act.sha256 for act in documents.list_acts(connection, "R0001")] == [earlier, later]
        assert [act.sha256 for act in documents.list_acts_of_entry(connection, "entry-1")] == [later]
        assert documents.list_acts_of_entry(connection, "entry-2") == ()


LEAF = ActEntry("", "entry-1", 0, None, None)
BAD_LEAVES = {
    "two_entries_at_one_leaf": [LEAF, replace(LEAF, entry_id="entry-2")],
    "one_entry_at_two_leaves": [LEAF, replace(LEAF, leaf_index=1)],
    "facts_without_salt": [replace(LEAF, row_facts={"yes": 1})],
    "salt_without_facts": [replace(LEAF, row_salt=b"salt")],
    "unknown_entry": [replace(LEAF, entry_id="nobody")],
}


@pytest.mark.parametrize("leaves", BAD_LEAVES.values(), ids=BAD_LEAVES.keys())
def test_leaves_that_no_tree_can_have_are_refused(roster: Engine, leaves: list[ActEntry]) -> None:
    with pytest.raises(IntegrityError), roster.begin() as connection:
        sha256 = add_act(connection)
        documents.add_act_entries(connection, [replace(leaf, act_sha256=sha256) for leaf in leaves])


def test_an_act_needs_its_document(roster: Engine) -> None:
    with pytest.raises(IntegrityError), roster.begin() as connection:
        documents.add_act(connection, Act("no-document", "recommend", "R0001", "hrss", "root", 3, NOW))
