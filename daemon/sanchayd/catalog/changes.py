"""What changed and what grew, as clients ask for it, and when file systems are full."""

from __future__ import annotations

import asyncio
import os
import shutil
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from sanchayd.catalog.board import FreshnessBoard
from sanchayd.catalog.freshness import Freshness
from sanchayd.catalog.service import PAGE_LIMIT, Answered
from sanchayd.engine_port import CatalogPool, QuestionsPort
from sanchayd.engine_port.pool import in_own_thread
from sanchayd.engine_port.values import ChangePage, GrowthPage, VolumePace
from sanchayd.jobs.queue import JobQueue
from sanchayd.roots.registry import RootRegistry
from sanchayd.roots.root import Root

CHANGES_LIMIT = 1000
GROWTH_LIMIT = 20
GROWTH_MAX_LIMIT = 1000
GROWTH_DAYS = 30
DAY_NS = 86_400 * 10**9
# A pace that fills the file system in more than a hundred years says nothing.
FULL_AFTER_MOST_DAYS = 36_525
# A file system that does not say what is free within this time is not waited for: a dead share never does.
FREE_SPACE_LIMIT_S = 5.0

DiskSpace = Callable[[bytes], tuple[int, int]]


@dataclass(frozen=True)
class FileSystemGrowth:
    """How fast a file system fills with what is cataloged on it, and when it is full at that pace.

    `path` is a cataloged folder on it. `total_bytes` of 0: it does not answer; `days` of 0: the pace is not known yet;
    `full_on_ns` of 0: unknown, or never at this pace.
    """

    path: bytes
    total_bytes: int
    free_bytes: int
    bytes_per_day: float
    days: int
    full_on_ns: int


@dataclass(frozen=True)
class Growth:
    """The folders that grew most, and the file systems that they are on."""

    page: GrowthPage
    file_systems: Sequence[FileSystemGrowth]

    @property
    def full_on_ns(self) -> int:
        """When the first of the file systems is full; 0: unknown, or none at this pace."""
        return min((each.full_on_ns for each in self.file_systems if each.full_on_ns), default=0)


def disk_space(path: bytes) -> tuple[int, int]:
    """Total bytes of the file system at `path`, and those free to its users. Blocks; raises OSError."""
    usage = shutil.disk_usage(os.fsdecode(path))
    return usage.total, usage.free


def full_on(now_ns: int, free_bytes: int, bytes_per_day: float) -> int:
    """When what is free is used up; 0: not within a hundred years."""
    if bytes_per_day <= 0 or free_bytes / bytes_per_day > FULL_AFTER_MOST_DAYS:
        return 0
    return now_ns + int(free_bytes / bytes_per_day * DAY_NS)


class ChangeService:
    """Use cases on time: what changed since, what grew, when it is full."""

    def __init__(
        self,
        catalog: QuestionsPort,
        pool: CatalogPool,
        registry: RootRegistry,
        queue: JobQueue,
        board: FreshnessBoard,
        *,
        now_ns: Callable[[], int] = time.time_ns,
        space: DiskSpace = disk_space,
    ) -> None:
        self._catalog = catalog
        self._pool = pool
        self._registry = registry
        self._queue = queue
        self._board = board
        self._now_ns = now_ns
        self._space = space

    async def changes(
        self, *, cursor: str, since_ns: int | None, under: bytes | None, limit: int, max_bytes: int | None = None
    ) -> Answered[ChangePage]:
        """A page of changes, oldest first. Raises invalid_argument for a cursor that is none, and unknown_path."""
        bound = min(limit or CHANGES_LIMIT, PAGE_LIMIT)
        place, roots = await self._registry.place(under, ever=True)  # what is gone has its changes too
        page = await self._pool.ask(
            self._catalog.changes, cursor=cursor, since_ns=since_ns, under=place, limit=bound, max_bytes=max_bytes
        )
        return Answered(page, await self._freshness(roots))

    async def growth(
        self, path: bytes | None, *, days: int, limit: int, max_bytes: int | None = None
    ) -> Answered[Growth]:
        """The folders below `path` that grew most over `days`. Raises unknown_path."""
        bound = min(limit or GROWTH_LIMIT, GROWTH_MAX_LIMIT)
        folder, roots = await self._registry.place(path)
        page = await self._pool.ask(
            self._catalog.growth,
            folder,
            days=days or GROWTH_DAYS,
            limit=bound,
            now_ns=self._now_ns(),
            max_bytes=max_bytes,
        )
        return Answered(Growth(page, await self._file_systems(page.volumes)), await self._freshness(roots))

    async def forecast(self, days: int = GROWTH_DAYS) -> list[FileSystemGrowth]:
        """Every file system that holds cataloged folders, at the pace of the last `days`."""
        page = await self._pool.ask(self._catalog.growth, None, days=days, limit=0, now_ns=self._now_ns())
        return await self._file_systems(page.volumes)

    async def _file_systems(self, volumes: Sequence[VolumePace]) -> list[FileSystemGrowth]:
        return list(await asyncio.gather(*(self._file_system(pace) for pace in volumes)))

    async def _file_system(self, pace: VolumePace) -> FileSystemGrowth:
        try:
            asking = in_own_thread(lambda: _answered(self._space, pace.path), "free-space")
            total, free = await asyncio.wait_for(asking, FREE_SPACE_LIMIT_S)
        except asyncio.TimeoutError:
            total, free = 0, 0
        full_on_ns = full_on(self._now_ns(), free, pace.bytes_per_day) if total else 0
        return FileSystemGrowth(pace.path, total, free, pace.bytes_per_day, pace.days, full_on_ns)

    async def _freshness(self, roots: Sequence[Root]) -> Freshness:
        await self._board.look()
        return self._board.overall(roots, self._queue.scanning_root_ids())


def _answered(space: DiskSpace, path: bytes) -> tuple[int, int]:
    """What `space` says; nothing where the folder is not there now."""
    try:
        return space(path)
    except OSError:
        return 0, 0
