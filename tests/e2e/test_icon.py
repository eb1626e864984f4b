"""The icon in a panel: its picture in each state, its menu over D-Bus, and what happens where something is missing."""

from __future__ import annotations

import json
import os
import signal
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

from sanchay.address import Places, places
from sanchay.owner import find_owner
from sanchay.v1 import catalog_pb2, daemon_pb2
from sanchay_tray import opening
from tests.support.desktop import Desktop
from tests.support.icon import IconProcess
from tests.support.program import until
from tests.support.scripted_daemon import ScriptedDaemon, event, job, root, status

#: The ink of the icon on a light panel.
DARK = (43, 50, 64)

pytestmark = pytest.mark.needs("Xvfb", "dbus-daemon")


@pytest.fixture
def desktop(tmp_path: Path) -> Iterator[Desktop]:
    with Desktop(tmp_path) as each:
        yield each


@pytest.fixture
def daemon(tmp_path: Path) -> Iterator[ScriptedDaemon]:
    with ScriptedDaemon(tmp_path / "home") as each:
        yield each


@pytest.fixture
def window(tmp_path: Path) -> Path:
    """A stand-in for the window: each start adds its arguments to a file."""
    calls = tmp_path / "calls"
    calls.touch()
    return calls


@pytest.fixture
def icon(desktop: Desktop, daemon: ScriptedDaemon, tmp_path: Path, window: Path) -> Iterator[IconProcess]:
    flags = ("--icon", "qt", "--panel", "dark", "--no-start")
    with IconProcess(desktop, tmp_path / "home", *flags, window=window) as each:
        desktop.panel.wait_for_item()
        until(lambda: desktop.panel.tooltip().startswith("All is well"))
        yield each


def opened(window: Path) -> list[list[str]]:
    """The arguments of each start of the window."""
    return [json.loads(line) for line in window.read_text().splitlines()]


def test_each_state_has_its_picture_and_its_line(icon: IconProcess, desktop: Desktop, daemon: ScriptedDaemon) -> None:
    panel = desktop.panel
    assert panel.tooltip() == "All is well: 1,200 files"
    seen = {"well": panel.pictures()}

    daemon.jobs = [job(7, percent=34)]
    daemon.tell(event("job", job=daemon.jobs[0]))
    until(lambda: panel.tooltip() == "Scan of Pictures: 34 %")
    seen["working"] = panel.pictures()

    daemon.jobs = []
    daemon.change(status(background=daemon_pb2.BackgroundState(state="paused")))
    until(lambda: panel.tooltip() == "Background work is paused")
    seen["paused"] = panel.pictures()

    daemon.change(status(root(1, "Pictures", "offline")))
    until(lambda: panel.tooltip() == "Pictures is not there")
    seen["attention"] = panel.pictures()

    daemon.stop()
    until(lambda: panel.tooltip() == "Sanchay's service is not running")
    seen["absent"] = panel.pictures()

    assert set(seen["well"]) == {16, 22, 24, 32, 48, 64}
    for width in seen["well"]:
        # By their alpha only, so that no two looks differ by nothing but colour.
        shapes = {name: pictures[width][0::4] for name, pictures in seen.items()}
        assert len(set(shapes.values())) == len(shapes), width


def test_the_menu_is_read_and_clicked(
    icon: IconProcess, desktop: Desktop, daemon: ScriptedDaemon, window: Path
) -> None:
    panel = desktop.panel
    daemon.jobs = [job(7, percent=34)]
    daemon.copies = catalog_pb2.DuplicatesResponse(
        total_groups=2, total_redundant_files=1204, total_freed_bytes=8_400_000_000
    )
    daemon.tell(event("job", job=daemon.jobs[0]), event("root_online", root="Pictures", root_id=1))
    daemon.change(status(root(1, "Pictures"), root(2, "R&B & soul_2")))
    until(lambda: panel.has("1,204 copies, 7.8G could be free"))

    panel.click("Scan of Pictures: 34 %", "Pause")
    panel.click("Scan of Pictures: 34 %", "Cancel")
    panel.click("Scan now", "All folders")
    panel.click("Scan now", "R&B & soul_2")
    panel.click("Pause background work", "For 1 hour")
    until(
        lambda: [len(daemon.asked(call)) for call in ("PauseJob", "CancelJob", "StartScan", "PauseBackground")]
        == [1, 1, 2, 1]
    )
    assert [request.roots for request in daemon.asked("StartScan")].count([b"2"]) == 1
    assert daemon.asked("PauseBackground")[0].seconds == 3600

    panel.click("1,204 copies")
    panel.click("What happened")
    panel.click("Open Sanchay")
    panel.activate()
    until(lambda: len(opened(window)) == 3)
    assert sorted(opened(window)) == [[], [], ["--page", "copies"]]
    assert any("Pictures is back" in line.label for line in panel.line("What happened").lines)


