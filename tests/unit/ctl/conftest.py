"""A home of its own for every test, a fake daemon in it where one is asked for, and a way to run the program."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from sanchay.v1 import catalog_pb2, daemon_pb2, event_pb2, have_pb2, job_pb2, report_pb2, root_pb2, schedule_pb2
from sanchayctl import output
from sanchayctl.main import main
from tests.support.canned_daemon import Answer, CannedDaemon
from tests.unit.ctl import canned, canned_dedupe, canned_have


@pytest.fixture
def home(monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A short SANCHAY_HOME, so that the socket's path is short enough."""
    with tempfile.TemporaryDirectory(prefix="sctl") as folder:
        monkeypatch.setenv("SANCHAY_HOME", folder)
        yield Path(folder)


def _followed(request: job_pb2.FollowJobRequest) -> Iterator[job_pb2.FollowJobResponse]:
    yield job_pb2.FollowJobResponse(job=canned.job(request.id, "running"))
    ended = canned_have.job() if request.id == canned_have.JOB_ID else canned.job(request.id, "done")
    yield job_pb2.FollowJobResponse(job=ended)


def every_answer() -> dict[str, Answer]:
    """An answer for every call."""
    return canned_dedupe.every_answer() | {
        "GetStatus": canned.status(),
        "PauseBackground": lambda request: daemon_pb2.PauseBackgroundResponse(
            background=daemon_pb2.BackgroundState(state="paused", until_ns=int(request.seconds * 1e9))
        ),
        "ResumeBackground": daemon_pb2.ResumeBackgroundResponse(background=daemon_pb2.BackgroundState(state="running")),
        "CheckCatalog": canned.checked,
        "StopDaemon": daemon_pb2.StopDaemonResponse(pid=4711),
        "GetSettings": daemon_pb2.GetSettingsResponse(
            settings=[daemon_pb2.Setting(key="log_level", value='"info"', origin="default")]
        ),
        "SetSetting": daemon_pb2.SetSettingResponse(
            setting=daemon_pb2.Setting(key="log_level", value='"debug"', origin="config.toml", counts="now"),
            value='"debug"',
        ),
        "AddRoot": root_pb2.AddRootResponse(root=canned.root(), job_id=7, notices=["It lies inside the root data."]),
        "CheckRoot": root_pb2.CheckRootResponse(check=canned.root_check()),
        "SuggestRoots": root_pb2.SuggestRootsResponse(checks=[canned.root_check(what="pictures")]),
        "ListRoots": root_pb2.ListRootsResponse(roots=[canned.root()]),
        "UpdateRoot": root_pb2.UpdateRootResponse(root=canned.root()),
        "RemoveRoot": root_pb2.RemoveRootResponse(root=canned.root()),
        "SyncRoot": canned.synced(),
        "ListChanges": canned.changes(),
        "GetGrowth": canned.growth(),
        "Subscribe": lambda _request: iter(
            [event_pb2.SubscribeResponse(), event_pb2.SubscribeResponse(events=canned.happenings())]
        ),
        "StartScan": job_pb2.StartScanResponse(jobs=[canned.job(state="running")]),
        "ListJobs": job_pb2.ListJobsResponse(jobs=[canned.job(8, "running"), canned.job(7, "partial", errors=2)]),
        "GetJob": job_pb2.GetJobResponse(job=canned.job(errors=2, state="partial")),
        "FollowJob": _followed,
        "StartHave": have_pb2.StartHaveResponse(job_id=canned_have.JOB_ID),
        "ListHaveRows": canned_have.page,
        "CancelJob": job_pb2.CancelJobResponse(job=canned.job(state="cancelled")),
        "PauseJob": job_pb2.PauseJobResponse(job=canned.job(state="paused")),
        "ResumeJob": job_pb2.ResumeJobResponse(job=canned.job(state="running")),
        "AddSchedule": schedule_pb2.AddScheduleResponse(schedule=canned.schedule()),
        "UpdateSchedule": schedule_pb2.UpdateScheduleResponse(schedule=canned.schedule()),
        "PreviewSchedule": schedule_pb2.PreviewScheduleResponse(
            times_ns=[canned.NOON_NS, canned.NOON_NS + 86_400 * 10**9]
        ),
        "ListSchedules": schedule_pb2.ListSchedulesResponse(
            schedules=[canned.schedule(), canned.schedule("often", cron="", every_s=21600, action="scan", next_ns=1)]
        ),
        "GetSchedule": schedule_pb2.GetScheduleResponse(schedule=canned.schedule()),
        "EnableSchedule": schedule_pb2.EnableScheduleResponse(schedule=canned.schedule()),
        "DisableSchedule": schedule_pb2.DisableScheduleResponse(schedule=canned.schedule(enabled=False, next_ns=0)),
        "RemoveSchedule": schedule_pb2.RemoveScheduleResponse(schedule=canned.schedule()),
        "RunSchedule": schedule_pb2.RunScheduleResponse(run=canned.schedule_run(state="running")),
        "ListRuns": schedule_pb2.ListRunsResponse(
            runs=[canned.schedule_run(4, "running"), canned.schedule_run(3), canned.schedule_run(2, "failed")]
        ),
        "FollowRun": lambda request: iter(
            schedule_pb2.FollowRunResponse(run=canned.schedule_run(request.run_id, state))
            for state in ("running", "done")
        ),
        "ListReports": report_pb2.ListReportsResponse(
            reports=[
                report_pb2.ReportInfo(schedule=canned.schedule(), run=canned.schedule_run()),
                report_pb2.ReportInfo(schedule=canned.schedule("fresh")),
            ]
        ),
        "GetReport": lambda _request: iter(canned.report_pieces()),
        "Find": canned.find(),
        "Duplicates": canned.duplicates(),
        "SharedFolders": canned.shared_folders(),
        "Summary": canned.summary(),
        "DiskUsage": canned.disk_usage(),
        "Export": lambda _request: iter(
            [
                catalog_pb2.ExportResponse(data=b"path,size\n", rows=0),
                catalog_pb2.ExportResponse(data=b"/data/a,1\n", rows=1, complete=True, left_out=2),
            ]
        ),
    }


@pytest.fixture
def daemon(home: Path) -> Iterator[CannedDaemon]:
    """A fake daemon that runs in `home`."""
    with CannedDaemon(home, every_answer()) as running:
        yield running


@dataclass(frozen=True)
class Ended:
    """What a run of the program left."""

    code: int
    out: str
    err: str

    @property
    def document(self) -> dict[str, Any]:
        """The one JSON document on stdout."""
        return dict(json.loads(self.out))

    @property
    def error(self) -> dict[str, Any]:
        """The error document on stderr."""
        return dict(json.loads(self.err)["error"])


Run = Callable[..., Ended]


@pytest.fixture
def people() -> Iterator[None]:
    """Answers are looked at, on a terminal without colours, instead of going into a pipe."""
    with output.people():
        yield


@pytest.fixture
def run(home: Path, capfdbinary: pytest.CaptureFixture[bytes]) -> Run:
    """Runs `sanchayctl` with the arguments, in this process."""

    def runner(*arguments: str) -> Ended:
        code = main(arguments)
        captured = capfdbinary.readouterr()
        return Ended(code, captured.out.decode("utf-8"), captured.err.decode("utf-8"))

    return runner
