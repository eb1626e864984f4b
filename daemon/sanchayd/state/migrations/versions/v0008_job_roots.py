"""Jobs of every kind: they work in any number of roots, and keep what else they were asked for."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    """Both tables are made again, the errors first to go: SQLite before 3.35 cannot drop a column."""
    op.create_table(
        "new_job",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("kind", sa.String, nullable=False),
        sa.Column("roots", sa.JSON, nullable=False),
        sa.Column("arguments", sa.JSON, nullable=False),
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
    op.execute(
        "INSERT INTO new_job SELECT id, kind, json_array(json_object('id', root_id, 'name', root_name)), '{}', state,"
        " background, created_ns, started_ns, ended_ns, message, result, request_id FROM job"
    )
    op.create_table(
        "new_job_error",
        sa.Column("job_id", sa.Integer, sa.ForeignKey("new_job.id", ondelete="CASCADE"), primary_key=True),
        sa.Column("position", sa.Integer, primary_key=True),
        sa.Column("path", sa.LargeBinary, nullable=False),
        sa.Column("kind", sa.String, nullable=False),
        sa.Column("message", sa.String, nullable=False),
    )
    op.execute("INSERT INTO new_job_error SELECT job_id, position, path, kind, message FROM job_error")
    op.drop_table("job_error")
    op.drop_table("job")
    op.rename_table("new_job", "job")
    op.rename_table("new_job_error", "job_error")
    op.create_index("job_state", "job", ["state"])
