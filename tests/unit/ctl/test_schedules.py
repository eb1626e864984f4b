"""`schedule` and `report` against a daemon of canned answers: what they ask, print, refuse and return."""

from __future__ import annotations

import csv
import io
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from sanchay import errors, units
from sanchay.v1 import report_pb2, schedule_pb2
from tests.support.canned_daemon import CannedDaemon
from tests.support.daemon import PATIENCE_S, environment
from tests.unit.ctl import canned
from tests.unit.ctl.conftest import Run

SECOND_NS = 10**9
ROW_KEYS = {"path", "size", "allocated", "modified", "type", "hash"}


def test_a_report_is_added_with_its_time_its_query_and_its_folder(
    run: Run, daemon: CannedDaemon, tmp_path: Path
) -> None:
    words = ["report", "root:nas size:>1G", "-ext:iso", "--to", str(tmp_path)]
    ended = run("schedule", "add", "big", "--cron", "0 2 * * *", *words)
    assert (ended.code, ended.err) == (0, "")
    assert ended.out.startswith("Added big. Next run: 20")
    (request,) = daemon.asked("AddSchedule")
    assert (request.name, request.cron, request.every_s, request.action) == ("big", "0 2 * * *", 0, "report")
    assert request.expression == "root:nas size:>1G -ext:iso"
    assert request.to_folder.raw == bytes(tmp_path)


def test_a_scan_is_added_with_its_roots(run: Run, daemon: CannedDaemon) -> None:
    assert run("schedule", "add", "often", "--every", "6h", "scan", "photos", "music").code == 0
    assert run("schedule", "add", "all", "--every", "90d", "scan").code == 0
    some, every = daemon.asked("AddSchedule")
    assert (some.action, list(some.roots), some.every_s, some.expression) == ("scan", [b"photos", b"music"], 21600, "")
    assert (list(every.roots), every.every_s) == ([], 90 * 86400)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["scan"], "either --cron or --every"),
        (["--cron", "@daily", "--every", "1h", "scan"], "either --cron or --every"),
        (["--every", "1h", "report"], "A report needs a query"),
        (["--every", "1h"], "ACTION"),
        (["--every", "4000d", "scan"], "from 1 s to 3650 d"),
        (["--every", "soon", "scan"], "is not a valid duration"),
    ],
)
def test_what_makes_no_sense_is_a_usage_error(run: Run, daemon: CannedDaemon, arguments: list[str], words: str) -> None:
    ended = run("schedule", "add", "x", *arguments)
    assert ended.code == 2
    assert words in ended.err
    assert not daemon.asked("AddSchedule")


@pytest.mark.parametrize(
    ("error", "shown"),
    [
        (errors.InvalidQuery("No such term.", term="siez:>1G", position=9), "root:nas siez:>1G"),
        (errors.InvalidArgument("No such hour.", term="25", position=2), "0 25 * * *"),
    ],
)
def test_what_the_daemon_refuses_is_shown_where_it_stands(
    run: Run, daemon: CannedDaemon, error: errors.SanchayError, shown: str
) -> None:
    daemon.answers["AddSchedule"] = error
    words = ["schedule", "add", "big", "--cron", "0 25 * * *", "report", "root:nas", "siez:>1G"]
    ended = run(*words)
    assert ended.code == error.exit_code
    assert error.position is not None
    assert ended.err.splitlines()[-2:] == [f"    {shown}", "    " + " " * error.position + "^"]
    document = run("--json", *words).error
    assert (document["kind"], document["term"], document["position"]) == (error.kind, error.term, error.position)


def test_a_list_has_its_keys_and_says_what_is_due(run: Run, daemon: CannedDaemon) -> None:
    document = run("--json", "schedule", "list").document
    assert list(document) == ["rows"]
    big, often = document["rows"]
    assert {"name", "next_run", "last_run", "last_state"} <= big.keys()
    assert (big["name"], big["last_run"], big["last_state"]) == ("big", "2024-01-01T12:00:00Z", "done")
    assert (big["every_s"], big["cron"], big["expression"]) == (None, "0 2 * * *", "root:nas size:>1G")
    assert (often["every_s"], often["cron"]) == (21600, None)
    said = run("schedule", "list").out.splitlines()
    assert "root:nas size:>1G" in said[1]
    assert "every 6 h" in said[2]
    assert "  now  " in said[2]
    often_indeed = canned.schedule("tick", cron="", every_s=2)
    daemon.answers["ListSchedules"] = schedule_pb2.ListSchedulesResponse(schedules=[often_indeed])
    assert "every 2 s " in run("schedule", "list").out
    resting = canned.schedule(enabled=False, next_ns=0)
    resting.ClearField("last_run")
    daemon.answers["ListSchedules"] = schedule_pb2.ListSchedulesResponse(schedules=[resting])
    (row,) = run("--json", "schedule", "list").document["rows"]
    assert (row["next_run"], row["last_run"], row["last_state"], row["enabled"]) == (None, None, None, False)
    assert "disabled" in run("schedule", "list").out
    daemon.answers["ListSchedules"] = schedule_pb2.ListSchedulesResponse()
    assert run("--json", "schedule", "list").document == {"rows": []}
    assert "schedule add NAME" in run("schedule", "list").out


