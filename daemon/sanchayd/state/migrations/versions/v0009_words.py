"""What the message of a job or a run was made of, so that clients can say it in another language."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"


def upgrade() -> None:
    """Messages from before have none: they stay English."""
    op.add_column("job", sa.Column("message_words", sa.JSON))
    op.add_column("schedule_run", sa.Column("message_words", sa.JSON))
