"""What would come of a folder as a root, before it is one; and the folders that a person may want to add.

Each file system is asked on a separate thread and given a second: a dead share holds up no one.
"""

from __future__ import annotations

import asyncio
import os
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

from sanchay import names
from sanchay.errors import Busy, NotAbsolute, SanchayError
from sanchay.sentences import NOTHING, Sentence
from sanchayd import hosts
from sanchayd.catalog.board import FreshnessBoard
from sanchayd.catalog.changes import disk_space
from sanchayd.engine_port import CatalogPool, QuestionsPort, ScanningPort, in_own_thread
from sanchayd.engine_port.values import RootCheck
from sanchayd.hosts import Mount
from sanchayd.roots import place
from sanchayd.roots.place import Kind
from sanchayd.roots.registry import RootRegistry
from sanchayd.roots.root import POLL_S, Root, WatchMode
from sanchayd.roots.tally import Tally

ANSWER_LIMIT_S = 1.0
COUNT_GRACE_S = 0.2
PATIENCE_MS = 300
PATIENCE_MAX_MS = 5_000
# Threads that wait for a file system; those of one that is dead stay until it is let go.
THREADS_MOST = 32
OK = "ok"
SILENT = "silent"


@dataclass(frozen=True)
class RootLook:
    """A folder as it would be as a root.

    `state` is ok, silent (it has not answered), or the kind of error that adding it ends with, and `message` says why.
    `root` is the name of the root that it is, `inside` and `contains` those of roots around it and in it. `what` is
    there for suggestions: pictures, documents, downloads, music, videos or drive.
    """

    path: bytes
    state: str
    message: Sentence = NOTHING
    root: str = ""
    inside: tuple[str, ...] = ()
    contains: tuple[str, ...] = ()
    kind: Kind = Kind.OTHER
    file_system: str = ""
    mount_point: bytes = b""
    mode: WatchMode | None = None
    poll_s: int = POLL_S
    because: Sentence = NOTHING
    total_bytes: int = 0
    free_bytes: int = 0
    tally: Tally | None = None
    what: str = ""


@dataclass(eq=False)
class _Asked:
    """A thread that asks a file system, and what it has learnt so far."""

    found: RootCheck | None = None
    space: tuple[int, int] = (0, 0)
    ended: threading.Event = field(default_factory=threading.Event)


