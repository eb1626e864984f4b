"""Which catalog the roots were kept in last, and roots whose rows were found in the catalog alone."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    """One row at the most; none: it is not known. Every root that is here was asked for."""
    op.create_table(
        "known_catalog",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("catalog_id", sa.String, nullable=False),
    )
    op.add_column("root", sa.Column("claimed", sa.Boolean, nullable=False, server_default="1"))
