"""The daemon as it stands: what it runs, what it was told, and what a person should know."""

from __future__ import annotations

import os
import re
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from sanchay import names
from sanchay.names import shown_path
from sanchay.sentences import Sentence
from sanchayd import __version__, hosts
from sanchayd.config import Setting
from sanchayd.engine_port import CatalogPool, EnginePort
from sanchayd.engine_port.values import CatalogStatus
from sanchayd.events.event import StatusTopic
from sanchayd.events.news import Standing
from sanchayd.jobs.queue import JobQueue
from sanchayd.roots.service import RootService
from sanchayd.roots.view import RootView
from sanchayd.settings import Settings
from sanchayd.state import StateStore
from sanchayd.upkeep.background import BackgroundService, BackgroundView
from sanchayd.upkeep.checks import CheckService
from sanchayd.verify.service import VerifyService


@dataclass(frozen=True)
class CatalogView:
    """The catalog; `state` is ok, disk_full, damaged or rebuilt, and `message` says what happened."""

    status: CatalogStatus
    state: str
    message: Sentence


@dataclass(frozen=True)
class DaemonStatus:
    """Everything that `status` shows."""

    pid: int
    version: str
    engine_version: str
    uptime_s: float
    rss_bytes: int
    catalog: CatalogView
    roots: list[RootView]
    active_jobs: int
    config_error: Sentence
    notices: list[Sentence]
    background: BackgroundView
    damaged_files: int


class StatusService:
    """Use cases on the daemon itself."""

    def __init__(
        self,
        catalog: EnginePort,
        pool: CatalogPool,
        roots: RootService,
        queue: JobQueue,
        settings: Settings,
        stop: Callable[[], None],
        background: BackgroundService,
        store: StateStore,
        verify: VerifyService,
    ) -> None:
        self._catalog = catalog
        self._pool = pool
        self._roots = roots
        self._queue = queue
        self._settings = settings
        self._stop = stop
        self._background = background
        self._store = store
        self._verify = verify
        self._started_s = time.monotonic()
        self.checks = CheckService(catalog)
        self._notices: list[Sentence] = []

    async def status(self) -> DaemonStatus:
        """The daemon as it stands; takes milliseconds, whatever runs."""
        catalog = self._view(await self._pool.quick(self._catalog.status))
        return DaemonStatus(
            pid=os.getpid(),
            version=__version__,
            engine_version=self._catalog.version(),
            uptime_s=time.monotonic() - self._started_s,
            rss_bytes=hosts.rss_bytes(),
            catalog=catalog,
            roots=await self._roots.list_roots(),
            active_jobs=len(self._queue.active()),
            config_error=self._settings.error,
            notices=self._all_notices(catalog),
            background=self._background.view(),
            damaged_files=await self._verify.damaged_files(),
        )

    async def standing(self) -> Standing:
        """What of it a person should hear of when it changes, in values to compare; without roots."""
        catalog = self._view(await self._pool.quick(self._catalog.status))
        return {
            StatusTopic.CATALOG: (catalog.state, catalog.message, catalog.status.name_index),
            StatusTopic.NOTICES: self._all_notices(catalog),
            StatusTopic.PAUSE: self._background.view(),
            StatusTopic.SETTINGS: (self._settings.config, self._settings.error),
        }

    def note(self, said: Sentence) -> None:
        """From now on everyone who asks is told this."""
        self._notices.append(said)

    def settings(self) -> list[Setting]:
        """Every setting with its origin."""
        return self._settings.all()

    def setting_notices(self) -> Sequence[Sentence]:
        """What looks like a setting and is none."""
        return self._settings.config.notices

    def stop(self) -> int:
        """Asks the daemon to end; its pid."""
        self._stop()
        return os.getpid()

    def _all_notices(self, catalog: CatalogView) -> list[Sentence]:
        notices = [*self._notices, *self._settings.config.notices, *([catalog.message] if catalog.message else [])]
        notices += [_gone(path) for path in (os.fsdecode(catalog.status.path), str(self._store.file)) if _is_gone(path)]
        if self._store.disk_full:
            notices.append(Sentence("state-disk-full", file=shown_path(self._store.file)))
        if self._settings.pending:
            notices.append(Sentence("counts-from-next-start", settings=", ".join(self._settings.pending)))
        return notices

    def _view(self, status: CatalogStatus) -> CatalogView:
        if status.damage:
            message = Sentence("catalog-damaged", path=names.shown(status.path), why=status.damage)
            return CatalogView(status, "damaged", message)
        if self._catalog.disk_full():
            message = Sentence("catalog-waits-for-room", path=names.shown(status.path))
            return CatalogView(status, "disk_full", message)
        if status.rebuilt_from is not None:
            moved = names.shown(status.rebuilt_from)
            message = _noticed(status.notice) or Sentence("catalog-was-damaged", path=moved)
            return CatalogView(status, "rebuilt", message)
        return CatalogView(status, "ok", _noticed(status.notice))


def _is_gone(path: str) -> bool:
    try:
        os.stat(path)
    except FileNotFoundError:
        return True
    except OSError:
        return False  # not known
    return False


def _gone(path: str) -> Sentence:
    return Sentence("file-gone", path=shown_path(path))


def _noticed(text: str) -> Sentence:
    """What the engine says of the catalog and of the journal, which it joins."""
    said = re.split("; (?=the journal of )", text)
    return Sentence.together("and-also", [Sentence.of_engine(each) for each in said])
