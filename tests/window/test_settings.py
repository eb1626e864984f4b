"""Settings: each in words, changed at once, and why one is fixed here."""

from __future__ import annotations

from pathlib import Path

import pytest
from PySide6.QtWidgets import QCheckBox, QComboBox, QDoubleSpinBox, QLineEdit

from sanchay_tray.window.frame import Frame
from sanchay_tray.window.pages.settings.page import SettingsPage
from sanchay_tray.window.pages.settings.titles import GROUPS, TITLES
from tests.support.daemon import DaemonProcess
from tests.support.windows import button, nameless, page_of, until, window


def opened(frame: Frame) -> SettingsPage:
    page = page_of(frame, SettingsPage)
    until(lambda: page.rows, "the settings are shown")
    return page


def test_every_setting_has_a_name_for_people_and_every_control_one_for_readers(daemon: DaemonProcess) -> None:
    with window(daemon.where, "settings") as frame:
        page = opened(frame)
        assert set(page.rows) == set(TITLES) == {key for group in GROUPS for key in group.keys}
        assert nameless(page) == []


def test_a_change_is_written_and_counts_and_reset_takes_it_out(daemon: DaemonProcess) -> None:
    daemon.where.config_file.parent.mkdir(parents=True, exist_ok=True)
    daemon.where.config_file.write_text("# mine\n", "utf-8")
    with window(daemon.where, "settings") as frame:
        row = opened(frame).rows["settle_ms"]
        assert isinstance(row.control, QDoubleSpinBox)
        row.control.setValue(750)
        row.control.editingFinished.emit()
        until(lambda: row.note.text() == "set in config.toml")
        assert daemon.where.config_file.read_text("utf-8") == "# mine\nsettle_ms = 750\n"
        button(row, "Reset").click()
        until(lambda: row.note.text() == "default")
        assert row.control.value() == 500


def test_a_tick_and_a_choice_are_written(daemon: DaemonProcess) -> None:
    with window(daemon.where, "settings") as frame:
        page = opened(frame)
        boxes = page.rows["notices.off"].control.findChildren(QCheckBox)
        assert all(box.isChecked() for box in boxes)
        boxes[0].click()
        choice = page.rows["watch"].control
        assert isinstance(choice, QComboBox)
        choice.setCurrentIndex(choice.findData("poll"))
        choice.activated.emit(choice.currentIndex())
        until(lambda: page.rows["watch"].note.text() == page.rows["notices.off"].note.text() == "set in config.toml")
        text = daemon.where.config_file.read_text("utf-8")
        assert 'watch = "poll"' in text
        assert 'off = ["copies"]' in text


def test_what_the_daemon_refuses_is_said_in_the_row(daemon: DaemonProcess) -> None:
    with window(daemon.where, "settings") as frame:
        row = opened(frame).rows["notices.quiet_from"]
        assert isinstance(row.control, QLineEdit)
        row.control.setText("late")
        row.control.editingFinished.emit()
        until(lambda: "late" in row.note.text())
        with daemon.client() as client:  # what is changed elsewhere has all settings shown again
            client.set_setting("max_scans", "3")
        scans = opened(frame).rows["max_scans"].control
        assert isinstance(scans, QDoubleSpinBox)
        until(lambda: scans.value() == 3)
        assert "late" in row.note.text()
        row.control.setText("22:00")
        row.control.editingFinished.emit()
        until(lambda: row.note.text() == "set in config.toml")


def test_what_is_refused_is_not_written(daemon: DaemonProcess) -> None:
    with window(daemon.where, "settings") as frame:
        row = opened(frame).rows["notices.quiet_from"]
        assert isinstance(row.control, QLineEdit)
        row.control.setText("late")
        row.control.editingFinished.emit()
        until(lambda: "late" in row.note.text())
        assert not daemon.where.config_file.exists()


def test_what_the_environment_fixes_cannot_be_changed_here(tmp_path: Path) -> None:
    with (
        DaemonProcess(tmp_path / "home", env={"SANCHAY_SETTLE_MS": "900"}) as daemon,
        window(daemon.where, "settings") as frame,
    ):
        row = opened(frame).rows["settle_ms"]
        assert not row.control.isEnabled()
        assert "SANCHAY_SETTLE_MS" in row.note.text()


def test_a_change_made_elsewhere_is_shown(daemon: DaemonProcess) -> None:
    with window(daemon.where, "settings") as frame:
        control = opened(frame).rows["max_scans"].control
        with daemon.client() as client:
            client.set_setting("max_scans", "3")
        assert isinstance(control, QDoubleSpinBox)
        until(lambda: control.value() == 3)


def test_the_icon_can_start_at_login_and_notices_are_said_to_be_kept(
    daemon: DaemonProcess, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.setenv("DBUS_SESSION_BUS_ADDRESS", f"unix:path={tmp_path}/no-bus")
    with window(daemon.where, "settings") as frame:
        icon = opened(frame).icon
        until(lambda: "Notices cannot be shown here" in icon.notices.text())
        assert not icon.login.isChecked()
        icon.login.click()
        until(icon.login.isEnabled)
        assert list((tmp_path / "config" / "autostart").glob("*.desktop"))
        icon.login.click()
        until(lambda: not list((tmp_path / "config" / "autostart").glob("*.desktop")))
