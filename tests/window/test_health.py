"""Health: checks for rot, damage that is repaired or accepted, clean-ups taken back, what happened."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest

from sanchay.v1 import job_pb2, verify_pb2
from sanchay_tray.model import Link
from sanchay_tray.window.frame import Frame
from sanchay_tray.window.pages.health.page import HealthPage
from tests.support import mounts, trees
from tests.support.answers import finished, scan
from tests.support.daemon import DaemonProcess
from tests.support.windows import button, nameless, page_of, texts, until, window

fuse = pytest.mark.needs("root", "/dev/fuse", "fusermount3")


def health(frame: Frame) -> HealthPage:
    """The page, once it knows the daemon."""
    page = page_of(frame, HealthPage)
    until(lambda: frame.state.link is Link.UP)
    return page


def test_what_was_never_checked_is_checked_by_a_button(scanned: DaemonProcess) -> None:
    with window(scanned.where, "health") as frame:
        page = health(frame)
        until(lambda: page.check.text.text() == "Never checked")
        until(lambda: "No damage is known." in texts(page))
        until(lambda: "No file was changed yet." in texts(page))
        assert nameless(page) == []
        button(page, "Check").click()
        until(lambda: page.check.text.text() == "Last checked just now")
        # Files that were written just now may have to rest before they are checked.
        ends = r"\d files checked; (all files that it should check|\d files cannot be checked yet)"
        assert re.match(ends, page.check.more.text())
        until(lambda: any("Checking tree for rot: done" in text for _, text in page.happenings.rows.cells()))


@fuse
def test_a_file_that_rotted_is_shown_with_its_twin_and_accepted(daemon: DaemonProcess, tmp_path: Path) -> None:
    pytest.importorskip("mfusepy")
    switch = tmp_path / "switch"
    copies = trees.build(tmp_path / "copies", {"copy": b"0" * 10_000})
    with mounts.failing(tmp_path / "share", switch) as share, daemon.client() as client:
        scan(client, share, copies)
        for job in client.list_jobs(active_only=True).jobs:
            finished(client, job.id)
        switch.write_text("rotten /folder0/file0\n", "utf-8")
        with window(daemon.where, "health", "damage") as frame:
            page = health(frame)

            def is_found() -> bool:
                found = bool(page.damage.rows.cells())
                if not found and page.check.check.isEnabled():
                    page.check.check.click()  # again: a file that was written just now has to rest before it is checked
                return found

            until(is_found)
            assert page.damage.rows.cells()[0][:2] == (str(share / "folder0/file0"), "rotted")
            until(lambda: f"A healthy copy is {copies / 'copy'}" in texts(page))
            assert page.damage.title.text() == "Damage: 1 file"
            assert nameless(page) == []
            with daemon.client() as client:
                until(lambda: page.check.check.isEnabled() and not client.list_jobs(active_only=True).jobs)
                following = max(job.id for job in client.iter_jobs()) + 1
            done = verify_pb2.RepairResult(repaired=1)
            page.damage.ended(job_pb2.Job(id=following, kind="repair", state="done", repair=done))
            button(page, "Repair").click()
            until(lambda: frame.toast.text == "file0 is repaired", "its end was known before its beginning")
            button(page, "Repair").click()
            # The share is for reading only: what came of it may be said before one has looked.
            until(lambda: frame.toast.text in ("file0 is being repaired", "file0 was left as it is"))
            button(page, "It is right as it is").click()
            until(lambda: not page.damage.rows.cells())


def test_a_clean_up_is_taken_back(scanned: DaemonProcess, tree: Path) -> None:
    with scanned.client() as client:
        plan = client.make_plan(action="hardlink").plan
        finished(client, client.start_run(plan.id, plan.version).job_id)
        assert (tree / "Backup/beach.jpg").stat().st_nlink == 3
        run = client.list_journal_runs().runs[0].id
        with window(scanned.where, "health", f"undo:{run}") as frame:  # as a notice's button leads to it
            page = health(frame)
            until(lambda: page.clean_ups.rows.key() == run)
            what, state, files, *_ = page.clean_ups.rows.cells()[0]
            assert (what, state, files) == ("Copies made one file (hard links)", "done", "3")
            button(page, "Undo").click()
            until(lambda: [cells[1] for cells in page.clean_ups.rows.cells()] == ["done", "taken back"])
            assert (tree / "Backup/beach.jpg").stat().st_nlink == 1
            assert not page.clean_ups.undo.isEnabled()
            assert "It was taken back." in texts(page)


def test_what_happens_is_listed_as_it_happens(scanned: DaemonProcess, tree: Path) -> None:
    with window(scanned.where, "health", "happened") as frame:
        page = health(frame)
        until(lambda: page.happenings.rows.cells())
        shutil.move(tree, tree.with_name("away"))
        until(lambda: any(text == "tree is not there" for _, text in page.happenings.rows.cells()))
        shutil.move(tree.with_name("away"), tree)
        until(lambda: any(text == "tree is back" for _, text in page.happenings.rows.cells()))
        until(lambda: frame.state.roots[0].live.state == "live")  # what is found on the way there is no arrival
        strange = tree / "<b>bold\u202e<b>\n.jpg"
        strange.write_bytes((tree / "Pictures/beach.jpg").read_bytes())
        until(lambda: any(text.startswith("A copy arrived: ") for _, text in page.happenings.rows.cells()))
        shown = [text for _, text in page.happenings.rows.cells()]
        assert not any("\n" in text or "\u202e" in text for text in shown)
