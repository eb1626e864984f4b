"""A daemon that is killed, stopped, held still or replaced: said on every page, nothing frozen or untrue, then over."""

from __future__ import annotations

import os
import re
import signal
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from sanchay_tray import feed
from sanchay_tray.model import Link
from sanchay_tray.window.frame import Frame
from sanchay_tray.window.pages import ENTRIES
from sanchay_tray.window.pages.copies.page import CopiesPage
from sanchay_tray.window.pages.folders.page import FoldersPage
from sanchay_tray.window.pages.health.page import HealthPage
from sanchay_tray.window.pages.jobs.page import JobsPage
from tests.support import trees
from tests.support.answers import scan
from tests.support.daemon import DaemonProcess
from tests.support.windows import button, buttons, page_of, settle, texts, until, window
from tests.window.conftest import FILES

PAGES = [entry.name for entry in ENTRIES]
#: What a page opens with, so that it shows something of the tree.
SELECT = {"search": "beach"}
#: Pages that say how fresh their answer is.
FRESH = {"folders", "search"}
AS_OF = re.compile(r"  ·  (live|catching up|scanned just now)$")
#: What only a daemon that is there can make true.
OF_NOW = ("live", "up to date", "being scanned", "under way", "All is well", "catching up")


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """A daemon is looked for often."""
    monkeypatch.setattr(feed, "BACKOFF_MAX_S", 0.1)
    monkeypatch.setattr(feed, "QUIET_S", 0.1)
    monkeypatch.setattr("sanchay_tray.window.asking.DOUBT_MS", 50)


class Pair:
    """A daemon that can be ended and started again, and the one window on it."""

    def __init__(self, base: Path) -> None:
        self.home = base / "home"
        self.tree = trees.build(base / "tree", FILES)
        self.daemon = DaemonProcess(self.home)
        with self.daemon.client() as client:
            scan(client, self.tree)

    def ensure(self) -> None:
        """Starts it again, where it does not run."""
        if self.daemon.process.poll() is not None:
            self.daemon = DaemonProcess(self.home)


@pytest.fixture(scope="module")
def pair(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pair]:
    made = Pair(tmp_path_factory.mktemp("pair"))
    with made.daemon:
        yield made
    made.daemon.stop()


@pytest.fixture(scope="module")
def frame(pair: Pair) -> Iterator[Frame]:
    with window(pair.daemon.where) as made:
        yield made


def opened(frame: Frame, name: str) -> list[str]:
    """What a page says once all its answers are there."""
    until(lambda: frame.state.link is Link.UP, "the daemon is reached")
    frame.go(name, SELECT.get(name, ""))
    until(lambda: name not in FRESH or any("live" in text for text in at_rest(frame)))
    return at_rest(frame)


def at_rest(frame: Frame) -> list[str]:
    """What the page says once it says the same for a while and waits for nothing."""
    said: list[str] = []
    same = 0
    while same < 20:
        until(lambda: frame.is_idle)
        settle()
        page = frame.page()
        assert page is not None
        for offered in buttons(page, "List again"):
            offered.click()
        now = texts(page)
        same, said = (same + 1 if now == said else 0), now
    return said


def said_again(frame: Frame, before: list[str]) -> bool:
    """Whether the page says the same as before; a list says how fresh it was when it was made."""
    return [AS_OF.sub("", text) for text in at_rest(frame)] == [AS_OF.sub("", text) for text in before]


def untrue(said: list[str]) -> list[str]:
    """What is not so while no daemon is there."""
    return [text for text in said if any(word in text for word in OF_NOW)]


def killed(pair: Pair) -> None:
    pair.daemon.kill()


def stopped(pair: Pair) -> None:
    pair.daemon.stop()


@pytest.mark.parametrize("end", [killed, stopped])
@pytest.mark.parametrize("name", PAGES)
def test_a_daemon_that_ends_is_said_on_every_page_and_the_next_is_found(
    pair: Pair, frame: Frame, name: str, end: Callable[[Pair], None]
) -> None:
    pair.ensure()
    before = opened(frame, name)
    end(pair)
    until(lambda: frame.banner_texts() == ["Sanchay's service is not running"])
    assert untrue(at_rest(frame)) == []
    frame.go("jobs" if name != "jobs" else "health")
    frame.go(name, SELECT.get(name, ""))  # a page that is come to while none is there
    assert untrue(at_rest(frame)) == []
    assert frame.banner_texts() == ["Sanchay's service is not running"]
    pair.ensure()
    until(lambda: frame.state.link is Link.UP)
    until(lambda: frame.banner_texts() == [])
    until(lambda: said_again(frame, before))


@pytest.mark.skipif(not hasattr(signal, "SIGSTOP"), reason="only on systems with signals")
@pytest.mark.parametrize("name", PAGES)
def test_a_daemon_that_is_held_still_is_said_on_every_page(pair: Pair, frame: Frame, name: str) -> None:
    pair.ensure()
    before = opened(frame, name)
    os.kill(pair.daemon.pid, signal.SIGSTOP)
    try:
        frame.ask(frame, lambda client: client.status(), lambda _: None)  # as any button does
        frame.ask(frame, lambda client: client.status(), lambda _: None, timeout_s=0.05)  # its banner goes with this
        until(lambda: frame.banner_texts() == ["Sanchay's service is held still"])
        settle()
        page = frame.page()
        assert page is not None
        assert untrue(texts(page)) == []
    finally:
        os.kill(pair.daemon.pid, signal.SIGCONT)
    until(lambda: frame.state.link is Link.UP)
    until(lambda: frame.banner_texts() == [])
    until(lambda: said_again(frame, before))


