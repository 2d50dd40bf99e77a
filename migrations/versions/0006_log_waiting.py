"""An index of what waits for the log alone: finding it costs the same whatever the log has grown to (log.md 2.2).

Without it PostgreSQL walks the whole outbox along its primary key.
"""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"

NAME = "ix_log_entry_waiting"


def upgrade() -> None:
    """Adds the index."""
    waiting = sa.text("idx IS NULL")
    op.create_index(NAME, "log_entry", ["id"], sqlite_where=waiting, postgresql_where=waiting)


def downgrade() -> None:
    """Drops it."""
    op.drop_index(NAME, "log_entry")