def test_an_open_menu_does_not_change(icon: IconProcess, desktop: Desktop, daemon: ScriptedDaemon) -> None:
    panel = desktop.panel
    before = panel.open()
    daemon.jobs = [job(7, percent=34)]
    daemon.tell(event("job", job=daemon.jobs[0]))
    until(lambda: panel.tooltip() == "Scan of Pictures: 34 %")
    assert panel.menu() == before
    panel.shut()
    until(lambda: panel.has("Scan of Pictures"))
    daemon.tell(event("job", job=job(7, percent=50)))
    number = panel.line("Scan of Pictures").number
    until(lambda: panel.open() and panel.has("Scan of Pictures: 50 %"))  # an opened menu is that of the moment
    assert panel.line("Scan of Pictures").number == number


def test_it_is_started_at_login_where_a_person_wants_it(icon: IconProcess, desktop: Desktop, tmp_path: Path) -> None:
    panel = desktop.panel
    file = tmp_path / "config/autostart/sanchay-tray.desktop"
    assert not panel.line("Start at login").is_checked
    panel.click("Start at login")
    until(lambda: panel.line("Start at login").is_checked)
    assert str(tmp_path / "home") in file.read_text()  # checked once it is so, and not before
    with IconProcess(desktop, tmp_path / "home", "--check", "--json") as check:
        document = json.loads(check.ended()[1])
    assert document["icon"] == {"running": True, "fault": None}
    assert document["watcher"] == "StatusNotifier"
    assert document["backend"] == "qt"
    assert document["notifications"]["server"] is None
    assert document["autostart"]["enabled"]
    assert document["daemon"] == {"running": True, "state": "serving"}
    panel.click("Start at login")
    until(lambda: not file.exists())


def test_quit_ends_it_and_a_second_start_opens_the_window(
    icon: IconProcess, desktop: Desktop, tmp_path: Path, window: Path
) -> None:
    with IconProcess(desktop, tmp_path / "home", window=window) as second:
        assert second.ended()[0] == 0
    until(lambda: opened(window) == [[]])
    desktop.panel.click("Quit")
    assert icon.ended() == (0, "", "")


@contextmanager
def stopped_at_the_end(where: Places) -> Iterator[None]:
    """Ends the daemon that the icon has started last."""
    try:
        yield
    finally:
        owner = find_owner(where)
        if owner is not None and owner.pid:
            os.kill(owner.pid, signal.SIGKILL)
            until(lambda: find_owner(where) is None)


def test_a_daemon_is_started_followed_and_left_alone_once_a_person_stopped_it(desktop: Desktop, tmp_path: Path) -> None:
    panel, where = desktop.panel, places(tmp_path / "home")
    with stopped_at_the_end(where), IconProcess(desktop, tmp_path / "home", "--icon", "qt", "--no-window"):
        until(lambda: panel.items and panel.tooltip() == "No folder is in the catalog yet")
        first = find_owner(where)
        assert first is not None
        os.kill(first.pid, signal.SIGKILL)  # a crash: another takes its place
        until(lambda: (owner := find_owner(where)) is not None and owner.pid != first.pid)
        until(lambda: panel.tooltip() == "No folder is in the catalog yet")
        second = find_owner(where)
        assert second is not None
        os.kill(second.pid, signal.SIGSTOP)
        panel.click("Pause background work", "Until tomorrow")  # what it does not answer says that it is held
        until(lambda: "held still" in panel.tooltip())
        os.kill(second.pid, signal.SIGCONT)
        until(lambda: not panel.tooltip().startswith("Sanchay's service"))  # the pause may have been done after all
        os.kill(second.pid, signal.SIGTERM)
        until(lambda: panel.tooltip() == "Sanchay's service is not running")
        assert find_owner(where) is None
        panel.click("Start Sanchay's service")
        until(lambda: find_owner(where) is not None)
        until(lambda: not panel.has("Start Sanchay's service"))


def test_a_daemon_that_cannot_start_is_said_and_not_tried_again(desktop: Desktop, tmp_path: Path) -> None:
    home = tmp_path / "home"
    home.mkdir(mode=0o700)
    (home / "config.toml").write_text("log_level = 7\n")
    with IconProcess(desktop, home, "--icon", "qt"):
        until(lambda: desktop.panel.items and "config.toml" in desktop.panel.tooltip())
        assert desktop.panel.has("Start Sanchay's service")


