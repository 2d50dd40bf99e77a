"""Photos are kept: a new one stands beside the one that a certificate was issued with."""

from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """A person may have several photos, each named by its hash."""
    with op.batch_alter_table("photo", table_kwargs={"sqlite_strict": True}) as table:
        table.drop_constraint("pk_photo", type_="primary")
        table.create_primary_key("pk_photo", ["person_id", "sha256"])
