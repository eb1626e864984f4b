"""Canned answers about plans and runs."""

from __future__ import annotations

from typing import Any

from sanchay.v1 import dedupe_pb2, job_pb2, verify_pb2
from tests.support.canned_daemon import Answer
from tests.unit.ctl.canned import HOSTILE, NOON_NS, NOT_UTF8, PLAIN, freshness, path

HASH = bytes(range(32))
ASKED = '{"under": {"path": "/data/my photos"}, "prefer": ["oldest"], "extensions": ["jpg"], "everywhere": true}'


def plan(plan_id: int = 3, **fields: Any) -> dedupe_pb2.Plan:
    """A plan in which something goes, something is undecided, and something is left out."""
    figures = {"groups": 392, "undecided": 12, "files": 412, "freed_bytes": 3 << 29, "broken_links": 7, "version": 2}
    skipped = [dedupe_pb2.PlanSkipped(reason=word, files=count) for word, count in (("offline", 1), ("package", 2))]
    links = [dedupe_pb2.PlanLink(path=path(b"/data/link"), target=path(NOT_UTF8))]
    known = {"made_ns": NOON_NS, "action": "trash", "asked": ASKED, "skipped": skipped, "links": links}
    return dedupe_pb2.Plan(id=plan_id, **{**figures, **known, **fields})


def copy(raw: bytes, decision: str, reason: str, kept: bytes = b"") -> dedupe_pb2.PlanCopy:
    stays = path(kept) if kept else None
    return dedupe_pb2.PlanCopy(path=path(raw), decision=decision, reason=reason, freed_bytes=4096, kept=stays)


def group(number: int, *copies: dedupe_pb2.PlanCopy) -> dedupe_pb2.PlanGroup:
    return dedupe_pb2.PlanGroup(number=number, size=1536, algorithm="blake3", hash=HASH, copies=copies)


def groups(request: dedupe_pb2.ListPlanGroupsRequest) -> dedupe_pb2.ListPlanGroupsResponse:
    """Two groups in two pages; the first one goes on in the second page."""
    if not request.page.page_token:
        first = group(0, copy(PLAIN, "keep", "oldest"), copy(HOSTILE, "drop", "copy-of-kept", PLAIN))
        return dedupe_pb2.ListPlanGroupsResponse(groups=[first], next_page_token="more")
    rest = group(0, copy(NOT_UTF8, "drop", "by-hand", PLAIN))
    undecided = group(1, *(copy(b"/data/%d" % number, "undecided", "no-rule-decides") for number in range(2)))
    return dedupe_pb2.ListPlanGroupsResponse(groups=[rest, undecided])


def journal_run(run_id: int = 5, kind: str = "dedupe", **fields: Any) -> dedupe_pb2.JournalRun:
    known = {"action": "trash", "of": 3, "began_ns": NOON_NS, "ended_ns": NOON_NS + 1, "acted": 412, "skipped": 1}
    return dedupe_pb2.JournalRun(id=run_id, kind=kind, **{**known, **fields})


def acts() -> list[dedupe_pb2.Act]:
    """An act in every state."""
    return [
        dedupe_pb2.Act(number=0, state="done", path=path(HOSTILE), kept=path(PLAIN), size=1536, freed_bytes=4096),
        dedupe_pb2.Act(number=1, state="left", path=path(NOT_UTF8), size=1536, reason="denied", detail="EACCES"),
        dedupe_pb2.Act(number=2, state="taken-back", path=path(PLAIN), size=1536),
        dedupe_pb2.Act(number=3, state="intended", path=path(b"/data/d"), size=1536),
    ]


def ignored() -> dedupe_pb2.IgnoredGroup:
    paths = [path(PLAIN), path(HOSTILE)]
    return dedupe_pb2.IgnoredGroup(size=1536, algorithm="blake3", hash=HASH, since_ns=NOON_NS, paths=paths)


