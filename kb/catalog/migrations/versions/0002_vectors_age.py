"""When a vector was kept, so that what nothing refers to can be collected; rules of readers."""

import sqlalchemy as sa
from alembic import op

revision = '0002'
down_revision = '0001'


def upgrade() -> None:
    """Apply."""
    op.add_column('vectors', sa.Column('kept_at', sa.Float(), nullable=False, server_default='0'))
    op.create_table(
        'acls',
        sa.Column('token', sa.String(200), nullable=False),
        sa.Column('rule', sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint('token', name='pk_acls'),
    )
    op.create_index('ix_chunks_vector_hash', 'chunks', ['vector_hash'])


def downgrade() -> None:
    """Take back."""
    op.drop_table('acls')
    op.drop_index('ix_chunks_vector_hash', 'chunks')
    op.drop_column('vectors', 'kept_at')
