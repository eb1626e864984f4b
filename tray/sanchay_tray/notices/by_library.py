"""Notices by desktop-notifier, on Windows and macOS."""

from __future__ import annotations

import contextlib

from desktop_notifier import Button, Capability, DesktopNotifier, Urgency

from sanchay_tray.notices.loop import LoopThread
from sanchay_tray.notices.notice import Notice
from sanchay_tray.notices.speaker import Chosen, Server
from sanchay_tray.words import say


class LibrarySpeaker:
    """Shows notices by the system's own means."""

    def __init__(self, chosen: Chosen) -> None:
        self._chosen = chosen
        self._thread = LoopThread("notices")
        self._notifier = DesktopNotifier(app_name="Sanchay")
        self._shown: dict[str, str] = {}

    def say(self, notice: Notice) -> None:
        """Shows it; the one of the same key goes."""
        self._thread.begin(self._say(notice))

    def server(self) -> Server:
        """The system itself."""
        return self._thread.begin(self._ask_server()).result()

    def close(self) -> None:
        """Ends the thread."""
        self._thread.close()

    async def _say(self, notice: Notice) -> None:
        with contextlib.suppress(OSError, RuntimeError):  # the model keeps what happened; --check says why
            before = self._shown.pop(notice.key, "")
            if before:
                await self._notifier.clear(before)
            undo = (Button(say("Undo"), on_pressed=lambda: self._chosen(notice, True)),) if notice.undo else ()
            self._shown[notice.key] = await self._notifier.send(
                notice.title,
                notice.body,
                urgency=Urgency.Critical if notice.is_urgent else Urgency.Normal,
                buttons=undo,
                on_clicked=lambda: self._chosen(notice, False),
            )

    async def _ask_server(self) -> Server:
        try:
            if not await self._notifier.has_authorisation():
                return Server(fault="The system does not let Sanchay show notices.")
            capabilities = await self._notifier.get_capabilities()
        except (OSError, RuntimeError) as error:
            return Server(fault=f"Notices cannot be shown: {error}")
        return Server("system", Capability.ON_CLICKED in capabilities)
