"""Every root, kept in memory and in state.db, and how a person's word for one is understood."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import replace

from sanchay import guess, names
from sanchay.errors import DiskFull, InvalidArgument, RootNameTaken, RootNotFound, SanchayError
from sanchay.sentences import Sentence
from sanchayd.engine_port import CatalogPool, ScanningPort
from sanchayd.engine_port.values import StoredRoot
from sanchayd.log import logger
from sanchayd.roots import stored
from sanchayd.roots.place import is_within
from sanchayd.roots.root import HashScope, Root, RootSettings, Unreadable, WatchMode
from sanchayd.roots.store import RootStore

NAME_MAX_CHARACTERS = 100
# Of a root that the catalog has nothing of, it learns nothing until it is known what is to be left out.
_NOTHING = RootSettings(hash=HashScope.NONE, exclude=("*",))
_log = logger("sanchayd.registry")


class RootRegistry:
    """The roots. The catalog is told of each before it counts.

    `default_watch` is what a root whose own mode is `auto` goes by.
    """

    def __init__(
        self,
        catalog: ScanningPort,
        pool: CatalogPool,
        store: RootStore,
        now_ns: Callable[[], int],
        default_watch: WatchMode = WatchMode.AUTO,
    ) -> None:
        self._catalog = catalog
        self._pool = pool
        self._store = store
        self._now_ns = now_ns
        self._roots: dict[int, Root] = {}
        self._gone: dict[int, str] = {}
        self._default_watch = default_watch

    async def load(self) -> None:
        """Brings the roots of state.db and those of the catalog together, by their paths: either file may be new.

        What the catalog alone has, as after the loss of state.db, becomes a root that no one has asked for yet: it is
        shown and not kept up, until it is added again or removed.
        """
        roots = await self._store.all()
        known = {root.path for root in roots}
        in_catalog = {found.path: found for found in await self._pool.ask(self._catalog.stored_roots)}
        for path, found in in_catalog.items():
            if path not in known:
                self._roots = {root.id: root for root in roots}  # names that are taken
                try:
                    roots.append(await self._store.add(self._unclaimed(found)))
                except DiskFull as error:
                    _log.warning("a root of the catalog cannot be noted", error=error.message)
        await self._pool.ask(self._catalog.match_roots, [(root.id, root.path) for root in roots])
        self._roots = {}
        for root in roots:
            self._roots[root.id] = await self._told_at_start(root, in_catalog.get(root.path))

    def _unclaimed(self, found: StoredRoot) -> Root:
        name, settings, unreadable = stored.of_catalog(found.settings)
        try:
            name = self._check_name(name, own_id=0)
        except SanchayError:
            name = self._derive_name(found.path)
        return Root(0, name, found.path, settings, self._now_ns(), claimed=False, unreadable=unreadable)

    async def _told_at_start(self, root: Root, in_catalog: StoredRoot | None) -> Root:
        """The root once the catalog knows it. One whose settings cannot be read, or do not count, stops no other."""
        if root.unreadable is None:
            try:
                await self._tell(root)
            except InvalidArgument as error:
                root = replace(root, unreadable=Unreadable(("exclude",), Sentence.plain(error.message)))
        if root.unreadable is not None:
            _log.error("a root is left alone", root_id=root.id, root=root.name, why=root.left_alone())
            await self._hold(root, in_catalog)
        return root

    async def _hold(self, root: Root, in_catalog: StoredRoot | None) -> None:
        """Has the catalog leave the root alone, by the settings that it has itself."""
        settings, unreadable = _NOTHING, None
        if in_catalog is not None:
            _, settings, unreadable = stored.of_catalog(in_catalog.settings)
        if unreadable is None:
            with contextlib.suppress(InvalidArgument):  # then the catalog leaves it alone without us
                await self._put(root, replace(settings, watch=WatchMode.OFF))

    @property
    def default_watch(self) -> WatchMode:
        """What a root whose own mode is `auto` goes by."""
        return self._default_watch

    async def set_default_watch(self, mode: WatchMode) -> None:
        """Tells the catalog of every root that goes by it."""
        if mode is not self._default_watch:
            self._default_watch = mode
            for root in self.all():
                if root.settings.watch is WatchMode.AUTO and root.unreadable is None:
                    await self._tell(root)

    async def _tell(self, root: Root) -> None:
        settings = root.settings
        if not root.claimed:
            settings = replace(settings, watch=WatchMode.OFF)
        elif settings.watch is WatchMode.AUTO:
            settings = replace(settings, watch=self._default_watch)
        await self._put(root, settings)

    async def _put(self, root: Root, settings: RootSettings) -> None:
        await self._pool.ask(self._catalog.put_root, replace(root, settings=settings))

    def all(self) -> list[Root]:
        """Every root, in the order in which they were added."""
        return list(self._roots.values())

    def claimed(self) -> list[Root]:
        """Those that were asked for, which is all of them unless state.db was lost."""
        return [root for root in self._roots.values() if root.claimed]

    async def never_scanned(self) -> list[Root]:
        """Those of them that the catalog has no rows of, and that can be scanned."""
        return [
            root
            for root in self.claimed()
            if root.unreadable is None and (await self._pool.quick(self._catalog.root_status, root.id)).state == "new"
        ]

    def get(self, root_id: int) -> Root | None:
        """The root of that id."""
        return self._roots.get(root_id)

    def check_settings(self, root_id: int) -> None:
        """Raises config_invalid where those of the root cannot be read, so that it is not to be looked at."""
        root = self._roots.get(root_id)
        if root is not None:
            root.check_settings()

    async def add(self, path: bytes, name: str, settings: RootSettings) -> tuple[Root, bool]:
        """The root of that folder, and whether it was one before; then nothing is changed.

        Raises what `check_root` does, root_name_taken and invalid_argument.
        """
        folder = (await self._pool.ask(self._catalog.check_root, path)).path
        existing = next((root for root in self._roots.values() if root.path == folder), None)
        if existing is not None:
            return (existing, True) if existing.claimed else (await self._claim(existing, name, settings), False)
        chosen = self._check_name(name, own_id=0) if name else self._derive_name(folder)
        settings = replace(settings, exclude=await self.exclude_patterns(folder, settings.exclude))
        root = await self._store.add(Root(0, chosen, folder, settings, self._now_ns()))
        try:
            await self._tell(root)
        except SanchayError:
            await self._store.remove(root.id)
            raise
        self._roots[root.id] = root
        return root, False

    async def _claim(self, found: Root, name: str, settings: RootSettings) -> Root:
        """A root whose rows were found is asked for again: as it was, where nothing else is said."""
        if settings == RootSettings():
            found.check_settings()
            settings = found.settings
        else:
            settings = replace(settings, exclude=await self.exclude_patterns(found.path, settings.exclude))
        claimed = replace(found, claimed=True, created_ns=self._now_ns())
        return await self.update(claimed, name=name or None, settings=settings)

    async def exclude_patterns(self, folder: bytes, globs: Sequence[str]) -> tuple[str, ...]:
        """The globs as paths below the folder. Raises invalid_argument for one that could never match."""
        return tuple(await self._pool.ask(self._catalog.exclude_patterns, folder, globs)) if globs else ()

    async def paths_below(self, folder: bytes, paths: Sequence[bytes]) -> tuple[bytes, ...]:
        """The paths as they are called below the folder. Raises invalid_argument for one that is not below it."""
        return tuple([await self._pool.ask(self._catalog.path_below, folder, path) for path in paths])

    async def update(self, root: Root, *, name: str | None, settings: RootSettings) -> Root:
        """The root with its new name and settings, all of them known; these count from its next comparison."""
        chosen = self._check_name(name, own_id=root.id) if name is not None else root.name
        changed = replace(root, name=chosen, settings=settings, unreadable=None)
        await self._tell(changed)
        await self._store.update(changed)
        self._roots[root.id] = changed
        return changed

    async def accept(self, root: Root) -> None:
        """The folder that is there now is the root, whatever was there before, from its next scan on."""
        await self._pool.ask(self._catalog.accept_root, root.id)

    async def remove(self, root: Root) -> None:
        """Forgets the root in the catalog, then here: a crash between the two leaves it to be removed again."""
        await self._pool.ask(self._catalog.remove_root, root.id)
        await self._store.remove(root.id)
        self._roots.pop(root.id, None)
        self._gone[root.id] = root.name

    def gone(self, root_id: int) -> str | None:
        """The name of a root that was removed while this daemon ran."""
        return self._gone.get(root_id)

    async def resolve(self, word: bytes) -> Root:
        """The root that a person means by a name, an id or a path. Raises root_not_found."""
        root = self.named(word.decode("utf-8", "surrogateescape")) or await self._by_path(word)
        if root is None:
            raise _not_found(word, sorted(root.name for root in self._roots.values()))
        return root

    def named(self, text: str) -> Root | None:
        """The root of that name or id."""
        named = next((root for root in self._roots.values() if root.name == text), None)
        return named or (self._roots.get(int(text)) if text.isascii() and text.isdecimal() else None)

    async def _by_path(self, word: bytes) -> Root | None:
        """By the path as it was added, else by what it leads to; a root that is offline has only the first."""
        plain = _plain_path(word)
        if plain is None:
            return None
        found = next((root for root in self._roots.values() if root.path in {word, plain}), None)
        if found is None:
            try:
                resolved = (await self._pool.ask(self._catalog.check_root, word)).path
            except SanchayError:
                return None
            found = next((root for root in self._roots.values() if root.path == resolved), None)
        return found

    async def place(self, path: bytes | None, *, ever: bool = False) -> tuple[bytes | None, list[Root]]:
        """A folder as the catalog spells it, and the roots that an answer about it draws on; all of them for None.

        `ever`: anything that may once have been in a root. Raises unknown_path with the reason.
        """
        if path is None:
            return None, self.all()
        place = await self._pool.ask(self._catalog.place, path, ever=ever)
        return place.path, self.some(place.root_ids)

    def some(self, root_ids: Collection[int]) -> list[Root]:
        """The roots of these ids, in the order in which they were added."""
        return [root for root in self._roots.values() if root.id in root_ids]

    def holding(self, path: bytes) -> Root | None:
        """The innermost root that a path lies in."""
        holding = [root for root in self._roots.values() if is_within(path, root.path)]
        return max(holding, key=lambda root: len(root.path), default=None)

    def nesting_notices(self, root: Root) -> list[Sentence]:
        """What a person should know of roots inside each other: each file is still kept once."""
        notices = []
        for other in self._roots.values():
            if other.id == root.id:
                continue
            if is_within(root.path, other.path):
                notices.append(Sentence("root-inside", root=root.name, other=other.name))
            elif is_within(other.path, root.path):
                notices.append(Sentence("root-contains", root=root.name, other=other.name))
        return notices

    def _taken(self, name: str, own_id: int) -> bool:
        return any(root.name == name and root.id != own_id for root in self._roots.values())

    def _check_name(self, name: str, own_id: int) -> str:
        """A name that is free, and that no one could take for an id or a path."""
        chosen = name.strip()
        reason = ""
        if not chosen or len(chosen) > NAME_MAX_CHARACTERS or not chosen.isprintable():
            reason = f"it needs 1 to {NAME_MAX_CHARACTERS} characters that can be shown"
        elif chosen.isdecimal() or os.path.isabs(chosen):
            reason = "it would be taken for an id or a path"
        if reason:
            raise InvalidArgument(f"{names.quoted(name)} is not a valid name for a root: {reason}.")
        if self._taken(chosen, own_id):
            raise RootNameTaken(f"Another root is called {names.quoted(chosen)}; choose another name.")
        return chosen

    def _derive_name(self, folder: bytes) -> str:
        """The folder's own name, with -2, -3, ... where it is taken."""
        shown = os.path.basename(folder).decode("utf-8", "replace")
        name = "".join(c if c.isprintable() else "?" for c in shown).strip()[:NAME_MAX_CHARACTERS] or "root"
        if name.isdecimal():
            name = f"root-{name}"
        return next(candidate for candidate in _numbered(name) if not self._taken(candidate, own_id=0))


def _not_found(word: bytes, known: list[str]) -> RootNotFound:
    text = word.decode("utf-8", "surrogateescape")
    named = names.shown(word) if os.path.isabs(word) else names.quoted(text)
    there = f"the roots are: {', '.join(map(names.shown_text, known))}" if known else "there is none yet"
    meant = guess.did_you_mean(text, known)
    return RootNotFound(f"No root is called {named}; {there}.{meant}")


def _plain_path(word: bytes) -> bytes | None:
    """The word as a path without dots, by its text alone; None where it is not absolute."""
    return os.path.normpath(word) if os.path.isabs(word) else None


def _numbered(name: str) -> Iterable[str]:
    yield name
    number = 2
    while True:
        yield f"{name}-{number}"
        number += 1
