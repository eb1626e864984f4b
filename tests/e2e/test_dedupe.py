"""Clearing copies of a real tree through a real daemon, and taking it back: nothing is lost."""

from __future__ import annotations

import hashlib
import json
import os
import signal
import subprocess
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from sanchay.address import places
from sanchay.client import Client
from tests.e2e.conftest import PHOTO, build
from tests.support import trees
from tests.support.daemon import PATIENCE_S, DaemonProcess, unmeasured
from tests.support.program import Program, until

MANY = 1_200  # several batches of a run


class Standing(NamedTuple):
    """All of a file that must be as before."""

    content: bytes
    mode: int
    owner: int
    group: int
    links: int
    modified_ns: int


@pytest.fixture
def env(tmp_path: Path) -> dict[str, str]:
    """Where the trash is: beside the tree, on the same file system."""
    return {"XDG_DATA_HOME": str(tmp_path / "data")}


@pytest.fixture
def program(tmp_path: Path, env: dict[str, str]) -> Iterator[Program]:
    with DaemonProcess(tmp_path / "home", env=env), Program(tmp_path / "home", env=env) as each:
        yield each


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """The tree, each file with its own mode and time, and a name that hurts."""
    top = build(tmp_path / "tree")
    trees.build_raw(top / "photos", {b"caf\xe9\n.jpg": PHOTO})
    files = sorted(file for file in top.rglob("*") if file.is_file() and not file.is_symlink())
    for number, file in enumerate(files):
        os.chmod(file, 0o600 + number % 8)
        os.utime(file, ns=(10**18, 10**18 + 1_000_000_007 * number))
    subprocess.run(["cp", "-a", f"{top}", f"{tmp_path / 'original'}"], check=True)
    return top


def standing(top: Path) -> dict[str, Standing]:
    """Every file below the folder."""
    found = {}
    for file in top.rglob("*"):
        if file.is_file() and not file.is_symlink():
            info = file.stat()
            found[str(file.relative_to(top))] = Standing(
                file.read_bytes(), info.st_mode, info.st_uid, info.st_gid, info.st_nlink, info.st_mtime_ns
            )
    return found


def contents(*tops: Path) -> set[str]:
    """Every content below the folders."""
    files = (file for top in tops for file in top.rglob("*") if file.is_file() and not file.is_symlink())
    return {hashlib.sha256(file.read_bytes()).hexdigest() for file in files}


def planned(program: Program, tree: Path, *options: str) -> Any:
    """A plan of the tree, which is scanned first."""
    program.json("scan", tree)
    program.json("root", "sync", tree)
    return program.json("dedupe", "plan", "--under", tree, *options)


def test_a_tree_is_cleared_and_stands_as_before_once_that_is_taken_back(
    program: Program, tree: Path, tmp_path: Path
) -> None:
    before = standing(tree)
    program.json("scan", tree)
    program.json("root", "sync", tree)
    for action in ("trash", "hardlink", "symlink", "delete"):
        plan = program.json("dedupe", "plan", "--action", action)
        assert plan["files"] == 4, action
        number = str(plan["plan"])
        copies = [copy for group in program.json("dedupe", "show", number)["rows"] for copy in group["copies"]]
        going = {copy["path"] for copy in copies if copy["decision"] == "drop" and "path_bytes" not in copy}
        assert standing(tree) == before, "a plan changes nothing"

        # Links are made of files that differ in mode, which has to be allowed.
        ended = program.json("dedupe", "run", number, "--yes", "--any-metadata")
        assert (ended["acted"], ended["skipped"], ended["failed"]) == (plan["files"], 0, 0)
        assert ended["freed_when_emptied"] == (action == "trash")
        links = {"hardlink": os.path.isfile, "symlink": os.path.islink}
        assert all(links[action](path) if action in links else not os.path.lexists(path) for path in going)
        assert contents(tree) == contents(tmp_path / "original")
        assert program.json("duplicates")["total_redundant_files"] == 0, "the catalog follows at once"

        run = str(ended["run"])
        assert {act["state"] for act in program.json("dedupe", "journal", run)["rows"]} == {"done"}
        undone = program.json("dedupe", "undo", run)
        assert (undone["restored"], undone["failed"]) == (plan["files"], []), action
        assert standing(tree) == before, action
        subprocess.run(["diff", "-r", "--no-dereference", "-x", "pipe", tmp_path / "original", tree], check=True)
    assert [each["kind"] for each in program.json("dedupe", "journal")["rows"]] == ["undo", "dedupe"] * 4
    assert [event for event in events(program) if event["kind"] == "duplicate"] == [], "what came back is no news"


def events(program: Program) -> list[Any]:
    return [json.loads(line) for line in program.run("--json", "events").text.splitlines()]


def test_a_plan_that_was_edited_since_it_was_seen_is_refused(program: Program, tree: Path) -> None:
    before = standing(tree)
    plan = planned(program, tree)
    number = str(plan["plan"])
    groups = program.json("dedupe", "show", number)["rows"]
    going = [copy["path"] for group in groups for copy in group["copies"] if copy["decision"] == "drop"]
    kept = next(path for path in going if os.path.exists(path))  # JSON has no bytes that are not UTF-8
    edited = program.json("dedupe", "edit", number, "--keep", kept)
    assert (edited["version"], edited["files"] < plan["files"]) == (2, True)
    refused = program.fails("dedupe", "run", number, "--yes", "--if-version", "1", code=1)
    assert refused["kind"] == "plan_edited"
    assert standing(tree) == before
    ended = program.json("dedupe", "run", number, "--yes")
    assert ended["acted"] == edited["files"]
    assert os.path.exists(kept)


