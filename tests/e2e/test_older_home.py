"""A home of an older release: opened by today's programs it has every row that it had, and its answers are the same.

`older_home/` is what a release with catalog version 3 and state.db at its fourth step wrote, as text: a root with
duplicates, a hard link, empty and hidden files and a name that is not UTF-8, two schedules, a report and two jobs. Its
folder isn't there any more, as a drive that is away.
"""

from __future__ import annotations

import base64
import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from tests.support.daemon import DaemonProcess
from tests.support.program import Program, until

DUMPS = Path(__file__).parent / "older_home"
TOP = "/srv/of before/films"
NAMES = {
    b".hidden",
    "Grüße.txt".encode(),
    b"added later.txt",
    b"copies/deep/er/third.mkv",
    b"copies/notes.txt",
    b"copies/one again.mkv",
    b"empty",
    b"empty too",
    b"large.bin",
    b"linked.mkv",
    b"not \xff utf8",
    b"notes.txt",
    b"one.mkv",
}
BYTES = 480_029


@pytest.fixture(scope="module")
def older(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Program]:
    """That home, with today's daemon in it."""
    home = tmp_path_factory.mktemp("older") / "home"
    home.mkdir(mode=0o700)
    for name in ("catalog", "state"):
        with closing(sqlite3.connect(home / f"{name}.db")) as connection:
            connection.executescript((DUMPS / f"{name}.sql").read_text("utf-8"))
    with DaemonProcess(home), Program(home) as program:
        until(lambda: roots(program)[0]["state"] == "offline")
        yield program


def roots(program: Program) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = program.json("root", "list")["roots"]
    return rows


def raw_path(row: dict[str, Any]) -> bytes:
    return base64.b64decode(row["path_bytes"]) if "path_bytes" in row else os.fsencode(row["path"])


def test_every_row_is_there_though_the_folder_is_away(older: Program) -> None:
    found = older.json("find", "")
    assert {os.path.relpath(raw_path(row), os.fsencode(TOP)) for row in found["rows"]} == NAMES
    assert (found["total"], found["total_bytes"]) == (13, BYTES)
    assert found["freshness"]["state"] == "offline"
    status = older.json("status")
    assert (status["catalog"]["files"], status["catalog"]["bytes"], status["catalog"]["state"]) == (13, BYTES, "ok")
    assert not status["config_error"]


def test_a_row_says_what_it_said(older: Program) -> None:
    (row,) = older.json("find", "name:third.mkv")["rows"]
    assert (row["size"], row["allocated"], row["modified"]) == (20_000, 20_480, "2023-11-14T22:13:20.00002Z")
    assert (row["type"], row["extension"], row["links"], row["inode"]) == ("video", "mkv", 1, 797044)
    assert row["hash"] == "7eaa2b6f47c250f7d9b3a232c01e1c66c6ebc4fd5e6644b33e4de10f6adc4876"
    assert [row["links"] for row in older.json("find", "name:linked.mkv")["rows"]] == [2]


@pytest.mark.parametrize(
    ("term", "total"),
    [
        ("later", 1),
        ("GRÜß", 1),
        ("name:*.mkv", 4),
        ("ext:txt", 4),
        ("size:>10K", 5),
        ("empty:yes", 2),
        ("dup:yes", 6),
        ("type:video", 4),
        (f'under:"{TOP}/copies"', 3),
        ("created:2026-11-26..2026-11-27", 13),
    ],
)
def test_every_kind_of_term_finds_what_it_found(older: Program, term: str, total: int) -> None:
    assert older.json("find", term)["total"] == total


def test_duplicates_are_those_that_were_known(older: Program) -> None:
    page = older.json("duplicates")
    assert [(group["size"], group["copies"], group["total_paths"]) for group in page["groups"]] == [
        (20_000, 3, 4),
        (8, 2, 2),
    ]
    assert (page["total_redundant_files"], page["total_reclaimable_bytes"]) == (3, 40_008)


def test_totals_are_those_of_before(older: Program) -> None:
    rows = older.json("summary", "--by", "ext")["rows"]
    assert {(row["key"], row["files"], row["bytes"]) for row in rows} == {
        ("bin", 1, 400_000),
        ("mkv", 4, 80_000),
        ("txt", 4, 23),
        ("", 4, 6),
    }
    usage = {row["path"]: (row["files"], row["bytes"]) for row in older.json("du", TOP)["rows"]}
    assert usage[TOP] == (13, BYTES)
    assert usage[f"{TOP}/copies"] == (3, 40_008)


def test_changes_go_on_where_they_were(older: Program) -> None:
    page = older.json("changes", "--since", "2026-11-26")
    kinds = [(row["kind"], row["path"]) for row in page["rows"]][:2]
    assert kinds == [("baseline", TOP), ("added", f"{TOP}/added later.txt")]
    assert not page["truncated"]


def test_the_rows_agree_with_one_another(older: Program) -> None:
    checked = older.json("catalog", "check")
    assert checked["faults"] == []


def test_roots_jobs_schedules_and_reports_are_kept(older: Program) -> None:
    (root,) = roots(older)
    assert (root["id"], root["name"], root["path"], root["files"]) == (1, "films", TOP, 13)
    jobs = {row["id"]: row for row in older.json("jobs")["jobs"]}
    assert {1, 2} <= jobs.keys()
    assert (jobs[1]["state"], jobs[1]["result"]["files"]) == ("done", 12)
    schedules = {row["name"]: row for row in older.json("schedule", "list")["rows"]}
    assert {name: (row["enabled"], row["action"]) for name, row in schedules.items()} == {
        "nightly": (True, "report"),
        "weekly": (False, "scan"),
    }
    report = older.json("report", "show", "nightly", "--run", "1")
    assert [os.path.basename(row["path"]) for row in report["rows"]] == [
        "one.mkv",
        "linked.mkv",
        "one again.mkv",
        "third.mkv",
    ]


def test_the_old_state_is_kept_beside_the_new_and_a_second_start_finds_nothing_to_do(older: Program) -> None:
    copies = sorted(path.name for path in older.home.glob("state.db.*.bak"))
    assert copies == ["state.db.0004.bak"]
    older.json("daemon", "restart")
    assert older.json("find", "")["total"] == 13
    assert sorted(path.name for path in older.home.glob("*.bak")) == copies
    assert not list(older.home.glob("*.damaged*"))


def test_without_its_state_the_rows_are_offered_as_a_root_again(tmp_path: Path) -> None:
    home = tmp_path / "home"
    home.mkdir(mode=0o700)
    with closing(sqlite3.connect(home / "catalog.db")) as connection:
        connection.executescript((DUMPS / "catalog.sql").read_text("utf-8"))
    with DaemonProcess(home), Program(home) as program:
        (root,) = roots(program)
        assert (root["path"], root["files"]) == (TOP, 13)
        assert program.json("catalog", "check")["faults"] == []
