"""Run by Alembic; the connection is handed in by ``kb.catalog.database``."""

from alembic import context

from kb.catalog.tables import metadata

connection = context.config.attributes["connection"]
context.configure(connection=connection, target_metadata=metadata, render_as_batch=True)
with context.begin_transaction():
    context.run_migrations()
