"""Roots in state.db."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from sqlalchemy import LargeBinary, RowMapping, cast, delete, literal_column, select, update
from sqlalchemy.orm import Session

from sanchayd.roots import stored
from sanchayd.roots.root import Root
from sanchayd.state import StateStore
from sanchayd.state.tables import RootTable


class RootStore:
    """What a person asked to have cataloged. Raises SanchayError alone."""

    def __init__(self, state: StateStore) -> None:
        self._state = state

    async def all(self) -> list[Root]:
        """Every root, in the order in which they were added, also one whose row cannot be read."""
        # Each value as its bytes: none is converted before it is looked at.
        columns = [cast(column, LargeBinary).label(column.name) for column in RootTable.__table__.columns]
        question = select(*columns).order_by(RootTable.id)
        return await self._state.run(lambda s: [_to_root(row) for row in s.execute(question).mappings()])

    async def add(self, root: Root) -> Root:
        """The root with its new id."""

        def work(session: Session) -> int:
            row = RootTable(**_to_row(root))
            session.add(row)
            session.flush()
            return row.id

        return replace(root, id=await self._state.run(work))

    async def update(self, root: Root) -> None:
        """Replaces the root of that id."""
        change = update(RootTable).where(RootTable.id == root.id).values(_to_row(root))
        await self._state.run(lambda s: s.execute(change))

    async def remove(self, root_id: int) -> None:
        """Forgets the root; its jobs stay."""
        await self._state.run(lambda s: s.execute(delete(RootTable).where(RootTable.id == root_id)))


def _to_root(row: RowMapping) -> Root:
    """The root of a row."""
    settings, unreadable = stored.of_row(dict(row))
    created = row["created_ns"]
    return Root(
        id=int(row["id"]),
        name=row["name"].decode("utf-8", "replace"),
        path=row["path"],
        settings=settings,
        created_ns=int(created) if created.isdigit() else 0,
        claimed=row["claimed"] != b"0",
        unreadable=unreadable,
    )


def _to_row(root: Root) -> dict[str, Any]:
    """The values of a root's row, all but its id."""
    settings = root.settings
    row = {
        "name": root.name,
        "path": root.path,
        "hash": settings.hash.value,
        "algorithm": settings.algorithm.value,
        "exclude": list(settings.exclude),
        "one_file_system": settings.one_file_system,
        "skip_hidden": settings.skip_hidden,
        "watch": settings.watch.value,
        "poll_s": settings.poll_s,
        "expect_unreadable": b"\0".join(settings.expect_unreadable),
        "created_ns": root.created_ns,
        "claimed": root.claimed,
    }
    unreadable = root.unreadable.settings if root.unreadable else ()
    return row | dict.fromkeys(unreadable, literal_column(f"'{stored.NOT_KNOWN}'"))
