"""`events`, `root sync` and how a root is watched, against a daemon of canned answers."""

from __future__ import annotations

import json
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from sanchay import errors
from sanchay.v1 import event_pb2, root_pb2
from tests.support.canned_daemon import CannedDaemon
from tests.support.daemon import PATIENCE_S, environment, unmeasured
from tests.unit.ctl import canned
from tests.unit.ctl.conftest import Run
from tests.unit.ctl.test_reference import keys_of, section

FOLLOW = [sys.executable, "-m", "sanchayctl", "--json", "events", "--follow"]


def lines(text: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in text.splitlines()]


def test_events_are_lines_of_json_with_documented_keys(run: Run, daemon: CannedDaemon) -> None:
    ended = run("--json", "events")
    assert (ended.code, ended.err) == (0, "")
    assert run("events", "--json").out == ended.out
    found = lines(ended.out)
    assert [each["kind"] for each in found] == [event.kind for event in canned.happenings()]
    assert {each["at"] for each in found} == {"2024-01-01T12:00:00Z"}
    added, moved, duplicate, offline, job, schedule, forecast, dropped = found
    assert (added["path"], added["size"], added["root"]) == ("/data/photos/a.jpg", 10, "photos")
    assert moved["from"] == {"path": "/data/photos/a.jpg"}
    assert duplicate["twin"] == {"path": "/data/photos/a.jpg"}
    assert "path_bytes" in duplicate
    assert offline["message"] == "it is not mounted"
    assert job["job"]["state"] == "done"
    assert (schedule["schedule"], schedule["run"], schedule["state"]) == ("nightly", 3, "done")
    assert forecast["full_on"] == "2024-01-01T12:00:00Z"
    assert dropped["dropped"] == 7
    text = section(("events",)) + section(("job", "show")) + section(("scan",))
    known = set(re.findall(r"`([a-z_]+)`", text)) | {"path_bytes"}
    assert {key for each in found for key in keys_of(each)} <= known
    request, _ = daemon.asked("Subscribe")
    assert request == event_pb2.SubscribeRequest(recent=True)


def test_events_of_some_kinds_and_roots_alone(run: Run, daemon: CannedDaemon) -> None:
    assert run("events", "--kind", "file", "--kind", "duplicate", "--root", "photos").code == 0
    (request,) = daemon.asked("Subscribe")
    assert (list(request.kinds), list(request.roots)) == (["file", "duplicate"], [b"photos"])
    assert run("events", "--kind", "weather").code == 2
    daemon.answers["Subscribe"] = errors.RootNotFound("No root is called 'x'.")
    assert run("events", "--root", "x").code == 1


def endless(_request: event_pb2.SubscribeRequest) -> Iterator[event_pb2.SubscribeResponse]:
    number = 0
    while True:
        number += 1
        yield event_pb2.SubscribeResponse(events=[canned.event("changed", size=number, path=canned.path(b"/a" * 99))])


