"""Starting at login, the lock of the one icon, and which library shows it."""

from __future__ import annotations

import plistlib
import sys
from pathlib import Path

import pytest

from sanchay import programs
from sanchay.address import places
from sanchay.errors import Unsupported
from sanchay_tray import opening
from sanchay_tray.icon import backend

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="only on POSIX systems")

if sys.platform != "win32":
    from sanchay_tray.hosts import linux, macos, posix

COMMAND = ("/opt/my apps/sanchay-tray", "--home", '/home/x/a "b" $c `d` \\e %f é')


@pytest.fixture(autouse=True)
def _folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))


def test_a_desktop_entry_starts_it_at_login(tmp_path: Path) -> None:
    assert linux.autostart_command() is None
    linux.disable_autostart()  # nothing to do
    linux.enable_autostart(COMMAND)
    assert linux.autostart_command() == COMMAND
    file = tmp_path / "config/autostart/sanchay-tray.desktop"
    text = file.read_text("utf-8")
    # Quoted as the specification has it: for a shell, then as a string of such a file, `%` doubled.
    assert (
        'Exec="/opt/my apps/sanchay-tray" --home "/home/x/a \\\\"b\\\\" \\\\$c \\\\`d\\\\` \\\\\\\\e %%f é"\n' in text
    )
    for off in ("Hidden=true", "X-GNOME-Autostart-enabled=false"):
        file.write_text(f"{text}{off}\n", "utf-8")
        assert linux.autostart_command() is None
    linux.enable_autostart(COMMAND)
    linux.disable_autostart()
    assert not file.exists()


def test_the_desktop_knows_the_window_and_its_picture(tmp_path: Path) -> None:
    linux.describe_to_desktop(["/opt/sanchay-window"])
    entry = tmp_path / "data/applications/sanchay-window.desktop"
    written = entry.stat().st_mtime_ns
    assert "Exec=/opt/sanchay-window\nIcon=sanchay\n" in entry.read_text()
    assert "<svg" in (tmp_path / "data/icons/hicolor/scalable/apps/sanchay.svg").read_text()
    linux.describe_to_desktop(["/opt/sanchay-window"])
    assert entry.stat().st_mtime_ns == written


def test_a_launch_agent_starts_it_at_login(tmp_path: Path) -> None:
    assert macos.autostart_command() is None
    macos.enable_autostart(COMMAND)
    assert macos.autostart_command() == COMMAND
    file = tmp_path / "Library/LaunchAgents/org.sanchay.icon.plist"
    assert plistlib.loads(file.read_bytes())["RunAtLoad"] is True
    file.write_bytes(b"nonsense")
    assert macos.autostart_command() is None
    macos.disable_autostart()
    assert not file.exists()


def test_a_full_or_closed_disk_leaves_no_part_behind(tmp_path: Path) -> None:
    (tmp_path / "config").write_text("a file where a folder should be")
    with pytest.raises(OSError, match="config"):
        linux.enable_autostart(COMMAND)


def test_one_process_holds_the_lock(tmp_path: Path) -> None:
    assert posix.hold(tmp_path / "lock")
    assert not posix.hold(tmp_path / "lock")


def test_the_icon_at_login_is_that_of_its_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert opening.icon_command(places(tmp_path))[-2:] == ("--home", str(tmp_path))
    monkeypatch.setattr(sys, "executable", str(tmp_path / "python"))
    assert programs.ours("sanchay-tray")[-1].endswith(
        ("sanchay_tray", "run_module('sanchay_tray', run_name='__main__', alter_sys=True)")
    )


@pytest.mark.parametrize(
    ("wanted", "prefers_qt", "installed", "chosen"),
    [
        ("auto", True, {"PySide6", "pystray"}, "qt"),
        ("auto", True, {"pystray"}, "pystray"),
        ("auto", False, {"PySide6", "pystray"}, "pystray"),
        ("qt", False, {"PySide6"}, "qt"),
        ("pystray", True, {"PySide6", "pystray"}, "pystray"),
        ("qt", True, {"pystray"}, ""),
        ("auto", True, set(), ""),
    ],
)
def test_which_library_shows_it(wanted: str, prefers_qt: bool, installed: set[str], chosen: str) -> None:
    if chosen:
        assert backend.chosen(wanted, prefers_qt=prefers_qt, has=installed.__contains__) == chosen
    else:
        with pytest.raises(Unsupported, match="is not installed"):
            backend.chosen(wanted, prefers_qt=prefers_qt, has=installed.__contains__)
