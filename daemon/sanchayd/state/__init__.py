"""state.db: what a person typed (roots) and what was done (jobs). SQLAlchemy owns it; nothing else opens it."""

from sanchayd.state.store import StateStore

__all__ = ["StateStore"]