def test_ctrl_c_ends_events_with_0(daemon: CannedDaemon, home: Path) -> None:
    daemon.answers["Subscribe"] = endless
    with subprocess.Popen(
        FOLLOW, env=unmeasured(environment(home)), stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as events:
        assert events.stdout is not None
        assert json.loads(events.stdout.readline())["kind"] == "changed"
        events.send_signal(signal.SIGINT)
        _, said = events.communicate(timeout=PATIENCE_S)
    assert (events.returncode, said) == (0, b"")


def test_followed_events_go_on_with_the_next_daemon(home: Path) -> None:
    from tests.unit.ctl.conftest import every_answer

    first = CannedDaemon(home, every_answer())
    with first:
        first.answers["Subscribe"] = lambda _request: iter(
            [event_pb2.SubscribeResponse(events=[canned.event("added")])]
        )
        events = subprocess.Popen(
            [*FOLLOW, "--no-start"], env=unmeasured(environment(home)), stdout=subprocess.PIPE, stderr=subprocess.PIPE
        )
        assert events.stdout is not None
        assert json.loads(events.stdout.readline())["kind"] == "added"
    with events, CannedDaemon(home, every_answer()) as second:
        second.answers["Subscribe"] = endless
        kinds = {json.loads(events.stdout.readline())["kind"] for _ in range(20)}
        assert "changed" in kinds
        events.send_signal(signal.SIGINT)
        _, said = events.communicate(timeout=PATIENCE_S)
        assert events.returncode == 0
    assert b"sanchayd has ended; its events go on here" in said


def test_events_without_follow_fail_where_no_daemon_answers(run: Run) -> None:
    assert run("--no-start", "events").code == 69


def test_sync_has_its_keys_and_its_exit_codes(run: Run, daemon: CannedDaemon) -> None:
    document = run("--json", "root", "sync", "photos").document
    assert document["state"] == "done"
    assert document["freshness"]["state"] == "live"
    assert document["root"]["name"] == "photos"
    daemon.answers["SyncRoot"] = canned.synced("partial")
    ended = run("root", "sync", "photos")
    assert ended.code == 3
    assert "2 folders could not be read" in ended.out
    daemon.answers["SyncRoot"] = errors.RootOffline("photos is not there.")
    assert run("--json", "root", "sync", "photos").error["kind"] == "root_offline"
    assert run("root", "sync", "photos").code == 1


def test_a_sync_that_takes_too_long_says_what_to_do(run: Run, daemon: CannedDaemon) -> None:
    daemon.answers["SyncRoot"] = errors.TimedOut("too late")
    ended = run("root", "sync", "photos", "--timeout", "2m")
    assert ended.code == 69
    assert "not up to date within 2 min" in ended.err


@pytest.mark.parametrize("text", ["0", "x", "8d", "-1m"])
def test_a_duration_that_makes_no_sense_is_a_usage_error(run: Run, daemon: CannedDaemon, text: str) -> None:
    assert run("root", "update", "photos", f"--poll-interval={text}").code == 2
    assert not daemon.asked("UpdateRoot")


@pytest.mark.usefixtures("people")
def test_how_a_root_is_watched_is_changed_and_shown(run: Run, daemon: CannedDaemon) -> None:
    assert run("root", "update", "photos", "--watch", "events", "--poll-interval", "30s").code == 0
    (request,) = daemon.asked("UpdateRoot")
    assert (request.watch, request.poll_s) == (root_pb2.WATCH_EVENTS, 30)
    for command in (["status"], ["root", "list"]):
        said = run(*command).out
        assert "poll 5 min" in said
        assert "photos is looked at every 5 min: nfs tells of no changes." in said
    (root,) = run("--json", "root", "list").document["roots"]
    assert (root["settings"]["watch"], root["settings"]["poll_s"]) == ("auto", 300)
    live = root["live"]
    assert (live["mode"], live["because"], live["state"], live["pending"], live["overflows"]) == (
        "poll",
        "nfs tells of no changes",
        "polled",
        3,
        1,
    )


@pytest.mark.usefixtures("people")
@pytest.mark.parametrize("state", ["SCANNED", "POLLED", "RECONCILING", "PARTIAL", "OFFLINE", "SCANNING"])
def test_an_answer_that_is_not_live_says_so(run: Run, daemon: CannedDaemon, state: str) -> None:
    for method, command in (("Find", ["find", "x"]), ("Summary", ["summary"]), ("DiskUsage", ["du"])):
        daemon.answers[method].freshness.CopyFrom(canned.freshness(state))  # type: ignore[union-attr]
        assert run(*command).err.strip(), command
        daemon.answers[method].freshness.CopyFrom(canned.freshness("LIVE"))  # type: ignore[union-attr]
        assert run(*command).err == "", command


def test_a_folder_is_shown_as_it_would_be_as_a_root(run: Run, daemon: CannedDaemon) -> None:
    ended = run("root", "check", "/mnt/nas/photos")
    assert ended.code == 0
    assert ended.out.splitlines() == [
        "/mnt/nas/photos is a folder that can be added.",
        "It contains the root data.",
        "It is on a network share (nfs4 at /mnt/nas).",
        "1.0T of 2.0T are free there.",
        "It is looked at every 5 min: nfs4 can be changed without this system noticing.",
        "It holds at least 1,200 files, 34 folders, 5.0G.",
    ]
    (request,) = daemon.asked("CheckRoot")
    assert (request.path.raw, request.patience_ms) == (b"/mnt/nas/photos", 300)
    document = run("--json", "root", "check", "/mnt/nas/photos", "--patience", "0").document
    assert (document["contains"], document["count"]["complete"], document["mode"]) == (["data"], False, "poll")
    refused = canned.root_check(state="not_found", message="/x does not exist.", total_bytes=0, file_system="", mode="")
    daemon.answers["CheckRoot"] = root_pb2.CheckRootResponse(check=refused)
    assert (run("root", "check", "/x").code, run("root", "check", "/x").out.splitlines()[0]) == (
        1,
        "/x does not exist.",
    )


def test_folders_are_suggested(run: Run, daemon: CannedDaemon) -> None:
    said = run("root", "suggest").out
    assert said.splitlines()[1].split() == ["pictures", "network", "1.0T", "-", "/mnt/nas/photos"]
    (row,) = run("--json", "root", "suggest").document["rows"]
    assert (row["what"], row["path"], row["free_bytes"]) == ("pictures", "/mnt/nas/photos", 1 << 40)
