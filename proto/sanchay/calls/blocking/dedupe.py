# Written by proto/blocking.py from sanchay/calls/aio: edit that file.
"""Clearing copies: plans, runs, what was done, and taking it back."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cached_property
from typing import TYPE_CHECKING

from sanchay import _requests, v1
from sanchay._call import STREAM_TIMEOUT_S
from sanchay._link import Answers, Link
from sanchay._requests import PathLike

if TYPE_CHECKING:
    from sanchay.v1 import dedupe_pb2_grpc


class DedupeCalls:
    """The calls, blocking."""

    _link: Link

    @cached_property
    def _dedupe(self) -> dedupe_pb2_grpc.DedupeServiceStub:
        return self._link.stub(v1.dedupe_pb2.DESCRIPTOR.services_by_name["DedupeService"])  # type: ignore[no-any-return]

    def make_plan(
        self,
        *,
        under: PathLike | None = None,
        min_size_bytes: int | None = None,
        extensions: Iterable[str] = (),
        types: Iterable[str] = (),
        drop: str = "",
        keep: str = "",
        prefer: Iterable[str] = (),
        isolate: Iterable[PathLike] = (),
        min_copies: int = 1,
        min_devices: int = 1,
        one_of_each_name: bool = False,
        everywhere: bool = False,
        action: str = "trash",
        keep_in: Iterable[PathLike] = (),
        drop_in: Iterable[PathLike] = (),
    ) -> v1.dedupe_pb2.MakePlanResponse:
        """Decides which copies go, and changes no file. `drop` and `keep` are expressions. Waits for up to an hour.

        With `keep_in` and `drop_in` copies right in the latter folders go where one right in the former stays.
        """
        request = _requests.make_plan(
            under,
            min_size_bytes,
            extensions,
            types,
            drop,
            keep,
            prefer,
            isolate,
            min_copies,
            min_devices,
            one_of_each_name,
            everywhere,
            action,
            keep_in,
            drop_in,
        )
        return self._link.unary(self._dedupe.MakePlan, request, STREAM_TIMEOUT_S)

    def list_plans(self) -> v1.dedupe_pb2.ListPlansResponse:
        """Every plan, newest first."""
        return self._link.unary(self._dedupe.ListPlans, v1.dedupe_pb2.ListPlansRequest())

    def get_plan(self, plan: int) -> v1.dedupe_pb2.GetPlanResponse:
        """One plan as a whole."""
        return self._link.unary(self._dedupe.GetPlan, v1.dedupe_pb2.GetPlanRequest(id=plan))

    def list_plan_groups(
        self, plan: int, *, limit: int = 0, page_token: str = "", first_group: int = 0
    ) -> v1.dedupe_pb2.ListPlanGroupsResponse:
        """A page of a plan's groups; one of many copies goes on in the next page, under the same number.

        Without a token it begins at the group with the number `first_group`.
        """
        page = _requests.page(limit, page_token)
        request = v1.dedupe_pb2.ListPlanGroupsRequest(id=plan, page=page, first_group=first_group)
        return self._link.unary(self._dedupe.ListPlanGroups, request)

    def get_plan_group(
        self,
        plan: int,
        number: int | None = None,
        *,
        content_hash: bytes | None = None,
        undecided_after: int | None = None,
        wraps: bool = False,
    ) -> v1.dedupe_pb2.GetPlanGroupResponse:
        """One group: by its number, by its content, or the next behind a number in which something is undecided."""
        request = v1.dedupe_pb2.GetPlanGroupRequest(id=plan)
        if number is not None:
            request.number = number
        elif content_hash is not None:
            request.hash = content_hash
        elif undecided_after is not None:
            request.undecided_after.number, request.undecided_after.wraps = undecided_after, wraps
        return self._link.unary(self._dedupe.GetPlanGroup, request)

    def get_plan_group_states(self, plan: int, hashes: Iterable[bytes]) -> v1.dedupe_pb2.GetPlanGroupStatesResponse:
        """How the groups of up to a thousand contents stand in a plan."""
        request = v1.dedupe_pb2.GetPlanGroupStatesRequest(id=plan, hashes=hashes)
        return self._link.unary(self._dedupe.GetPlanGroupStates, request)

    def decide_plan_group(
        self,
        plan: int,
        number: int,
        *,
        keep: Iterable[PathLike] = (),
        drop: Iterable[PathLike] = (),
        undecided: Iterable[PathLike] = (),
        rest: str = "",
    ) -> v1.dedupe_pb2.DecidePlanGroupResponse:
        """Decides a group, all or nothing: copies by their paths, and by `rest` all others. Raises LastCopy."""
        request = v1.dedupe_pb2.DecidePlanGroupRequest(
            id=plan,
            number=number,
            keep=[_requests.path(path) for path in keep],
            drop=[_requests.path(path) for path in drop],
            undecided=[_requests.path(path) for path in undecided],
            rest=rest,
        )
        return self._link.unary(self._dedupe.DecidePlanGroup, request)

    def edit_plan(self, plan: int, path: PathLike, decision: str) -> v1.dedupe_pb2.EditPlanResponse:
        """Decides a copy of a plan again: keep, drop or undecided. Raises LastCopy: it cannot go."""
        request = v1.dedupe_pb2.EditPlanRequest(id=plan, path=_requests.path(path), decision=decision)
        return self._link.unary(self._dedupe.EditPlan, request)

    def forget_plan(self, plan: int) -> v1.dedupe_pb2.ForgetPlanResponse:
        """Forgets a plan; what was done by it stays in the journal."""
        return self._link.unary(self._dedupe.ForgetPlan, v1.dedupe_pb2.ForgetPlanRequest(id=plan))

    def start_run(
        self, plan: int, version: int, *, any_metadata: bool = False, empty_folders: bool = False
    ) -> v1.dedupe_pb2.StartRunResponse:
        """Starts, or joins, the job that does what this version of a plan says. Raises PlanEdited, PlanInUse."""
        request = v1.dedupe_pb2.StartRunRequest(
            plan=plan, version=version, any_metadata=any_metadata, empty_folders=empty_folders
        )
        return self._link.unary(self._dedupe.StartRun, request)

    def start_undo(self, run: int, paths: Iterable[PathLike] = ()) -> v1.dedupe_pb2.StartUndoResponse:
        """Starts, or joins, the job that takes back a run: what it did to these files, or (none named) to all."""
        request = v1.dedupe_pb2.StartUndoRequest(run=run, paths=[_requests.path(path) for path in paths])
        return self._link.unary(self._dedupe.StartUndo, request)

    def ignore_copies(
        self, *, content_hash: bytes = b"", path: PathLike | None = None
    ) -> v1.dedupe_pb2.IgnoreCopiesResponse:
        """The copies of a content, or of a file, are wanted: they leave plans and duplicates."""
        request = v1.dedupe_pb2.IgnoreCopiesRequest(hash=content_hash, path=_requests.maybe_path(path))
        return self._link.unary(self._dedupe.IgnoreCopies, request)

    def list_ignored(self, *, limit: int = 0, page_token: str = "") -> v1.dedupe_pb2.ListIgnoredResponse:
        """A page of the groups whose copies are wanted."""
        request = v1.dedupe_pb2.ListIgnoredRequest(page=_requests.page(limit, page_token))
        return self._link.unary(self._dedupe.ListIgnored, request)

    def unignore_copies(
        self, *, content_hash: bytes = b"", path: PathLike | None = None
    ) -> v1.dedupe_pb2.UnignoreCopiesResponse:
        """They are no longer; the answer says whether they were."""
        request = v1.dedupe_pb2.UnignoreCopiesRequest(hash=content_hash, path=_requests.maybe_path(path))
        return self._link.unary(self._dedupe.UnignoreCopies, request)

    def list_journal_runs(self) -> v1.dedupe_pb2.ListJournalRunsResponse:
        """Every run that changed files, newest first."""
        return self._link.unary(self._dedupe.ListJournalRuns, v1.dedupe_pb2.ListJournalRunsRequest())

    def list_acts(self, run: int, *, limit: int = 0, page_token: str = "") -> v1.dedupe_pb2.ListActsResponse:
        """A page of what became of each file of a run."""
        request = v1.dedupe_pb2.ListActsRequest(run=run, page=_requests.page(limit, page_token))
        return self._link.unary(self._dedupe.ListActs, request)

    def iter_plan_groups(
        self, plan: int, *, page_size: int = 1000, first_group: int = 0
    ) -> Answers[v1.dedupe_pb2.PlanGroup]:
        """Every group of a plan, from the one of a number on, whole, a page at a time."""
        token, held = "", None
        while True:
            page = self.list_plan_groups(plan, limit=page_size, page_token=token, first_group=first_group)
            for item in page.groups:
                if held is not None and held.number == item.number:
                    held.copies.extend(item.copies)
                    continue
                if held is not None:
                    yield held
                held = item
            token = page.next_page_token
            if not token:
                break
        if held is not None:
            yield held

    def iter_ignored(self) -> Answers[v1.dedupe_pb2.IgnoredGroup]:
        """Every group whose copies are wanted, a page at a time."""
        token = ""
        while True:
            page = self.list_ignored(page_token=token)
            for item in page.groups:
                yield item
            token = page.next_page_token
            if not token:
                return

    def iter_acts(self, run: int, *, page_size: int = 1000) -> Answers[v1.dedupe_pb2.Act]:
        """What became of each file of a run, a page at a time."""
        token = ""
        while True:
            page = self.list_acts(run, limit=page_size, page_token=token)
            for item in page.acts:
                yield item
            token = page.next_page_token
            if not token:
                return
