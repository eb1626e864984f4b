"""Messages of `schedule.proto`."""

from __future__ import annotations

from sanchay.v1 import schedule_pb2
from sanchayd.rpc.convert import common
from sanchayd.schedules.draft import Changes, Draft
from sanchayd.schedules.schedule import Run
from sanchayd.schedules.service import ScheduleView


def to_draft(message: schedule_pb2.AddScheduleRequest) -> Draft:
    """A schedule as it is asked for."""
    return Draft(
        name=message.name,
        cron=message.cron,
        every_s=message.every_s,
        action=message.action,
        roots=tuple(message.roots),
        expression=message.expression,
        to_folder=message.to_folder.raw,
    )


def to_changes(message: schedule_pb2.UpdateScheduleRequest) -> Changes:
    """What is to change of a schedule."""
    return Changes(
        name=message.new_name if message.HasField("new_name") else None,
        cron=message.cron if message.HasField("cron") else None,
        every_s=message.every_s if message.HasField("every_s") else None,
        action=message.action if message.HasField("action") else None,
        roots=tuple(message.roots) if message.roots or message.replace_roots else None,
        expression=message.expression if message.HasField("expression") else None,
        to_folder=message.to_folder.raw if message.HasField("to_folder") else None,
        enabled=message.enabled if message.HasField("enabled") else None,
    )


def from_run(run: Run) -> schedule_pb2.Run:
    """A run."""
    counts = run.counts
    return schedule_pb2.Run(
        id=run.id,
        cause=run.cause,
        state=run.state.value,
        started_ns=run.started_ns,
        ended_ns=run.ended_ns,
        message=common.text(run.message),
        message_words=common.words(run.message) if run.message else None,
        job_ids=run.job_ids,
        counts=schedule_pb2.ReportCounts(**vars(counts)) if counts is not None else None,
        file=common.path(run.file) if run.file else None,
    )


def from_view(view: ScheduleView) -> schedule_pb2.Schedule:
    """A schedule as it stands."""
    schedule = view.schedule
    return schedule_pb2.Schedule(
        id=schedule.id,
        name=schedule.name,
        cron=schedule.cron,
        every_s=schedule.every_s,
        action=schedule.action.value,
        root_names=map(common.text, view.root_names),
        expression=schedule.expression,
        to_folder=common.path(schedule.to_folder) if schedule.to_folder else None,
        enabled=schedule.enabled,
        next_ns=view.next_ns,
        last_run=from_run(view.last) if view.last is not None else None,
        created_ns=schedule.created_ns,
    )
