"""Scans as clients ask for them: of roots by their names, or of a folder that becomes a root."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass

from sanchay import names
from sanchay.errors import ADD_ROOT, RootNotFound
from sanchay.sentences import Sentence
from sanchayd.jobs.job import Job, JobRoot, JobState
from sanchayd.jobs.queue import JobQueue
from sanchayd.jobs.scan import SCAN
from sanchayd.jobs.service import JobService
from sanchayd.roots.registry import RootRegistry
from sanchayd.roots.root import Root, RootSettings


@dataclass(frozen=True)
class StartedScans:
    """The jobs that were started or joined, and what a person should know."""

    jobs: tuple[Job, ...]
    notices: tuple[Sentence, ...]


class ScanService:
    """Starts scans, or joins those that wait or run."""

    def __init__(self, registry: RootRegistry, jobs: JobService, queue: JobQueue) -> None:
        self._registry = registry
        self._jobs = jobs
        self._queue = queue

    async def start_all(self, words: Sequence[bytes], *, background: bool, request_id: str) -> StartedScans:
        """Starts or joins a scan of each root; all roots where none is named. A new absolute path becomes a root."""
        notices: list[Sentence] = []
        roots = [await self._root_of(word, notices) for word in words] if words else self._registry.claimed()
        if not roots:
            raise RootNotFound("There is no root to scan yet.", details={"advice": ADD_ROOT})
        jobs = [
            await self.start(root, background=background, request_id=request_id, notices=notices)
            for root in dict.fromkeys(roots)
        ]
        return StartedScans(tuple(jobs), tuple(notices))

    async def start(self, root: Root, *, background: bool, request_id: str, notices: list[Sentence]) -> Job:
        """Starts a scan of the root, or joins the one that waits or runs. A paused one goes on, which is a notice."""
        started = await self._jobs.start(
            SCAN, [JobRoot(root.id, root.name)], background=background, request_id=request_id
        )
        active = self._queue.get(started.id)
        if active is not None and active.job.state is JobState.PAUSED and not background:
            notices.append(Sentence("paused-scan-goes-on", root=root.name))
            self._queue.resume(active)
            return active.snapshot()
        return started

    async def _root_of(self, word: bytes, notices: list[Sentence]) -> Root:
        """The root that is asked for by name or path. A folder that is none becomes one, and so does a found one."""
        try:
            found = await self._registry.resolve(word)
            if found.claimed:
                return found
            word = found.path
        except RootNotFound:
            if not os.path.isabs(word):
                raise
        root, _existed = await self._registry.add(word, "", RootSettings())
        notices.append(Sentence("root-added", path=names.shown(root.path), root=names.quoted(root.name)))
        notices.extend(self._registry.nesting_notices(root))
        return root
