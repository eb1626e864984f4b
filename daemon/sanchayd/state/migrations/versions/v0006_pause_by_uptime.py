"""How long a pause was asked for, and when it ends by the time since the machine was started."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    """A pause that is there ends by the wall clock, as it did."""
    op.add_column("background_pause", sa.Column("seconds", sa.Float, nullable=False, server_default="0"))
    op.add_column("background_pause", sa.Column("boot", sa.String, nullable=False, server_default=""))
    op.add_column("background_pause", sa.Column("boot_until_s", sa.Float, nullable=False, server_default="0"))
