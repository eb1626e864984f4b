"""Schedules, their runs, and the rows of reports."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Makes the tables."""
    op.create_table(
        "schedule",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("name", sa.String, nullable=False, unique=True),
        sa.Column("cron", sa.String, nullable=False),
        sa.Column("every_s", sa.Integer, nullable=False),
        sa.Column("anchor_ns", sa.Integer, nullable=False),
        sa.Column("action", sa.String, nullable=False),
        sa.Column("root_ids", sa.JSON, nullable=False),
        sa.Column("expression", sa.String, nullable=False),
        sa.Column("to_folder", sa.LargeBinary, nullable=False),
        sa.Column("enabled", sa.Boolean, nullable=False),
        sa.Column("covered_ns", sa.Integer, nullable=False),
        sa.Column("created_ns", sa.Integer, nullable=False),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "schedule_run",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("schedule_id", sa.Integer, sa.ForeignKey("schedule.id", ondelete="CASCADE"), nullable=False),
        sa.Column("cause", sa.String, nullable=False),
        sa.Column("state", sa.String, nullable=False),
        sa.Column("started_ns", sa.Integer, nullable=False),
        sa.Column("ended_ns", sa.Integer, nullable=False),
        sa.Column("message", sa.String, nullable=False),
        sa.Column("job_ids", sa.JSON, nullable=False),
        sa.Column("counts", sa.JSON),
        sa.Column("file", sa.LargeBinary, nullable=False),
        sqlite_autoincrement=True,
    )
    op.create_index("schedule_run_of", "schedule_run", ["schedule_id", "id"])
    op.create_table(
        "report",
        sa.Column("run_id", sa.Integer, sa.ForeignKey("schedule_run.id", ondelete="CASCADE"), primary_key=True),
        sa.Column("packed", sa.LargeBinary, nullable=False),
    )
