"""Jobs: what is under way is shown by its events, paused, cancelled; what was, with its errors."""

from __future__ import annotations

from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest

from sanchay_tray.model import Link
from sanchay_tray.window.frame import Frame
from sanchay_tray.window.pages.jobs.page import JobsPage
from tests.support import mounts, trees
from tests.support.answers import finished, scan
from tests.support.daemon import DaemonProcess
from tests.support.windows import button, nameless, page_of, texts, until, window

fuse = pytest.mark.needs("root", "/dev/fuse", "fusermount3")


def jobs(frame: Frame) -> JobsPage:
    """The page, once it knows the daemon."""
    page = page_of(frame, JobsPage)
    until(lambda: frame.state.link is Link.UP)
    return page


def test_without_a_job_it_says_so(daemon: DaemonProcess) -> None:
    with window(daemon.where, "jobs") as frame:
        page = jobs(frame)
        assert "No job has run yet" in texts(page)
        assert nameless(page) == []


def test_a_scan_that_was_done_is_shown_with_what_it_came_to(scanned: DaemonProcess) -> None:
    with window(scanned.where, "jobs") as frame:
        page = jobs(frame)
        until(lambda: page.rows.cells() and page.rows.cells()[0][1] == "done")
        assert page.rows.cells()[0][:3] == ("Scanning tree", "done", "7 files, 76.2 KB; 7 new")
        assert page.summary.text() == "Nothing is under way. Last scan just now, of tree: 7 files, 76.2 KB; 7 new"
        assert nameless(page) == []


def test_a_job_is_paused_resumed_and_cancelled_by_keys(scanned: DaemonProcess) -> None:
    with scanned.client() as client, window(scanned.where, "jobs") as frame:
        page = jobs(frame)
        until(lambda: page.rows.cells())
        client.pause_background()
        (job,) = client.start_scan(background=True).jobs
        until(lambda: page.rows.pick(job.id))
        assert page.summary.text() == "1 job is under way"
        page.rows.setFocus()
        QTest.keyClick(page.rows.view, Qt.Key.Key_P)
        until(lambda: page.rows.cells()[0][1] == "paused")
        assert client.get_job(job.id).job.state == "paused"
        button(page, "Resume").click()
        until(lambda: page.rows.cells()[0][1] in ("under way", "waiting"))
        QTest.keyClick(page.rows.view, Qt.Key.Key_Delete)
        until(lambda: page.rows.cells()[0][1] == "cancelled")
        until(lambda: page.summary.text().startswith("Nothing is under way."))
        client.resume_background()
        button(page, "Scan again").click()
        until(lambda: page.rows.cells()[0][1] == "done" and len(page.rows.cells()) == 3)


def test_a_job_that_failed_says_why(tmp_path: Path) -> None:
    tree = trees.build(tmp_path / "tree", {f"{half}/{n}": f"content {n}" for half in "ab" for n in range(400)})
    with DaemonProcess(tmp_path / "home") as daemon, daemon.client() as client:
        scan(client, tree)
        plan = client.make_plan(action="hardlink").plan
        job_id = client.start_run(plan.id, plan.version).job_id
        assert client.pause_job(job_id).job.state == "paused"
        daemon.kill()  # a run is not gone on with by itself
    with DaemonProcess(tmp_path / "home") as daemon, window(daemon.where, "jobs", str(job_id)) as frame:
        page = jobs(frame)
        until(lambda: page.rows.key() == job_id and page.rows.cells()[0][:2] == ("Clearing copies", "failed"))
        until(lambda: any("The daemon ended before it did." in text for text in texts(page.detail)))


@fuse
def test_what_could_not_be_read_is_listed(daemon: DaemonProcess, tmp_path: Path) -> None:
    pytest.importorskip("mfusepy")
    switch = tmp_path / "switch"
    with mounts.failing(tmp_path / "share", switch) as share, daemon.client() as client:
        switch.write_text("EIO /folder1/file1\n", "utf-8")
        (job,) = client.start_scan([share]).jobs
        assert finished(client, job.id).state == "partial"
        with window(daemon.where, "jobs", str(job.id)) as frame:
            page = jobs(frame)
            until(lambda: page.detail.errors.cells())
            assert page.detail.errors.cells() == [(str(share / "folder1/file1"), "the disk reported an error")]
            assert "1 file was not read, or left as it was" in texts(page.detail)
            assert nameless(page) == []


def test_further_jobs_come_as_the_table_is_scrolled(scanned: DaemonProcess, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sanchay_tray.window.pages.jobs.page.PAGE", 3)
    with scanned.client() as client:
        for _ in range(8):
            finished(client, client.start_scan().jobs[0].id)
    with window(scanned.where, "jobs") as frame:
        page = jobs(frame)
        model, top = page.rows.model, page.rows.view.rootIndex()

        def scrolled() -> bool:
            if model.canFetchMore(top):
                model.fetchMore(top)
            return len(page.rows.cells()) == 9

        until(scrolled)
