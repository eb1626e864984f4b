"""Plans, runs and wanted copies as clients ask for them. Only the jobs of `acts` change files."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sanchay import names
from sanchay.errors import InvalidArgument, PlanEdited, PlanInUse, UnknownRun
from sanchayd.catalog.board import FreshnessBoard
from sanchayd.catalog.freshness import Freshness
from sanchayd.dedupe.acts import DEDUPE, UNDO, packed
from sanchayd.dedupe.question import ACTIONS, PlanQuestion, under_of
from sanchayd.engine_port import CatalogPool, DedupePort
from sanchayd.engine_port.dedupe_values import ActPage, FoundGroup, GroupState, IgnoredGroup, JournalRun, Plan, PlanPage
from sanchayd.jobs.job import Job, JobRoot, JobState
from sanchayd.jobs.queue import JobQueue
from sanchayd.jobs.service import JobService
from sanchayd.roots.registry import RootRegistry
from sanchayd.roots.root import Root

GROUPS_LIMIT = 100
ACTS_LIMIT = 1000
IGNORED_LIMIT = 100
PAGE_LIMIT = 10_000
#: Copies of one group in an answer, and contents in one question for how groups stand.
COPIES_SHOWN = 1000
STATES_LIMIT = 1000
DECISIONS = ("keep", "drop", "undecided")


@dataclass(frozen=True)
class MadePlan:
    """A new plan, and how far what it was made from can be trusted."""

    plan: Plan
    freshness: Freshness


@dataclass(frozen=True)
class IgnoredPage:
    """Groups whose copies are wanted; an empty token is the last page."""

    groups: tuple[IgnoredGroup, ...]
    next_token: str


class DedupeService:
    """Use cases on copies that are to go."""

    def __init__(
        self,
        catalog: DedupePort,
        pool: CatalogPool,
        registry: RootRegistry,
        jobs: JobService,
        queue: JobQueue,
        board: FreshnessBoard,
    ) -> None:
        self._catalog = catalog
        self._pool = pool
        self._registry = registry
        self._jobs = jobs
        self._queue = queue
        self._board = board
        self._planning = asyncio.Lock()
        self._starting = asyncio.Lock()

    # ---- Plans ----

    async def make_plan(self, question: PlanQuestion) -> MadePlan:
        """Decides which copies go; one plan is made at a time. What no one waits for any more is forgotten.

        Raises invalid_argument, invalid_query and unknown_path.
        """
        action = question.action or ACTIONS[0]
        if action not in ACTIONS:
            raise InvalidArgument(f"{names.quoted(action)} is not a valid action; choose from {', '.join(ACTIONS)}.")
        if bool(question.keep_in) != bool(question.drop_in):
            raise InvalidArgument("Name both a folder that keeps its copies and one whose copies may go.")
        under, roots = await self._registry.place(question.under)
        keep_in, drop_in = await self._places(question.keep_in), await self._places(question.drop_in)

        def make() -> Plan:
            return self._catalog.make_plan(
                under=under,
                min_size=1 if question.min_size is None else question.min_size,
                extensions=question.extensions,
                types=question.types,
                drop=question.drop or None,
                keep=question.keep or None,
                prefer=question.prefer,
                isolate=question.isolate,
                min_copies=max(question.min_copies, 1),
                min_devices=max(question.min_devices, 1),
                one_of_each_name=question.one_of_each_name,
                everywhere=question.everywhere,
                action=action,
                asked=question.asked(),
                time_zone=question.time_zone,
                keep_in=keep_in,
                drop_in=drop_in,
            )

        async with self._planning:
            plan = await self._pool.obtain(make, lambda made: self._catalog.forget_plan(made.id))
        await self._board.look()
        return MadePlan(plan, self._board.overall(roots, self._queue.scanning_root_ids()))

    async def _places(self, folders: Sequence[bytes]) -> list[bytes]:
        """Folders as the catalog spells them: one that it does not have is said, not taken for one without copies."""
        places = [await self._registry.place(folder) for folder in folders]
        return [path for path, _ in places if path is not None]

    async def plans(self) -> Sequence[Plan]:
        """All plans, newest first."""
        return await self._pool.ask(self._catalog.plans)

    async def plan(self, plan_id: int) -> Plan:
        """One plan. Raises unknown_plan."""
        return await self._pool.ask(self._catalog.plan, plan_id)

    async def plan_groups(
        self, plan_id: int, *, token: str, limit: int, first_group: int = 0, max_bytes: int | None = None
    ) -> PlanPage:
        """A page of a plan's groups. Raises unknown_plan and invalid_argument."""
        limit = min(limit or GROUPS_LIMIT, PAGE_LIMIT)
        return await self._pool.ask(
            self._catalog.plan_groups,
            plan_id,
            token=token,
            first_group=first_group,
            limit=limit,
            max_bytes=max_bytes,
        )

    async def plan_group(
        self,
        plan_id: int,
        *,
        number: int | None = None,
        hash_bytes: bytes | None = None,
        undecided_after: int | None = None,
        wraps: bool = False,
        max_bytes: int | None = None,
    ) -> FoundGroup:
        """A group by its number, its content, or the next that is undecided. Raises unknown_plan, invalid_argument."""
        return await self._pool.ask(
            self._catalog.plan_group,
            plan_id,
            number=number,
            hash_bytes=hash_bytes,
            undecided_after=undecided_after,
            wraps=wraps,
            limit=COPIES_SHOWN,
            max_bytes=max_bytes,
        )

    async def plan_group_states(self, plan_id: int, hashes: Sequence[bytes]) -> Sequence[GroupState | None]:
        """How the groups of contents stand. Raises unknown_plan and invalid_argument."""
        if len(hashes) > STATES_LIMIT:
            raise InvalidArgument(f"Ask for at most {STATES_LIMIT} groups at once.")
        return await self._pool.ask(self._catalog.plan_group_states, plan_id, hashes)

    async def edit_plan(self, plan_id: int, path: bytes, decision: str) -> Plan:
        """Decides a copy again. Raises unknown_plan, unknown_path, plan_in_use and last_copy."""
        _check_decision(decision)
        async with self._starting:
            self._check_free(plan_id)
            return await self._pool.ask(self._catalog.edit_plan, plan_id, path, decision)

    async def decide_group(
        self,
        plan_id: int,
        number: int,
        *,
        keep: Sequence[bytes] = (),
        drop: Sequence[bytes] = (),
        undecided: Sequence[bytes] = (),
        rest: str = "",
        max_bytes: int | None = None,
    ) -> tuple[Plan, FoundGroup]:
        """Decides a group at once; gives the plan and the group as they are then.

        Raises unknown_plan, unknown_path, plan_in_use, last_copy and invalid_argument.
        """
        if rest:
            _check_decision(rest)
        elif not (keep or drop or undecided):
            raise InvalidArgument("Name a copy, or say what becomes of the rest.")

        def decide() -> tuple[Plan, FoundGroup]:
            plan = self._catalog.decide_group(
                plan_id, number, keep=keep, drop=drop, undecided=undecided, rest=rest or None
            )
            found = self._catalog.plan_group(plan_id, number=number, limit=COPIES_SHOWN, max_bytes=max_bytes)
            return plan, found

        async with self._starting:
            self._check_free(plan_id)
            return await self._pool.ask(decide)

    async def forget_plan(self, plan_id: int) -> None:
        """Forgets a plan; what was done by it stays in the journal. Raises unknown_plan and plan_in_use."""
        async with self._starting:
            self._check_free(plan_id)
            await self._pool.ask(self._catalog.forget_plan, plan_id)

    # ---- Runs ----

    async def start_run(
        self, plan_id: int, version: int, *, any_metadata: bool, empty_folders: bool, request_id: str
    ) -> Job:
        """Starts the run of a version of a plan, or joins the one that waits or runs and does the same.

        Raises unknown_plan, plan_edited, and plan_in_use where another run of the plan waits or is under way.
        """
        async with self._starting:
            plan = await self.plan(plan_id)
            if plan.version != version:
                raise PlanEdited(
                    f"Plan {plan_id} was edited since it was shown: it is at version {plan.version}, not {version}. "
                    "Look at it again.",
                    details={"plan": str(plan_id), "version": str(plan.version)},
                )
            arguments = {
                "plan": plan_id,
                "version": version,
                "action": plan.action,
                "any_metadata": any_metadata,
                "empty_folders": empty_folders,
            }
            self._check_free(plan_id, unless=arguments)
            _, roots = await self._registry.place(under_of(plan.asked))
            return await self._start(DEDUPE, roots, arguments, request_id)

    async def start_undo(self, run_id: int, paths: Sequence[bytes], *, request_id: str) -> Job:
        """Starts to take back a run, or some files of it. Raises unknown_run."""
        runs = await self.runs()
        if not any(run.id == run_id for run in runs):
            raise UnknownRun(f"The journal has no run {run_id}.", details={"run": str(run_id)})
        arguments = {"run": run_id, "paths": packed(paths)}
        return await self._start(UNDO, self._registry.claimed(), arguments, request_id)

    async def runs(self) -> Sequence[JournalRun]:
        """Every run, newest first."""
        return await self._pool.ask(self._catalog.runs)

    async def acts(self, run_id: int, *, token: str, limit: int, max_bytes: int | None = None) -> ActPage:
        """A page of what became of each file of a run. Raises unknown_run and invalid_argument."""
        limit = min(limit or ACTS_LIMIT, PAGE_LIMIT)
        return await self._pool.ask(self._catalog.acts, run_id, token=token, limit=limit, max_bytes=max_bytes)

    async def _start(self, kind: str, roots: Sequence[Root], arguments: Mapping[str, Any], request_id: str) -> Job:
        """Starts a job, or joins the one that does the same; a paused one goes on."""
        named = [JobRoot(root.id, root.name) for root in roots]
        job = await self._jobs.start(kind, named, background=False, request_id=request_id, arguments=arguments)
        active = self._queue.get(job.id)
        if active is not None and active.job.state is JobState.PAUSED:
            self._queue.resume(active)
        return job

    def _check_free(self, plan_id: int, *, unless: dict[str, object] | None = None) -> None:
        """Raises plan_in_use where a run of the plan waits or is under way, unless it was asked for with the same."""
        for active in self._queue.active():
            job = active.job
            if job.kind == DEDUPE and job.arguments["plan"] == plan_id and job.arguments != unless:
                raise PlanInUse(
                    f"Plan {plan_id} is being run by job {job.id}; wait for its end, or cancel it.",
                    details={"plan": str(plan_id), "job_id": str(job.id)},
                )

    # ---- Copies that are wanted ----

    async def ignore(self, *, hash_bytes: bytes, path: bytes) -> IgnoredGroup:
        """The copies of a content, or of a file, are wanted. Raises unknown_path and invalid_argument."""
        _check_one(hash_bytes, path)
        return await self._pool.ask(self._catalog.ignore_copies, hash_bytes=hash_bytes or None, path=path or None)

    async def unignore(self, *, hash_bytes: bytes, path: bytes) -> bool:
        """They are no longer; gives whether they were."""
        _check_one(hash_bytes, path)
        return await self._pool.ask(self._catalog.unignore_copies, hash_bytes=hash_bytes or None, path=path or None)

    async def ignored(self, *, token: str, limit: int, max_bytes: int) -> IgnoredPage:
        """A page of the groups whose copies are wanted."""
        if token and not token.isdecimal():
            raise InvalidArgument(f"{names.quoted(token)} is not a valid page token of this listing.")
        groups = await self._pool.ask(self._catalog.ignored)
        start = int(token or 0)
        end = min(start + min(limit or IGNORED_LIMIT, PAGE_LIMIT), len(groups))
        room = max_bytes
        for number in range(start, end):
            room -= 100 + sum(20 + 3 * len(path) for path in groups[number].paths)
            if room < 0 and number > start:
                end = number
                break
        return IgnoredPage(tuple(groups[start:end]), str(end) if end < len(groups) else "")


def _check_decision(word: str) -> None:
    if word not in DECISIONS:
        raise InvalidArgument(f"{names.quoted(word)} is not a valid decision; choose from {', '.join(DECISIONS)}.")


def _check_one(hash_bytes: bytes, path: bytes) -> None:
    if bool(hash_bytes) == bool(path):
        raise InvalidArgument("Name either a hash or a path.")
