"""Schedules of a daemon as a process: what was missed while it was off, and a wall clock that was put back."""

from __future__ import annotations

import signal
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from sanchay.client import Client
from sanchay.v1 import schedule_pb2
from tests.support import trees
from tests.support.daemon import PATIENCE_S, DaemonProcess
from tests.support.program import until

MOMENTS = {
    "schedule": ("anchor_ns", "covered_ns", "created_ns"),
    "schedule_run": ("started_ns", "ended_ns"),
}
YEAR_NS = 400 * 86_400 * 10**9


def move_moments(home: Path, by_ns: int) -> None:
    """Has all that was noted of schedules happen more than a year earlier or later, as a wall clock that jumps does."""
    with closing(sqlite3.connect(home / "state.db")) as state, state:
        for table, columns in MOMENTS.items():
            state.execute(f"UPDATE {table} SET {', '.join(f'{each} = {each} + {by_ns}' for each in columns)}")


def runs(client: Client, name: str) -> list[schedule_pb2.Run]:
    """Every run, newest first."""
    return list(client.list_runs(name, limit=1000).runs)


def ended_runs(client: Client, name: str, least: int) -> Callable[[], bool]:
    """Whether so many have ended."""
    return lambda: sum(run.state == "done" for run in runs(client, name)) >= least


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    return trees.build(tmp_path / "tree", {"a.txt": "a"})


def test_what_was_missed_while_the_daemon_was_off_happens_once(tmp_path: Path, tree: Path) -> None:
    home = tmp_path / "home"
    with DaemonProcess(home, fake=True) as daemon, daemon.client() as client:
        client.add_root(tree, no_scan=True)
        client.add_schedule("every", "scan", every_s=30 * 86_400)
        client.add_schedule("monthly", "scan", cron="0 2 1 * *")
        assert not runs(client, "every")
    move_moments(home, -YEAR_NS)
    for _ in range(2):  # the second start finds nothing missed
        with DaemonProcess(home, fake=True) as daemon, daemon.client() as client:
            for name in ("every", "monthly"):
                until(ended_runs(client, name, 1))
                assert [run.cause for run in runs(client, name)] == ["time"]  # one for the thirteen that it missed
                assert client.get_schedule(name).schedule.next_ns > runs(client, name)[0].started_ns


def test_a_clock_that_goes_back_by_a_year_stops_no_schedule(tmp_path: Path, tree: Path) -> None:
    home = tmp_path / "home"
    with DaemonProcess(home, fake=True) as daemon, daemon.client() as client:
        client.add_root(tree, no_scan=True)
        client.add_schedule("often", "scan", every_s=1)
        until(ended_runs(client, "often", 1))
    move_moments(home, +YEAR_NS)
    with DaemonProcess(home, fake=True) as daemon, daemon.client() as client:
        before = len(runs(client, "often"))
        until(ended_runs(client, "often", before + 2))


@pytest.mark.parametrize("end", [signal.SIGKILL, signal.SIGTERM], ids=["killed", "stopped"])
def test_a_run_that_the_daemon_leaves_happens_again_once(tmp_path: Path, tree: Path, end: signal.Signals) -> None:
    home = tmp_path / "home"
    with DaemonProcess(home, fake=True, env={"FAKE_SCAN_S": "60"}) as daemon, daemon.client() as client:
        client.add_root(tree, no_scan=True)
        client.add_schedule("nightly", "scan", every_s=86400)
        run = client.run_schedule("nightly").run
        until(lambda: client.list_jobs(active_only=True).jobs)
        daemon.process.send_signal(end)
        daemon.process.wait(PATIENCE_S)
    for _ in range(2):
        with DaemonProcess(home, fake=True) as daemon, daemon.client() as client:
            until(ended_runs(client, "nightly", 1))
            again, interrupted = runs(client, "nightly")
            assert (interrupted.id, interrupted.state) == (run.id, "interrupted")
            assert (again.cause, again.state) == ("again", "done")
