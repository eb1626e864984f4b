"""Roots as clients ask for them: add, list, change and remove."""

from __future__ import annotations

import asyncio
import functools
from collections.abc import Sequence
from dataclasses import dataclass, replace

from sanchay import names
from sanchay.errors import InvalidArgument
from sanchay.sentences import Sentence
from sanchayd.catalog.board import FreshnessBoard
from sanchayd.jobs.queue import JobQueue
from sanchayd.jobs.scans import ScanService
from sanchayd.jobs.service import JobService
from sanchayd.log import logger
from sanchayd.roots.registry import RootRegistry
from sanchayd.roots.root import HashAlgorithm, HashScope, Root, RootSettings, WatchMode
from sanchayd.roots.view import RootView

_log = logger("sanchayd.roots")


@dataclass(frozen=True)
class AddedRoot:
    """The root; `job_id` is its background scan, 0 where none was started."""

    view: RootView
    existed: bool
    job_id: int
    notices: tuple[Sentence, ...]


@dataclass(frozen=True)
class RootChange:
    """What is to change; None leaves it.

    `exclude` is added, or replaces all with `replace_exclude`; `expect_unreadable` in the same way.
    """

    name: str | None = None
    hash: HashScope | None = None
    algorithm: HashAlgorithm | None = None
    exclude: Sequence[str] = ()
    replace_exclude: bool = False
    one_file_system: bool | None = None
    skip_hidden: bool | None = None
    watch: WatchMode | None = None
    poll_s: int | None = None
    expect_unreadable: Sequence[bytes] = ()
    replace_expect_unreadable: bool = False
    accept: bool = False  # the folder that is there is the root, whatever was there before

    def sets(self, setting: str) -> bool:
        """Whether it says all of the setting, whatever that was before."""
        if setting in {"exclude", "expect_unreadable"}:
            return bool(getattr(self, f"replace_{setting}"))
        return getattr(self, setting) is not None

    def apply(self, settings: RootSettings) -> RootSettings:
        """The settings after the change."""
        kept = () if self.replace_exclude else settings.exclude
        expected = () if self.replace_expect_unreadable else settings.expect_unreadable
        return replace(
            settings,
            hash=self.hash or settings.hash,
            algorithm=self.algorithm or settings.algorithm,
            exclude=tuple(dict.fromkeys([*kept, *self.exclude])),
            one_file_system=settings.one_file_system if self.one_file_system is None else self.one_file_system,
            skip_hidden=settings.skip_hidden if self.skip_hidden is None else self.skip_hidden,
            watch=self.watch or settings.watch,
            poll_s=self.poll_s or settings.poll_s,
            expect_unreadable=tuple(dict.fromkeys([*expected, *self.expect_unreadable])),
        )


class RootService:
    """Use cases on roots."""

    def __init__(
        self, registry: RootRegistry, jobs: JobService, scans: ScanService, queue: JobQueue, board: FreshnessBoard
    ) -> None:
        self._registry = registry
        self._jobs = jobs
        self._scans = scans
        self._queue = queue
        self._board = board
        self._removals: dict[int, asyncio.Future[RootView]] = {}

    async def add(self, path: bytes, name: str, settings: RootSettings, *, no_scan: bool, request_id: str) -> AddedRoot:
        """Makes the folder a root and starts its scan in the background, unless it is one or `no_scan` is set."""
        if not any(root.path == path for root in self._registry.all()):
            self._refuse_mixing(path, settings)
        root, existed = await self._registry.add(path, name, settings)
        notices = [] if existed else self._registry.nesting_notices(root)
        job_id = 0
        if not existed and not no_scan:
            job = await self._scans.start(root, background=True, request_id=request_id, notices=notices)
            job_id = job.id
        await self._board.refresh([root.id])
        view = self._board.view(root, self._queue.scanning_root_ids())
        return AddedRoot(view, existed, job_id, tuple(notices))

    def _refuse_mixing(self, path: bytes, settings: RootSettings) -> None:
        """Hashes of two algorithms cannot be compared: equal files would go unseen."""
        if settings.hash is HashScope.NONE:
            return
        for other in self._registry.all():
            used = other.settings.algorithm
            if other.unreadable is not None:
                continue  # nothing of it is hashed until its settings are known
            if other.path != path and other.settings.hash is not HashScope.NONE and used is not settings.algorithm:
                raise InvalidArgument(
                    f"The root {names.quoted(other.name)} is hashed with {used.value}, and hashes of two algorithms "
                    f"cannot be compared: use {used.value} here too, or leave one of the roots unhashed.",
                    path=path,
                )

    async def list_roots(self) -> list[RootView]:
        """Every root as it stands."""
        roots = self._registry.all()
        await self._board.refresh(root.id for root in roots)
        scanning = self._queue.scanning_root_ids()
        return [self._board.view(root, scanning) for root in roots]

    async def standing(self) -> list[RootView]:
        """The same as far as it is known without asking for each: numbers of files may be those of a while ago."""
        await self._board.look()
        scanning = self._queue.scanning_root_ids()
        return [self._board.view(root, scanning) for root in self._registry.all()]

    async def update(self, word: bytes, change: RootChange, *, request_id: str = "") -> RootView:
        """Changes a root; its settings count from its next comparison, which begins at once where it is kept up.

        That is started where its folder is accepted, where its settings could not be read before, and where other paths
        are expected to be unreadable: whether the root is partial is known after it. Raises config_invalid where a
        setting that cannot be read is not among those that change.
        """
        root = await self._registry.resolve(word)
        if root.unreadable is not None and not all(map(change.sets, root.unreadable.settings)):
            root.check_settings()
        change = replace(
            change,
            exclude=await self._registry.exclude_patterns(root.path, change.exclude),
            expect_unreadable=await self._registry.paths_below(root.path, change.expect_unreadable),
        )
        settings = change.apply(root.settings)
        if root.unreadable or (settings.hash, settings.algorithm) != (root.settings.hash, root.settings.algorithm):
            self._refuse_mixing(root.path, settings)
        changed = await self._registry.update(root, name=change.name, settings=settings)
        if change.accept:
            await self._registry.accept(changed)
        is_mended = root.unreadable is not None and root.claimed
        if change.accept or is_mended or settings.expect_unreadable != root.settings.expect_unreadable:
            await self._scans.start(changed, background=True, request_id=request_id, notices=[])
        await self._board.refresh([root.id])
        return self._board.view(changed, self._queue.scanning_root_ids())

    async def remove(self, word: bytes) -> RootView:
        """Ends the root's scan and forgets its rows; no file is touched. The root as it was.

        It takes its time with many rows, and goes on to its end though the asker is gone.
        """
        root = await self._registry.resolve(word)
        removal = self._removals.get(root.id)
        if removal is None:
            removal = self._removals[root.id] = asyncio.ensure_future(self._forget(root))
            removal.add_done_callback(functools.partial(self._forgotten, root))
        return await asyncio.shield(removal)

    def _forgotten(self, root: Root, removal: asyncio.Future[RootView]) -> None:
        self._removals.pop(root.id, None)
        if not removal.cancelled() and (error := removal.exception()) is not None:
            _log.warning("root_not_removed", root_id=root.id, error=str(error))

    async def _forget(self, root: Root) -> RootView:
        await self._jobs.cancel_of_root(root.id)
        await self._board.refresh([root.id])
        view = self._board.view(root, ())
        await self._registry.remove(root)
        self._board.forget(root.id)
        return view
