"""How changes of a root are noticed, and how often a polled one is looked at."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Roots that are there go by what their file system gives."""
    op.add_column("root", sa.Column("watch", sa.String, nullable=False, server_default="auto"))
    op.add_column("root", sa.Column("poll_s", sa.Integer, nullable=False, server_default="300"))
