"""Whether files are there, as clients ask for it: a question begins a job, whose rows are taken a page at a time."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass

from sanchay import names
from sanchay.errors import Busy, InvalidArgument, JobNotFound, NotAbsolute
from sanchayd.catalog.board import FreshnessBoard
from sanchayd.catalog.freshness import Freshness
from sanchayd.engine_port import CatalogPool
from sanchayd.engine_port.have_values import HavePage
from sanchayd.have.kind import HAVE, HaveKind, HaveQuestion
from sanchayd.jobs.job import Job
from sanchayd.jobs.queue import JobQueue
from sanchayd.jobs.service import JobService
from sanchayd.roots.registry import RootRegistry

ROWS_LIMIT = 1000
ROWS_MAX_LIMIT = 10_000
#: Questions that wait or run at once: each holds up to a request of paths in memory.
QUESTIONS_MOST = 32


@dataclass(frozen=True)
class AnsweredRows:
    """A page of rows, the names of the roots in it, and how fresh they are."""

    page: HavePage
    roots: dict[int, str]
    freshness: Freshness


class HaveService:
    """Use cases on files that may be there already."""

    def __init__(
        self,
        kind: HaveKind,
        pool: CatalogPool,
        registry: RootRegistry,
        jobs: JobService,
        queue: JobQueue,
        board: FreshnessBoard,
    ) -> None:
        self._kind = kind
        self._pool = pool
        self._registry = registry
        self._jobs = jobs
        self._queue = queue
        self._board = board

    async def start(self, question: HaveQuestion, *, request_id: str) -> Job:
        """Begins to answer. Raises invalid_argument, not_absolute, and busy where too much is asked at once."""
        if question.paths and question.hashes:
            raise InvalidArgument("Ask about paths or about hashes, not about both at once.")
        for path in question.paths:
            if not os.path.isabs(path):
                raise NotAbsolute(f"{names.shown(path)} is not an absolute path.", path=path)
        if sum(active.job.kind == HAVE for active in self._queue.active()) >= QUESTIONS_MOST:
            raise Busy(f"{QUESTIONS_MOST} such questions wait or are under way; ask again when one has ended.")
        arguments = self._kind.ask(question)
        try:
            return await self._jobs.start(HAVE, [], background=False, request_id=request_id, arguments=arguments)
        except BaseException:
            self._kind.forget(arguments)
            raise

    async def rows(self, job_id: int, *, states: Sequence[str], limit: int, token: str, max_bytes: int) -> AnsweredRows:
        """A page of the rows of a job. Raises job_not_found, busy while it is under way, and invalid_argument."""
        answer = self._kind.answer(job_id)
        if answer is None:
            raise JobNotFound(
                f"The rows of job {job_id} are not kept any more, or it is not such a question; ask again.",
                details={"job_id": str(job_id)},
            )
        if not answer.ended:
            raise Busy(f"Job {job_id} has not ended; its rows can be taken then.", details={"job_id": str(job_id)})
        bound = min(limit or ROWS_LIMIT, ROWS_MAX_LIMIT)
        page = await self._pool.ask(answer.rows, states=states, limit=bound, token=token, max_bytes=max_bytes)
        roots = self._registry.all()
        await self._board.look()
        freshness = self._board.overall(roots, self._queue.scanning_root_ids())
        return AnsweredRows(page, {root.id: root.name for root in roots}, freshness)