class RootLooks:
    """Looks at folders that are not roots yet."""

    def __init__(
        self,
        scanning: ScanningPort,
        questions: QuestionsPort,
        pool: CatalogPool,
        registry: RootRegistry,
        board: FreshnessBoard,
        mounts: Callable[[], Sequence[Mount]] = hosts.mounts,
    ) -> None:
        self._scanning = scanning
        self._questions = questions
        self._pool = pool
        self._registry = registry
        self._board = board
        self._mounts = mounts
        self._overdue: dict[bytes, _Asked] = {}
        self._threads = threading.BoundedSemaphore(THREADS_MOST)

    async def check(self, path: bytes, patience_ms: int | None) -> RootLook:
        """What would come of adding the folder, counted for so long. Raises not_absolute and busy."""
        _check_absolute(path)
        patience_s = min(PATIENCE_MS if patience_ms is None else patience_ms, PATIENCE_MAX_MS) / 1000
        return await self._look(path, patience_s, await in_own_thread(self._mounts, "mounts"))

    async def suggest(self, patience_ms: int) -> list[RootLook]:
        """The person's own folders and mounted drives, as far as they are there; those that are roots among them."""
        patience_s = min(patience_ms, PATIENCE_MAX_MS) / 1000
        mounts = await in_own_thread(self._mounts, "mounts")
        wanted = _wanted(mounts)
        looks = await asyncio.gather(*(self._look(path, patience_s, mounts) for path in wanted))
        named = [replace(look, what=what) for look, what in zip(looks, wanted.values(), strict=True)]
        found = {look.path: look for look in reversed(named) if look.state in (OK, SILENT) and _is_worth(look)}
        return [*reversed(found.values())]

    async def _look(self, path: bytes, patience_s: float, mounts: Sequence[Mount]) -> RootLook:
        try:
            asked = await self._ask(path)
        except SanchayError as error:
            return RootLook(error.path or path, error.kind, Sentence.plain(error.message))
        if asked is None or asked.found is None:
            return self._silent(path, mounts)
        found, (total_bytes, free_bytes) = asked.found, asked.space
        look = RootLook(found.path, OK, total_bytes=total_bytes, free_bytes=free_bytes)
        look = self._placed(look, found.file_system, found.network, place.mount_of(found.path, mounts))
        return replace(look, tally=await self._counted(look, patience_s) if patience_s else None)

    def _silent(self, path: bytes, mounts: Sequence[Mount]) -> RootLook:
        """What is known of a folder whose file system does not answer."""
        plain = os.path.normpath(path)
        mount = place.mount_of(plain, mounts)
        look = RootLook(plain, SILENT, Sentence("does-not-answer", path=names.shown(path)))
        return self._placed(look, mount.file_system if mount is not None else "", False, mount)

    def _placed(self, look: RootLook, file_system: str, network: bool, mount: Mount | None) -> RootLook:
        """The look with what is known without asking the file system."""
        roots = self._registry.claimed()
        its = next((root for root in roots if root.path == look.path), None)
        look = replace(
            look,
            root=its.name if its is not None else "",
            inside=tuple(each.name for each in roots if each is not its and place.is_within(look.path, each.path)),
            contains=tuple(each.name for each in roots if each is not its and place.is_within(each.path, look.path)),
            kind=place.kind_of(file_system, network, mount),
            file_system=file_system,
            mount_point=mount.path if mount is not None else b"",
        )
        if its is not None:
            live = self._board.view(its, ()).live
            because = Sentence.of_engine(live.chosen_because)
            return replace(look, mode=WatchMode(live.mode), poll_s=its.settings.poll_s, because=because)
        if not file_system:
            return look
        kept_up = place.kept_up(self._registry.default_watch, file_system, network)
        return replace(look, mode=kept_up.mode, because=kept_up.because)

    async def _ask(self, path: bytes) -> _Asked | None:
        """What the file system says of the folder; None where it says nothing in time, or has not the last time."""

        def ask(asked: _Asked) -> None:
            asked.found = found = self._scanning.check_root(path)
            try:
                asked.space = disk_space(found.path)
            except OSError:  # not known
                asked.space = (0, 0)

        return await self._in_thread(path, ask, ANSWER_LIMIT_S)

    async def _counted(self, look: RootLook, patience_s: float) -> Tally:
        """What it holds: as the catalog has it, else counted, as far as that went."""
        root = next((root for root in self._registry.claimed() if place.is_within(look.path, root.path)), None)
        if root is not None and (tally := await self._of_catalog(look.path, root)) is not None:
            return tally
        tally = Tally()
        await self._in_thread(
            look.path + b"\0count", lambda _: tally.count(look.path, patience_s), patience_s + COUNT_GRACE_S
        )
        return replace(tally)

    async def _of_catalog(self, path: bytes, root: Root) -> Tally | None:
        state = self._board.view(root, ()).state
        if state not in ("ready", "partial"):
            return None
        try:
            page = await self._pool.ask(self._questions.usage, path, depth=0, limit=1)
        except SanchayError:  # it is excluded, or new
            return None
        if not page.rows:
            return None
        row = page.rows[0]
        return Tally(row.files, row.directories, row.bytes, complete=state == "ready", of_catalog=True)

    async def _in_thread(self, key: bytes, work: Callable[[_Asked], None], limit_s: float) -> _Asked | None:
        """What the work has learnt within the limit; None where it hangs. Raises busy, and what the work raises."""
        overdue = self._overdue.get(key)
        if overdue is not None and not overdue.ended.is_set():
            return None
        self._overdue.pop(key, None)
        if not self._threads.acquire(blocking=False):
            raise Busy(f"{THREADS_MOST} folders have not answered yet; try again later.")
        asked = _Asked()

        def run() -> None:
            try:
                work(asked)
            finally:
                asked.ended.set()
                self._threads.release()

        try:
            await asyncio.wait_for(in_own_thread(run, "root-look"), limit_s)
        except asyncio.TimeoutError:
            self._overdue[key] = asked
            return None
        return asked


def _check_absolute(path: bytes) -> None:
    if not os.path.isabs(path):
        raise NotAbsolute(f"{names.shown(path)} is not absolute.", path=path)


def _wanted(mounts: Sequence[Mount]) -> dict[bytes, str]:
    """Folders that a person may want to add, and what each is. A folder that leads to the home itself is not set."""
    home = os.fsencode(os.path.expanduser("~"))
    wanted = {path: what for what, path in hosts.user_folders().items() if path != home and os.path.isabs(path)}
    for mount in place.drives(mounts, home):
        wanted.setdefault(mount.path, "drive")
    return wanted


def _is_worth(look: RootLook) -> bool:
    """Whether someone may want it: memory is gone with the next start, and an image is a program's."""
    return look.kind is not Kind.MEMORY and look.file_system not in ("squashfs", "overlay", "autofs")
