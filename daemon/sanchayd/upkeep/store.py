"""What the daemon remembers of itself in state.db."""

from __future__ import annotations

from dataclasses import asdict

from sqlalchemy.orm import Session

from sanchayd.state import StateStore
from sanchayd.state.tables import BackgroundPauseTable, KnownCatalogTable
from sanchayd.upkeep.pause import BackgroundPause


class UpkeepStore:
    """The catalog of the last run, and the pause that was asked for. Raises SanchayError alone."""

    def __init__(self, state: StateStore) -> None:
        self._state = state

    async def known_catalog(self) -> str:
        """The id of the catalog that the roots were kept in when the daemon ran last; empty where that is not known."""

        def work(session: Session) -> str:
            row = session.get(KnownCatalogTable, 1)
            return row.catalog_id if row is not None else ""

        return await self._state.run(work)

    async def set_known_catalog(self, catalog_id: str) -> None:
        """Remembers it."""
        await self._state.run(lambda s: s.merge(KnownCatalogTable(id=1, catalog_id=catalog_id)))

    async def background_pause(self) -> BackgroundPause:
        """The pause that was last asked for."""

        def work(session: Session) -> BackgroundPause:
            row = session.get(BackgroundPauseTable, 1)
            if row is None:
                return BackgroundPause()
            return BackgroundPause(row.paused, row.until_ns, row.seconds, row.boot, row.boot_until_s)

        return await self._state.run(work)

    async def set_background_pause(self, pause: BackgroundPause) -> None:
        """Remembers it over restarts."""
        await self._state.run(lambda s: s.merge(BackgroundPauseTable(id=1, **asdict(pause))))
