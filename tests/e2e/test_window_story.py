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


def nameless(screen: Screen) -> list[str]:
    """Controls that are shown and have no name."""
    return [node.role for node in screen.nodes() if node.role in CONTROLS and not node.name]


def test_a_screen_reader_hears_a_name_of_every_control_on_every_page(
    screen: Screen, daemon: DaemonProcess, person: Path
) -> None:
    cataloged(daemon, person / "Pictures")
    screen.window(daemon.home, "--page", "overview", env={"HOME": str(person)})
    screen.find("label", "All is well")
    for number, entry in enumerate(ENTRIES[:9], 1):
        screen.keys(f"ctrl+{number}")
        screen.find("frame", f"{entry.title} – Sanchay")
        until(lambda: nameless(screen) == [])


#: What is opened on a page, by the number of the page: clicks by role and name, keys, `~` a text,
#: and `!` what is then shown.
OPENED = (
    ("1", ("question", "! label: scan every folder", "Escape")),
    ("2", ("push button: Options …", "! push button: Save", "Escape")),
    ("2", ("push button: Remove …", "! label: Remove Pictures from the catalog?", "Escape")),
    ("2", ("push button: Add a folder …", "! dialog: Choose a folder", "Escape")),
    ("3", ("push button: Review", "! label: Group 1 of 1")),
    ("3", ("push button: Rules…", "! push button: Use these rules", "Escape", "! label: Group 1 of 1")),
    ("3", ("1", "! label: Every group is decided.", "push button: Move to the trash…", "! push button: Not yet")),
    ("5", ("~beach", "! table cell: beach.jpg, ", "Escape")),
    ("7", ("push button: New schedule …", "! push button: Cancel", "Escape")),
)


def test_a_screen_reader_hears_a_name_of_every_control_in_sheets_and_dialogs(
    screen: Screen, daemon: DaemonProcess, person: Path
) -> None:
    cataloged(daemon, person / "Pictures")
    screen.window(daemon.home, "--page", "overview", env={"HOME": str(person)})
    screen.find("label", "All is well")
    for page, steps in OPENED:
        screen.keys(f"ctrl+{page}")
        for step in steps:
            role, _, name = step.removeprefix("! ").partition(": ")
            if step.startswith("! "):
                screen.find(role, name)
                until(lambda: nameless(screen) == [])
            elif step.startswith("~"):
                screen.write(step.removeprefix("~"))
            elif name:
                screen.click(role, name)
            else:
                screen.keys(step)


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
