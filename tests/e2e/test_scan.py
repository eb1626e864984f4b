"""Scanning as a person does it: a folder becomes a root, what was found is said, and a job outlives its client."""

from __future__ import annotations

import base64
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.support import trees
from tests.support.daemon import PATIENCE_S
from tests.support.program import Program, until

SCAN_KEYS = {
    "state",
    "files",
    "directories",
    "bytes",
    "hashed_files",
    "hashed_bytes",
    "added",
    "changed",
    "removed",
    "errors",
    "duration_s",
    "files_per_s",
    "peak_rss_bytes",
}


def test_a_first_run_shows_everything_and_ends_with_0(program: Program, tree: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "sanchayctl.first_run", str(tree)],
        env=program.env,
        capture_output=True,
        text=True,
        check=False,
        timeout=PATIENCE_S,
    )
    assert done.returncode == 0, done.stderr
    shown = done.stdout
    for expected in ("11 files", "summary", "duplicates --limit 5", "one.jpg", "big.bin", "What to type next"):
        assert expected in shown
    assert f"SANCHAY_HOME={program.home}" in shown
    again = subprocess.run(
        [sys.executable, "-m", "sanchayctl.first_run", str(tree)],
        env=program.env,
        capture_output=True,
        text=True,
        check=True,
        timeout=PATIENCE_S,
    )
    assert "0 new, 0 changed, 0 gone" in again.stdout


def test_a_first_run_says_what_it_cannot_scan(program: Program, tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "sanchayctl.first_run", str(tmp_path / "absent")],
        env=program.env,
        capture_output=True,
        text=True,
        check=False,
        timeout=PATIENCE_S,
    )
    assert done.returncode == 1
    assert str(tmp_path / "absent") in done.stderr


def test_a_folder_that_is_scanned_becomes_a_root_and_the_keys_are_those_of_the_manual(
    unwatched: Program, tree: Path
) -> None:
    document = unwatched.json("scan", tree)
    assert document.keys() >= SCAN_KEYS
    assert (document["state"], document["files"], document["directories"], document["errors"]) == ("done", 11, 5, 0)
    assert document["added"] == 11
    assert (document["changed"], document["removed"]) == (0, 0)
    assert document["symlinks"] == 1
    assert document["special"] == 1
    assert document["bytes"] == sum(
        path.stat().st_size for path in tree.rglob("*") if path.is_file() and path.name != "link"
    )
    assert document["peak_rss_bytes"] > 1 << 20
    assert document["files_per_s"] > 0
    (root,) = unwatched.json("root", "list")["roots"]
    assert (root["path"], root["name"], root["state"]) == (str(tree), "tree", "ready")
    (tree / "docs/letter.txt").write_text("Dear Madam")
    (tree / "big.bin").unlink()
    (tree / "new.txt").write_text("new")
    again = unwatched.json("scan", "tree")
    assert (again["added"], again["changed"], again["removed"], again["files"]) == (1, 1, 1, 11)


def test_a_scan_of_nothing_new_reads_nothing(program: Program, tree: Path) -> None:
    program.json("scan", tree)
    time.sleep(0.1)
    program.json("scan", tree)  # what was too fresh to be trusted is read once more
    again = program.json("scan", tree)
    assert (again["hashed_files"], again["added"], again["changed"]) == (0, 0, 0)


def test_standard_output_is_the_answer_alone(unstarted: Program, tree: Path) -> None:
    answer = unstarted.run("scan", tree)
    assert answer.code == 0
    assert "11 files" in answer.text
    assert "\r" not in answer.text
    assert "Started sanchayd" in answer.err


def test_roots_are_added_changed_listed_and_removed(program: Program, tree: Path) -> None:
    added = program.json("root", "add", tree, "--name", "mine", "--hash", "duplicates", "--exclude", "*.log")
    assert added["existed"] is False
    root_id = added["root"]["id"]
    assert program.json("scan", "mine")["files"] == 9  # joins the scan in the background, or follows it
    again = program.json("root", "add", str(tree) + "/.")
    assert (again["existed"], again["root"]["id"]) == (True, root_id)
    changed = program.json("root", "update", str(root_id), "--no-exclude", "--hash", "all", "--name", "ours")
    assert changed["root"]["settings"]["exclude"] == []
    assert program.json("scan", tree)["files"] == 11
    (listed,) = program.json("root", "list")["roots"]
    assert (listed["name"], listed["files"], listed["settings"]["hash"]) == ("ours", 11, "all")
    assert program.json("root", "remove", "ours")["root"]["id"] == root_id
    assert program.json("root", "list")["roots"] == []
    assert program.json("status")["catalog"]["files"] == 0
    assert (tree / "big.bin").exists()


