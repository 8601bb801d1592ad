"""How often a run over a source failed in a row.

Revision ID: 0015
"""

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"


def upgrade() -> None:
    op.add_column("sources", sa.Column("failures", sa.Integer(), nullable=False, server_default="0"))
    op.add_column("sources", sa.Column("failed_at", sa.Float()))
    # The old queue alone knew what was to be tried again: what failed last, or never ended.
    unfinished = "EXISTS (SELECT 1 FROM runs r WHERE r.source_id = sources.id AND r.finished_at IS NULL)"
    failed = "error IS NOT NULL AND CAST(error AS TEXT) <> 'null'"
    op.execute(
        "UPDATE sources SET failures = 1, failed_at = COALESCE(finished_at, started_at) "
        f"WHERE started_at IS NOT NULL AND ({failed} OR {unfinished})"
    )


def downgrade() -> None:
    op.drop_column("sources", "failed_at")
    op.drop_column("sources", "failures")
