"""Jobs that change files, as `job` and `jobs` tell of them."""

from __future__ import annotations

import pytest

from sanchay.v1 import dedupe_pb2, event_pb2, job_pb2
from sanchayctl import acts
from sanchayctl.commands.events import words
from tests.support.canned_daemon import CannedDaemon
from tests.unit.ctl.canned import NOON_NS, PLAIN, path
from tests.unit.ctl.canned_dedupe import run_job, undo_job
from tests.unit.ctl.conftest import Run

JOBS = {"dedupe": run_job, "undo": undo_job}


@pytest.mark.usefixtures("people")
@pytest.mark.parametrize("kind", JOBS)
@pytest.mark.parametrize(("state", "code"), [("done", 0), ("partial", 3), ("cancelled", 1), ("failed", 1)])
def test_a_job_that_changed_files_is_told_in_its_own_words(
    run: Run, daemon: CannedDaemon, kind: str, state: str, code: int
) -> None:
    ended = JOBS[kind](state=state, left=3 if state == "partial" else 0)
    daemon.answers["FollowJob"] = lambda _: iter(
        [job_pb2.FollowJobResponse(job=JOBS[kind](state="running")), job_pb2.FollowJobResponse(job=ended)]
    )
    daemon.answers["GetJob"] = job_pb2.GetJobResponse(job=ended)
    followed = run("job", "follow", "7")
    assert followed.code == code
    assert "can" not in followed.out.split() or state == "cancelled"
    assert "Scan" not in followed.out
    if state == "done":
        said = "Moved 412 files to the trash in 2.5 s, which frees 1.5G once the trash is emptied."
        assert said in followed.out if kind == "dedupe" else "Took back 412 files of run 5" in followed.out
    if state == "partial":
        assert "2 files: open for writing in another program, such as $'/data/photos/caf\\xe9.jpg'" in followed.out
        assert f"dedupe journal {5 if kind == 'dedupe' else 6} --left" in followed.out
    shown = run("job", "show", "7").out
    assert f"Job 7 ({kind}) is {state}." in shown
    assert ("3 left as they are:" in shown) == (state == "partial")


def test_the_result_of_a_run_is_in_the_document_of_its_job(run: Run, daemon: CannedDaemon) -> None:
    daemon.answers["GetJob"] = job_pb2.GetJobResponse(job=run_job(state="partial", left=2))
    document = run("--json", "job", "show", "7").document
    assert (document["kind"], document["errors"], document["result"]["acted"]) == ("dedupe", 2, 412)
    assert document["error_list"][0]["kind"] == "busy"
    daemon.answers["GetJob"] = job_pb2.GetJobResponse(job=run_job(state="running"))
    assert run("--json", "job", "show", "7").document["result"] is None


@pytest.mark.usefixtures("people")
def test_more_files_than_a_job_keeps_are_counted_by_the_journal(run: Run, daemon: CannedDaemon) -> None:
    ended = run_job(state="partial", left=250)
    daemon.answers["FollowJob"] = lambda _: iter([job_pb2.FollowJobResponse(job=ended)])
    daemon.answers["GetJob"] = job_pb2.GetJobResponse(job=ended)
    left = dedupe_pb2.Act(state="left", path=path(PLAIN), reason="read-only")
    daemon.answers["ListActs"] = dedupe_pb2.ListActsResponse(acts=[dedupe_pb2.Act(state="done"), *[left] * 248])
    said = run("job", "follow", "7").out
    assert "248 files: its file system is read-only, such as /data/photos/a.jpg" in said
    assert "its unit has to allow it: ReadWritePaths=FOLDER" in said
    assert "… and 2 more, for these or other reasons" in said


@pytest.mark.usefixtures("people")
def test_the_list_of_jobs_names_their_kinds(run: Run, daemon: CannedDaemon) -> None:
    daemon.answers["ListJobs"] = job_pb2.ListJobsResponse(jobs=[undo_job(8, "running"), run_job(7)])
    listed = run("jobs").out
    assert "KIND" in listed
    assert "undo" in listed


def test_an_event_of_a_run_counts_its_files() -> None:
    event = event_pb2.Event(kind="job", at_ns=NOON_NS, job=run_job(state="running", left=2))
    assert words(event) == "job 7, dedupe of photos: acting 24%, 100 files"


@pytest.mark.parametrize("action", ["trash", "hardlink", "reflink", "symlink", "delete"])
def test_every_action_has_words_for_one_file_and_for_many(action: str) -> None:
    for tell in (acts.planned, acts.done):
        assert "1 file" in tell(action, 1)
        assert "1 files" not in tell(action, 1)
        assert "2 files" in tell(action, 2)
        assert tell(action, 1) != tell("of-the-future", 1)