def test_a_panel_that_comes_later_or_again_gets_the_icon(daemon: ScriptedDaemon, tmp_path: Path, window: Path) -> None:
    home = tmp_path / "home"
    with (
        Desktop(tmp_path, panel=False) as desktop,
        IconProcess(desktop, home, "--icon", "qt", "--no-start", window=window),
    ):
        until(lambda: opened(window) == [["--no-tray"]])
        panel = desktop.new_panel()
        panel.appear()
        panel.wait_for_item()
        panel.vanish()
        another = desktop.new_panel()
        another.appear()
        another.wait_for_item()
        until(lambda: another.tooltip() == "All is well: 1,200 files")


@pytest.mark.parametrize("backend", ["qt", "pystray"])
def test_without_a_display_it_says_so(backend: str, tmp_path: Path) -> None:
    with Desktop(tmp_path, display=False, bus=False) as desktop:
        with IconProcess(desktop, tmp_path / "home", "--icon", backend) as icon:
            code, _, said = icon.ended()
        assert code == 1
        assert said == "sanchay-tray: There is no display here: neither DISPLAY nor WAYLAND_DISPLAY names one.\n"
        with IconProcess(desktop, tmp_path / "home", env={"DISPLAY": ":77"}) as icon:
            assert icon.ended()[2] == "sanchay-tray: The display :77 cannot be reached.\n"


@pytest.mark.parametrize("was_open", [False, True], ids=["first-start", "later"])
def test_the_first_start_opens_the_window_while_no_folder_is_there(
    desktop: Desktop, daemon: ScriptedDaemon, tmp_path: Path, window: Path, was_open: bool
) -> None:
    home = tmp_path / "home"
    del daemon.status.roots[:]
    if was_open:
        memory = opening.window_memory(places(home))
        memory.parent.mkdir(exist_ok=True)
        memory.touch()
    with IconProcess(desktop, home, "--icon", "qt", "--no-start", window=window):
        desktop.panel.wait_for_item()
        until(lambda: desktop.panel.tooltip() == "No folder is in the catalog yet")
        if was_open:
            desktop.panel.click("Open Sanchay")
        until(lambda: opened(window))
        daemon.tell(event("status"))  # it is asked again, and opens nothing more
        asked = len(daemon.asked("GetStatus"))
        until(lambda: len(daemon.asked("GetStatus")) > asked)
    assert opened(window) == ([[]] if was_open else [["--page", "folders"]])


@pytest.mark.needs("trayer", "xdotool", "import")
def test_without_a_bus_it_goes_into_an_x11_panel(daemon: ScriptedDaemon, tmp_path: Path, window: Path) -> None:
    flags = ("--icon", "qt", "--panel", "light", "--no-start")
    with ExitStack() as stack:
        desktop = stack.enter_context(Desktop(tmp_path, bus=False))
        panel = stack.enter_context(desktop.x11_panel())
        stack.enter_context(IconProcess(desktop, tmp_path / "home", *flags, window=window))
        # A dark box on the panel's grey.
        until(lambda: DARK in {colour for _, colour in panel.picture().getcolors(100_000) or ()})
        panel.click(DARK)
        until(lambda: opened(window) == [[]])


#: GTK's package for Python is the system's, for the Python that the system has.
GI = Path("/usr/lib/python3/dist-packages/gi")
FITS = f"_gi.cpython-{sys.version_info[0]}{sys.version_info[1]}-*.so"


@pytest.mark.skipif(not any(GI.glob(FITS)), reason="only on the Python that the system's GTK is for")
def test_pystray_shows_the_same_menu(daemon: ScriptedDaemon, desktop: Desktop, tmp_path: Path, window: Path) -> None:
    packages = tmp_path / "packages"
    packages.mkdir()
    (packages / "gi").symlink_to(GI)
    home, env = tmp_path / "home", {"FAKE_PACKAGES": str(packages)}
    with IconProcess(desktop, home, "--icon", "pystray", "--no-start", window=window, env=env) as icon:
        panel = desktop.panel
        until(lambda: panel.items and panel.has("All is well: 1,200 files"))
        panel.click("Scan now", "Pictures")
        until(lambda: [request.roots for request in daemon.asked("StartScan")] == [[b"1"]])
        panel.click("Open Sanchay")
        until(lambda: opened(window) == [[]])
        panel.click("Quit")
        assert icon.ended()[0] == 0
