"""The window on a screen, as someone who never opens a terminal meets it: by keys, by mouse, by what is read out."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from sanchay_tray.window.pages import ENTRIES
from tests.support import trees
from tests.support.daemon import DaemonProcess
from tests.support.program import until
from tests.support.screen import PARTS, Screen

pytestmark = pytest.mark.needs(*PARTS)

PICTURES = {
    "Pictures/beach.jpg": b"beach" * 4000,
    "Pictures/copy of beach.jpg": b"beach" * 4000,
    "Pictures/old/beach.jpg": b"beach" * 4000,
    "Pictures/hill.jpg": b"hill" * 4000,
}


@pytest.fixture
def person(tmp_path: Path) -> Path:
    """The home folder of someone with pictures."""
    return trees.build(tmp_path / "person", PICTURES)


@pytest.fixture
def screen(tmp_path: Path) -> Iterator[Screen]:
    with Screen(tmp_path) as each:
        yield each


@pytest.fixture
def daemon(tmp_path: Path, person: Path) -> Iterator[DaemonProcess]:
    with DaemonProcess(tmp_path / "home", env={"HOME": str(person)}) as process:
        yield process


def roots(daemon: DaemonProcess) -> list[str]:
    with daemon.client() as client:
        return [root.path.display for root in client.list_roots().roots]


def there(person: Path) -> list[str]:
    """The pictures that are where they were."""
    return sorted(name for name in PICTURES if (person / name).is_file())


def cataloged(daemon: DaemonProcess, folder: Path) -> None:
    with daemon.client() as client:
        client.add_root(folder, no_scan=True)
        for job in client.start_scan([str(folder)]).jobs:
            assert list(client.follow_job(job.id))


def test_the_first_start_catalogs_pictures_by_keys(screen: Screen, daemon: DaemonProcess, person: Path) -> None:
    screen.window(daemon.home, env={"HOME": str(person)})
    start = screen.find("push button", "Start")
    assert "focused" in start.states or "focusable" in start.states
    assert "checked" in screen.find("check box", "Pictures").states
    screen.click("push button", "Start")
    until(lambda: roots(daemon) == [str(person / "Pictures")])
    screen.find("push button", "Look")
    screen.keys("ctrl+1")
    screen.find("label", "All is well")


#: What a person can use, as a screen reader calls it.
CONTROLS = {
    *("push button", "toggle button", "check box", "radio button", "combo box", "text", "spin button", "slider"),
    *("table", "tree", "tree table", "list", "list item", "page tab", "menu item", "link"),
}


def test_a_screen_reader_hears_a_name_of_every_control_on_every_page(
    screen: Screen, daemon: DaemonProcess, person: Path
) -> None:
    cataloged(daemon, person / "Pictures")
    screen.window(daemon.home, "--page", "overview", env={"HOME": str(person)})
    screen.find("label", "All is well")
    for number, entry in enumerate(ENTRIES[:9], 1):
        screen.keys(f"ctrl+{number}")
        screen.find("frame", f"{entry.title} – Sanchay")
        until(lambda: all(node.name for node in screen.nodes() if node.role in CONTROLS))


def test_the_whole_story_by_mouse(screen: Screen, daemon: DaemonProcess, person: Path) -> None:
    screen.window(daemon.home, env={"HOME": str(person)})
    screen.click("push button", "Start")
    screen.click("push button", "Look")
    screen.find("label", "2 extra copies in 1 group")
    screen.click("push button", "Review")
    screen.find("label", "Group 1 of 1")
    screen.click("table cell", "copy of beach.jpg", times=2)
    screen.find("label", "Every group is decided.")
    screen.click("push button", "Move to the trash…")
    screen.click("push button", "Move to the trash")
    until(lambda: there(person) == ["Pictures/copy of beach.jpg", "Pictures/hill.jpg"])
    screen.click("push button", "Undo")
    until(lambda: len(there(person)) == len(PICTURES))


def test_copies_are_cleared_and_brought_back_by_keys_and_clicks(
    screen: Screen, daemon: DaemonProcess, person: Path
) -> None:
    cataloged(daemon, person / "Pictures")
    screen.window(daemon.home, "--page", "copies", env={"HOME": str(person)})
    screen.find("label", "2 extra copies in 1 group")
    screen.click("push button", "Review")
    screen.find("label", "Group 1 of 1")
    screen.keys("1")
    screen.find("label", "Every group is decided.")
    screen.click("push button", "Move to the trash…")
    screen.click("push button", "Move to the trash")
    until(lambda: len(there(person)) == 2)
    screen.click("push button", "Undo")
    until(lambda: len(there(person)) == len(PICTURES))
