"""Alembic's migrations of state.db: forward only, frozen once released, one transaction each."""
