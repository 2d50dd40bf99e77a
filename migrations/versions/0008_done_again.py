"""An entry that stands in nobody's way any more may be replaced by one on a later roster (docs/decisions/0035).

One person had one entry for a title and year, whatever had become of it; now one that was not replaced.
"""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"

TARGET = ("person_id", "series", "specialty", "level", "year")
EVERY = "uq_entry_person_id_series_specialty_level_year"
STANDING = "uq_entry_standing"


def upgrade() -> None:
    """Adds the column, and holds only what was not replaced to the rule."""
    if _went_back():
        op.drop_index(EVERY, "entry")
    else:
        with op.batch_alter_table("entry", table_kwargs={"sqlite_strict": True}) as table:
            table.add_column(sa.Column("replaced_by", sa.Text(), nullable=True))
            table.create_foreign_key(op.f("fk_entry_replaced_by"), "roster", ["replaced_by"], ["id"])
            table.drop_constraint(EVERY, type_="unique")
    present = sa.text("replaced_by IS NULL")
    op.create_index(STANDING, "entry", TARGET, unique=True, sqlite_where=present, postgresql_where=present)


def downgrade() -> None:
    """Takes it off. Fails where somebody was taken in anew: the rule of before would not hold.

    SQLite drops no table that others refer to, and no column with a reference, while it looks after references: there
    the column stays, which nobody of before reads, and an index keeps the rule.
    """
    op.drop_index(STANDING, "entry")
    if op.get_bind().dialect.name != "postgresql":
        op.create_index(EVERY, "entry", TARGET, unique=True)
        return
    op.create_unique_constraint(EVERY, "entry", TARGET)
    op.drop_column("entry", "replaced_by")


def _went_back() -> bool:
    """Whether this is a SQLite database that was here before."""
    return any(column["name"] == "replaced_by" for column in sa.inspect(op.get_bind()).get_columns("entry"))
