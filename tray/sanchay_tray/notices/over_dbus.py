"""Notices over D-Bus (org.freedesktop.Notifications), on Linux.

By hand and not by desktop-notifier, whose version 6.2 can neither replace a notice that is shown nor name the desktop
entry that it comes from. A bus or a server that is not there, or goes, is looked for again with the next notice.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
from typing import Any

from dbus_fast import BusType, Message, MessageType, Variant
from dbus_fast.aio import MessageBus
from dbus_fast.errors import DBusFastError

from sanchay_tray.hosts.linux import DESKTOP_ENTRY, ICON
from sanchay_tray.notices.loop import LoopThread
from sanchay_tray.notices.notice import Notice
from sanchay_tray.notices.speaker import Chosen, Server
from sanchay_tray.words import say

NAME = "org.freedesktop.Notifications"
PATH = "/org/freedesktop/Notifications"
BUS_NAME = "org.freedesktop.DBus"
#: A server that takes longer hangs.
ANSWER_S = 5.0
DEFAULT, UNDO = "default", "undo"
NORMAL, CRITICAL = 1, 2
_MARKUP = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;"})


BUS_ENDED = "The session bus (D-Bus), by which notices are shown, has ended."


class NoServerError(Exception):
    """Why no notice can be shown, in a sentence."""


class BusSpeaker:
    """Shows notices at the desktop's server."""

    def __init__(self, chosen: Chosen) -> None:
        self._chosen = chosen
        self._thread = LoopThread("notices")
        self._turn = asyncio.Lock()
        self._bus: MessageBus | None = None
        self._capabilities: frozenset[str] | None = None  # None: to be asked
        self._shown: dict[str, int] = {}  # key -> the server's number
        self._notices: dict[int, Notice] = {}
        self._tasks: set[asyncio.Task[None]] = set()

    def say(self, notice: Notice) -> None:
        """Shows it, in the place of the one of the same key."""
        self._thread.begin(self._say(notice))

    def server(self) -> Server:
        """The server's name and version, and whether its notices can be clicked."""
        return self._thread.begin(self._ask_server()).result()

    def close(self) -> None:
        """Ends the thread."""
        self._thread.begin(self._disconnect()).result()
        self._thread.close()

    async def _say(self, notice: Notice) -> None:
        async with self._turn:
            with contextlib.suppress(NoServerError):  # the model keeps what happened; --check says why
                capabilities = await self._connected()
                await self._show(notice, capabilities)

    async def _show(self, notice: Notice, capabilities: frozenset[str]) -> None:
        actions = []
        if "actions" in capabilities and notice.page:
            actions = [DEFAULT, say("Open")]
            if notice.undo:
                actions += [UNDO, say("Undo")]
        body = notice.body.translate(_MARKUP) if "body-markup" in capabilities else notice.body
        hints = {
            "desktop-entry": Variant("s", DESKTOP_ENTRY),
            "urgency": Variant("y", CRITICAL if notice.is_urgent else NORMAL),
            "category": Variant("s", "device" if notice.key.startswith("root ") else "presence"),
        }
        before = self._shown.get(notice.key, 0)
        (number,) = await self._call(
            "Notify", "susssasa{sv}i", ["Sanchay", before, ICON, notice.title, body, actions, hints, -1]
        )
        self._notices.pop(before, None)
        self._shown[notice.key] = number
        self._notices[number] = notice

    async def _ask_server(self) -> Server:
        async with self._turn:
            try:
                capabilities = await self._connected()
                name, _vendor, version, _spec = await self._call("GetServerInformation")
            except NoServerError as fault:
                return Server(fault=str(fault))
            return Server(f"{name} {version}".strip(), "actions" in capabilities)

    async def _connected(self) -> frozenset[str]:
        """Connects where that is needed; what the server can do."""
        if self._bus is None or not self._bus.connected:
            await self._disconnect()
            if not os.environ.get("DBUS_SESSION_BUS_ADDRESS") and not os.environ.get("XDG_RUNTIME_DIR"):
                raise NoServerError("There is no session bus here (D-Bus), by which notices are shown.")
            try:
                self._bus = await asyncio.wait_for(MessageBus(bus_type=BusType.SESSION).connect(), ANSWER_S)
            except (OSError, ValueError, DBusFastError, asyncio.TimeoutError, EOFError) as error:
                raise NoServerError(
                    "The session bus (D-Bus), by which notices are shown, cannot be reached."
                ) from error
            self._bus.add_message_handler(self._heard)
            for rule in (
                f"type='signal',interface='{NAME}'",
                f"type='signal',sender='{BUS_NAME}',member='NameOwnerChanged',arg0='{NAME}'",
            ):
                await self._call("AddMatch", "s", [rule], to=BUS_NAME, path="/org/freedesktop/DBus")
        if self._capabilities is None:
            (found,) = await self._call("GetCapabilities")
            self._capabilities = frozenset(found)
        return self._capabilities

    async def _call(
        self, member: str, signature: str = "", body: list[Any] | None = None, *, to: str = NAME, path: str = PATH
    ) -> list[Any]:
        bus = self._bus
        if bus is None:
            raise NoServerError(BUS_ENDED)
        message = Message(destination=to, path=path, interface=to, member=member, signature=signature, body=body or [])
        try:
            reply = await asyncio.wait_for(bus.call(message), ANSWER_S)
        except asyncio.TimeoutError:
            raise NoServerError("The server that shows notices does not answer.") from None
        except (OSError, EOFError, DBusFastError) as error:
            raise NoServerError(BUS_ENDED) from error
        if reply.message_type is MessageType.ERROR:
            raise NoServerError("No server shows notices on this desktop (org.freedesktop.Notifications).")
        return list(reply.body)

    async def _disconnect(self) -> None:
        self._forget()
        bus, self._bus = self._bus, None
        if bus is not None and bus.connected:
            bus.disconnect()
            with contextlib.suppress(OSError, EOFError, DBusFastError):
                await bus.wait_for_disconnect()  # type: ignore[no-untyped-call]

    def _forget(self) -> None:
        """Another server has other numbers, and can do other things."""
        self._capabilities = None
        self._shown.clear()
        self._notices.clear()

    def _heard(self, message: Message) -> None:
        if message.message_type is MessageType.SIGNAL:
            task = asyncio.ensure_future(self._hear(message))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def _hear(self, message: Message) -> None:
        async with self._turn:  # a notice that is being shown may have been clicked before its number is known here
            if message.member == "NameOwnerChanged":
                self._forget()
            elif message.member == "ActionInvoked" and message.path == PATH:
                number, action = message.body[:2]
                notice = self._notices.get(number)
                if notice is not None and action in (DEFAULT, UNDO):
                    self._chosen(notice, action == UNDO)
            elif message.member == "NotificationClosed" and message.path == PATH:
                notice = self._notices.pop(message.body[0], None)
                if notice is not None and self._shown.get(notice.key) == message.body[0]:
                    del self._shown[notice.key]
