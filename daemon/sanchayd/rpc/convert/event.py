"""Messages of `event.proto`. Built by keyword in one step: a burst has thousands of events."""

from __future__ import annotations

from collections.abc import Sequence

from sanchay.v1 import event_pb2
from sanchayd.events.event import Event, ScheduleRun
from sanchayd.rpc.convert import common, job


def from_run(run: ScheduleRun) -> event_pb2.ScheduleRun:
    """A run of a schedule."""
    return event_pb2.ScheduleRun(schedule=common.text(run.schedule), run_id=run.run_id, state=run.state)


def from_event(event: Event) -> event_pb2.Event:
    """Something that happened."""
    return event_pb2.Event(
        kind=event.kind.value,
        at_ns=event.at_ns,
        root_id=event.root_id,
        root=common.text(event.root),
        path=common.path(event.path) if event.path else None,
        other_path=common.path(event.other_path) if event.other_path else None,
        bytes_delta=event.bytes_delta,
        size=event.size,
        message=common.text(event.message),
        message_words=common.words(event.message) if event.message else None,
        job=job.from_job(event.job) if event.job is not None else None,
        schedule_run=from_run(event.run) if event.run is not None else None,
        dropped=event.dropped,
        full_on_ns=event.full_on_ns,
        topics=[topic.value for topic in event.topics],
    )


def from_batch(events: Sequence[Event]) -> event_pb2.SubscribeResponse:
    """Some of them, oldest first."""
    return event_pb2.SubscribeResponse(events=[from_event(event) for event in events])
