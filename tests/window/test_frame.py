"""The frame around the pages: banners, the line below, keys, one window at a time, a daemon that goes and comes."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtNetwork import QLocalSocket
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

from sanchay.address import places
from sanchay_tray.model import Link
from sanchay_tray.window.keys_sheet import KeysSheet
from sanchay_tray.window.pages import ENTRIES
from sanchay_tray.window.single import server_name
from tests.support.daemon import DaemonProcess, environment
from tests.support.windows import button, nameless, settle, texts, until, window


def test_a_window_shows_how_fresh_the_folders_are(scanned: DaemonProcess) -> None:
    with window(scanned.where, "overview") as frame:
        until(lambda: "1 folder" in frame.status_line.freshness.whole())
        assert frame.state.link is Link.UP
        assert frame.banner_texts() == []
        assert nameless(frame) == []


def test_a_daemon_that_ends_is_said_in_a_banner_and_one_that_comes_back_takes_it_away(scanned: DaemonProcess) -> None:
    with window(scanned.where, "overview") as frame:
        until(lambda: frame.state.link is Link.UP)
        scanned.stop()
        until(lambda: frame.banner_texts() == ["Sanchay's service is not running"])
        assert frame.state.roots  # what was known is still shown
        with DaemonProcess(scanned.home):
            until(lambda: frame.state.link is Link.UP)
            until(lambda: frame.banner_texts() == [])


def test_the_banner_starts_a_daemon(scanned: DaemonProcess) -> None:
    scanned.stop()
    with window(scanned.where, "overview") as frame:
        until(lambda: frame.banner_texts() == ["Sanchay's service is not running"])
        button(frame, "Start").click()
        until(lambda: frame.state.link is Link.UP)
        assert frame.state.status is not None
        os.kill(frame.state.status.pid, signal.SIGTERM)
        until(lambda: frame.state.link is Link.ABSENT)


@pytest.mark.parametrize("name", [entry.name for entry in ENTRIES])
def test_where_nothing_was_ever_heard_no_page_says_that_there_is_nothing(tmp_path: Path, name: str) -> None:
    with window(places(tmp_path / "home"), name) as frame:
        until(lambda: frame.banner_texts() == ["Sanchay's service is not running"])
        page = frame.page()
        assert page is not None
        assert not page.isVisible()
        assert button(frame, "Start").isVisible()


def test_a_daemon_that_is_held_still_freezes_no_frame_and_is_said(scanned: DaemonProcess) -> None:
    with window(scanned.where, "overview") as frame:
        until(lambda: frame.state.link is Link.UP)
        os.kill(scanned.pid, signal.SIGSTOP)
        try:
            frame.ask(frame, lambda client: client.status(), lambda _: None, timeout_s=0.2)
            until(lambda: frame.state.link is Link.HELD)
            assert "Sanchay's service is held still" in frame.banner_texts()
        finally:
            os.kill(scanned.pid, signal.SIGCONT)
        until(lambda: frame.state.link is Link.UP)


def test_the_keys_of_a_page_are_shown_and_go_by_any_key(scanned: DaemonProcess) -> None:
    with window(scanned.where, "overview") as frame:
        until(lambda: frame.state.link is Link.UP)
        QTest.keyClick(frame, Qt.Key.Key_Question)
        until(lambda: frame.findChild(KeysSheet) is not None)
        (sheet,) = frame.findChildren(KeysSheet)
        assert "scan every folder" in texts(sheet)
        QTest.keyClick(sheet, Qt.Key.Key_Space)
        settle()
        assert frame.findChild(KeysSheet) is None


def test_a_scan_by_its_key_is_in_the_line_below_or_done(scanned: DaemonProcess) -> None:
    with window(scanned.where, "overview") as frame:
        until(lambda: frame.state.link is Link.UP)
        QTest.keyClick(frame, Qt.Key.Key_F5)
        until(lambda: frame.toast.text == "Every folder is being scanned")


def test_what_fails_is_said_until_it_is_closed(scanned: DaemonProcess) -> None:
    with window(scanned.where, "overview") as frame:
        until(lambda: frame.state.link is Link.UP)
        frame.ask(frame, lambda client: client.find("size:>>1"), lambda _: None)
        until(lambda: len(frame.banner_texts()) == 1)
        button(frame, "Close").click()
        assert frame.banner_texts() == []


def test_a_question_that_is_called_off_answers_no_one(scanned: DaemonProcess) -> None:
    heard: list[object] = []
    with window(scanned.where, "overview") as frame:
        until(lambda: frame.state.link is Link.UP)
        frame.ask(frame, lambda client: client.sync_root("tree"), heard.append, key="one").call_off()
        frame.ask(frame, lambda client: client.status(), lambda _: heard.append("status"), key="one")
        until(lambda: heard)
    assert heard == ["status"]


def is_heard(daemon: DaemonProcess) -> bool:
    socket = QLocalSocket()
    socket.connectToServer(server_name(daemon.where))
    return socket.waitForConnected(1000)


def test_a_second_start_brings_the_first_window_to_its_page(scanned: DaemonProcess) -> None:
    env = environment(scanned.home, {"QT_QPA_PLATFORM": "offscreen"})
    command = [sys.executable, "-m", "sanchay_tray.window"]
    first = subprocess.Popen(command, env=env, cwd="/")
    try:
        until(lambda: is_heard(scanned), "the first window listens")
        second = subprocess.run([*command, "--page", "overview"], env=env, cwd="/", timeout=60, check=False)
        assert second.returncode == 0
        assert first.poll() is None
    finally:
        first.terminate()
        assert first.wait(60) == 0


def test_without_a_display_it_says_so_and_ends(scanned: DaemonProcess) -> None:
    env = environment(scanned.home, {"QT_QPA_PLATFORM": "xcb", "DISPLAY": ":4711", "WAYLAND_DISPLAY": ""})
    command = [sys.executable, "-m", "sanchay_tray.window"]
    ended = subprocess.run(command, env=env, cwd="/", timeout=60, check=False, capture_output=True, text=True)
    assert (ended.returncode, ended.stderr) == (1, "The display :4711 cannot be reached.\n")


@pytest.mark.parametrize(("name", "number"), [("copies", 3), ("space", 4), ("jobs", 6), ("folders", 2)])
def test_keys_go_to_what_a_page_is_about_but_stay_in_the_list_of_pages(
    scanned: DaemonProcess, name: str, number: int
) -> None:
    with window(scanned.where, name) as frame:
        frame.activateWindow()

        def has_keys() -> bool:
            page = frame.page()
            main, now = page and page.main(), QApplication.focusWidget()
            return page is not None and page.name == name and main is not None and now in (main, main.focusProxy())

        until(lambda: frame.isActiveWindow() and has_keys(), "at the start")
        QTest.keyClick(frame, Qt.Key.Key_1, Qt.KeyboardModifier.ControlModifier)
        until(lambda: (page := frame.page()) is not None and page.name == "overview")
        QTest.keyClick(frame, Qt.Key(Qt.Key.Key_0 + number), Qt.KeyboardModifier.ControlModifier)
        until(has_keys, "by Ctrl and its number")
        frame.sidebar.setFocus()
        QTest.keyClick(frame.sidebar, Qt.Key.Key_Up)
        QTest.keyClick(frame.sidebar, Qt.Key.Key_Down)
        until(lambda: (page := frame.page()) is not None and page.name == name)
        assert frame.sidebar.hasFocus()
        QTest.keyClick(frame, Qt.Key(Qt.Key.Key_0 + number), Qt.KeyboardModifier.ControlModifier)
        until(has_keys, "from the list of pages")
