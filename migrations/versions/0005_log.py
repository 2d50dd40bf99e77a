"""The transparency log: its tables, and triggers that let it grow and never shrink or change (log.md 2.2).

A stored tile may only become longer, an entry only gets its index and may lose its salt (an erasure), and what was
published stays. Whoever could change a row here would still be caught by the next checkpoint and by every witness.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from hashlib import sha256

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"

HASH = 32
TABLES = ("log_cosignature", "log_checkpoint", "log_state", "log_bundle", "log_tile", "log_tag", "log_entry")


def _columns(kind: sa.types.TypeEngine, names: str, null: bool = False) -> list[sa.Column]:
    return [sa.Column(name, kind, nullable=null) for name in names.split()]


text = partial(_columns, sa.Text())
blob = partial(_columns, sa.LargeBinary())
integer = partial(_columns, sa.Integer())
big = partial(_columns, sa.Integer().with_variant(sa.BigInteger(), "postgresql"))


@dataclass(frozen=True)
class Rule:
    """`event` on a row of `table` is refused with `words` when `condition` holds."""

    table: str
    event: str
    condition: str
    words: str


def _changed(columns: str) -> str:
    return " OR ".join(f"NEW.{name} <> OLD.{name}" for name in columns.split())


def _not_longer(columns: str) -> str:
    return f"{_changed(columns)} OR substr(NEW.data, 1, length(OLD.data)) <> OLD.data"


def _only_cleared(column: str) -> str:
    return f"(NEW.{column} IS NOT NULL AND (OLD.{column} IS NULL OR NEW.{column} <> OLD.{column}))"


#: Name of the trigger -> its rule. The condition means the same in SQLite and in PL/pgSQL.
RULES = {
    "log_entry_kept": Rule(
        "log_entry",
        "UPDATE",
        f"{_changed('id dedup_key entry created_at')} OR (OLD.idx IS NOT NULL AND COALESCE(NEW.idx, -1) <> OLD.idx) "
        f"OR {_only_cleared('salt')} OR {_only_cleared('subject')}",
        "an entry of the log is never changed",
    ),
    "log_state_grows": Rule(
        "log_state",
        "UPDATE",
        "NEW.size < OLD.size OR NEW.pub_size < OLD.pub_size OR (NEW.size = OLD.size AND NEW.root <> OLD.root)",
        "the log never shrinks",
    ),
    "log_tile_grows": Rule("log_tile", "UPDATE", _not_longer("level n"), "a tile only becomes longer"),
    "log_bundle_grows": Rule("log_bundle", "UPDATE", _not_longer("n"), "a bundle only becomes longer"),
    "log_checkpoint_kept": Rule("log_checkpoint", "UPDATE", "true", "a checkpoint is never changed"),
    "log_cosignature_kept": Rule(
        "log_cosignature", "UPDATE", _changed("size witness line"), "the first cosignature is never changed"
    ),
    "log_tag_kept": Rule("log_tag", "UPDATE", "true", "a once-tag is never changed"),
    **{f"{table}_stays": Rule(table, "DELETE", "true", f"a row of {table} is never deleted") for table in TABLES},
}


def upgrade() -> None:
    """Adds the tables, the state of an empty log, and every trigger."""
    _create_tables()
    state = sa.table("log_state", *(sa.column(name) for name in ("id", "size", "root", "pub_size")))
    op.execute(
        sa.insert(state).values(id=1, size=0, root=sa.literal(sha256(b"").digest(), sa.LargeBinary()), pub_size=0)
    )
    postgresql = op.get_bind().dialect.name == "postgresql"
    for name, rule in RULES.items():
        for statement in _postgresql(name, rule) if postgresql else [_sqlite(name, rule)]:
            op.execute(statement)
    if postgresql:
        # `never_emptied` is a function of revision 0003: PostgreSQL empties a table without looking at its rows.
        for table in TABLES:
            op.execute(
                f"CREATE TRIGGER {table}_never_emptied BEFORE TRUNCATE ON {table} "
                "FOR EACH STATEMENT EXECUTE FUNCTION never_emptied()"
            )


def downgrade() -> None:
    """Drops the tables with all that is in them, and the functions of their triggers."""
    for table in TABLES:
        op.drop_table(table)
    if op.get_bind().dialect.name == "postgresql":
        for name in RULES:
            op.execute(f"DROP FUNCTION {name}()")


def _create_tables() -> None:
    _create(
        "log_entry",
        *big("id"),
        *text("dedup_key"),
        *blob("entry"),
        *big("idx", null=True),
        *big("created_at"),
        *text("subject", null=True),
        *blob("salt", null=True),
        sa.UniqueConstraint("dedup_key", name=op.f("uq_log_entry_dedup_key")),
        sa.UniqueConstraint("idx", name=op.f("uq_log_entry_idx")),
        key=["id"],
        checks={"idx": "idx >= 0", "salt": f"length(salt) = {HASH}"},
    )
    op.create_index(op.f("ix_log_entry_subject"), "log_entry", ["subject"])
    _create("log_tag", *text("tag"), *big("entry_id"), _refers("log_tag", "entry_id", "log_entry.id"), key=["tag"])
    _create(
        "log_tile",
        *integer("level"),
        *big("n"),
        *blob("data"),
        key=["level", "n"],
        checks={"level": "level BETWEEN 0 AND 63"},
    )
    _create("log_bundle", *big("n"), *blob("data"), key=["n"])
    _create(
        "log_state",
        *integer("id"),
        *big("size"),
        *blob("root"),
        *big("pub_size"),
        *blob("note", null=True),
        key=["id"],
        checks={"id": "id = 1", "pub_size": "pub_size BETWEEN 0 AND size", "root": f"length(root) = {HASH}"},
    )
    _create(
        "log_checkpoint",
        *big("size"),
        *blob("root note"),
        key=["size"],
        checks={"root": f"length(root) = {HASH}"},
    )
    _create(
        "log_cosignature",
        *big("size"),
        *text("witness line latest"),
        _refers("log_cosignature", "size", "log_checkpoint.size"),
        key=["size", "witness"],
    )


def _create(table: str, *parts: sa.schema.SchemaItem, key: Sequence[str], checks: dict[str, str] | None = None) -> None:
    op.create_table(
        table,
        *parts,
        sa.PrimaryKeyConstraint(*key, name=op.f(f"pk_{table}")),
        *(sa.CheckConstraint(rule, name=op.f(f"ck_{table}_{name}")) for name, rule in (checks or {}).items()),
        sqlite_strict=True,
    )


def _refers(table: str, column: str, to: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint([column], [to], name=op.f(f"fk_{table}_{column}"))


def _sqlite(name: str, rule: Rule) -> str:
    return (
        f"CREATE TRIGGER {name} BEFORE {rule.event} ON {rule.table} WHEN {rule.condition} "
        f"BEGIN SELECT RAISE(ABORT, '{rule.words}'); END"
    )


def _postgresql(name: str, rule: Rule) -> list[str]:
    row = "OLD" if rule.event == "DELETE" else "NEW"
    refuse = f"RAISE EXCEPTION '{rule.words}' USING ERRCODE = '23000'"
    body = f"BEGIN IF {rule.condition} THEN {refuse}; END IF; RETURN {row}; END"
    return [
        f"CREATE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS $$ {body} $$",
        f"CREATE TRIGGER {name} BEFORE {rule.event} ON {rule.table} FOR EACH ROW EXECUTE FUNCTION {name}()",
    ]
