"""Linux: desktop entries after freedesktop.org, and what a panel is found by."""

from __future__ import annotations

import contextlib
import ctypes
import os
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from sanchay.address import home_folder
from sanchay_tray.hosts.posix import hold
from sanchay_tray.icon.shapes import Panel, svg
from sanchay_tray.model import Look

if TYPE_CHECKING:
    from sanchay_tray.notices.speaker import Chosen, Speaker

__all__ = [
    "AMPERSAND",
    "AUTOSTART_IS_THERE",
    "DESKTOP_ENTRY",
    "PREFERS_QT",
    "WATCHER",
    "autostart_command",
    "describe_to_desktop",
    "disable_autostart",
    "display_fault",
    "enable_autostart",
    "hold",
    "make_speaker",
    "panel",
    "qt_fault",
    "tray",
]

AUTOSTART_IS_THERE = True
#: What a menu shows as one ampersand, where the library leaves that to us.
AMPERSAND = "&"
PREFERS_QT = True
#: By this name the desktop knows the window, and whom notices come from.
DESKTOP_ENTRY = "sanchay-window"
ICON = "sanchay"
#: The list of icons that a desktop keeps, on the bus.
WATCHER = "org.kde.StatusNotifierWatcher"
ANSWER_S = 5.0
_AUTOSTART = "sanchay-tray.desktop"
_QUOTED = str.maketrans({"\\": "\\\\", '"': '\\"', "`": "\\`", "$": "\\$"})
_UNQUOTED = re.compile(r'\\(["`$\\])')
_PLAIN = re.compile(r"[A-Za-z0-9_./:=+,-]+")
#: Desktops whose panel is dark, whatever the windows are.
_DARK_PANELS = frozenset({"gnome", "gnome-classic", "unity", "cosmic"})


# ---- Starting at login ----


def enable_autostart(command: Sequence[str]) -> None:
    """Has the command run at each login of this person. Raises OSError."""
    _write(
        _autostart_file(),
        [
            "Type=Application",
            "Name=Sanchay",
            "Comment=Shows how the catalog of your files is doing",
            f"Exec={_exec(command)}",
            f"Icon={ICON}",
            "Terminal=false",
            "StartupNotify=false",
            "X-GNOME-Autostart-Phase=Applications",
        ],
    )


def disable_autostart() -> None:
    """Has it run no longer. Raises OSError."""
    _autostart_file().unlink(missing_ok=True)


def autostart_command() -> tuple[str, ...] | None:
    """The command that runs at login; None where none does."""
    try:
        lines = _autostart_file().read_text("utf-8", "surrogateescape").splitlines()
    except OSError:
        return None
    values = dict(line.split("=", 1) for line in lines if "=" in line and not line.startswith("#"))
    if values.get("Hidden") == "true" or values.get("X-GNOME-Autostart-enabled") == "false" or "Exec" not in values:
        return None
    return _words(values["Exec"])


def describe_to_desktop(window: Sequence[str]) -> None:
    """Gives the desktop the window's name, its icon and its command, where they are not what it has. Raises OSError."""
    data = _folder("XDG_DATA_HOME", ".local/share")
    picture = data / "icons/hicolor/scalable/apps" / f"{ICON}.svg"
    _replace(picture, svg(Look.WELL, Panel.UNKNOWN))
    _write(
        data / "applications" / f"{DESKTOP_ENTRY}.desktop",
        [
            "Type=Application",
            "Name=Sanchay",
            "Comment=Copies, sizes and searches in all your folders",
            f"Exec={_exec(window)}",
            f"Icon={ICON}",
            "Terminal=false",
            "Categories=Utility;FileTools;",
            f"StartupWMClass={DESKTOP_ENTRY}",
        ],
    )


def _autostart_file() -> Path:
    return _folder("XDG_CONFIG_HOME", ".config") / "autostart" / _AUTOSTART


def _folder(variable: str, below_home: str) -> Path:
    given = os.environ.get(variable, "")
    return Path(given) if os.path.isabs(given) else home_folder() / below_home


def _write(file: Path, lines: Sequence[str]) -> None:
    _replace(file, "\n".join(["[Desktop Entry]", *lines]) + "\n")


def _replace(file: Path, text: str) -> None:
    """Writes the file in one step, unless it holds just that."""
    content = text.encode("utf-8", "surrogateescape")
    if file.is_file() and file.read_bytes() == content:
        return
    file.parent.mkdir(parents=True, exist_ok=True)
    temporary = file.with_name(f".{file.name}.{os.getpid()}")
    try:
        temporary.write_bytes(content)
        temporary.replace(file)
    except OSError:
        temporary.unlink(missing_ok=True)
        raise


def _exec(command: Sequence[str]) -> str:
    """A command as the value of `Exec`: quoted as for a shell, with `%` doubled, then as any string of such a file."""
    words = [word if _PLAIN.fullmatch(word) else f'"{word.translate(_QUOTED)}"' for word in command]
    return " ".join(words).replace("%", "%%").replace("\\", "\\\\")


