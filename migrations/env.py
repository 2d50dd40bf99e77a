"""Runs the migrations on the connection that certsvc.store.migrate put into the configuration."""

from alembic import context

from certsvc.store.tables import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    # SQLite cannot alter a constraint: Alembic then builds the table anew.
    render_as_batch=True,
)
# certsvc.store.migrate has begun the transaction and ends it.
context.run_migrations()
