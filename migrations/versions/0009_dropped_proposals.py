"""A proposal that can never be decided is dropped: it leaves the list of what waits, and its row stays (decision 37)."""

from alembic import op

revision = "0009"
down_revision = "0008"


def upgrade() -> None:
    """Adds the state `dropped`."""
    _allow("state IN ('open', 'decided', 'dropped')")


def downgrade() -> None:
    """Back to two states: what was dropped waits again, and is refused again."""
    op.execute("UPDATE status_proposal SET state = 'open' WHERE state = 'dropped'")
    _allow("state IN ('open', 'decided')")


def _allow(condition: str) -> None:
    with op.batch_alter_table("status_proposal", table_kwargs={"sqlite_strict": True}) as table:
        # `op.f`: the name as it is, whatever the naming convention would make of it.
        table.drop_constraint(op.f("ck_status_proposal_state"), type_="check")
        table.create_check_constraint(op.f("ck_status_proposal_state"), condition)