def test_one_is_shown_with_its_last_run(run: Run, daemon: CannedDaemon) -> None:
    said = run("schedule", "show", "big").out
    for words in (
        "big: report root:nas size:>1G",
        "0 2 * * *",
        "1 new, 1 grown, 1 gone",
        "report show big",
        "big-3.csv",
    ):
        assert words in said
    fresh = canned.schedule(to_folder=canned.path(b"/reports"), enabled=False)
    fresh.ClearField("last_run")
    daemon.answers["GetSchedule"] = schedule_pb2.GetScheduleResponse(schedule=fresh)
    said = run("schedule", "show", "big").out
    for words in ("/reports", "It has not run yet.", "disabled"):
        assert words in said
    assert run("--json", "schedule", "show", "big").document["to_folder"] == {"path": "/reports"}


@pytest.mark.parametrize(("state", "code"), [("done", 0), ("partial", 3), ("failed", 1), ("cancelled", 1)])
def test_a_run_is_waited_for_and_its_state_is_the_exit_code(
    run: Run, daemon: CannedDaemon, state: str, code: int
) -> None:
    daemon.answers["FollowRun"] = lambda request: iter(
        schedule_pb2.FollowRunResponse(run=canned.schedule_run(request.run_id, each, message="the disk is away"))
        for each in ("running", state)
    )
    ended = run("schedule", "run", "big")
    assert ended.code == code
    assert ended.err == "Run 3 is under way.\n"  # where no one looks, a line for the begin
    assert f": {state}." in ended.out
    assert "the disk is away" in ended.out
    document = run("--json", "schedule", "run", "big").document
    assert (document["name"], document["run"], document["state"], document["joined"]) == ("big", 3, state, False)


def test_a_run_is_left_to_the_daemon_or_joined(run: Run, daemon: CannedDaemon) -> None:
    daemon.answers["RunSchedule"] = schedule_pb2.RunScheduleResponse(
        run=canned.schedule_run(state="running"), joined=True
    )
    ended = run("schedule", "run", "big", "--detach")
    assert (ended.code, ended.out) == (0, "Run 3 of big is under way.\n")
    assert "under way already (run 3)" in ended.err
    assert not daemon.asked("FollowRun")
    document = run("--json", "schedule", "run", "big", "--detach").document
    assert (document["state"], document["joined"], document["ended"], document["counts"]) == (
        "running",
        True,
        None,
        None,
    )


def test_a_daemon_that_ends_in_the_middle_of_a_run_is_said(run: Run, daemon: CannedDaemon) -> None:
    daemon.answers["FollowRun"] = errors.ShuttingDown("It stops.")
    ended = run("schedule", "run", "big")
    assert ended.code == 69
    assert "It happens again when the daemon is started" in ended.err


def test_a_schedule_rests_wakes_and_is_forgotten(run: Run, daemon: CannedDaemon) -> None:
    assert run("schedule", "disable", "big").out == "big is disabled.\n"
    assert run("schedule", "enable", "big").out.startswith("big is enabled. Next run: 20")
    assert run("schedule", "remove", "big").out == "Removed big, its runs and its reports.\n"
    for method in ("DisableSchedule", "EnableSchedule", "RemoveSchedule"):
        (request,) = daemon.asked(method)
        assert request.name == "big"


