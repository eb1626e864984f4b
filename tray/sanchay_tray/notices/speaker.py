"""One face for what shows notices; `sanchay_tray.hosts` says which that is."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from sanchay_tray.notices.notice import Notice

#: Called on the speaker's thread with the notice that was clicked, and whether by its button Undo.
Chosen = Callable[[Notice, bool], None]


@dataclass(frozen=True)
class Server:
    """Who shows notices. `actions`: whether they can be clicked. Without one `fault` says why."""

    name: str = ""
    actions: bool = False
    fault: str = ""


class Speaker(Protocol):
    """Shows notices, from a thread of its making. Nothing here raises, or waits for an answer."""

    def say(self, notice: Notice) -> None:
        """Shows it, in the place of the one of the same key."""

    def server(self) -> Server:
        """Who shows them; asks, and may wait for some seconds."""

    def close(self) -> None:
        """Ends the thread."""
