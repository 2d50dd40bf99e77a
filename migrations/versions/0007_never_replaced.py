"""No row that stays is replaced by an INSERT or an UPDATE either, and a published status list stays.

SQLite's `INSERT OR REPLACE` takes a row away without asking a DELETE trigger, unless the program that opened the file
switched `recursive_triggers` on: so a BEFORE INSERT trigger looks for each key of the row, and for its number in the
file, which is a key too. PostgreSQL has no REPLACE, and its ON CONFLICT DO UPDATE asks the UPDATE triggers of 0003.
"""

from dataclasses import dataclass

from alembic import op

revision = "0007"
down_revision = "0006"

#: Table -> its keys, each the names of its columns. A repeated event is out of its turn already (0003).
KEYS = {
    "certificate": ("id", "entry_id version", "number version", "list_uri idx", "code_key", "sha256"),
    "document": ("sha256",),
    "status_event": (),
    "notice": ("id", "certificate_id q"),
    "status_list": ("uri iat sha256",),
}
NEVER_EMPTIED = "status_list_never_emptied"


@dataclass(frozen=True)
class Rule:
    """`event` on a row of `table` is refused with `words` when `condition` holds."""

    table: str
    event: str
    condition: str
    words: str


#: Name of the trigger -> its rule, on both databases.
RULES = {
    "certificate_code_kept": Rule(
        "certificate",
        "UPDATE",
        "NEW.code_sealed <> OLD.code_sealed OR NEW.code_key <> OLD.code_key",
        "the code of a certificate is never changed",
    ),
    "status_list_kept": Rule("status_list", "UPDATE", "true", "a published status list is never changed"),
    "status_list_stays": Rule("status_list", "DELETE", "true", "a published status list is never deleted"),
}


def _taken(table: str) -> str:
    """Whether a key of the new row is there already. Without a number in the file NEW.rowid is -1, which no row has."""
    keys = [*(key.split() for key in KEYS[table]), ["rowid"]]
    same = (" AND ".join(f"{name} = NEW.{name}" for name in key) for key in keys)
    return " OR ".join(f"EXISTS (SELECT 1 FROM {table} WHERE {one})" for one in same)  # noqa: S608 – names of ours


#: The same, on SQLite alone. The words begin as those of SQLite's own refusal of a repeated key (store/engine.py).
SQLITE_RULES = {
    f"{table}_once": Rule(table, "INSERT", _taken(table), f"UNIQUE: this {table} is there, and never deleted")
    for table in KEYS
} | {
    f"{table}_placed": Rule(table, "UPDATE", "NEW.rowid <> OLD.rowid", f"a {table} never changes its place")
    for table in ("certificate", "notice")
}


def upgrade() -> None:
    """Adds the triggers."""
    if op.get_bind().dialect.name != "postgresql":
        for name, rule in (RULES | SQLITE_RULES).items():
            op.execute(
                f"CREATE TRIGGER {name} BEFORE {rule.event} ON {rule.table} WHEN {rule.condition} "
                f"BEGIN SELECT RAISE(ABORT, '{rule.words}'); END"
            )
        return
    for name, rule in RULES.items():
        row = "OLD" if rule.event == "DELETE" else "NEW"
        refuse = f"RAISE EXCEPTION '{rule.words}' USING ERRCODE = '23000'"
        body = f"BEGIN IF {rule.condition} THEN {refuse}; END IF; RETURN {row}; END"
        op.execute(f"CREATE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS $$ {body} $$")
        op.execute(f"CREATE TRIGGER {name} BEFORE {rule.event} ON {rule.table} FOR EACH ROW EXECUTE FUNCTION {name}()")
    # `never_emptied` is a function of revision 0003: PostgreSQL empties a table without looking at its rows.
    op.execute(
        f"CREATE TRIGGER {NEVER_EMPTIED} BEFORE TRUNCATE ON status_list "
        "FOR EACH STATEMENT EXECUTE FUNCTION never_emptied()"
    )


def downgrade() -> None:
    """Takes them off; nothing else changes."""
    if op.get_bind().dialect.name != "postgresql":
        for name in RULES | SQLITE_RULES:
            op.execute(f"DROP TRIGGER {name}")
        return
    for name in RULES:
        # CASCADE: each function takes its trigger with it.
        op.execute(f"DROP FUNCTION {name}() CASCADE")
    op.execute(f"DROP TRIGGER {NEVER_EMPTIED} ON status_list")
