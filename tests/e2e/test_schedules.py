"""The administrator's story: a nightly report, what it says from run to run, and what no kill takes away."""

from __future__ import annotations

import csv
import os
import signal
from pathlib import Path
from typing import Any

import pytest

from tests.support import trees
from tests.support.program import Program, ended_by_itself, ended_pid, until

NIGHTLY = ("schedule", "add", "big", "--cron", "0 2 * * *", "report", "root:nas size:>1K")
ROW_KEYS = {"path", "size", "allocated", "modified", "type", "hash"}


@pytest.fixture
def nas(program: Program, tmp_path: Path) -> Path:
    """A root with three files above the limit, and one below."""
    tree = trees.build(
        tmp_path / "nas", {"a.iso": b"a" * 2000, "b.iso": b"b" * 3000, "c.iso": b"c" * 4000, "small.txt": b"s"}
    )
    program.json("root", "add", tree, "--name", "nas", "--no-scan")
    return tree


def names(rows: list[dict[str, Any]]) -> list[str]:
    return [os.path.basename(row["path"]) for row in rows]


def history(program: Program, name: str) -> list[dict[str, Any]]:
    """The runs, newest first."""
    rows: list[dict[str, Any]] = program.json("schedule", "history", name, "--limit", "1000")["rows"]
    return rows


def kill(program: Program) -> None:
    """Ends the daemon without a chance to tidy up."""
    pid = program.json("status")["pid"]
    os.kill(pid, signal.SIGKILL)
    ended_pid(pid)


def test_a_report_says_what_is_new_grown_and_gone_since_the_night_before(program: Program, nas: Path) -> None:
    added = program.json(*NIGHTLY)
    assert (added["name"], added["cron"], added["action"], added["last_run"]) == ("big", "0 2 * * *", "report", None)
    assert added["next_run"] is not None
    assert program.fails("report", "show", "big", code=1)["kind"] == "run_not_found"
    first = program.json("schedule", "run", "big")  # brings the root up to date by itself: it was never scanned
    assert (first["state"], first["cause"], first["counts"]["rows"]) == ("done", "manual", 3)
    assert first["counts"]["previous_run"] is None
    (nas / "a.iso").write_bytes(b"a" * 9000)
    (nas / "b.iso").unlink()
    (nas / "sub").mkdir()
    (nas / "sub" / "caf\udce9.iso").write_bytes(b"n" * 5000)
    second = program.json("schedule", "run", "big")
    assert second["counts"]["previous_run"] == first["run"]
    diff = program.json("report", "show", "big", "--diff")
    assert (diff["run"], [row["change"] for row in diff["rows"]]) == (second["run"], ["new", "grown", "gone"])
    (new,), (grown,), (gone,) = diff["new"], diff["grown"], diff["gone"]
    assert new.keys() >= ROW_KEYS | {"path_bytes"}
    assert (grown["path"], grown["size_before"], grown["size"]) == (str(nas / "a.iso"), 2000, 9000)
    assert (gone["path"], gone["size"]) == (str(nas / "b.iso"), 3000)
    whole = program.json("report", "show", "big")
    assert [row["size"] for row in whole["rows"]] == [9000, 5000, 4000]
    earlier = program.json("report", "show", "big", "--run", str(first["run"]))
    assert names(earlier["rows"]) == ["c.iso", "b.iso", "a.iso"]
    sheet = program.run("report", "show", "big", "--format", "csv").out.decode("utf-8", "surrogateescape")
    assert [row["part"] for row in csv.DictReader(sheet.splitlines())] == ["rows"] * 3 + ["new", "grown", "gone"]
    (row,) = program.json("schedule", "list")["rows"]
    assert (row["name"], row["last_run"], row["last_state"]) == ("big", second["at"], "done")
    said = program.run("schedule", "run", "big")
    assert (said.code, "0 new, 0 grown, 0 gone" in said.text) == (0, True)


