"""Whether work that nobody waits for stands still, and until when."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    """One row at the most; none: nobody has ever paused it."""
    op.create_table(
        "background_pause",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("paused", sa.Boolean, nullable=False),
        sa.Column("until_ns", sa.Integer, nullable=False),
    )