def test_a_schedule_is_changed_where_it_is_named(run: Run, daemon: CannedDaemon, tmp_path: Path) -> None:
    words = ["report", "root:nas", "-ext:iso", "--rename", "huge", "--to", str(tmp_path)]
    assert run("schedule", "edit", "big", *words).out.startswith("Changed big. Next run: 20")
    assert run("schedule", "edit", "often", "--every", "12h", "--no-file").code == 0
    assert run("schedule", "edit", "often", "scan").code == 0
    report, interval, scan = daemon.asked("UpdateSchedule")
    assert (report.name, report.new_name, report.action) == ("big", "huge", "report")
    assert (report.expression, report.to_folder.raw) == ("root:nas -ext:iso", bytes(tmp_path))
    assert not report.HasField("cron")
    assert not report.HasField("every_s")
    assert (interval.every_s, interval.HasField("action"), interval.replace_roots) == (43200, False, False)
    assert (interval.HasField("to_folder"), interval.to_folder.raw) == (True, b"")
    assert (scan.action, list(scan.roots), scan.replace_roots, scan.expression) == ("scan", [], True, "")
    daemon.answers["UpdateSchedule"] = errors.InvalidArgument("No such hour.", term="25", position=2)
    assert "    0 25 * * *\n      ^" in run("schedule", "edit", "big", "--cron", "0 25 * * *").err


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ([], "Say what to change"),
        (["--cron", "@daily", "--every", "1h"], "either --cron or --every"),
        (["--no-file", "--to", "/tmp"], "Either --to or --no-file"),
        (["--budget", "30m"], "Only a verification has a budget"),
        (["report"], "A report needs a query"),
    ],
)
def test_a_change_that_is_invalid_is_a_usage_error(
    run: Run, daemon: CannedDaemon, arguments: list[str], words: str
) -> None:
    ended = run("schedule", "edit", "big", *arguments)
    assert ended.code == 2
    assert words in ended.err
    assert not daemon.asked("UpdateSchedule")


def test_the_next_times_are_shown(run: Run, daemon: CannedDaemon) -> None:
    assert run("schedule", "preview", "--cron", "0 2 * * *").out.splitlines() == [
        units.second(canned.NOON_NS),
        units.second(canned.NOON_NS + 86_400 * SECOND_NS),
    ]
    document = run("--json", "schedule", "preview", "--every", "1d", "--count", "2").document
    assert document == {"times": ["2024-01-01T12:00:00Z", "2024-01-02T12:00:00Z"]}
    first, second = daemon.asked("PreviewSchedule")
    assert (first.cron, first.every_s, first.count) == ("0 2 * * *", 0, 5)
    assert (second.cron, second.every_s, second.count) == ("", 86_400, 2)
    assert run("schedule", "preview").code == 2
    assert f"Then: {units.moment(canned.NOON_NS + 86_400 * SECOND_NS)}." in run("schedule", "show", "big").out
    assert len(run("--json", "schedule", "show", "big").document["next_runs"]) == 2


def test_runs_are_listed_newest_first(run: Run, daemon: CannedDaemon) -> None:
    document = run("--json", "schedule", "history", "big", "--limit", "3").document
    assert document["name"] == "big"
    assert [(row["run"], row["state"]) for row in document["rows"]] == [(4, "running"), (3, "done"), (2, "failed")]
    assert document["rows"][1]["counts"]["previous_run"] == 2
    assert document["rows"][1]["file"] == {"path": "/reports/big-3.csv"}
    (request,) = daemon.asked("ListRuns")
    assert (request.name, request.limit) == ("big", 3)
    assert "2.5 s" in run("schedule", "history", "big").out
    daemon.answers["ListRuns"] = schedule_pb2.ListRunsResponse()
    assert run("schedule", "history", "big").out == "It has not run yet.\n"
    assert run("--json", "schedule", "history", "big").document["rows"] == []


def test_a_report_of_a_script_has_its_keys(run: Run, daemon: CannedDaemon) -> None:
    document = run("--json", "report", "show", "big").document
    assert run("report", "show", "big", "--format", "json").document == document
    assert (document["run"], document["at"], document["previous_run"]) == (3, "2024-01-01T12:00:00Z", 2)
    assert [len(document[part]) for part in ("rows", "new", "grown", "gone")] == [3, 1, 1, 1]
    for part in ("rows", "new", "gone"):
        assert document[part][-1].keys() >= ROW_KEYS
    assert document["grown"][0]["size_before"] == 1 << 30
    assert "path_bytes" in document["rows"][2]
    diff = run("--json", "report", "show", "big", "--diff", "--run", "3").document
    changed = [{"change": part, **row} for part in ("new", "grown", "gone") for row in document[part]]
    assert diff == {**document, "rows": changed}
    assert [request.run_id for request in daemon.asked("GetReport")] == [0, 0, 3]


