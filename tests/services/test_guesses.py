"""Guessing: who knows a person, and holds the whole evidence of a colleague of the same roster, finds nobody in the log.

Tried is every derivation of our formats with every secret that such an insider has; the person's own evidence, tried in
the same way, finds the leaf at once.
"""

import base64
import re
from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import sha256
from itertools import product

import pytest
from world_for_tests import World

from certsvc.core import leaves
from certsvc.core.bundle import parse_bundle
from certsvc.core.claims import (
    FIELDS,
    NO_ROW,
    Target,
    entry_commitment,
    field_commitment,
    person_commitment,
    row_commitment,
)
from certsvc.core.encoding import b64, tagged, unb64
from certsvc.core.errors import Malformed
from certsvc.core.schemas import PATH_ACTS
from certsvc.services import private
from certsvc.services.evidence import target_of
from certsvc.store import rosters as roster_store
from certsvc.store.rows import Certificate
from certsvc.store.shelf import LOG_ENTRIES

TOKEN = re.compile(r"(?<![A-Za-z0-9_-])[A-Za-z0-9_-]{43}(?![A-Za-z0-9_-])")
PART = re.compile(r"eyJ[A-Za-z0-9_-]+|(?<=\")[A-Za-z0-9_-]{44,}(?=\")")
EXTRA = re.compile(r"extra ([A-Za-z0-9+/=]{44})")


def texts_of(data: bytes) -> Iterator[str]:
    """A bundle and everything that is encoded in it."""
    text = data.decode()
    yield text
    for part in PART.findall(text):
        try:
            yield unb64(part).decode()
        except (Malformed, UnicodeDecodeError):
            continue


def secrets_in(data: bytes) -> set[bytes]:
    """Every 32 bytes that somebody reads out of a bundle: salts of fields, entries, rows and leaves, and all hashes."""
    found = {bytes(32)}
    for text in texts_of(data):
        for token in TOKEN.findall(text):
            try:
                found.add(unb64(token))
            except (Malformed, UnicodeDecodeError):
                continue
        found |= {base64.b64decode(one) for one in EXTRA.findall(text)}
    return found


@dataclass(frozen=True)
class Known:
    """What everybody may know of a person, and the person's evidence."""

    certificate: Certificate
    values: dict[str, str]
    """name, sex, birth, id."""
    target: Target

    @property
    def bundle(self) -> bytes:
        assert self.certificate.frozen_bundle is not None
        return self.certificate.frozen_bundle

    @property
    def words(self) -> list[str]:
        one, target = self.certificate, [str(part) for part in self.target.__dict__.values()]
        return [
            *self.values.values(),
            *target,
            one.number,
            one.id,
            one.code_key,
            one.sha256,
            "".join(self.values.values()),
        ]


def known_of(world: World, certificate: Certificate) -> Known:
    with world.instance.engines.read.connect() as connection:
        entry = roster_store.find_entry(connection, certificate.entry_id)
        assert entry is not None
        return Known(certificate, private.personal_of(world.instance, connection, entry, 1).values, target_of(entry))


def guessed_secrets(known: Known) -> set[bytes]:
    """What somebody might take for a salt: each word, padded, cut and hashed."""
    raw = [word.encode() for word in known.words]
    return {bytes(32)} | {one[:32].ljust(32, b"\0") for one in raw} | {sha256(one).digest() for one in raw}


def leaf_tokens(known: Known, secrets: set[bytes]) -> set[str]:
    """All commitments and once-tags that a leaf of this person could have under these secrets."""
    body = known.certificate.credential
    documents = [body, *(word.encode() for word in known.words)]
    kinds = (*PATH_ACTS, "issue", "propose")
    found = {leaves.commitment(one, secret) for one, secret in product(documents, secrets)}
    found |= {leaves.certificate_tag(secret, version) for secret, version in product(secrets, range(4))}
    return found | {tag for kind, part in product(kinds, range(3)) for tag in leaves.act_tags(secrets, kind, part)}


def other_tokens(known: Known, secrets: set[bytes]) -> set[bytes]:
    """Hashes of the person that stand in evidence and have no business in a log: plain ones, and every commitment."""
    found = {sha256(word.encode()).digest() for word in known.words} | {sha256(known.certificate.credential).digest()}
    for secret in secrets:
        fields = {field: field_commitment(field, known.values[field], secret) for field in FIELDS}
        person = person_commitment(fields)
        entry = entry_commitment(person, known.target, secret)
        row = row_commitment(dict(known.values), secret)
        found |= {unb64(one) for one in (*fields.values(), person, entry)} | {row, sha256(unb64(entry) + row).digest()}
        found |= {sha256(b"\0" + unb64(entry) + half).digest() for half in (row, NO_ROW)}
        found |= {tagged("commit", secret, word.encode()) for word in known.words}
    return found


@pytest.fixture
def issued(province: World) -> World:
    province.issue(province.ready(2))
    return province


def test_who_has_a_colleagues_whole_evidence_finds_no_leaf_of_the_person(issued: World) -> None:
    person, colleague = (known_of(issued, one) for one in sorted(issued.certificates(), key=lambda one: one.number))
    with issued.instance.engines.read.connect() as connection:
        log = [row.entry for row in LOG_ENTRIES.all(connection, LOG_ENTRIES.select)]
    own = parse_bundle(person.bundle).logged
    assert own is not None and own.entry in log
    leaf = leaves.parse_leaf(own.entry)
    hidden = {leaf["c"], *leaf["u"]}

    theirs = secrets_in(colleague.bundle)
    own_salt, entry_salt = own.proof.extra, parse_bundle(person.bundle).entries[0].salt
    assert own_salt is not None and len(theirs) > 100
    assert not theirs & {own_salt, entry_salt}
    secrets = theirs | guessed_secrets(person)
    tries = leaf_tokens(person, secrets)
    assert len(tries) > 5_000
    assert not tries & hidden
    # The person's own salts open both, so that the test can fail.
    assert hidden <= leaf_tokens(person, secrets_in(person.bundle))
    assert hidden <= leaf_tokens(person, {own_salt, entry_salt})

    written = b"\n".join(log)
    for raw in other_tokens(person, secrets | {own_salt, entry_salt}):
        assert not any(form in written for form in (b64(raw).encode(), raw.hex().encode(), base64.b64encode(raw), raw))
    assert not [word for word in person.words if len(word) > 3 and word.encode() in written]


def test_a_colleague_sees_the_acts_that_both_stand_on_and_no_more(issued: World) -> None:
    """Acts are everybody's on the roster: their leaves open by the evidence of any of them."""
    person, colleague = (known_of(issued, one) for one in sorted(issued.certificates(), key=lambda one: one.number))
    secrets = secrets_in(colleague.bundle)
    with issued.instance.engines.read.connect() as connection:
        log = [row.entry for row in LOG_ENTRIES.all(connection, LOG_ENTRIES.select)]
    bundle = parse_bundle(colleague.bundle)
    bodies = [step.act.body for step in bundle.path] + [bundle.credential.body]
    opened = {leaves.commitment(body, secret) for body, secret in product(bodies, secrets)}
    acts = [one for one in map(leaves.parse_leaf, log) if one["k"] == "act"]
    assert len([one for one in acts if one["c"] in opened]) == len(bodies)
    mine = parse_bundle(person.bundle).logged
    assert mine is not None
    assert leaves.parse_leaf(mine.entry)["c"] in {one["c"] for one in acts} - opened
