"""What below a root need not be readable."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    """Whole paths, each of them ended by a zero byte but for the last; nothing is expected of roots that are there."""
    op.add_column("root", sa.Column("expect_unreadable", sa.LargeBinary, nullable=False, server_default=sa.text("x''")))
