"""The tables of titles that no certificate of ours is about: equivalences (双贯通), examinations, other provinces.

Migration 0004 has the triggers by which what was approved never changes.
"""

from sqlalchemy import CheckConstraint, Index, UniqueConstraint

from certsvc.store.columns import LEVELS, blob, integer, json_text, one_of, seconds, table, text

ORIGINS = ("exam", "other_province")

equivalence = table(
    "equivalence",
    text("id", key=True),
    text("person_id", "person.id"),
    text("qualification"),
    text("number_key"),
    text("issued_on"),
    text("directory_sha256"),
    json_text("directory_row"),
    text("series"),
    text("level"),
    text("title"),
    blob("sealed"),
    text("evidence_sha256"),
    json_text("paper"),
    text("proposed_by", "officer.id"),
    seconds("proposed_at"),
    text("approved_by", "officer.id", null=True),
    seconds("approved_at", null=True),
    text("statement_sha256", "document.sha256", null=True),
    one_of("level", LEVELS),
    CheckConstraint("approved_by <> proposed_by", name="apart"),
    CheckConstraint(
        "(approved_by IS NULL) = (approved_at IS NULL) AND (approved_by IS NULL) = (statement_sha256 IS NULL)",
        name="approved",
    ),
    Index(None, "person_id"),
)
# One qualification is one title, whichever its holder chose; what was never approved does not count.
Index(
    "uq_equivalence_approved",
    equivalence.c.number_key,
    unique=True,
    sqlite_where=equivalence.c.approved_at.is_not(None),
    postgresql_where=equivalence.c.approved_at.is_not(None),
)
register_import = table(
    "register_import",
    text("id", key=True),
    text("file_sha256", "roster_file.sha256"),
    text("origin"),
    text("evidence_sha256"),
    text("proposed_by", "officer.id"),
    seconds("proposed_at"),
    text("approved_by", "officer.id", null=True),
    seconds("approved_at", null=True),
    UniqueConstraint("file_sha256"),
    one_of("origin", ORIGINS),
    CheckConstraint("approved_by <> proposed_by", name="apart"),
    CheckConstraint("(approved_by IS NULL) = (approved_at IS NULL)", name="approved"),
)
register_title = table(
    "register_title",
    text("id", key=True),
    text("import_id", "register_import.id"),
    integer("position"),
    text("person_id", "person.id"),
    text("series"),
    text("specialty"),
    text("level"),
    text("title"),
    text("obtained_on"),
    text("issuing_body"),
    text("original_number", null=True),
    UniqueConstraint("import_id", "person_id", "series", "specialty", "level", "title"),
    one_of("level", LEVELS),
    Index(None, "person_id"),
)
