"""What the store hands out and takes in: one frozen dataclass per table, fields in the order of its columns.

Times are unix seconds UTC, dates ISO text (YYYY-MM-DD), documents are named by the base64url SHA-256 of their bytes.
"""

from dataclasses import dataclass
from typing import Any, NamedTuple


@dataclass(frozen=True, slots=True)
class Organisation:
    """机构. `kind`: unit, county, city, department, committee, hrss, society, firm, university …"""

    id: str
    name_zh: str
    name_en: str
    kind: str
    uscc: str | None
    local_code: str | None
    region: str
    created_at: int


@dataclass(frozen=True, slots=True)
class Officer:
    """经办人 in one organisation. One human has one `pseudonym` in all of them (formats.md 2)."""

    id: str
    pseudonym: str
    org_id: str
    name_zh: str
    created_at: int


@dataclass(frozen=True, slots=True)
class SigningKey:
    """A key and its certificate (DER). `uri` opens the signer.

    A living key has no `ended_reason`, and `valid_to` is the end of its certificate; afterwards it is the end of the key.
    `good_before`, in seconds: what a compromised key signed earlier stays good; None then means nothing does.
    """

    jkt: str
    use: str
    org_id: str | None
    officer_id: str | None
    uri: str
    certificate: bytes
    valid_from: int
    valid_to: int
    ended_reason: str | None
    good_before: int | None


@dataclass(frozen=True, slots=True)
class Document:
    """A signed document as its exact stored bytes. `subject` is what one looks it up by, and depends on `typ`."""

    sha256: str
    typ: str
    body: bytes
    subject: str
    iat: int


@dataclass(frozen=True, slots=True)
class Person:
    """人员. Never keyed by an identity number."""

    id: str
    sex: str
    birth: str
    created_at: int


@dataclass(frozen=True, slots=True)
class IdentityDocument:
    """证件. The number is sealed; `number_key` is its keyed hash; `original_sealed` a 15-digit original."""

    id: str
    person_id: str
    kind: str
    number_sealed: bytes
    number_key: str
    original_sealed: bytes | None
    valid_from: str
    valid_to: str | None
    source: str


@dataclass(frozen=True, slots=True)
class PersonName:
    """姓名, dated. `name_fold` is the search key of `core.names.fold_name`; `basis` says what the name rests on."""

    id: str
    person_id: str
    name: str
    name_fold: str
    valid_from: str
    valid_to: str | None
    basis: str


@dataclass(frozen=True, slots=True)
class Employment:
    """工作单位, dated; for matching and statistics only."""

    id: str
    person_id: str
    unit_name: str
    unit_code: str | None
    region: str
    valid_from: str
    valid_to: str | None


@dataclass(frozen=True, slots=True)
class Photo:
    person_id: str
    jpeg: bytes
    sha256: str
    added_at: int


@dataclass(frozen=True, slots=True)
class KnownPerson:
    """A person as matching sees one: all names ever borne (folded) and all units ever worked in."""

    person_id: str
    name: str
    name_folds: tuple[str, ...]
    birth: str
    sex: str
    units: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class RosterFile:
    """An imported file; `sha256` of its bytes makes the import idempotent."""

    sha256: str
    name: str
    imported_at: int
    officer_id: str | None
    row_count: int
    report: Any


@dataclass(frozen=True, slots=True)
class Roster:
    """花名册: who one act is about."""

    id: str
    file_sha256: str
    label: str
    series: str
    level: str
    track: str
    region: str
    year: int
    created_at: int


@dataclass(frozen=True, slots=True)
class Act:
    """行为: what the signed act says about a roster, for finding it; the proof is the document of the same hash."""

    sha256: str
    kind: str
    roster_id: str
    org_id: str
    root: str
    count: int
    iat: int


@dataclass(frozen=True, slots=True)
class Entry:
    """One person on one roster with one target. `columns`: other cells of the import; `sealed`: salts and ID number."""

    id: str
    roster_id: str
    row_key: str
    position: int
    person_id: str
    series: str
    specialty: str
    level: str
    title: str
    track: str
    region: str
    year: int
    name: str
    sex: str
    birth: str
    unit_name: str
    unit_org_id: str | None
    columns: Any
    sealed: bytes
    entry_salt: bytes
    person_commitment: str
    commitment: str
    head_act: str | None
    struck_by: str | None
    replaced_by: str | None = None
    """The roster on which this person was taken in anew for the same title and year; nothing more is done with it here."""


@dataclass(frozen=True, slots=True)
class ActEntry:
    """The place of an entry in an act's tree, and what the act says about that person."""

    act_sha256: str
    entry_id: str
    leaf_index: int
    row_salt: bytes | None
    row_facts: Any


@dataclass(frozen=True, slots=True)
class Leaf:
    """An ActEntry with the commitment of its entry: all that a roster proof needs."""

    entry_id: str
    leaf_index: int
    commitment: str
    row_salt: bytes | None
    row_facts: Any


@dataclass(frozen=True, slots=True)
class CorrectedEntry:
    """The personal half of a later version (version 1 is in the entry itself); `sealed` as there."""

    entry_id: str
    version: int
    name: str
    sex: str
    birth: str
    sealed: bytes
    entry_salt: bytes
    person_commitment: str
    commitment: str


@dataclass(frozen=True, slots=True)
class IssueIntent:
    """What we are about to sign, kept before signing, so that a crash loses and doubles nothing."""

    id: str
    entry_id: str
    version: int
    payload: bytes
    number: str
    code_key: str
    list_uri: str
    idx: int
    created_at: int


@dataclass(frozen=True, slots=True)
class Certificate:
    """证书: one signed version. `frozen_bundle` is None until it is kept, in the transaction that issues."""

    id: str
    entry_id: str
    version: int
    number: str
    licence_id: str
    code_sealed: bytes
    code_key: str
    sha256: str
    credential: bytes
    list_uri: str
    idx: int
    state: str
    issued_at: int
    frozen_bundle: bytes | None = None


class Version(NamedTuple):
    """Another version of a certificate, as one names it to people."""

    number: str
    version: int
    issued_at: int


@dataclass(frozen=True, slots=True)
class Rendition:
    """The PDF signature of a certificate under one toolchain (`fingerprint`); a changed toolchain adds another."""

    id: str
    certificate_id: str
    fingerprint: str
    page_sha256: str
    cms: bytes
    made_at: int


@dataclass(frozen=True, slots=True)
class StatusProposal:
    """What one officer proposes and another decides. `state` is open, decided or dropped."""

    id: str
    certificate_id: str
    kind: str
    sha256: str
    pseudonym: str
    state: str
    created_at: int


@dataclass(frozen=True, slots=True)
class StatusEvent:
    """状态: `q` counts 0, 1, 2 … per certificate; `value` is the 4-bit status after it."""

    certificate_id: str
    q: int
    kind: str
    value: int
    propose_sha256: str
    decide_sha256: str
    retroactive: bool
    effective_from: str | None
    at: int


@dataclass(frozen=True, slots=True)
class Notice:
    """告知书: the letter to the holder about one status event; when, by which officer (id) and how it was delivered."""

    id: str
    certificate_id: str
    q: int
    kind: str
    text_zh: str
    text_en: str
    created_at: int
    delivered_at: int | None = None
    delivered_by: str | None = None
    way: str | None = None


@dataclass(frozen=True, slots=True)
class StatusList:
    uri: str
    sha256: str
    iat: int


@dataclass(frozen=True, slots=True)
class ClaimLink:
    """领证链接: a holder's way to a certificate, good for a few tries."""

    token_key: str
    certificate_id: str
    tries_left: int
    dead: bool
    created_at: int
