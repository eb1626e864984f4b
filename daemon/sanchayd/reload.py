"""Watches the configuration folder and says when config.toml or `.env` may have changed. It reads nothing itself."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable
from pathlib import Path

from watchdog.events import FileSystemEvent, FileSystemEventHandler
from watchdog.observers import Observer

# An editor writes a file in several steps: look once they are over.
SETTLE_S = 0.2
CHANGES = frozenset({"created", "modified", "moved", "deleted", "closed"})


class ConfigWatch(FileSystemEventHandler):
    """Calls `changed` in the event loop, once for each burst of events."""

    def __init__(self, files: tuple[Path, ...], changed: Callable[[], None]) -> None:
        self._names = {os.fsencode(file.name) for file in files}
        self._folder = files[0].parent
        self._changed = changed
        self._loop = asyncio.get_running_loop()
        self._timer: asyncio.TimerHandle | None = None
        self._observer = Observer()

    def start(self) -> None:
        """Begins to watch. Raises OSError where the system has no watch left."""
        self._observer.schedule(self, str(self._folder), recursive=False)
        self._observer.daemon = True
        self._observer.start()

    def stop(self) -> None:
        """Ends the watch."""
        if self._timer is not None:
            self._timer.cancel()
        if self._observer.is_alive():
            self._observer.stop()
            self._observer.join(timeout=1.0)

    def on_any_event(self, event: FileSystemEvent) -> None:
        """Called on the watch's own thread; reading a file is no change of it."""
        paths = (event.src_path, event.dest_path)
        named = any(os.path.basename(os.fsencode(path)) in self._names for path in paths if path)
        if event.event_type in CHANGES and named and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._settle)

    def _settle(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._timer = self._loop.call_later(SETTLE_S, self._changed)
