"""Titles without a certificate: equivalences of qualifications, titles by examination and of other provinces.

What two officers agreed on stays: triggers refuse to change or delete it, as those of 0003 do for certificates.
"""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"

SECONDS = sa.Integer().with_variant(sa.BigInteger(), "postgresql")
LEVELS = "('senior', 'deputy_senior', 'intermediate', 'assistant', 'junior')"

#: Table -> when a row of it must not change any more. Nothing here is ever deleted.
KEPT = {
    "equivalence": "OLD.approved_at IS NOT NULL",
    "register_import": "OLD.approved_at IS NOT NULL",
    "register_title": "true",
}


def _texts(names: str) -> list[sa.Column[str]]:
    return [sa.Column(name, sa.Text(), nullable=False) for name in names.split()]


def _decided() -> list[sa.Column[object]]:
    """Who proposed and who approved, and when."""
    return [
        sa.Column("proposed_by", sa.Text(), nullable=False),
        sa.Column("proposed_at", SECONDS, nullable=False),
        sa.Column("approved_by", sa.Text(), nullable=True),
        sa.Column("approved_at", SECONDS, nullable=True),
    ]


def _keys(table: str, **referred: str) -> list[sa.Constraint]:
    keys = [sa.ForeignKeyConstraint([name], [to], name=op.f(f"fk_{table}_{name}")) for name, to in referred.items()]
    return [sa.PrimaryKeyConstraint("id", name=op.f(f"pk_{table}")), *keys]


def _check(table: str, name: str, condition: str) -> sa.CheckConstraint:
    return sa.CheckConstraint(condition, name=op.f(f"ck_{table}_{name}"))


def upgrade() -> None:
    """Adds the three tables and their triggers."""
    _create_equivalence()
    _create_register_import()
    _create_register_title()
    for table, condition in KEPT.items():
        _refuse(f"{table}_kept", table, "UPDATE", condition, "what was approved is never changed")
        _refuse(f"{table}_stays", table, "DELETE", "true", "what was recorded is never deleted")
        if op.get_bind().dialect.name == "postgresql":
            op.execute(
                f"CREATE TRIGGER {table}_never_emptied BEFORE TRUNCATE ON {table} "
                "FOR EACH STATEMENT EXECUTE FUNCTION never_emptied()"
            )


def downgrade() -> None:
    """Drops them; nothing else changes."""
    for name in ("register_title", "register_import", "equivalence"):
        op.drop_table(name)
        if op.get_bind().dialect.name == "postgresql":
            op.execute(f"DROP FUNCTION {name}_kept()")
            op.execute(f"DROP FUNCTION {name}_stays()")


def _refuse(name: str, table: str, event: str, condition: str, words: str) -> None:
    """A trigger that refuses `event` with `words` where `condition` holds; the same error on both databases."""
    if op.get_bind().dialect.name != "postgresql":
        op.execute(
            f"CREATE TRIGGER {name} BEFORE {event} ON {table} WHEN {condition} "
            f"BEGIN SELECT RAISE(ABORT, '{words}'); END"
        )
        return
    row = "OLD" if event == "DELETE" else "NEW"
    body = f"BEGIN IF {condition} THEN RAISE EXCEPTION '{words}' USING ERRCODE = '23000'; END IF; RETURN {row}; END"
    op.execute(f"CREATE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS $$ {body} $$")
    op.execute(f"CREATE TRIGGER {name} BEFORE {event} ON {table} FOR EACH ROW EXECUTE FUNCTION {name}()")


def _create_equivalence() -> None:
    officers = {"proposed_by": "officer.id", "approved_by": "officer.id"}
    op.create_table(
        "equivalence",
        *_texts("id person_id qualification number_key issued_on directory_sha256 directory_row series level title"),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        *_texts("evidence_sha256 paper"),
        *_decided(),
        sa.Column("statement_sha256", sa.Text(), nullable=True),
        *_keys("equivalence", person_id="person.id", **officers, statement_sha256="document.sha256"),
        _check("equivalence", "level", f"level IN {LEVELS}"),
        _check("equivalence", "apart", "approved_by <> proposed_by"),
        _check(
            "equivalence",
            "approved",
            "(approved_by IS NULL) = (approved_at IS NULL) AND (approved_by IS NULL) = (statement_sha256 IS NULL)",
        ),
        sqlite_strict=True,
    )
    op.create_index(op.f("ix_equivalence_person_id"), "equivalence", ["person_id"])
    approved = sa.text("approved_at IS NOT NULL")
    op.create_index(
        "uq_equivalence_approved",
        "equivalence",
        ["number_key"],
        unique=True,
        sqlite_where=approved,
        postgresql_where=approved,
    )


def _create_register_import() -> None:
    officers = {"proposed_by": "officer.id", "approved_by": "officer.id"}
    op.create_table(
        "register_import",
        *_texts("id file_sha256 origin evidence_sha256"),
        *_decided(),
        *_keys("register_import", file_sha256="roster_file.sha256", **officers),
        sa.UniqueConstraint("file_sha256", name=op.f("uq_register_import_file_sha256")),
        _check("register_import", "origin", "origin IN ('exam', 'other_province')"),
        _check("register_import", "apart", "approved_by <> proposed_by"),
        _check("register_import", "approved", "(approved_by IS NULL) = (approved_at IS NULL)"),
        sqlite_strict=True,
    )


def _create_register_title() -> None:
    same = ["import_id", "person_id", "series", "specialty", "level", "title"]
    op.create_table(
        "register_title",
        *_texts("id import_id"),
        sa.Column("position", sa.Integer(), nullable=False),
        *_texts("person_id series specialty level title obtained_on issuing_body"),
        sa.Column("original_number", sa.Text(), nullable=True),
        *_keys("register_title", import_id="register_import.id", person_id="person.id"),
        sa.UniqueConstraint(*same, name=op.f("uq_register_title_" + "_".join(same))),
        _check("register_title", "level", f"level IN {LEVELS}"),
        sqlite_strict=True,
    )
    op.create_index(op.f("ix_register_title_person_id"), "register_title", ["person_id"])
