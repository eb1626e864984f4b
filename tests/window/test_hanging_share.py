"""A share that hangs under a preview: what is asked of it holds no page, no other file, and not the window's end."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QImage
from PySide6.QtTest import QTest

from sanchay_tray.window.frame import Frame
from sanchay_tray.window.pages.search.page import SearchPage
from sanchay_tray.window.pictures.pictures import Pictures
from tests.support import mounts, trees
from tests.support.answers import scan
from tests.support.daemon import DaemonProcess
from tests.support.windows import page_of, settle, texts, until, window

pytestmark = [
    pytest.mark.needs("root", "/dev/fuse", "fusermount3"),
    pytest.mark.skipif(sys.platform != "linux", reason="only on Linux, which has these file systems"),
]


def picture(path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    image = QImage(40, 20, QImage.Format.Format_RGB32)
    image.fill(Qt.GlobalColor.red)
    assert image.save(str(path))


def previewed(frame: Frame, name: str) -> SearchPage:
    """The page of search with the preview of a file."""
    frame.go("search", f"name:{name}")
    page = page_of(frame, SearchPage)
    until(lambda: page.hits.rowCount() == 1 and page.hits.row(0) is not None and name in page.hits.index(0, 0).data())
    page.table.selectRow(0)
    if not page.preview.isVisible():
        QTest.keyClick(page.table, Qt.Key.Key_Space)
    until(lambda: any(name in text for text in texts(page.preview)))
    return page


def test_a_share_that_hangs_under_a_preview_holds_nothing_else(daemon: DaemonProcess, tmp_path: Path) -> None:
    pytest.importorskip("mfusepy")
    far = trees.build(tmp_path / "far", {"slow.txt": "far away"})
    picture(far / "slow.png")
    near = trees.build(tmp_path / "near", {"quick.txt": "near by"})
    picture(near / "quick.png")
    switch = tmp_path / "switch"
    with mounts.hanging(tmp_path / "share", far, switch) as share:
        with daemon.client() as client:
            for folder in (share, near):
                client.add_root(folder, no_scan=True, watch="off")
                scan(client, folder)
        with window(daemon.where, "overview") as frame:
            page = previewed(frame, "quick.png")
            until(page.preview.picture.isVisible)
            pictures = page.preview.findChild(Pictures)
            assert isinstance(pictures, Pictures)
            pictures.timer.setInterval(500)  # its process runs by now
            switch.write_text("hang /slow.png\nhang /slow.txt\n")
            page = previewed(frame, "slow.png")
            until(lambda: "It cannot be shown as a picture" in texts(page.preview))
            page = previewed(frame, "quick.png")
            until(page.preview.picture.isVisible)  # it was kept
            page = previewed(frame, "slow.txt")
            page = previewed(frame, "quick.txt")
            until(lambda: page.preview.text.toPlainText() == "near by")
            frame.go("folders")
            settle()
            switch.write_text("")
            page = previewed(frame, "slow.txt")
            until(lambda: page.preview.text.toPlainText() == "far away")
