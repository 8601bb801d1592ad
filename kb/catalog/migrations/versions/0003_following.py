"""How sources are followed, their runs, and how surely scans were read.

Revision ID: 0003
"""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    for column in (
        sa.Column("watch", sa.Boolean(), nullable=False, server_default=sa.false()),
        sa.Column("paused", sa.Boolean(), nullable=False, server_default=sa.false()),
        sa.Column("uploads", sa.Boolean(), nullable=False, server_default=sa.false()),
        sa.Column("include", sa.JSON()),
        sa.Column("exclude", sa.JSON()),
        sa.Column("max_file_mb", sa.Integer()),
        sa.Column("languages", sa.String(100)),
        sa.Column("requested_at", sa.Float()),
        sa.Column("priority", sa.Integer(), nullable=False, server_default="0"),
    ):
        op.add_column("sources", column)
    op.add_column("documents", sa.Column("confidence", sa.Float()))
    op.create_table(
        "runs",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer, "sqlite"), primary_key=True),
        sa.Column("source_id", sa.BigInteger().with_variant(sa.Integer, "sqlite"),
                  sa.ForeignKey("sources.id", ondelete="CASCADE"), nullable=False),
        sa.Column("started_at", sa.Float(), nullable=False),
        sa.Column("seen_at", sa.Float(), nullable=False),
        sa.Column("finished_at", sa.Float()),
        sa.Column("done", sa.Integer(), nullable=False, server_default="0"),
        sa.Column("total", sa.Integer(), nullable=False, server_default="0"),
        sa.Column("pages", sa.Integer(), nullable=False, server_default="0"),
        sa.Column("path", sa.Text()),
        sa.Column("counts", sa.JSON()),
        sa.Column("error", sa.JSON()),
    )
    op.create_index("ix_runs_source_id", "runs", ["source_id"])


def downgrade() -> None:
    op.drop_table("runs")
    op.drop_column("documents", "confidence")
    for name in ("priority", "requested_at", "languages", "max_file_mb", "exclude", "include",
                 "uploads", "paused", "watch"):
        op.drop_column("sources", name)
