"""Follows edits of config.toml and `.env`: watches their folder, and takes over what makes sense."""

from __future__ import annotations

import asyncio
import errno
import os
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from watchdog.events import (
    DirCreatedEvent,
    DirDeletedEvent,
    DirMovedEvent,
    FileClosedEvent,
    FileCreatedEvent,
    FileDeletedEvent,
    FileMovedEvent,
    FileSystemEvent,
    FileSystemEventHandler,
)
from watchdog.observers import Observer
from watchdog.observers.api import BaseObserver, ObservedWatch
from watchdog.observers.polling import PollingObserver

from sanchay.address import Places
from sanchay.errors import SanchayError
from sanchay.names import shown_path
from sanchay.sentences import NOTHING, Sentence
from sanchayd import config, hosts
from sanchayd.config import Setting
from sanchayd.links import places_of
from sanchayd.log import logger
from sanchayd.settings import Settings

if TYPE_CHECKING:
    from sanchayd.config_edit import Edited

# An editor writes a file in several steps: look once they are over.
SETTLE_S = 0.2
# Where the system has no watch left the folder is looked at so often.
POLL_S = 5.0
# What is refused is looked at again: rights may have changed, of which the watch does not tell on Linux.
RETRY_S = 5.0
CHANGES = frozenset({"created", "modified", "moved", "deleted", "closed"})
# On Linux a file that was written is told of when it is closed. Its single writes are of no use: the catalog may lie in
# the same folder, and each of its writes would wake Python.
WITHOUT_WRITES: list[type[FileSystemEvent]] = [
    DirCreatedEvent,
    DirDeletedEvent,
    DirMovedEvent,
    FileClosedEvent,
    FileCreatedEvent,
    FileDeletedEvent,
    FileMovedEvent,
]
_log = logger("sanchayd.app")