def test_a_report_is_a_table_for_people(run: Run, daemon: CannedDaemon) -> None:
    said = run("report", "show", "big").out
    for words in ("big, run 3, ", "Files: 3", "New: 1", "Grown: 1", "Gone: 1", "1.0G → 3.0G"):
        assert words in said
    assert "Files" not in run("report", "show", "big", "--diff").out
    first = canned.schedule_run()
    first.counts.previous_run = 0
    daemon.answers["GetReport"] = lambda _request: iter([report_pb2.GetReportResponse(run=first)])
    assert "nothing to compare it with yet" in run("report", "show", "big").out


def test_a_report_is_a_sheet_with_the_exact_bytes_of_names(run: Run, daemon: CannedDaemon, home: Path) -> None:
    command = [sys.executable, "-m", "sanchayctl", "report", "show", "big", "--format", "csv"]
    done = subprocess.run(command, env=environment(home), capture_output=True, timeout=PATIENCE_S, check=True)
    rows = list(csv.DictReader(io.StringIO(done.stdout.decode("utf-8", "surrogateescape"), newline="")))
    assert [row["part"] for row in rows] == ["rows", "rows", "rows", "new", "grown", "gone"]
    assert [os.fsencode(row["path"]) for row in rows[:3]] == [canned.PLAIN, canned.HOSTILE, canned.NOT_UTF8]
    assert (rows[4]["size_before"], rows[4]["size"]) == (str(1 << 30), str(3 << 30))


def test_reports_are_listed(run: Run, daemon: CannedDaemon) -> None:
    big, fresh = run("--json", "report", "list").document["rows"]
    assert (big["name"], big["newest"]["run"], big["newest"]["counts"]["new"]) == ("big", 3, 1)
    assert (fresh["name"], fresh["newest"]) == ("fresh", None)
    assert "fresh" in run("report", "list").out
    daemon.answers["ListReports"] = report_pb2.ListReportsResponse()
    assert "schedule add NAME --every 1d report EXPR" in run("report", "list").out


@pytest.mark.parametrize("command", ["show", "run", "history", "enable", "disable", "remove"])
def test_an_unknown_schedule_is_said(run: Run, daemon: CannedDaemon, command: str) -> None:
    unknown = errors.ScheduleNotFound("No schedule is called 'x'; the schedules are: big.")
    daemon.answers |= dict.fromkeys(
        ("GetSchedule", "RunSchedule", "ListRuns", "EnableSchedule", "DisableSchedule", "RemoveSchedule"), unknown
    )
    ended = run("schedule", command, "x")
    assert (ended.code, ended.out) == (1, "")
    assert "the schedules are: big" in ended.err
    assert run("--json", "schedule", command, "x").error["kind"] == "schedule_not_found"


def test_other_refusals_are_said(run: Run, daemon: CannedDaemon) -> None:
    daemon.answers["GetReport"] = errors.RunNotFound("big has no report of run 9.")
    assert run("report", "show", "big", "--run", "9").code == 1
    assert run("--json", "report", "show", "big").error["kind"] == "run_not_found"
    assert run("report", "show", "big", "--run", "0").code == 2
    assert run("report", "show", "big", "--format", "pdf").code == 2
    daemon.answers["AddSchedule"] = errors.ScheduleNameTaken("Another schedule is called 'big'.")
    assert run("schedule", "add", "big", "--every", "1h", "scan").code == 1


def test_a_pause_takes_its_time_and_ends(run: Run, daemon: CannedDaemon) -> None:
    assert "sanchayctl resume" in run("pause").out
    assert run("--json", "pause", "90m").document["background"]["state"] == "paused"
    assert [request.seconds for request in daemon.asked("PauseBackground")] == [0, 5400]
    assert run("resume").out == "Background work goes on.\n"
    assert run("--json", "resume").document["background"]["state"] == "running"
    for text in ("0", "soon"):
        assert run("pause", text).code == 2


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(-5, "now"), (0, "now"), (0.2, "in 1 s"), (42, "in 42 s"), (59.7, "in 1 min"), (3000, "in 50 min")],
)
def test_what_is_near_is_said_by_its_distance(seconds: float, words: str) -> None:
    assert units.coming(canned.NOON_NS + int(seconds * SECOND_NS), canned.NOON_NS) == words


def test_what_is_far_is_said_by_its_moment() -> None:
    later: Any = canned.NOON_NS + 7200 * SECOND_NS
    assert units.coming(later, canned.NOON_NS) == units.moment(later)
