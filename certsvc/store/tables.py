"""Every table of the register and of the evidence store, as SQLAlchemy Core (domain.md 6.4; decision: no ORM).

Times are integer unix seconds UTC, dates ISO text, JSON sorted text, signed documents the exact stored bytes.
No identity number stands in clear anywhere: `*_sealed` is AES-256-GCM, `*_key` a keyed hash for look-up.
"""

from sqlalchemy import CheckConstraint, ForeignKeyConstraint, Index, PrimaryKeyConstraint, UniqueConstraint

from certsvc.store import log_tables, register_tables  # noqa: F401 – they share the metadata
from certsvc.store.columns import (
    LEVELS,
    blob,
    dated,
    flag,
    integer,
    json_text,
    metadata,
    one_of,
    seconds,
    table,
    text,
)

__all__ = ["metadata"]

STATES = ("waiting_for_log", "in_force", "suspended", "revoked", "withdrawn", "superseded")
LIFECYCLE = ("suspend", "reinstate", "revoke", "withdraw", "correct", "supersede")
STATUS_VALUES = (0, 1, 2, 3, 11)  # Token Status List, 4 bits (formats.md 5)
MAX_LEAVES = 65_536  # of one roster (formats.md 4)

# --- organisations, officers, keys, signed documents -----------------------------------------------------------------

organisation = table(
    "organisation",
    text("id", key=True),
    text("name_zh"),
    text("name_en"),
    text("kind"),
    text("uscc", null=True),
    text("local_code", null=True),
    text("region"),
    seconds("created_at"),
    Index(None, "uscc"),
)
officer = table(
    "officer",
    text("id", key=True),
    text("pseudonym"),
    text("org_id", "organisation.id"),
    text("name_zh"),
    seconds("created_at"),
    UniqueConstraint("org_id", "pseudonym"),
    Index(None, "pseudonym"),
)
signing_key = table(
    "signing_key",
    text("jkt", key=True),
    text("use"),
    text("org_id", "organisation.id", null=True),
    text("officer_id", "officer.id", null=True),
    text("uri"),
    blob("certificate"),
    seconds("valid_from"),
    seconds("valid_to"),
    text("ended_reason", null=True),
    integer("good_before", null=True),
    CheckConstraint("valid_to > valid_from", name="dated"),
    Index(None, "org_id", "use"),
    Index(None, "officer_id"),
)

document = table(
    "document",
    text("sha256", key=True),
    text("typ"),
    blob("body"),
    text("subject"),
    seconds("iat"),
    Index(None, "typ", "subject"),
)

# --- people --------------------------------------------------------------------------------------------------------

person = table(
    "person", text("id", key=True), text("sex"), text("birth"), seconds("created_at"), one_of("sex", ("M", "F"))
)
identity_document = table(
    "identity_document",
    text("id", key=True),
    text("person_id", "person.id"),
    text("kind"),
    blob("number_sealed"),
    text("number_key"),
    blob("original_sealed", null=True),
    text("valid_from"),
    text("valid_to", null=True),
    text("source"),
    UniqueConstraint("number_key"),
    Index(None, "person_id"),
    dated(),
)
person_name = table(
    "person_name",
    text("id", key=True),
    text("person_id", "person.id"),
    text("name"),
    text("name_fold"),
    text("valid_from"),
    text("valid_to", null=True),
    text("basis"),
    Index(None, "name_fold"),
    Index(None, "person_id"),
    dated(),
)
# One current name per person; former names are closed first (people.add_name).
Index(
    "uq_person_name_current",
    person_name.c.person_id,
    unique=True,
    sqlite_where=person_name.c.valid_to.is_(None),
    postgresql_where=person_name.c.valid_to.is_(None),
)
employment = table(
    "employment",
    text("id", key=True),
    text("person_id", "person.id"),
    text("unit_name"),
    text("unit_code", null=True),
    text("region"),
    text("valid_from"),
    text("valid_to", null=True),
    Index(None, "person_id"),
    dated(),
)
photo = table(
    "photo",
    text("person_id", "person.id"),
    blob("jpeg"),
    text("sha256"),
    seconds("added_at"),
    # A certificate keeps the photo it was issued with, whatever comes later.
    PrimaryKeyConstraint("person_id", "sha256"),
)