def test_a_detached_scan_is_followed_to_its_end(program: Program, tree: Path) -> None:
    document = program.json("scan", tree, "--detach")
    (job_id,) = document["job_ids"]
    followed = program.run("job", "follow", str(job_id))
    assert followed.code == 0, followed.err
    shown = program.json("job", "show", str(job_id))
    assert (shown["state"], shown["result"]["files"], shown["error_list"]) == ("done", 11, [])
    assert [job["id"] for job in program.json("jobs")["jobs"]] == [job_id]


def test_a_root_inside_another_is_accepted_and_each_file_is_there_once(program: Program, tree: Path) -> None:
    program.json("scan", tree)
    inner = program.json("scan", tree / "photos")
    assert any(str(tree) in notice for notice in inner["notices"])
    assert program.json("find", "ext:jpg")["total"] == 5
    assert program.json("duplicates")["total_groups"] == 2
    assert program.json("status")["catalog"]["files"] == 11


def test_names_that_are_not_utf_8_go_through_every_layer(program: Program, tmp_path: Path) -> None:
    names = {b"caf\xe9.txt": b"same", b"caf\xff.txt": b"same", b"new\nline.txt": b"x", b'"quote",=1.txt': b"y"}
    tree = trees.build_raw(tmp_path / "tree", names)
    raw = os.fsencode(tree)
    assert program.json("scan", tree)["files"] == 4
    rows = program.json("find", "name:caf*")["rows"]
    assert {base64.b64decode(row["path_bytes"]) for row in rows} == {raw + b"/caf\xe9.txt", raw + b"/caf\xff.txt"}
    (group,) = program.json("duplicates")["groups"]
    assert group["copies"] == 2
    assert {base64.b64decode(path["path_bytes"]) for path in group["paths"]} == {
        raw + b"/caf\xe9.txt",
        raw + b"/caf\xff.txt",
    }
    found = program.run("find", "name:new*")
    assert found.code == 0
    assert "new\nline" not in found.text  # a newline in a name does not forge a line
    (row,) = program.json("find", "name:new*")["rows"]
    assert row["path"] == f"{tree}/new\nline.txt"
    folder = raw + b"/d\xe9"
    os.mkdir(folder)
    with open(folder + b"/file", "wb") as file:
        file.write(b"inside")
    inner = program.json("scan", folder)
    assert inner["files"] == 1
    usage = program.json("du", folder)
    assert base64.b64decode(usage["rows"][0]["path_bytes"]) == folder


def test_a_job_outlives_the_client_that_waits_for_it(program: Program, tmp_path: Path) -> None:
    tree = trees.many(tmp_path / "tree", 3000)
    program.json("root", "add", tree, "--no-scan")
    with subprocess.Popen(program.command("scan", "1"), env=program.env, stderr=subprocess.DEVNULL) as client:
        until(lambda: program.json("jobs")["jobs"])
        client.send_signal(signal.SIGKILL)
    job_id = program.json("jobs")["jobs"][0]["id"]
    program.run("job", "follow", str(job_id))
    assert program.json("job", "show", str(job_id))["state"] == "done"
    assert program.json("find", "ext:txt")["total"] == 3000


def test_jobs_are_cancelled_paused_and_resumed(program: Program, tmp_path: Path) -> None:
    trees.many(tmp_path / "tree", 20_000, per_folder=1000)
    program.json("daemon", "start")
    job_id = str(program.json("scan", tmp_path / "tree", "--detach")["job_ids"][0])
    paused = program.run("--json", "job", "pause", job_id)
    if paused.code == 0:  # else the scan was faster than a process starts
        # In its last moments nothing holds it any more.
        assert program.json("job", "show", job_id)["state"] in {"paused", "done"}
        program.run("job", "resume", job_id)
    program.run("job", "follow", job_id)
    assert program.json("job", "show", job_id)["state"] == "done"
    ended = program.fails("job", "cancel", job_id, code=1)
    assert ended["kind"] == "job_not_active"


@pytest.mark.parametrize("scope", ["none", "duplicates"])
def test_a_root_that_asks_for_fewer_hashes_gets_fewer(program: Program, tree: Path, scope: str) -> None:
    program.json("root", "add", tree, "--hash", scope, "--no-scan")
    document = program.json("scan", tree)
    assert document["files"] == 11
    if scope == "none":
        assert document["hashed_files"] == 0
        assert program.json("duplicates")["total_groups"] == 0
    else:
        assert 0 < document["hashed_files"] < 11
        assert program.json("duplicates")["total_groups"] == 2


def test_a_root_inside_another_is_removed_without_its_rows_and_that_is_said(program: Program, tmp_path: Path) -> None:
    outer = trees.build(tmp_path / "outer", {"a": "a", "inner/b": "b"})
    program.json("scan", outer)
    program.json("scan", outer / "inner")
    said = program.run("root", "remove", "inner").out
    assert b"The catalog keeps its 1 file, which root 1 outer" in said
    assert program.json("status")["catalog"]["files"] == 2
