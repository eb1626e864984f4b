"""Overview: what needs attention, what could be free, what is there."""

from __future__ import annotations

import shutil
from pathlib import Path

from sanchay_tray.model import Link
from sanchay_tray.window.pages.overview import OverviewPage
from tests.support.daemon import DaemonProcess
from tests.support.windows import nameless, page_of, texts, until, window


def test_it_says_what_could_be_free_and_what_is_there(scanned: DaemonProcess) -> None:
    with window(scanned.where, "overview") as frame:
        page = page_of(frame, OverviewPage)
        until(lambda: page.types.shares())
        until(lambda: "All is well" in texts(page))
        assert {share.key for share in page.types.shares()} == {"image", "document", "audio", "code"}
        until(lambda: "in 2 groups: 3 extra copies" in texts(page))
        assert nameless(page) == []


def test_without_folders_it_leads_to_them(daemon: DaemonProcess) -> None:
    with window(daemon.where, "overview") as frame:
        page = page_of(frame, OverviewPage)
        until(lambda: frame.state.link is Link.UP)
        assert "No folder is cataloged yet" in texts(page)


def test_a_folder_that_vanishes_needs_attention_until_it_is_back(scanned: DaemonProcess, tree: Path) -> None:
    with window(scanned.where, "overview") as frame:
        page = page_of(frame, OverviewPage)
        until(lambda: "All is well" in texts(page))
        away = tree.with_name("away")
        shutil.move(tree, away)
        until(lambda: "tree is not there" in texts(page))
        shutil.move(away, tree)
        until(lambda: "All is well" in texts(page))
