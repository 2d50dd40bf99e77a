"""The tables of the transparency log (log.md 2.2): outbox, tiles, one row of state, checkpoints and cosignatures.

Entries, tiles, sizes and roots stand as bytes, so that what is served is what was hashed. Migration 0005 has the
triggers that let rows grow and never shrink.
"""

from sqlalchemy import CheckConstraint, ForeignKeyConstraint, Index, PrimaryKeyConstraint, UniqueConstraint

from certsvc.store.columns import blob, integer, table, text
from certsvc.store.columns import seconds as big

HASH_BYTES = 32

#: The outbox, and afterwards the index of what is logged: `idx` is NULL until the sequencer gives it.
log_entry = table(
    "log_entry",
    big("id", key=True),
    text("dedup_key"),
    blob("entry"),
    big("idx", null=True),
    big("created_at"),
    text("subject", null=True),
    blob("salt", null=True),
    UniqueConstraint("dedup_key"),
    UniqueConstraint("idx"),
    CheckConstraint("idx >= 0", name="idx"),
    CheckConstraint(f"length(salt) = {HASH_BYTES}", name="salt"),
    Index(None, "subject"),
)
# What waits, in the order in which it gets its places, however much is logged already.
Index(
    "ix_log_entry_waiting",
    log_entry.c.id,
    sqlite_where=log_entry.c.idx.is_(None),
    postgresql_where=log_entry.c.idx.is_(None),
)
#: Every once-tag of every entry: a second successor, or a second certificate, of one act has no place here.
log_tag = table("log_tag", text("tag", key=True), big("entry_id"), ForeignKeyConstraint(["entry_id"], ["log_entry.id"]))

log_tile = table(
    "log_tile",
    integer("level"),
    big("n"),
    blob("data"),
    PrimaryKeyConstraint("level", "n"),
    CheckConstraint("level BETWEEN 0 AND 63", name="level"),
)
log_bundle = table("log_bundle", big("n"), blob("data"), PrimaryKeyConstraint("n"))
log_state = table(
    "log_state",
    integer("id", key=True),
    big("size"),
    blob("root"),
    big("pub_size"),
    blob("note", null=True),
    CheckConstraint("id = 1", name="id"),
    CheckConstraint("pub_size BETWEEN 0 AND size", name="pub_size"),
    CheckConstraint(f"length(root) = {HASH_BYTES}", name="root"),
)
log_checkpoint = table(
    "log_checkpoint",
    big("size"),
    blob("root"),
    blob("note"),
    PrimaryKeyConstraint("size"),
    CheckConstraint(f"length(root) = {HASH_BYTES}", name="root"),
)
#: Of each witness the first line under a checkpoint, which proves the earliest time, and the newest, the latest.
log_cosignature = table(
    "log_cosignature",
    big("size"),
    text("witness"),
    text("line"),
    text("latest"),
    PrimaryKeyConstraint("size", "witness"),
    ForeignKeyConstraint(["size"], ["log_checkpoint.size"]),
)
