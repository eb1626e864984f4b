"""What others do while a page is open: the command line removes its folder, or makes the settings read-only."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtWidgets import QAbstractItemView, QDoubleSpinBox

from sanchay_tray.model import Link
from sanchay_tray.window.frame import Frame
from sanchay_tray.window.pages import ENTRIES
from sanchay_tray.window.pages.settings.page import SettingsPage
from tests.support import trees
from tests.support.answers import scan
from tests.support.daemon import DaemonProcess
from tests.support.program import Program
from tests.support.windows import page_of, settle, texts, until, window
from tests.window.conftest import FILES

PAGES = [entry.name for entry in ENTRIES]
#: Pages that go on to say what was: jobs that ran, and what happened.
HISTORY = {"jobs", "health"}


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("elsewhere")
    trees.build(made / "gone-tree", FILES)
    return made


@pytest.fixture(scope="module")
def daemon(base: Path) -> Iterator[DaemonProcess]:
    with DaemonProcess(base / "home") as process:
        yield process


@pytest.fixture(scope="module")
def frame(daemon: DaemonProcess) -> Iterator[Frame]:
    with window(daemon.where) as made:
        yield made


def said(frame: Frame) -> list[str]:
    """All that the page says: labels, buttons, and the rows of its tables that are shown."""
    page = frame.page()
    assert page is not None
    found = texts(page)
    for view in page.findChildren(QAbstractItemView):
        model = view.model()
        if view.isVisibleTo(page) and model is not None:
            found += [
                str(model.index(row, 0, view.rootIndex()).data()) for row in range(model.rowCount(view.rootIndex()))
            ]
    return found


@pytest.mark.parametrize("name", PAGES)
def test_a_folder_removed_elsewhere_is_gone_from_the_page_that_shows_it(
    base: Path, daemon: DaemonProcess, frame: Frame, name: str
) -> None:
    until(lambda: frame.state.link is Link.UP)
    with daemon.client() as client:
        client.add_root(base / "gone-tree", no_scan=True)
        scan(client, base / "gone-tree")
    until(lambda: [root.state for root in frame.state.roots] == ["ready"])
    frame.go(name, "beach" if name == "search" else "")
    until(lambda: frame.is_idle)
    if name in ("folders", "space", "search"):
        until(lambda: any("beach" in text or "gone-tree" in text for text in said(frame)))
    removed = Program(daemon.home).run("root", "remove", str(base / "gone-tree"))
    assert removed.code == 0, removed.err
    until(lambda: not frame.state.roots and frame.is_idle)
    settle()
    if name not in HISTORY:
        until(lambda: [text for text in said(frame) if "gone-tree" in text or "beach.jpg" in text] == [])
    assert frame.banner_texts() == []


def test_settings_that_may_not_be_written_stay_as_they_are_and_it_is_said(daemon: DaemonProcess, frame: Frame) -> None:
    until(lambda: frame.state.link is Link.UP)
    file = daemon.where.config_file
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text("# mine\n", "utf-8")
    file.chmod(0o444)
    try:
        frame.go("settings")
        page = page_of(frame, SettingsPage)
        until(lambda: page.rows)
        row = page.rows["settle_ms"]
        assert isinstance(row.control, QDoubleSpinBox)
        row.control.setValue(750)
        row.control.editingFinished.emit()
        until(lambda: "read-only" in row.note.text())
        assert file.read_text("utf-8") == "# mine\n"
    finally:
        file.chmod(0o644)
    row.control.setValue(800)
    row.control.editingFinished.emit()
    until(lambda: file.read_text("utf-8") == "# mine\nsettle_ms = 800\n")
    until(lambda: row.note.text() == "set in config.toml")
