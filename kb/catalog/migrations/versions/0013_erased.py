"""Files that were erased and are not to be read again; folders of uploads that are to be deleted.

Revision ID: 0013
"""

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"


def upgrade() -> None:
    op.create_table(
        "erased_paths",
        sa.Column(
            "source_id",
            sa.BigInteger().with_variant(sa.Integer, "sqlite"),
            sa.ForeignKey("sources.id", ondelete="CASCADE"),
            primary_key=True,
        ),
        sa.Column("raw_path", sa.LargeBinary(), primary_key=True),
    )
    op.create_table("removed_folders", sa.Column("path", sa.Text(), primary_key=True))


def downgrade() -> None:
    op.drop_table("removed_folders")
    op.drop_table("erased_paths")