# --- rosters and acts ----------------------------------------------------------------------------------------------

roster_file = table(
    "roster_file",
    text("sha256", key=True),
    text("name"),
    seconds("imported_at"),
    text("officer_id", "officer.id", null=True),
    integer("row_count"),
    json_text("report"),
    CheckConstraint("row_count >= 0", name="row_count"),
)
roster = table(
    "roster",
    text("id", key=True),
    text("file_sha256", "roster_file.sha256"),
    text("label"),
    text("series"),
    text("level"),
    text("track"),
    text("region"),
    integer("year"),
    seconds("created_at"),
    one_of("level", LEVELS),
    Index(None, "file_sha256"),
)
act = table(
    "act",
    text("sha256", "document.sha256", key=True),
    text("kind"),
    text("roster_id", "roster.id"),
    text("org_id", "organisation.id"),
    text("root"),
    integer("count"),
    seconds("iat"),
    CheckConstraint(f"count BETWEEN 1 AND {MAX_LEAVES}", name="count"),
    Index(None, "roster_id"),
)
entry = table(
    "entry",
    text("id", key=True),
    text("roster_id", "roster.id"),
    text("row_key"),
    integer("position"),
    text("person_id", "person.id"),
    text("series"),
    text("specialty"),
    text("level"),
    text("title"),
    text("track"),
    text("region"),
    integer("year"),
    text("name"),
    text("sex"),
    text("birth"),
    text("unit_name"),
    text("unit_org_id", "organisation.id", null=True),
    json_text("columns"),
    blob("sealed"),
    blob("entry_salt"),
    text("person_commitment"),
    text("commitment"),
    text("head_act", "act.sha256", null=True),
    text("struck_by", "act.sha256", null=True),
    # The roster on which the person was taken in anew, once the entry stood in nobody's way any more (decision 35).
    text("replaced_by", "roster.id", null=True),
    UniqueConstraint("roster_id", "row_key"),
    UniqueConstraint("commitment"),
    one_of("level", LEVELS),
    one_of("sex", ("M", "F")),
    CheckConstraint("length(entry_salt) = 32", name="entry_salt"),
)
# Two entries of one person for one title in one year are caught here and nowhere else (formats.md 6).
Index(
    "uq_entry_standing",
    *(entry.c[name] for name in ("person_id", "series", "specialty", "level", "year")),
    unique=True,
    sqlite_where=entry.c.replaced_by.is_(None),
    postgresql_where=entry.c.replaced_by.is_(None),
)
act_entry = table(
    "act_entry",
    text("act_sha256", "act.sha256"),
    text("entry_id", "entry.id"),
    integer("leaf_index"),
    blob("row_salt", null=True),
    json_text("row_facts", null=True),
    PrimaryKeyConstraint("act_sha256", "entry_id"),
    UniqueConstraint("act_sha256", "leaf_index"),
    # Row facts without their salt could never be opened again.
    CheckConstraint("(row_salt IS NULL) = (row_facts IS NULL)", name="row_facts"),
    Index(None, "entry_id"),
)

# --- certificates --------------------------------------------------------------------------------------------------

