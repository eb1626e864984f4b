"""A desktop of the tests: an X server, a session bus, a panel that takes icons, a server of notices. Linux only."""

from __future__ import annotations

import asyncio
import io
import os
import re
import subprocess
import threading
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any

from dbus_fast import Message, MessageType, Variant
from dbus_fast.aio import MessageBus
from PIL import Image

from sanchay_tray.notices.loop import LoopThread
from tests.support.daemon import PATIENCE_S, environment
from tests.support.program import until

WATCHER = "org.kde.StatusNotifierWatcher"
ITEM = "org.kde.StatusNotifierItem"
MENU = "com.canonical.dbusmenu"
NOTICES = "org.freedesktop.Notifications"
_BUS = ("org.freedesktop.DBus", "/org/freedesktop/DBus", "org.freedesktop.DBus")
PROPERTIES = "org.freedesktop.DBus.Properties"


_SILENT: dict[str, Any] = {"stdin": subprocess.DEVNULL, "stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}


@contextmanager
def x_server(size: str = "800x600") -> Iterator[str]:
    """An X server without a screen; gives its display.

    Left to itself it starts again when its last client has gone, and refuses those that come at that moment.
    """
    options = ("-screen", "0", f"{size}x24", "-nolisten", "tcp", "-noreset")
    with _told("Xvfb", "-displayfd", "{fd}", *options) as (number, _process):
        yield f":{number}"


@contextmanager
def session_bus(folder: Path) -> Iterator[tuple[str, subprocess.Popen[bytes]]]:
    """A session bus that starts no services; gives its address and its process."""
    config = folder / "bus.conf"
    config.write_text(
        '<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN" '
        '"http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd"><busconfig><type>session</type>'
        f'<listen>unix:path={folder}/bus</listen><policy context="default"><allow send_destination="*" '
        'eavesdrop="true"/><allow eavesdrop="true"/><allow own="*"/></policy></busconfig>'
    )
    command = ("dbus-daemon", "--nofork", f"--config-file={config}", "--print-address={fd}")
    with _told(*command) as (address, process):
        yield address, process


@contextmanager
def _told(*command: str) -> Iterator[tuple[str, subprocess.Popen[bytes]]]:
    """A program that writes a line to a descriptor once it is ready."""
    read, write = os.pipe()
    with os.fdopen(read) as ready:
        process = subprocess.Popen(
            [word.format(fd=write) for word in command],
            pass_fds=[write],
            **_SILENT,
        )
        os.close(write)
        try:
            line = ready.readline().strip()
            assert line, f"{command[0]} ended with {process.wait()}"
            yield line, process
        finally:
            process.kill()
            process.wait()


class OnBus:
    """Something that answers calls on the bus, from a thread of its making."""

    name = ""

    def __init__(self, address: str) -> None:
        self._thread = LoopThread("on-bus")
        self.bus: MessageBus = self._thread.begin(self._connect(address)).result(PATIENCE_S)

    async def _connect(self, address: str) -> MessageBus:
        bus = await MessageBus(bus_address=address).connect()
        bus.add_message_handler(self._handle)
        return bus

    def appear(self) -> None:
        """Takes the name; what asks for it finds it."""
        self._thread.begin(self.bus.request_name(self.name)).result(PATIENCE_S)

    def vanish(self) -> None:
        """Gives the name up."""
        self._thread.begin(self.bus.release_name(self.name)).result(PATIENCE_S)

    def call(
        self, to: str, path: str, interface: str, member: str, signature: str = "", *body: Any, fails: bool = False
    ) -> list[Any]:
        """Calls another one on the bus."""
        message = Message(
            destination=to, path=path, interface=interface, member=member, signature=signature, body=list(body)
        )
        reply = self._thread.begin(self.bus.call(message)).result(PATIENCE_S)
        assert fails or reply.message_type is not MessageType.ERROR, reply.body
        return list(reply.body)

    def emit(self, path: str, interface: str, member: str, signature: str, *body: Any) -> None:
        """Sends a signal to all."""
        message = Message.new_signal(path, interface, member, signature, list(body))
        self._thread.begin(self._send(message)).result(PATIENCE_S)

    async def _send(self, message: Message) -> None:
        await self.bus.send(message)

    def _handle(self, message: Message) -> Message | None:
        if message.message_type is MessageType.SIGNAL:
            self.heard(message)
        elif message.message_type is MessageType.METHOD_CALL:
            answer = self.answer(message)
            if answer is not None:
                signature, *body = answer
                return Message.new_method_return(message, signature, body)
        return None

    def answer(self, message: Message) -> tuple[Any, ...] | None:
        """A signature and values; None: not a call of ours."""
        return None

    def heard(self, message: Message) -> None:
        """A signal."""

    def close(self) -> None:
        """Leaves the bus."""
        if self.bus.connected:
            self._thread.begin(self._disconnect()).result(PATIENCE_S)
        self._thread.close()

    async def _disconnect(self) -> None:
        self.bus.disconnect()
        await asyncio.wait_for(self.bus.wait_for_disconnect(), PATIENCE_S)  # type: ignore[no-untyped-call]

    def __enter__(self) -> Any:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


@dataclass(frozen=True)
class Line:
    """A line of a menu, as a panel reads it."""

    number: int
    label: str
    is_enabled: bool
    is_checked: bool
    lines: tuple[Line, ...]


class PanelOfItems(OnBus):
    """A panel that keeps StatusNotifierItems, shows their menus and clicks on them."""

    name = WATCHER

    def __init__(self, address: str) -> None:
        self.items: list[tuple[str, str]] = []  # bus name, path
        self.signals: list[str] = []
        super().__init__(address)
        for interface in (ITEM, MENU):
            self.call(*_BUS, "AddMatch", "s", f"type='signal',interface='{interface}'")

    def answer(self, message: Message) -> tuple[Any, ...] | None:
        """What Qt and GTK ask of a watcher."""
        if message.member == "RegisterStatusNotifierItem":
            given = str(message.body[0])
            of_sender = (str(message.sender), given)
            self.items.append(of_sender if given.startswith("/") else (given, "/StatusNotifierItem"))
            return ("",)
        if message.member == "Get" and message.interface == PROPERTIES:
            values = {
                "IsStatusNotifierHostRegistered": Variant("b", True),
                "ProtocolVersion": Variant("i", 0),
                "RegisteredStatusNotifierItems": Variant("as", [name for name, _ in self.items]),
            }
            return ("v", values[message.body[1]])
        return None

    def heard(self, message: Message) -> None:
        """Signals of items and menus."""
        self.signals.append(str(message.member))

    def wait_for_item(self) -> None:
        """Returns once an icon has come."""
        until(lambda: self.items)

    def property(self, name: str) -> Any:
        """A property of the icon."""
        bus_name, path = self.items[-1]
        return self.call(bus_name, path, PROPERTIES, "Get", "ss", ITEM, name)[0].value

    def tooltip(self) -> str:
        """Its line beside the pointer."""
        return str(self.property("ToolTip")[2])

    def pictures(self) -> dict[int, bytes]:
        """Its pictures by width, as ARGB bytes."""
        return {width: bytes(data) for width, _height, data in self.property("IconPixmap")}

    def activate(self) -> None:
        """Clicks on the icon itself."""
        bus_name, path = self.items[-1]
        self.call(bus_name, path, ITEM, "Activate", "ii", 0, 0)

    def menu(self) -> tuple[Line, ...]:
        """The menu as it is now, without opening it."""
        layout = self._menu_call("GetLayout", "iias", 0, -1, [])[1]
        return _line(layout).lines

    def open(self) -> tuple[Line, ...]:
        """Opens the menu."""
        self._menu_call("AboutToShow", "i", 0)
        self._event(0, "opened")
        return self.menu()

    def shut(self) -> None:
        """Closes it."""
        self._event(0, "closed")

    def click(self, *labels: str) -> None:
        """Chooses a line by the beginnings of its label and of those above it."""
        self._event(self.line(*labels).number, "clicked")

    def line(self, *labels: str) -> Line:
        """A line by the beginnings of its label and of those above it."""
        lines, found = self.menu(), None
        for label in labels:
            found = next((line for line in lines if line.label.startswith(label)), None)
            assert found is not None, f"no line {label!r} in {[line.label for line in lines]}"
            lines = found.lines
        assert found is not None
        return found

    def has(self, *labels: str) -> bool:
        """Whether there is such a line."""
        try:
            self.line(*labels)
        except AssertionError:
            return False
        return True

    def _event(self, number: int, kind: str) -> None:
        self._menu_call("Event", "isvu", number, kind, Variant("i", 0), 0)

    def _menu_call(self, member: str, signature: str, *body: Any) -> list[Any]:
        return self.call(self.items[-1][0], str(self.property("Menu")), MENU, member, signature, *body)


def _line(layout: Any) -> Line:
    number, properties, children = layout
    label = properties["label"].value if "label" in properties else ""
    return Line(
        number,
        re.sub("_(.)", r"\1", label),  # an underscore marks the key of a line, two are one
        bool(properties["enabled"].value) if "enabled" in properties else True,
        bool(properties["toggle-state"].value == 1) if "toggle-state" in properties else False,
        tuple(_line(child.value) for child in children),
    )


@dataclass(frozen=True)
class Told:
    """A notice as a server gets it."""

    number: int
    replaced: int
    title: str
    body: str
    actions: tuple[str, ...]
    hints: Mapping[str, Any] = field(default_factory=dict)


class NoticeServer(OnBus):
    """A server of notices that keeps what it gets, and clicks on it."""

    name = NOTICES

    def __init__(self, address: str, capabilities: tuple[str, ...] = ("actions", "body", "body-markup")) -> None:
        self.told: list[Told] = []
        self._capabilities = list(capabilities)
        self._arrived = threading.Condition()
        super().__init__(address)

    def answer(self, message: Message) -> tuple[Any, ...] | None:
        """The calls of the specification."""
        if message.interface != NOTICES:
            return None
        if message.member == "GetCapabilities":
            return ("as", self._capabilities)
        if message.member == "GetServerInformation":
            return ("ssss", "of the tests", "Sanchay", "1", "1.2")
        if message.member == "Notify":
            _app, replaced, _icon, title, body, actions, hints, _timeout = message.body
            with self._arrived:
                number = replaced or len(self.told) + 100
                values = {name: hint.value for name, hint in hints.items()}
                self.told.append(Told(number, replaced, title, body, tuple(actions), values))
                self._arrived.notify_all()
            return ("u", number)
        return None

    def wait_for(self, number: int) -> Told:
        """The notice that is the `number`th, once it has come."""
        with self._arrived:
            assert self._arrived.wait_for(lambda: len(self.told) >= number, PATIENCE_S), "the notice did not come"
            return self.told[number - 1]

    def choose(self, notice: Told, action: str) -> None:
        """Clicks on it."""
        self.emit("/org/freedesktop/Notifications", NOTICES, "ActionInvoked", "us", notice.number, action)
        self.emit("/org/freedesktop/Notifications", NOTICES, "NotificationClosed", "uu", notice.number, 2)


class X11Panel:
    """trayer, and a hand on its icon."""

    def __init__(self, env: Mapping[str, str], trayer: subprocess.Popen[bytes]) -> None:
        self._env = dict(env)
        windows: list[bytes] = []

        def is_shown() -> bool:
            assert trayer.poll() is None, f"trayer ended with {trayer.returncode}"
            windows[:] = self._run("xdotool", "search", "--onlyvisible", "--class", "trayer").split()
            return bool(windows)

        until(is_shown)
        self._window = windows[0].decode()

    def picture(self) -> Image.Image:
        """What the panel shows."""
        return Image.open(io.BytesIO(self._run("import", "-window", self._window, "png:-"))).convert("RGB")

    def click(self, ink: tuple[int, int, int]) -> None:
        """Clicks on the icon, which is found by its colour."""
        picture = self.picture()
        width, height = picture.size
        dark = [(x, y) for x in range(width) for y in range(height) if picture.getpixel((x, y)) == ink]
        x, y = dark[len(dark) // 2]
        self._run("xdotool", "mousemove", "--window", self._window, str(x), str(y), "click", "1")

    def _run(self, *command: str) -> bytes:
        done = subprocess.run(command, env=self._env, capture_output=True, check=False, timeout=PATIENCE_S)
        return done.stdout


class Desktop:
    """All of it, for one test. What is left out by the flags is not there."""

    def __init__(self, folder: Path, *, display: bool = True, bus: bool = True, panel: bool = True) -> None:
        self._stack = ExitStack()
        self._folder = folder
        self._wants = (display, bus, panel)
        self.environ: dict[str, str] = {}
        self.panel: PanelOfItems
        self.bus_process: subprocess.Popen[bytes]

    def __enter__(self) -> Desktop:
        display, bus, panel = self._wants
        runtime = self._folder / "runtime"
        runtime.mkdir(mode=0o700)
        for name, folder in (("XDG_CONFIG_HOME", "config"), ("XDG_DATA_HOME", "data"), ("XDG_CACHE_HOME", "cache")):
            self.environ[name] = str(self._folder / folder)
        # Those of the caller are not for them: `environment` leaves empty ones out.
        self.environ |= {
            "DISPLAY": "",
            "WAYLAND_DISPLAY": "",
            "DBUS_SESSION_BUS_ADDRESS": "unix:path=/nonexistent",
            "XDG_RUNTIME_DIR": str(runtime),
            "XDG_CURRENT_DESKTOP": "",
            "LANGUAGE": "en",
            "LC_ALL": "C.UTF-8",
            "QT_QPA_PLATFORM": "",
        }
        if display:
            self.environ["DISPLAY"] = self._stack.enter_context(x_server())
        if bus:
            address, self.bus_process = self._stack.enter_context(session_bus(runtime))
            self.environ["DBUS_SESSION_BUS_ADDRESS"] = address
        if bus and panel:
            self.panel = self.new_panel()
            self.panel.appear()
        return self

    def environment(self, home: Path, extra: Mapping[str, str] | None = None) -> dict[str, str]:
        """The environment of a program on this desktop that belongs to `home`."""
        return {name: value for name, value in environment(home, {**self.environ, **(extra or {})}).items() if value}

    @contextmanager
    def x11_panel(self) -> Iterator[X11Panel]:
        """A panel that embeds the windows of icons."""
        env = self.environment(self._folder)
        with subprocess.Popen(["trayer", "--distance", "0", "--width", "20"], env=env, **_SILENT) as trayer:
            try:
                yield X11Panel(env, trayer)
            finally:
                trayer.kill()

    @contextmanager
    def dunst(self) -> Iterator[None]:
        """A server of notices as people have it."""
        env = self.environment(self._folder)
        with subprocess.Popen(["dunst", "-conf", "/dev/null"], env=env, **_SILENT) as dunst:
            try:
                until(lambda: self.panel.call(*_BUS, "NameHasOwner", "s", NOTICES) == [True])
                yield
            finally:
                dunst.kill()

    def shows_notice(self) -> bool:
        """Whether a window of dunst's is to be seen."""
        env = self.environment(self._folder)
        find = ["xdotool", "search", "--onlyvisible", "--class", "dunst"]
        return bool(subprocess.run(find, env=env, capture_output=True, check=False, timeout=PATIENCE_S).stdout)

    def new_panel(self) -> PanelOfItems:
        """A panel that has not appeared yet."""
        panel: PanelOfItems = self._stack.enter_context(PanelOfItems(self.environ["DBUS_SESSION_BUS_ADDRESS"]))
        return panel

    def notices(self, *capabilities: str) -> NoticeServer:
        """A server of notices that is there from now on."""
        address = self.environ["DBUS_SESSION_BUS_ADDRESS"]
        made = NoticeServer(address, capabilities) if capabilities else NoticeServer(address)
        server: NoticeServer = self._stack.enter_context(made)
        server.appear()
        return server

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stack.close()
