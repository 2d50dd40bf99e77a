"""What is decided stays decided: the database itself refuses to unwrite it, and keeps a notice of each decision.

A trigger knows nothing of Python, so a slip of ours, or a hand at the SQL prompt, is stopped as well (docs/format.md
5.4). On SQLite a table that a later migration rebuilds loses its triggers: that migration has to make them again.
"""

from dataclasses import dataclass

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"

#: (value before, act, value after): every step that a certificate can take. What is not here is refused.
STEPS = (
    "(0, 'suspend', 2), (0, 'revoke', 1), (0, 'withdraw', 11), (0, 'correct', 3), "
    "(2, 'reinstate', 0), (2, 'revoke', 1), (2, 'withdraw', 11)"
)
BEFORE = "SELECT {} FROM status_event WHERE certificate_id = NEW.certificate_id"
NEXT_Q = f"COALESCE(({BEFORE.format('max(q) + 1')}), 0)"
LAST_VALUE = f"COALESCE(({BEFORE.format('value')} ORDER BY q DESC LIMIT 1), 0)"
HELD_BY = "EXISTS (SELECT 1 FROM {} WHERE list_uri = NEW.list_uri AND idx = NEW.idx"


def _changed(columns: str) -> str:
    return " OR ".join(f"NEW.{name} <> OLD.{name}" for name in columns.split())


@dataclass(frozen=True)
class Rule:
    """`event` on a row of `table` is refused with `words` when `condition` holds."""

    table: str
    event: str
    condition: str
    words: str


#: Name of the trigger -> its rule. The condition means the same in SQLite and in PL/pgSQL.
RULES = {
    "status_event_kept": Rule("status_event", "UPDATE", "true", "a status event is never changed"),
    "status_event_stays": Rule("status_event", "DELETE", "true", "a status event is never deleted"),
    "status_event_counted": Rule("status_event", "INSERT", f"NEW.q <> {NEXT_Q}", "q is not the next number"),
    "status_event_lawful": Rule(
        "status_event",
        "INSERT",
        f"({LAST_VALUE}, NEW.kind, NEW.value) NOT IN (VALUES {STEPS})",
        "this cannot follow on what was decided before",
    ),
    "certificate_end": Rule(
        "certificate",
        "UPDATE",
        "OLD.state IN ('revoked', 'superseded', 'withdrawn') AND NEW.state <> OLD.state",
        "a certificate that came to its end stays there",
    ),
    "certificate_kept": Rule(
        "certificate",
        "UPDATE",
        _changed("id entry_id version number licence_id sha256 credential list_uri idx issued_at"),
        "what was signed is never changed",
    ),
    "certificate_stays": Rule("certificate", "DELETE", "true", "a certificate is never deleted"),
    "certificate_slot": Rule(
        "certificate",
        "INSERT",
        f"{HELD_BY.format('issue_intent')} AND NOT (entry_id = NEW.entry_id AND version = NEW.version))",
        "this slot is kept for another certificate",
    ),
    "issue_intent_slot": Rule(
        "issue_intent",
        "INSERT",
        f"{HELD_BY.format('certificate')})",
        "a slot of a status list is never used again",
    ),
    "document_kept": Rule("document", "UPDATE", "true", "a signed document is never changed"),
    "document_stays": Rule("document", "DELETE", "true", "a signed document is never deleted"),
    "notice_kept": Rule(
        "notice",
        "UPDATE",
        f"OLD.delivered_at IS NOT NULL OR {_changed('id certificate_id q kind text_zh text_en created_at')}",
        "a letter is never changed, and delivered once",
    ),
    "notice_stays": Rule("notice", "DELETE", "true", "a notice is never deleted"),
}
#: PostgreSQL empties a table without looking at its rows.
EMPTIED = ("status_event", "certificate", "document", "notice")


def upgrade() -> None:
    """Adds the table of notices and every trigger."""
    _create_notice()
    postgresql = op.get_bind().dialect.name == "postgresql"
    for name, rule in RULES.items():
        for statement in _postgresql(name, rule) if postgresql else [_sqlite(name, rule)]:
            op.execute(statement)
    if postgresql:
        op.execute(_function("never_emptied", "true", "this table is never emptied", "NULL"))
        for table in EMPTIED:
            op.execute(
                f"CREATE TRIGGER {table}_never_emptied BEFORE TRUNCATE ON {table} "
                "FOR EACH STATEMENT EXECUTE FUNCTION never_emptied()"
            )


def downgrade() -> None:
    """Takes the triggers off and drops the notices; nothing else changes."""
    if op.get_bind().dialect.name == "postgresql":
        # CASCADE: each function takes its triggers with it.
        for name in (*RULES, "never_emptied"):
            op.execute(f"DROP FUNCTION {name}() CASCADE")
    else:
        for name in RULES:
            op.execute(f"DROP TRIGGER {name}")
    op.drop_table("notice")


def _create_notice() -> None:
    seconds = sa.Integer().with_variant(sa.BigInteger(), "postgresql")
    event = ["certificate_id", "q"]
    op.create_table(
        "notice",
        *(sa.Column(name, sa.Text(), nullable=False) for name in ("id", "certificate_id")),
        sa.Column("q", sa.Integer(), nullable=False),
        *(sa.Column(name, sa.Text(), nullable=False) for name in ("kind", "text_zh", "text_en")),
        sa.Column("created_at", seconds, nullable=False),
        sa.Column("delivered_at", seconds, nullable=True),
        *(sa.Column(name, sa.Text(), nullable=True) for name in ("delivered_by", "way")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_notice")),
        sa.ForeignKeyConstraint(
            event, [f"status_event.{one}" for one in event], name=op.f("fk_notice_certificate_id_q")
        ),
        sa.ForeignKeyConstraint(["delivered_by"], ["officer.id"], name=op.f("fk_notice_delivered_by")),
        sa.UniqueConstraint(*event, name=op.f("uq_notice_certificate_id_q")),
        sa.CheckConstraint(
            "(delivered_at IS NULL) = (delivered_by IS NULL) AND (delivered_at IS NULL) = (way IS NULL)",
            name=op.f("ck_notice_delivered"),
        ),
        sqlite_strict=True,
    )


def _sqlite(name: str, rule: Rule) -> str:
    return (
        f"CREATE TRIGGER {name} BEFORE {rule.event} ON {rule.table} WHEN {rule.condition} "
        f"BEGIN SELECT RAISE(ABORT, '{rule.words}'); END"
    )


def _postgresql(name: str, rule: Rule) -> list[str]:
    row = "OLD" if rule.event == "DELETE" else "NEW"
    trigger = f"CREATE TRIGGER {name} BEFORE {rule.event} ON {rule.table} FOR EACH ROW EXECUTE FUNCTION {name}()"
    return [_function(name, rule.condition, rule.words, row), trigger]


def _function(name: str, condition: str, words: str, row: str) -> str:
    """23000 is `integrity_constraint_violation`, which SQLite's ABORT of a trigger is too."""
    refuse = f"RAISE EXCEPTION '{words}' USING ERRCODE = '23000'"
    body = f"BEGIN IF {condition} THEN {refuse}; END IF; RETURN {row}; END"
    return f"CREATE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS $$ {body} $$"
