"""Alembic's scripts: how the catalog came to its present form."""