def test_a_plan_that_is_run_twice_or_by_two_at_once_is_done_once(program: Program, tree: Path, tmp_path: Path) -> None:
    before = standing(tree)
    plan = planned(program, tree)
    run = ("dedupe", "run", str(plan["plan"]), "--yes")
    with ThreadPoolExecutor(2) as pool:
        both = list(pool.map(lambda _: program.run("--json", *run), range(2)))
    documents = [answer.document for answer in both]
    assert sum({each["run"]: each["acted"] for each in documents}.values()) == plan["files"]
    again = program.run("--json", *run).document
    assert (again["acted"], again["failed"]) == (0, 0)
    for number in {each["run"] for each in documents}:
        program.json("dedupe", "undo", str(number))
    assert standing(tree) == before


def test_what_changed_since_the_plan_is_left_and_said(program: Program, tree: Path) -> None:
    trees.build(tree / "pair", {"a": "a pair", "b": "a pair"})
    plan = planned(program, tree)
    groups = program.json("dedupe", "show", str(plan["plan"]))["rows"]
    changed, gone, alone = (
        next(copy for copy in group["copies"] if copy["decision"] == "drop" and "path_bytes" not in copy)
        for group in groups
    )
    Path(changed["path"]).write_bytes(b"something else")
    os.unlink(gone["path"])
    os.unlink(alone["kept"]["path"])
    ended = program.json("dedupe", "run", str(plan["plan"]), "--yes", code=3)
    assert ended["skipped"] + ended["failed"] == 3
    assert Path(changed["path"]).read_bytes() == b"something else"
    assert os.path.exists(alone["path"]), "it is the last copy now"
    left = [act for act in program.json("dedupe", "journal", str(ended["run"]))["rows"] if act["state"] == "left"]
    reasons = {act["path"]: act["reason"] for act in left}
    assert (reasons[changed["path"]], reasons[gone["path"]]) == ("changed", "gone")
    assert reasons[alone["path"]].startswith("kept-")
    told = program.run("dedupe", "journal", str(ended["run"]), "--left")
    assert "changed since it was planned" in told.text


def test_ctrl_c_leaves_a_run_that_waits_for_a_scan_to_the_daemon(program: Program, tree: Path, tmp_path: Path) -> None:
    plan = planned(program, tree)
    with Client(places(tmp_path / "home")) as client:
        client.pause_background()
        scan = client.start_scan([tree], background=True).jobs[0]
        until(lambda: client.get_job(scan.id).job.message)  # it is held, and the run waits for its turn
        run = program.command("dedupe", "run", str(plan["plan"]), "--yes")
        with subprocess.Popen(
            run, env=unmeasured(program.env), stdout=subprocess.PIPE, stderr=subprocess.PIPE
        ) as waiting:
            until(lambda: any(job.kind == "dedupe" for job in client.iter_jobs(active_only=True)))
            (job,) = (job for job in client.iter_jobs(active_only=True) if job.kind == "dedupe")
            waiting.send_signal(signal.SIGINT)
            said = waiting.communicate(timeout=PATIENCE_S)[1].decode()
        assert (waiting.returncode, "Traceback" in said) == (130, False)
        client.resume_background()
        ended = list(client.follow_job(job.id))[-1]
        assert (ended.state, ended.dedupe.acted) == ("done", plan["files"])


def test_a_run_that_is_killed_is_settled_and_goes_on_when_it_is_run_again(tmp_path: Path, env: dict[str, str]) -> None:
    tree = tmp_path / "tree"
    for number in range(MANY):
        trees.build(tree, {f"{half}/{number // 200}/{number}.txt": f"content {number}" for half in "ab"})
    before, known = standing(tree), contents(tree)
    home = tmp_path / "home"
    with DaemonProcess(home, env=env) as daemon, Program(home, env=env) as program:
        plan = planned(program, tree)
        assert plan["files"] == MANY
        with daemon.client() as client:
            job_id = client.start_run(plan["plan"], plan["version"]).job_id
            until(lambda: client.get_job(job_id).job.progress.done > 0)
            daemon.kill()
    assert contents(tree, tmp_path / "data" / "Trash" / "files") == known, "every content is still there"
    with DaemonProcess(home, env=env), Program(home, env=env) as program:
        job = program.json("job", "show", str(job_id))
        if job["state"] == "failed":  # or it was done before the kill
            assert f"it goes on when plan {plan['plan']} is run again" in job["message"]
        program.run("--json", "dedupe", "run", str(plan["plan"]), "--yes")
        assert len(standing(tree)) == MANY
        assert contents(tree) == known
        runs = [run for run in program.json("dedupe", "journal")["rows"] if run["kind"] == "dedupe"]
        states = [act["state"] for run in runs for act in program.json("dedupe", "journal", str(run["run"]))["rows"]]
        assert "intended" not in states, "it was settled"
        for run in runs:
            program.run("--json", "dedupe", "undo", str(run["run"]))
        assert standing(tree) == before
        assert os.listdir(tmp_path / "data" / "Trash" / "files") == []
