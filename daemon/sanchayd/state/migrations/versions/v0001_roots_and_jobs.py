"""Roots and jobs."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Makes the first tables."""
    op.create_table(
        "root",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("name", sa.String, nullable=False, unique=True),
        sa.Column("path", sa.LargeBinary, nullable=False, unique=True),
        sa.Column("hash", sa.String, nullable=False),
        sa.Column("algorithm", sa.String, nullable=False),
        sa.Column("exclude", sa.JSON, nullable=False),
        sa.Column("one_file_system", sa.Boolean, nullable=False),
        sa.Column("skip_hidden", sa.Boolean, nullable=False),
        sa.Column("created_ns", sa.Integer, nullable=False),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "job",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("kind", sa.String, nullable=False),
        sa.Column("root_id", sa.Integer, nullable=False),
        sa.Column("root_name", sa.String, nullable=False),
        sa.Column("state", sa.String, nullable=False),
        sa.Column("background", sa.Boolean, nullable=False),
        sa.Column("created_ns", sa.Integer, nullable=False),
        sa.Column("started_ns", sa.Integer, nullable=False),
        sa.Column("ended_ns", sa.Integer, nullable=False),
        sa.Column("message", sa.String, nullable=False),
        sa.Column("result", sa.JSON),
        sa.Column("request_id", sa.String, nullable=False),
        sqlite_autoincrement=True,
    )
    op.create_index("job_state", "job", ["state"])
    op.create_table(
        "job_error",
        sa.Column("job_id", sa.Integer, sa.ForeignKey("job.id", ondelete="CASCADE"), primary_key=True),
        sa.Column("position", sa.Integer, primary_key=True),
        sa.Column("path", sa.LargeBinary, nullable=False),
        sa.Column("kind", sa.String, nullable=False),
        sa.Column("message", sa.String, nullable=False),
    )
