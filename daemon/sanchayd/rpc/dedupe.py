"""DedupeService on the wire."""

# ruff: noqa: N802, ARG002 - gRPC gives the names of the calls and their arguments

from __future__ import annotations

from typing import Any

import grpc

from sanchay.v1 import dedupe_pb2, dedupe_pb2_grpc
from sanchayd.dedupe.service import DedupeService
from sanchayd.rpc import fitting
from sanchayd.rpc.convert import dedupe as convert
from sanchayd.rpc.interceptors import request_id

Context = grpc.aio.ServicerContext[Any, Any]


class DedupeServicer(dedupe_pb2_grpc.DedupeServiceServicer):
    """Converts, and leaves the rest to `DedupeService`."""

    def __init__(self, service: DedupeService) -> None:
        self._service = service

    async def MakePlan(self, request: dedupe_pb2.MakePlanRequest, context: Context) -> dedupe_pb2.MakePlanResponse:
        """Decides which copies go."""
        return convert.from_made(await self._service.make_plan(convert.to_question(request)))

    async def ListPlans(self, request: dedupe_pb2.ListPlansRequest, context: Context) -> dedupe_pb2.ListPlansResponse:
        """All plans."""
        plans = await self._service.plans()
        return dedupe_pb2.ListPlansResponse(plans=[convert.from_plan(plan) for plan in plans])

    async def GetPlan(self, request: dedupe_pb2.GetPlanRequest, context: Context) -> dedupe_pb2.GetPlanResponse:
        """One plan."""
        return dedupe_pb2.GetPlanResponse(plan=convert.from_plan(await self._service.plan(request.id)))

    async def ListPlanGroups(
        self, request: dedupe_pb2.ListPlanGroupsRequest, context: Context
    ) -> dedupe_pb2.ListPlanGroupsResponse:
        """A page of a plan's groups."""
        page = await self._service.plan_groups(
            request.id,
            token=request.page.page_token,
            first_group=request.first_group,
            limit=request.page.limit,
            max_bytes=fitting.PAGE_MAX_BYTES,
        )
        copies = sum(len(group.copies) for group in page.groups)
        return await fitting.converted(convert.from_groups, page, copies)

    async def GetPlanGroup(
        self, request: dedupe_pb2.GetPlanGroupRequest, context: Context
    ) -> dedupe_pb2.GetPlanGroupResponse:
        """One group of a plan."""
        which = request.WhichOneof("which")
        behind = request.undecided_after
        found = await self._service.plan_group(
            request.id,
            number=request.number if which == "number" else None,
            hash_bytes=request.hash if which == "hash" else None,
            undecided_after=behind.number if which == "undecided_after" else None,
            wraps=behind.wraps,
            max_bytes=fitting.PAGE_MAX_BYTES,
        )
        return convert.from_found(found)

    async def GetPlanGroupStates(
        self, request: dedupe_pb2.GetPlanGroupStatesRequest, context: Context
    ) -> dedupe_pb2.GetPlanGroupStatesResponse:
        """How groups of a plan stand."""
        return convert.from_states(await self._service.plan_group_states(request.id, list(request.hashes)))

    async def DecidePlanGroup(
        self, request: dedupe_pb2.DecidePlanGroupRequest, context: Context
    ) -> dedupe_pb2.DecidePlanGroupResponse:
        """Decides a group at once."""
        decided = await self._service.decide_group(
            request.id,
            request.number,
            keep=[path.raw for path in request.keep],
            drop=[path.raw for path in request.drop],
            undecided=[path.raw for path in request.undecided],
            rest=request.rest,
            max_bytes=fitting.PAGE_MAX_BYTES,
        )
        return convert.from_decided(decided)

    async def EditPlan(self, request: dedupe_pb2.EditPlanRequest, context: Context) -> dedupe_pb2.EditPlanResponse:
        """Decides a copy again."""
        plan = await self._service.edit_plan(request.id, request.path.raw, request.decision)
        return dedupe_pb2.EditPlanResponse(plan=convert.from_plan(plan))

    async def ForgetPlan(
        self, request: dedupe_pb2.ForgetPlanRequest, context: Context
    ) -> dedupe_pb2.ForgetPlanResponse:
        """Forgets a plan."""
        await self._service.forget_plan(request.id)
        return dedupe_pb2.ForgetPlanResponse()

    async def StartRun(self, request: dedupe_pb2.StartRunRequest, context: Context) -> dedupe_pb2.StartRunResponse:
        """Starts or joins a run."""
        job = await self._service.start_run(
            request.plan,
            request.version,
            any_metadata=request.any_metadata,
            empty_folders=request.empty_folders,
            request_id=request_id(),
        )
        return dedupe_pb2.StartRunResponse(job_id=job.id)

    async def StartUndo(self, request: dedupe_pb2.StartUndoRequest, context: Context) -> dedupe_pb2.StartUndoResponse:
        """Starts or joins taking back a run."""
        job = await self._service.start_undo(request.run, [path.raw for path in request.paths], request_id=request_id())
        return dedupe_pb2.StartUndoResponse(job_id=job.id)

    async def IgnoreCopies(
        self, request: dedupe_pb2.IgnoreCopiesRequest, context: Context
    ) -> dedupe_pb2.IgnoreCopiesResponse:
        """These copies are wanted."""
        group = await self._service.ignore(hash_bytes=request.hash, path=request.path.raw)
        return dedupe_pb2.IgnoreCopiesResponse(group=convert.from_ignored(group))

    async def ListIgnored(
        self, request: dedupe_pb2.ListIgnoredRequest, context: Context
    ) -> dedupe_pb2.ListIgnoredResponse:
        """Groups whose copies are wanted."""
        page = await self._service.ignored(
            token=request.page.page_token, limit=request.page.limit, max_bytes=fitting.PAGE_MAX_BYTES
        )
        return convert.from_ignored_page(page)

    async def UnignoreCopies(
        self, request: dedupe_pb2.UnignoreCopiesRequest, context: Context
    ) -> dedupe_pb2.UnignoreCopiesResponse:
        """They are no longer."""
        was = await self._service.unignore(hash_bytes=request.hash, path=request.path.raw)
        return dedupe_pb2.UnignoreCopiesResponse(was_ignored=was)

    async def ListJournalRuns(
        self, request: dedupe_pb2.ListJournalRunsRequest, context: Context
    ) -> dedupe_pb2.ListJournalRunsResponse:
        """Every run."""
        runs = await self._service.runs()
        return dedupe_pb2.ListJournalRunsResponse(runs=[convert.from_run(run) for run in runs])

    async def ListActs(self, request: dedupe_pb2.ListActsRequest, context: Context) -> dedupe_pb2.ListActsResponse:
        """A page of what became of a run's files."""
        page = await self._service.acts(
            request.run, token=request.page.page_token, limit=request.page.limit, max_bytes=fitting.PAGE_MAX_BYTES
        )
        return await fitting.converted(convert.from_acts, page, len(page.acts))
