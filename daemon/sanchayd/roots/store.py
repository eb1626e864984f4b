"""Roots in state.db."""

from __future__ import annotations

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from sanchayd.roots.root import HashAlgorithm, HashScope, Root, RootSettings, WatchMode
from sanchayd.state import StateStore
from sanchayd.state.tables import RootTable


class RootStore:
    """What a person asked to have cataloged. Raises SanchayError alone."""

    def __init__(self, state: StateStore) -> None:
        self._state = state

    async def all(self) -> list[Root]:
        """Every root, in the order in which they were added."""
        return await self._state.run(lambda s: [_to_root(row) for row in s.scalars(select(RootTable).order_by("id"))])

    async def add(self, root: Root) -> Root:
        """The root with its new id."""

        def work(session: Session) -> Root:
            row = _from_root(root)
            session.add(row)
            session.flush()
            return _to_root(row)

        return await self._state.run(work)

    async def update(self, root: Root) -> None:
        """Replaces the root of that id."""
        await self._state.run(lambda s: s.merge(_from_root(root, root.id)))

    async def remove(self, root_id: int) -> None:
        """Forgets the root; its jobs stay."""
        await self._state.run(lambda s: s.execute(delete(RootTable).where(RootTable.id == root_id)))


def _to_root(row: RootTable) -> Root:
    """The root of a row."""
    settings = RootSettings(
        hash=HashScope(row.hash),
        algorithm=HashAlgorithm(row.algorithm),
        exclude=tuple(row.exclude),
        one_file_system=row.one_file_system,
        skip_hidden=row.skip_hidden,
        watch=WatchMode(row.watch),
        poll_s=row.poll_s,
        expect_unreadable=tuple(path for path in row.expect_unreadable.split(b"\0") if path),
    )
    return Root(
        id=row.id, name=row.name, path=row.path, settings=settings, created_ns=row.created_ns, claimed=row.claimed
    )


def _from_root(root: Root, root_id: int | None = None) -> RootTable:
    """The row of a root; without an id the table gives one."""
    return RootTable(
        id=root_id,
        name=root.name,
        path=root.path,
        hash=root.settings.hash.value,
        algorithm=root.settings.algorithm.value,
        exclude=list(root.settings.exclude),
        one_file_system=root.settings.one_file_system,
        skip_hidden=root.settings.skip_hidden,
        watch=root.settings.watch.value,
        poll_s=root.settings.poll_s,
        expect_unreadable=b"\0".join(root.settings.expect_unreadable),
        created_ns=root.created_ns,
        claimed=root.claimed,
    )
