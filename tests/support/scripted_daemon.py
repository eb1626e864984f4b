"""A daemon whose status, jobs, copies and events a test sets: for programs that follow one."""

from __future__ import annotations

import os
import queue
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from sanchay.owner import Phase
from sanchay.v1 import catalog_pb2, common_pb2, daemon_pb2, event_pb2, job_pb2, root_pb2
from tests.support.canned_daemon import CannedDaemon
from tests.support.program import until


def path(text: str | bytes) -> common_pb2.Path:
    raw = text.encode() if isinstance(text, str) else text
    return common_pb2.Path(raw=raw, display=raw.decode("utf-8", "replace"))


def root(root_id: int, name: str, state: str = "ready", **fields: Any) -> root_pb2.Root:
    return root_pb2.Root(id=root_id, name=name, path=path(f"/data/{name}"), state=state, files=1200, **fields)


def status(*roots: root_pb2.Root, **fields: Any) -> daemon_pb2.GetStatusResponse:
    fields.setdefault("catalog", daemon_pb2.CatalogStatus(state="ok"))
    fields.setdefault("background", daemon_pb2.BackgroundState(state="running"))
    return daemon_pb2.GetStatusResponse(pid=1, version="0.1.0", roots=roots or [root(1, "Pictures")], **fields)


def job(
    job_id: int, kind: str = "scan", state: str = "running", percent: float | None = None, **fields: Any
) -> job_pb2.Job:
    progress = job_pb2.Progress(files=500)
    if percent is not None:
        progress.percent = percent
    fields.setdefault("root_ids", [1])
    fields.setdefault("root_names", ["Pictures"])
    return job_pb2.Job(id=job_id, kind=kind, state=state, progress=progress, **fields)


def event(kind: str, **fields: Any) -> event_pb2.Event:
    fields.setdefault("at_ns", time.time_ns())
    return event_pb2.Event(kind=kind, **fields)


class ScriptedDaemon(CannedDaemon):
    """Answers with what it was given last, and tells followers of events."""

    def __init__(self, home: Path) -> None:
        self.status = status()
        self.jobs: list[job_pb2.Job] = []
        self.copies = catalog_pb2.DuplicatesResponse()
        self.settings: dict[str, str] = {}
        self.heard: list[event_pb2.Event] = []
        self._followers: list[queue.SimpleQueue[event_pb2.Event | None]] = []
        self._has_ended = False
        super().__init__(
            home,
            {
                "GetStatus": lambda _: self.status,
                "ListJobs": lambda _: job_pb2.ListJobsResponse(jobs=self.jobs),
                "Duplicates": lambda _: self.copies,
                "GetSettings": lambda _: daemon_pb2.GetSettingsResponse(
                    settings=[daemon_pb2.Setting(key=key, value=value) for key, value in self.settings.items()]
                ),
                "Subscribe": lambda _: self._follow(),
                "PauseJob": lambda request: job_pb2.PauseJobResponse(job=job(request.id, state="paused")),
                "CancelJob": lambda request: job_pb2.CancelJobResponse(job=job(request.id, state="cancelled")),
                "StartScan": lambda _: job_pb2.StartScanResponse(),
                "PauseBackground": lambda _: daemon_pb2.PauseBackgroundResponse(),
                "ResumeBackground": lambda _: daemon_pb2.ResumeBackgroundResponse(),
            },
        )

    def __enter__(self) -> ScriptedDaemon:
        super().__enter__()
        os.write(self._lock, f"{os.getpid()} {Phase.SERVING.value}\n".encode())
        return self

    def tell(self, *events: event_pb2.Event) -> None:
        """Tells all followers, once there is one."""
        until(lambda: self._followers)
        self.heard += events
        for follower in list(self._followers):
            for each in events:
                follower.put(each)

    def change(self, now: daemon_pb2.GetStatusResponse) -> None:
        """Has another status, and says so."""
        self.status = now
        self.tell(event("status"))

    def was_asked(self, method: str) -> bool:
        """Whether there was such a call."""
        return bool(self.asked(method))

    def _follow(self) -> Iterator[event_pb2.SubscribeResponse]:
        told: queue.SimpleQueue[event_pb2.Event | None] = queue.SimpleQueue()
        self._followers.append(told)
        if self._has_ended:
            return
        yield event_pb2.SubscribeResponse()
        while (each := told.get()) is not None:
            yield event_pb2.SubscribeResponse(events=[each])

    def stop(self) -> None:
        """Ends; its followers' threads with it."""
        self._has_ended = True
        for follower in self._followers:
            follower.put(None)
        super().stop()