def every_answer() -> dict[str, Answer]:
    """An answer for every call of DedupeService."""
    return {
        "MakePlan": dedupe_pb2.MakePlanResponse(plan=plan(), freshness=freshness()),
        "ListPlans": dedupe_pb2.ListPlansResponse(plans=[plan(4, action="hardlink", asked="{}"), plan()]),
        "GetPlan": dedupe_pb2.GetPlanResponse(plan=plan()),
        "ListPlanGroups": groups,
        "GetPlanGroup": dedupe_pb2.GetPlanGroupResponse(),
        "GetPlanGroupStates": dedupe_pb2.GetPlanGroupStatesResponse(),
        "DecidePlanGroup": dedupe_pb2.DecidePlanGroupResponse(plan=plan()),
        "EditPlan": dedupe_pb2.EditPlanResponse(plan=plan()),
        "ForgetPlan": dedupe_pb2.ForgetPlanResponse(),
        "StartRun": dedupe_pb2.StartRunResponse(job_id=7),
        "StartUndo": dedupe_pb2.StartUndoResponse(job_id=7),
        "IgnoreCopies": dedupe_pb2.IgnoreCopiesResponse(group=ignored()),
        "ListIgnored": dedupe_pb2.ListIgnoredResponse(groups=[ignored()]),
        "UnignoreCopies": dedupe_pb2.UnignoreCopiesResponse(was_ignored=True),
        "ListJournalRuns": dedupe_pb2.ListJournalRunsResponse(
            runs=[journal_run(6, "undo", action="", of=5, ended_ns=0), journal_run()]
        ),
        "ListActs": dedupe_pb2.ListActsResponse(acts=acts()),
    }


def run_job(job_id: int = 7, state: str = "done", left: int = 0, action: str = "trash") -> job_pb2.Job:
    """A run of plan 3; ended ones have a result, and left so many files as they are."""
    job = _job("dedupe", job_id, state, left)
    if state in ("done", "partial", "cancelled"):
        job.dedupe.CopyFrom(
            dedupe_pb2.DedupeResult(
                plan=3,
                run=5,
                action=action,
                acted=412,
                skipped=left,
                freed_bytes=3 << 29,
                freed_when_emptied=action == "trash",
                compared_bytes=3 << 29,
                duration_s=2.5,
                peak_rss_bytes=100 << 20,
            )
        )
    return job


def undo_job(job_id: int = 7, state: str = "done", left: int = 0) -> job_pb2.Job:
    """The undo of run 5."""
    job = _job("undo", job_id, state, left)
    if state in ("done", "partial", "cancelled"):
        job.undo.CopyFrom(dedupe_pb2.UndoResult(undone=5, run=6, restored=412, skipped=left, duration_s=2.5))
    return job


def repair_job(job_id: int = 7, state: str = "done", left: int = 0) -> job_pb2.Job:
    """The repair of finding 4."""
    job = _job("repair", job_id, state, min(left, 1))
    if state in ("done", "partial", "cancelled"):
        repaired = int(state == "done")
        job.repair.CopyFrom(
            verify_pb2.RepairResult(finding=4, run=5, repaired=repaired, skipped=min(left, 1), duration_s=2.5)
        )
    return job


def _job(kind: str, job_id: int, state: str, left: int) -> job_pb2.Job:
    reasons = ("busy", "busy", "denied")
    job = job_pb2.Job(
        id=job_id,
        kind=kind,
        state=state,
        root_ids=[1],
        root_names=["photos"],
        created_ns=NOON_NS,
        started_ns=NOON_NS,
        progress=job_pb2.Progress(
            phase="acting", files=100, done=100, total=415, errors=left, percent=24.1, current=path(PLAIN), unit="files"
        ),
        errors=[
            job_pb2.JobError(path=path((NOT_UTF8, HOSTILE)[number % 2]), kind=reasons[number % 3], message="")
            for number in range(min(left, 100))
        ],
    )
    if state in ("done", "partial", "cancelled", "failed"):
        job.ended_ns = NOON_NS + 2_500_000_000
    return job