@pytest.fixture
def unscanned(tmp_path: Path) -> tuple[Path, int]:
    """A home whose one folder is being scanned: a job that waits until background work goes on."""
    tree = trees.build(tmp_path / "tree", FILES)
    with DaemonProcess(tmp_path / "home") as daemon, daemon.client() as client:
        client.pause_background()
        client.add_root(tree, no_scan=True)
        (job,) = client.start_scan(background=True).jobs
        assert client.pause_job(job.id).job.state == "paused"
        daemon.stop()
    return tmp_path / "home", job.id


def over(frame: Frame, daemon: DaemonProcess, end: str) -> None:
    """The daemon ends, and the window says so."""
    daemon.kill() if end == "kill" else daemon.stop()
    until(lambda: frame.banner_texts() == ["Sanchay's service is not running"])
    settle()


@pytest.mark.parametrize("end", ["kill", "stop"])
def test_a_daemon_that_ends_in_the_first_scan_goes_on_with_it(unscanned: tuple[Path, int], end: str) -> None:
    home, job_id = unscanned
    with DaemonProcess(home) as daemon, window(daemon.where, "folders") as frame:
        page = page_of(frame, FoldersPage)
        until(lambda: frame.state.link is Link.UP)
        with daemon.client() as client:
            page.first.scan.begin((client.get_job(job_id).job,))
        page.state_changed(frame.state)
        scanning = page.first.scan
        assert scanning.title.text() == "Looking through your folders"
        over(frame, daemon, end)
        assert scanning.title.text() == "The scan goes on when Sanchay's service is back"
        assert not scanning.stays.isVisible()
        with DaemonProcess(home) as second, second.client() as client:
            until(lambda: scanning.title.text() == "Looking through your folders")
            client.resume_background()
            client.resume_job(job_id)
            until(lambda: scanning.title.text() == "Your folders are in the catalog")
            until(lambda: scanning.more.text().startswith("3 copies, "))


@pytest.mark.parametrize("end", ["kill", "stop"])
def test_a_daemon_that_ends_in_a_scan_has_it_shown_as_not_known(unscanned: tuple[Path, int], end: str) -> None:
    home, job_id = unscanned
    with DaemonProcess(home) as daemon, window(daemon.where, "jobs") as frame:
        page = page_of(frame, JobsPage)
        until(lambda: page.rows.cells() and page.rows.cells()[0][1] in ("waiting", "paused"))
        over(frame, daemon, end)
        assert page.rows.cells()[0][1] in ("not known now", "broken off")
        assert untrue(texts(page)) == []
        assert not frame.status_line.job.isVisible()
        with DaemonProcess(home) as second, second.client() as client:
            until(lambda: page.rows.cells()[0][1] in ("waiting", "paused"))
            client.resume_background()
            client.resume_job(job_id)
            until(lambda: page.rows.cells()[0][1] == "done")


@pytest.mark.parametrize("end", ["kill", "stop"])
def test_a_daemon_that_ends_in_a_check_goes_on_with_it(tmp_path: Path, end: str) -> None:
    tree = trees.build(tmp_path / "tree", {str(n): f"content {n}" * 9000 for n in range(200)})
    with DaemonProcess(tmp_path / "home") as daemon:
        with daemon.client() as client:
            scan(client, tree)
            job_id = client.start_verify().job_id
            assert client.pause_job(job_id).job.state == "paused"
        with window(daemon.where, "health") as frame:
            page = page_of(frame, HealthPage)
            until(lambda: page.check.text.text() == "Files are being read and compared with what they were")
            over(frame, daemon, end)
            assert page.check.text.text() != "Files are being read and compared with what they were"
            assert not page.check.check.isEnabled()
            with DaemonProcess(tmp_path / "home") as second, second.client() as client:
                until(lambda: frame.state.link is Link.UP)
                if client.get_job(job_id).job.state == "paused":
                    client.resume_job(job_id)
                until(lambda: page.check.text.text().startswith("Last checked"))


@pytest.mark.parametrize("end", ["kill", "stop"])
def test_a_daemon_that_ends_in_a_clean_up_says_later_what_came_of_it(tmp_path: Path, end: str) -> None:
    tree = trees.build(tmp_path / "tree", {f"{half}/{n}.txt": f"content {n}" for half in "ab" for n in range(200)})
    env = {"HOME": str(tmp_path)}
    with DaemonProcess(tmp_path / "home", env=env) as daemon:
        with daemon.client() as client:
            scan(client, tree)
            plan = client.make_plan(drop=f"under:{tree / 'a'}", action="trash").plan
        with window(daemon.where, "copies") as frame:
            sheet = page_of(frame, CopiesPage).sheet
            until(lambda: frame.state.link is Link.UP)
            page_of(frame, CopiesPage).show_sheet(plan.id)
            button(sheet, "Move to the trash")
            with daemon.client() as client:
                job_id = client.start_run(plan.id, plan.version).job_id
                assert client.pause_job(job_id).job.state == "paused"
            sheet.follow(job_id)
            until(lambda: sheet.job is not None and sheet.job.state == "paused")
            over(frame, daemon, end)
            assert "The run is out of sight" in texts(sheet)
            with DaemonProcess(tmp_path / "home", env=env):
                until(lambda: "The run was broken off" in texts(sheet))
                button(sheet, "Go on …").click()
                button(sheet, "Move to the trash").click()
                until(lambda: any(text.endswith(" moved to the trash") for text in texts(sheet)))
                assert os.listdir(tree / "a") == []
                assert len(os.listdir(tree / "b")) == 200