def _words(value: str) -> tuple[str, ...]:
    plain = value.replace("\\\\", "\\").replace("%%", "%")
    return tuple(
        _UNQUOTED.sub(r"\1", quoted) if quoted else bare
        for quoted, bare in re.findall(r'"((?:[^"\\]|\\.)*)"|([^\s"]+)', plain)
    )


# ---- The display and its panel ----


def display_fault(environ: Mapping[str, str] = os.environ) -> str:
    """Why nothing can be shown, in a sentence; empty where it can. A library would end the process instead."""
    wayland = environ.get("WAYLAND_DISPLAY", "")
    if wayland and os.path.exists(os.path.join(environ.get("XDG_RUNTIME_DIR", "/"), wayland)):
        return ""
    name = environ.get("DISPLAY", "")
    if not name:
        return "There is no display here: neither DISPLAY nor WAYLAND_DISPLAY names one."
    with _X(name) as x:
        return "" if x.is_connected else f"The display {name} cannot be reached."


def qt_fault(environ: Mapping[str, str] = os.environ) -> str:
    """What Qt lacks for X11 here: without it, it would end the process."""
    if environ.get("WAYLAND_DISPLAY"):
        return ""
    try:
        ctypes.CDLL("libxcb-cursor.so.0")
    except OSError:
        return "Qt needs the library libxcb-cursor.so.0 (package libxcb-cursor0)."
    return ""


def tray(environ: Mapping[str, str] = os.environ) -> str:
    """By what a panel takes icons: `StatusNotifier`, `XEmbed` (X11), or nothing."""
    import asyncio  # with what it brings, an eighth of the icon's start

    with contextlib.suppress(OSError, ValueError, EOFError, asyncio.TimeoutError):
        if asyncio.run(asyncio.wait_for(_has_owner(WATCHER), ANSWER_S)):
            return "StatusNotifier"
    name = environ.get("DISPLAY", "")
    if not name:
        return ""
    with _X(name) as x:
        return "XEmbed" if x.is_connected and x.has_tray() else ""


async def _has_owner(name: str) -> bool:
    from dbus_fast import Message
    from dbus_fast.aio import MessageBus

    bus = await MessageBus().connect()
    try:
        dbus = "org.freedesktop.DBus"
        path = "/org/freedesktop/DBus"
        ask = Message(destination=dbus, path=path, interface=dbus, member="NameHasOwner", signature="s", body=[name])
        reply = await bus.call(ask)
        return bool(reply.body[0])
    finally:
        bus.disconnect()


def make_speaker(chosen: Chosen) -> Speaker:
    """Who shows notices: the desktop's server, asked over D-Bus."""
    from sanchay_tray.notices.over_dbus import BusSpeaker

    return BusSpeaker(chosen)


def panel(environ: Mapping[str, str] = os.environ) -> Panel:
    """What the icon stands on, as far as the desktop's name says it."""
    desktops = {name.lower() for name in environ.get("XDG_CURRENT_DESKTOP", "").split(":")}
    return Panel.DARK if desktops & _DARK_PANELS else Panel.UNKNOWN


class _Reply(ctypes.Structure):
    """Answers of the two calls below: a header of eight bytes, then the atom or the window."""

    _fields_ = (("header", ctypes.c_uint32 * 2), ("value", ctypes.c_uint32))


class _X:
    """A short connection to an X server, by the library that Qt and GTK use: a failure is an answer, and no end."""

    def __init__(self, display: str) -> None:
        self._connection: int | None = None
        try:
            self._xcb = ctypes.CDLL("libxcb.so.1")
            self._free = ctypes.CDLL(None).free
        except (OSError, AttributeError):
            return
        self._free.argtypes = [ctypes.c_void_p]
        for call in ("xcb_connect", "xcb_intern_atom_reply", "xcb_get_selection_owner_reply"):
            getattr(self._xcb, call).restype = ctypes.c_void_p
        self._screen = ctypes.c_int(0)
        self._connection = self._xcb.xcb_connect(os.fsencode(display), ctypes.byref(self._screen))

    def __enter__(self) -> _X:
        return self

    def __exit__(self, *_: object) -> None:
        if self._connection is not None:
            self._xcb.xcb_disconnect(ctypes.c_void_p(self._connection))

    @property
    def is_connected(self) -> bool:
        """Whether the server answers."""
        return self._connection is not None and not self._xcb.xcb_connection_has_error(
            ctypes.c_void_p(self._connection)
        )

    def has_tray(self) -> bool:
        """Whether a window has taken the part of the panel for icons."""
        name = f"_NET_SYSTEM_TRAY_S{self._screen.value}".encode()
        atom = self._ask("xcb_intern_atom", ctypes.c_uint8(0), ctypes.c_uint16(len(name)), name)
        return bool(atom and self._ask("xcb_get_selection_owner", ctypes.c_uint32(atom)))

    def _ask(self, call: str, *arguments: object) -> int:
        connection = ctypes.c_void_p(self._connection)
        cookie = ctypes.c_uint32(getattr(self._xcb, call)(connection, *arguments))
        reply = getattr(self._xcb, f"{call}_reply")(connection, cookie, None)
        if not reply:
            return 0
        try:
            return int(_Reply.from_address(reply).value)
        finally:
            self._free(reply)