number_counter = table(
    "number_counter",
    integer("year"),
    text("office"),
    text("series"),
    text("level"),
    integer("next_serial"),
    PrimaryKeyConstraint("year", "office", "series", "level"),
    CheckConstraint("next_serial >= 2", name="next_serial"),
)
corrected_entry = table(
    "corrected_entry",
    text("entry_id", "entry.id"),
    integer("version"),
    text("name"),
    text("sex"),
    text("birth"),
    blob("sealed"),
    blob("entry_salt"),
    text("person_commitment"),
    text("commitment"),
    PrimaryKeyConstraint("entry_id", "version"),
    UniqueConstraint("commitment"),
    one_of("sex", ("M", "F")),
    CheckConstraint("version >= 2", name="version"),
)
issue_intent = table(
    "issue_intent",
    text("id", key=True),
    text("entry_id", "entry.id"),
    integer("version"),
    blob("payload"),
    text("number"),
    text("code_key"),
    text("list_uri"),
    integer("idx"),
    seconds("created_at"),
    UniqueConstraint("entry_id", "version"),
    UniqueConstraint("list_uri", "idx"),
    CheckConstraint("version >= 1", name="version"),
)
certificate = table(
    "certificate",
    text("id", key=True),
    text("entry_id", "entry.id"),
    integer("version"),
    text("number"),
    text("licence_id"),
    blob("code_sealed"),
    text("code_key"),
    text("sha256"),
    blob("credential"),
    text("list_uri"),
    integer("idx"),
    text("state"),
    seconds("issued_at"),
    blob("frozen_bundle", null=True),
    UniqueConstraint("entry_id", "version"),
    UniqueConstraint("number", "version"),  # also the index by number
    UniqueConstraint("list_uri", "idx"),
    UniqueConstraint("code_key"),
    UniqueConstraint("sha256"),
    one_of("state", STATES),
    CheckConstraint("version >= 1", name="version"),
    CheckConstraint("idx >= 0", name="idx"),
)
rendition = table(
    "rendition",
    text("id", key=True),
    text("certificate_id", "certificate.id"),
    text("fingerprint"),
    text("page_sha256"),
    blob("cms"),
    seconds("made_at"),
    UniqueConstraint("certificate_id", "fingerprint"),
)

# --- status --------------------------------------------------------------------------------------------------------

status_proposal = table(
    "status_proposal",
    text("id", key=True),
    text("certificate_id", "certificate.id"),
    text("kind"),
    text("sha256", "document.sha256"),
    text("pseudonym"),
    text("state"),
    seconds("created_at"),
    one_of("kind", LIFECYCLE),
    one_of("state", ("open", "decided", "dropped")),
    Index(None, "certificate_id"),
    Index(None, "state"),
)
status_event = table(
    "status_event",
    text("certificate_id", "certificate.id"),
    integer("q"),
    text("kind"),
    integer("value"),
    text("propose_sha256", "document.sha256"),
    text("decide_sha256", "document.sha256"),
    flag("retroactive"),
    text("effective_from", null=True),
    seconds("at"),
    PrimaryKeyConstraint("certificate_id", "q"),
    one_of("kind", LIFECYCLE),
    one_of("value", STATUS_VALUES),
    CheckConstraint("q >= 0", name="q"),
)
# What is decided is told to the holder; migrations 0003 and 0007 have the triggers that keep both.
notice = table(
    "notice",
    text("id", key=True),
    text("certificate_id"),
    integer("q"),
    text("kind"),
    text("text_zh"),
    text("text_en"),
    seconds("created_at"),
    seconds("delivered_at", null=True),
    text("delivered_by", "officer.id", null=True),
    text("way", null=True),
    ForeignKeyConstraint(["certificate_id", "q"], ["status_event.certificate_id", "status_event.q"]),
    UniqueConstraint("certificate_id", "q"),
    CheckConstraint(
        "(delivered_at IS NULL) = (delivered_by IS NULL) AND (delivered_at IS NULL) = (way IS NULL)", name="delivered"
    ),
)
status_list = table(
    "status_list",
    text("uri"),
    text("sha256", "document.sha256"),
    seconds("iat"),
    PrimaryKeyConstraint("uri", "iat", "sha256"),
)

# --- what a stranger may try ---------------------------------------------------------------------------------------

claim_link = table(
    "claim_link",
    text("token_key", key=True),
    text("certificate_id", "certificate.id"),
    integer("tries_left"),
    flag("dead"),
    seconds("created_at"),
    CheckConstraint("tries_left >= 0", name="tries_left"),
    Index(None, "certificate_id"),
)
match_try = table(
    "match_try",
    text("certificate_id", "certificate.id"),
    text("day"),
    integer("tries"),
    PrimaryKeyConstraint("certificate_id", "day"),
    CheckConstraint("tries >= 1", name="tries"),
)
