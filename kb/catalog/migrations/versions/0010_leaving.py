"""When a directory last vouched for somebody; which token made which; known devices; fair counters.

Revision ID: 0010
"""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"

Id = sa.BigInteger().with_variant(sa.Integer, "sqlite")


def upgrade() -> None:
    with op.batch_alter_table("people") as table:
        table.add_column(sa.Column("vouched_at", sa.Float()))
    # Until they sign in anew, what was known of them counts from when it was last read.
    op.execute(
        sa.text(
            "UPDATE people SET vouched_at = coalesce(groups_at, created_at) "
            "WHERE subject IS NOT NULL"
        )
    )
    # Written out: SQLite would copy the table, and PostgreSQL names the constraint itself.
    number = "INTEGER" if op.get_bind().dialect.name == "sqlite" else "BIGINT"
    op.execute(
        sa.text(f"ALTER TABLE tokens ADD COLUMN made_by {number} "
                "REFERENCES tokens (id) ON DELETE CASCADE")
    )  # fmt: skip
    op.create_index("ix_tokens_made_by", "tokens", ["made_by"])
    op.create_table(
        "devices",
        sa.Column("hash", sa.String(64), primary_key=True),
        sa.Column(
            "person_id", Id, sa.ForeignKey("people.id", ondelete="CASCADE"), primary_key=True
        ),
        sa.Column("seen_at", sa.Float(), nullable=False),
        sa.Index("ix_devices_person_id", "person_id"),
    )
    # Counters of failed attempts are of the last hour: they begin anew, and drain by fractions.
    op.drop_table("failures")
    op.create_table(
        "failures",
        sa.Column("key", sa.String(200), primary_key=True),
        sa.Column("count", sa.Float(), nullable=False),
        sa.Column("last_at", sa.Float(), nullable=False),
    )