def test_a_report_becomes_a_file_in_a_folder_that_is_allowed_and_in_no_other(
    program: Program, nas: Path, tmp_path: Path
) -> None:
    allowed, other = tmp_path / "reports", tmp_path / "other"
    (allowed / "nightly").mkdir(parents=True)
    other.mkdir()
    refused = program.fails(*NIGHTLY, "--to", other, code=77)
    assert (refused["kind"], refused["path"]) == ("permission", str(other))
    assert "report_folders" in refused["message"]
    assert program.json("schedule", "list") == {"rows": []}
    (program.home / "config.toml").write_text(f'report_folders = ["{allowed}"]\n')
    program.run("daemon", "restart")
    assert program.fails(*NIGHTLY, "--to", allowed / ".." / "other", code=77)["kind"] == "permission"
    program.json(*NIGHTLY, "--to", allowed / "nightly")
    run = program.json("schedule", "run", "big")
    (file,) = (allowed / "nightly").iterdir()
    assert run["file"] == {"path": str(file)}
    assert len(file.read_text().splitlines()) == 1 + 3
    (allowed / "nightly").rename(allowed / "was")
    (allowed / "nightly").symlink_to(other)
    again = program.json("schedule", "run", "big", code=3)
    assert (again["state"], again["file"], list(other.iterdir())) == ("partial", None, [])


def test_a_kill_in_the_middle_of_a_run_makes_it_happen_again_once(program: Program, nas: Path) -> None:
    program.json("pause")  # a scan by the clock waits in the background; this outlives the kill
    program.json("schedule", "add", "often", "--every", "1s", "scan", "nas")
    until(lambda: any(run["job_ids"] for run in history(program, "often")))
    program.json("schedule", "disable", "often")
    (before,) = history(program, "often")
    assert (before["state"], before["cause"]) == ("running", "time")
    program.json("schedule", "enable", "often")
    kill(program)
    again, interrupted = history(program, "often")
    assert (interrupted["run"], interrupted["state"]) == (before["run"], "interrupted")
    assert (again["state"], again["cause"]) == ("running", "again")
    program.json("resume")
    until(lambda: history(program, "often")[-2]["state"] == "done")
    program.json("schedule", "disable", "often")
    program.run("daemon", "restart")
    causes = [run["cause"] for run in history(program, "often")]
    assert causes.count("again") == 1


def test_schedules_outlive_a_restart_and_a_kill(program: Program, nas: Path) -> None:
    program.json(*NIGHTLY)
    program.json("schedule", "add", "rare", "--every", "30d", "scan")
    program.json("schedule", "disable", "rare")
    program.json("schedule", "run", "big")
    before = program.json("schedule", "list")
    assert [(row["name"], row["enabled"]) for row in before["rows"]] == [("big", True), ("rare", False)]
    program.run("daemon", "restart")
    assert program.json("schedule", "list") == before
    kill(program)
    assert program.json("schedule", "list") == before
    assert len(program.json("report", "show", "big")["rows"]) == 3
    program.json("schedule", "remove", "big")
    program.run("daemon", "restart")
    assert [row["name"] for row in program.json("schedule", "list")["rows"]] == ["rare"]
    assert program.fails("report", "show", "big", code=1)["kind"] == "schedule_not_found"


@pytest.mark.parametrize("paused", [True, False], ids=["in the middle of a run", "between runs"])
def test_a_daemon_with_a_schedule_ends_cleanly(program: Program, nas: Path, paused: bool) -> None:
    if paused:
        program.json("pause")
    program.json("schedule", "add", "often", "--every", "1s", "report", "root:nas size:>1K")
    until(lambda: history(program, "often")[:1] and (paused or history(program, "often")[0]["state"] == "done"))
    pid = program.json("status")["pid"]
    assert program.run("daemon", "stop").code == 0
    ended_pid(pid)
    log = (program.home / "logs" / "sanchayd.log").read_text()
    assert "sanchayd stops" in log
    assert ended_by_itself(log)
    assert "Traceback" not in log


def test_a_removed_root_names_the_schedules_that_used_it_and_status_shows_how_runs_went(
    program: Program, nas: Path, tmp_path: Path
) -> None:
    program.json("root", "add", trees.build(tmp_path / "other", {"x": "x"}), "--no-scan")
    program.json(*NIGHTLY)
    program.json("schedule", "add", "all", "--every", "1d", "report", "size:>1K")
    program.json("schedule", "add", "watch", "--every", "9d", "scan", "nas")
    program.json("schedule", "add", "elsewhere", "--every", "9d", "scan", "other")
    before = program.run("status").text
    assert "Next run: " in before
    assert "The last run of" not in before
    removed = program.run("root", "remove", "nas")
    assert "The schedules big, watch still name it: change what they ask for." in removed.text
    assert program.json("root", "remove", "other")["schedules"] == ["elsewhere"], "big was lost before"
    assert program.run("schedule", "run", "watch").code == 1
    assert "The last run of watch, " in program.run("status").text
    shown = {each["name"]: each["last_state"] for each in program.json("status")["schedules"]}
    assert shown == {"big": None, "all": None, "watch": "failed", "elsewhere": None}