class ConfigWatch(FileSystemEventHandler):
    """Calls `changed` in the event loop, once for each burst of events at the files or at what their names lead to."""

    def __init__(self, files: tuple[Path, ...], changed: Callable[[], None]) -> None:
        self._files = files
        self._changed = changed
        self._places: frozenset[tuple[bytes, bytes]] = frozenset()
        self._watches: dict[Path, ObservedWatch] = {}
        self._loop = asyncio.get_running_loop()
        self._timer: asyncio.TimerHandle | None = None
        self._observer: BaseObserver | None = None

    def start(self) -> Sentence:
        """Begins to watch, or to look again and again where the system has no watch left: then its words say why.

        Raises OSError where neither can be done.
        """
        try:
            self._begin(Observer())
        except OSError as error:
            self._begin(PollingObserver(timeout=POLL_S))
            return _why(error)
        return NOTHING

    def _begin(self, observer: BaseObserver) -> None:
        self._watches = {}
        self._follow_links(observer)
        observer.daemon = True
        observer.start()
        self._observer = observer

    def stop(self) -> None:
        """Ends the watch."""
        if self._timer is not None:
            self._timer.cancel()
        if self._observer is not None and self._observer.is_alive():
            self._observer.stop()
            self._observer.join(timeout=1.0)

    def on_any_event(self, event: FileSystemEvent) -> None:
        """Called on the watch's own thread; reading a file is no change of it."""
        paths = (event.src_path, event.dest_path)
        named = any(os.path.split(os.fsencode(path)) in self._places for path in paths if path)
        if event.event_type in CHANGES and named and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._settle)

    def _settle(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._timer = self._loop.call_later(SETTLE_S, self._settled)

    def _settled(self) -> None:
        try:
            if self._observer is not None:
                self._follow_links(self._observer)
        except OSError as error:
            _log.warning("what a link of the settings leads to cannot be watched", error=str(error))
        self._changed()

    def _follow_links(self, observer: BaseObserver) -> None:
        """Watches every folder in which a change may be one of the files: a link leads elsewhere by the next look."""
        folder = self._files[0].parent
        names = (*self._files, folder) if folder.is_symlink() else self._files
        found = [place for name in names for place in places_of(name)]
        self._places = frozenset((os.fsencode(folder), os.fsencode(name)) for folder, name in found)
        folders = {folder for folder, _ in found if folder.is_dir()}
        for gone in set(self._watches) - folders:
            observer.unschedule(self._watches.pop(gone))
        tells_of_closing = sys.platform == "linux" and not isinstance(observer, PollingObserver)
        wanted = WITHOUT_WRITES if tells_of_closing else None
        for new in folders - set(self._watches):
            self._watches[new] = observer.schedule(self, str(new), recursive=False, event_filter=wanted)


class Taken(NamedTuple):
    """A setting after an edit, what the file says of it and what counted before (as TOML; empty: nothing, or unknown).

    `error`: why the daemon could not take the edit over.
    """

    setting: Setting
    value: str
    before: str
    file: bytes
    error: str


class ConfigReload:
    """Follows edits of the settings while the daemon runs."""

    def __init__(self, where: Places, flags: Mapping[str, str], environ: Mapping[str, str], settings: Settings) -> None:
        self._where = where
        self._flags = flags
        self._environ = environ
        self._settings = settings
        self._watch: ConfigWatch | None = None
        self._task: asyncio.Task[None] | None = None
        self._retry: asyncio.TimerHandle | None = None
        self._one_at_a_time = asyncio.Lock()

    def start(self) -> Sentence:
        """Begins to follow edits; a sentence for people where the system has no watch left, else nothing."""
        file = self._where.config_file
        watch = ConfigWatch((file, self._where.dotenv_file), self._changed)
        try:
            why = watch.start()
        except OSError as error:
            return Sentence("edits-count-later", file=shown_path(file), why=str(error))
        self._watch = watch
        if not why:
            return NOTHING
        return Sentence("edits-are-polled", file=shown_path(file), every_s=f"{POLL_S:g}", reason=why)

    def stop(self) -> None:
        """Follows no more."""
        if self._watch is not None:
            self._watch.stop()
        if self._task is not None:
            self._task.cancel()
        if self._retry is not None:
            self._retry.cancel()

    def _changed(self) -> None:
        before = self._task

        async def after() -> None:
            if before is not None and not before.done():
                await asyncio.wait([before])
            await self.reload()

        self._task = asyncio.ensure_future(after())

    async def set(self, key: str, value: str | None) -> Taken:
        """Puts a setting, a value in TOML, into config.toml or (None) takes it out, and takes the edit over.

        Raises what `config_edit.change` does.
        """
        async with self._one_at_a_time:
            edited = await asyncio.to_thread(self._change, key, value)
            await self._take_over()
        setting = next(each for each in self._settings.all() if each.key == key)
        before = edited.before.value if edited.before is not None else ""
        return Taken(setting, edited.value or "", before, os.fsencode(self._where.config_file), self._settings.error)

    def _change(self, key: str, value: str | None) -> Edited:
        from sanchayd import config_edit  # with tomlkit, which no start needs

        return config_edit.change(self._where, self._flags, self._environ, key, value)

    async def reload(self) -> None:
        """Takes the new settings that can count now; a bad edit changes nothing and is said in the status."""
        async with self._one_at_a_time:
            await self._take_over()

    async def _take_over(self) -> None:
        if self._retry is not None:
            self._retry.cancel()
        try:
            after = config.load(self._where, self._flags, self._environ)
        except SanchayError as error:
            self._settings.refuse(Sentence.plain(error.message))
            self._retry = asyncio.get_running_loop().call_later(RETRY_S, self._changed)
        else:
            await self._settings.take(after)


def _why(error: OSError) -> Sentence:
    """Why there is no watch, in words that name the limit which is reached: one error number stands for two."""
    if error.errno == errno.EMFILE and not hosts.out_of_files():
        return Sentence("no-watcher-left")
    if error.errno == errno.ENOSPC:
        return Sentence("no-watch-left")
    return Sentence.plain(str(error.strerror or error))
