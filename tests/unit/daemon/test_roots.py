"""Roots: their names, how a person's word for one is understood, and what may become one."""

from __future__ import annotations

import asyncio
import json
import os
import sqlite3
import threading
from collections.abc import Callable
from contextlib import closing
from dataclasses import fields
from pathlib import Path
from typing import Any, cast

import pytest

from sanchay import documents
from sanchay.errors import ConfigInvalid, NotAbsolute, NotAFolder, NotFound, OwnFolder, RootNameTaken, SanchayError
from sanchayd.jobs.job import Job, JobState
from sanchayd.roots.root import HashAlgorithm, HashScope, RootSettings, WatchMode
from sanchayd.roots.service import RootChange
from sanchayd.roots.store import RootStore
from sanchayd.rpc.convert import root as convert_root
from tests.support.fake_catalog import FakeCatalog
from tests.support.fake_values import StoredRoot
from tests.unit.daemon.conftest import Core

Play = Callable[..., Any]


async def add(core: Core, path: Path | bytes, name: str = "") -> Any:
    return await core.roots.add(bytes(path), name, RootSettings(), no_scan=True, request_id="")


def folder(path: Path) -> Path:
    path.mkdir(parents=True)
    return path


def test_names_are_made_from_the_folder_and_stay_unique(play: Play, tmp_path: Path) -> None:
    async def scene(core: Core) -> None:
        names = [(await add(core, folder(tmp_path / parent / "photos"))).view.root.name for parent in "abc"]
        assert names == ["photos", "photos-2", "photos-3"]
        assert (await add(core, folder(tmp_path / "2024"))).view.root.name == "root-2024"
        raw = bytes(tmp_path) + b"/\xff\n"
        os.mkdir(raw)
        assert (await add(core, raw)).view.root.name == "\ufffd?"

    play(scene)


@pytest.mark.parametrize("name", [" ", "12", "/abs", "a\nb", "x" * 101])
def test_a_name_that_could_be_mistaken_is_refused(play: Play, tmp_path: Path, name: str) -> None:
    async def scene(core: Core) -> None:
        with pytest.raises(SanchayError, match="not a valid name for a root"):
            await add(core, folder(tmp_path / "a"), name)
        assert await core.roots.list_roots() == []

    play(scene)


def test_a_taken_name_is_refused_and_a_free_one_stays_with_its_root(play: Play, tmp_path: Path) -> None:
    async def scene(core: Core) -> None:
        await add(core, folder(tmp_path / "a"), "films")
        with pytest.raises(RootNameTaken):
            await add(core, folder(tmp_path / "b"), "films")
        await core.roots.update(b"films", RootChange(name="films"))

    play(scene)


def test_a_root_is_found_by_name_id_path_and_what_a_symlink_leads_to(play: Play, tmp_path: Path) -> None:
    async def scene(core: Core) -> None:
        path = folder(tmp_path / "photos")
        (tmp_path / "link").symlink_to(path)
        root = (await add(core, path)).view.root
        words = [
            b"photos",
            b"1",
            bytes(path),
            bytes(path) + b"/",
            bytes(path) + b"/../photos",
            bytes(tmp_path / "link"),
        ]
        for word in words:
            assert await core.registry.resolve(word) == root
        path.rmdir()
        assert await core.registry.resolve(bytes(path)) == root
        for word in (b"photo", b"2", b"", bytes(tmp_path), b"\xff"):
            with pytest.raises(SanchayError, match=r"the roots are: photos\."):
                await core.registry.resolve(word)

    play(scene)


def test_a_root_given_twice_or_through_a_symlink_is_one_root(play: Play, tmp_path: Path) -> None:
    async def scene(core: Core) -> None:
        path = folder(tmp_path / "photos")
        (tmp_path / "link").symlink_to(path)
        first = await add(core, path)
        again = await add(core, tmp_path / "link", "other")
        assert (first.existed, again.existed) == (False, True)
        assert again.view.root == first.view.root

    play(scene)


def test_roots_inside_each_other_are_accepted_and_said(play: Play, tmp_path: Path) -> None:
    async def scene(core: Core) -> None:
        inner = folder(tmp_path / "movies" / "old")
        assert (await add(core, tmp_path / "movies")).notices == ()
        assert "old lies inside the root movies" in (await add(core, inner)).notices[0]
        assert (await add(core, folder(tmp_path / "movies2"))).notices == ()
        notices = (await add(core, tmp_path, "everything")).notices
        assert len(notices) == 3
        assert "everything contains the root movies;" in notices[0]

    play(scene)


@pytest.mark.parametrize(
    ("make", "kind"),
    [
        (lambda _: b"relative", NotAbsolute),
        (lambda base: bytes(base / "missing"), NotFound),
        (lambda base: bytes(base / "file"), NotAFolder),
        (lambda base: bytes(base / "own"), OwnFolder),
    ],
)
def test_what_cannot_be_a_root_is_refused_and_nothing_changes(
    play: Play, tmp_path: Path, catalog: FakeCatalog, make: Callable[[Path], bytes], kind: type[SanchayError]
) -> None:
    (tmp_path / "file").write_text("x")
    catalog.own_folders = (bytes(folder(tmp_path / "own")),)

    async def scene(core: Core) -> None:
        with pytest.raises(SanchayError) as caught:
            await add(core, make(tmp_path))
        assert type(caught.value) is kind
        assert await core.roots.list_roots() == []

    play(scene)


def test_a_root_whose_hashes_could_not_be_compared_is_refused_with_why(play: Play, tmp_path: Path) -> None:
    async def scene(core: Core) -> None:
        sha256, unread = RootSettings(algorithm=HashAlgorithm.SHA256), RootSettings(hash=HashScope.NONE)
        await add(core, folder(tmp_path / "first"))
        with pytest.raises(SanchayError, match=r"hashed with blake3.*cannot be compared"):
            await core.roots.add(bytes(folder(tmp_path / "second")), "", sha256, no_scan=True, request_id="")
        await core.roots.add(bytes(tmp_path / "second"), "", unread, no_scan=True, request_id="")
        with pytest.raises(SanchayError, match="cannot be compared"):
            await core.roots.update(b"second", RootChange(hash=HashScope.ALL, algorithm=HashAlgorithm.SHA256))
        await core.roots.update(b"second", RootChange(hash=HashScope.ALL))
        # The same root again is no second one.
        again = await core.roots.add(bytes(tmp_path / "first"), "", sha256, no_scan=True, request_id="")
        assert again.existed

    play(scene)


def test_only_what_is_set_is_changed_and_the_catalog_hears_of_it(
    play: Play, tmp_path: Path, catalog: FakeCatalog
) -> None:
    async def scene(core: Core) -> None:
        await add(core, folder(tmp_path / "a"))
        await core.roots.update(b"a", RootChange(hash=HashScope.DUPLICATES, exclude=("*.tmp", "x"), skip_hidden=True))
        await core.roots.update(b"a", RootChange(name="b", algorithm=HashAlgorithm.SHA256, exclude=("x", "y")))
        expected = RootSettings(HashScope.DUPLICATES, HashAlgorithm.SHA256, ("*.tmp", "x", "y"), False, True)
        assert catalog.roots[1].settings == expected
        assert (await RootStore(core.store).all())[0].settings == expected
        await core.roots.update(b"b", RootChange(replace_exclude=True, one_file_system=True, skip_hidden=False))
        view = (await core.roots.list_roots())[0]
        assert view.root.settings.exclude == ()
        assert view.root.settings.one_file_system
        assert not view.root.settings.skip_hidden

    play(scene)


def test_roots_outlive_the_daemon_and_ids_are_never_used_twice(
    play: Play, tmp_path: Path, catalog: FakeCatalog
) -> None:
    async def first(core: Core) -> None:
        await add(core, folder(tmp_path / "a"))
        await add(core, folder(tmp_path / "b"))
        await core.roots.remove(b"b")

    async def second(core: Core) -> None:
        assert list(catalog.roots) == [1]
        assert (await add(core, tmp_path / "b")).view.root.id == 3

    play(first)
    catalog.roots.clear()
    play(second)


def test_a_removal_goes_on_though_its_asker_is_gone_and_a_second_asker_waits_for_the_same(
    play: Play, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def scene(core: Core) -> None:
        await add(core, folder(tmp_path / "a"))
        begun, may_end, times = threading.Event(), threading.Event(), []

        def slow(root_id: int) -> None:
            times.append(root_id)
            begun.set()
            assert may_end.wait(30)
            FakeCatalog.remove_root(core.catalog, root_id)

        monkeypatch.setattr(core.catalog, "remove_root", slow)
        first = asyncio.ensure_future(core.roots.remove(b"a"))
        await asyncio.to_thread(begun.wait, 30)
        first.cancel()
        with pytest.raises(asyncio.CancelledError):
            await first
        second = asyncio.ensure_future(core.roots.remove(b"a"))
        await asyncio.sleep(0)
        may_end.set()
        assert (await second).root.name == "a"
        assert await core.roots.list_roots() == []
        assert len(times) == 1

    play(scene)


def test_a_folder_that_is_accepted_is_scanned(play: Play, tmp_path: Path, catalog: FakeCatalog) -> None:
    async def scene(core: Core) -> None:
        root = (await add(core, folder(tmp_path / "a"))).view.root
        await core.roots.update(b"a", RootChange(name="b"))
        assert (catalog.accepted, catalog.scans) == ([], [])
        await core.roots.update(b"b", RootChange(accept=True))
        assert catalog.accepted == [root.id]
        page = await core.jobs.list_jobs(active_only=False, limit=10, token="")
        assert [job.root_ids[0] for job in page.jobs] == [root.id]

    play(scene)


#: As the engine writes those of a root for which nothing was chosen.
DEFAULTS = {"hash": "all", "algorithm": "blake3", "exclude": [], "one_file_system": False, "skip_hidden": False}


def stored(path: Path, name: str = "found", **settings: Any) -> StoredRoot:
    return StoredRoot(bytes(path), json.dumps({"name": name, **DEFAULTS, **settings}))


def test_rows_of_no_root_are_offered_again_and_kept_up_by_nobody_until_they_are_asked_for(
    play: Play, tmp_path: Path, catalog: FakeCatalog
) -> None:
    mine, left = folder(tmp_path / "mine"), folder(tmp_path / "left")
    catalog.stored = [stored(left, hash="duplicates", exclude=["*.tmp"], watch="poll")]

    async def scene(core: Core) -> None:
        added = (await add(core, mine)).view.root
        (found,) = [root for root in core.registry.all() if not root.claimed]
        assert (found.name, found.path, found.settings.exclude) == ("found", bytes(left), ("*.tmp",))
        assert catalog.matched == [(found.id, bytes(left))]
        assert catalog.roots[found.id].settings.watch is WatchMode.OFF
        views = {view.root.name: view.freshness.reason for view in await core.roots.list_roots()}
        assert "was lost or replaced" in views["found"]
        assert "was lost or replaced" not in views["mine"]
        jobs = await core.scans.start_all([], background=True, request_id="")
        assert [job.root_ids[0] for job in jobs.jobs] == [added.id]
        again = await add(core, left)
        assert (again.existed, again.view.root.id, again.view.root.settings) == (False, found.id, found.settings)
        assert catalog.roots[found.id].settings.watch is WatchMode.POLL
        assert again.view.freshness.reason == ""

    play(scene)

    async def after(core: Core) -> None:
        assert all(root.claimed for root in core.registry.all())
        assert sorted(path for _, path in catalog.matched) == sorted([bytes(mine), bytes(left)])

    play(after)


def test_rows_of_no_root_can_be_removed(play: Play, tmp_path: Path, catalog: FakeCatalog) -> None:
    catalog.stored = [stored(tmp_path / "a", "same"), stored(tmp_path / "b", "same"), StoredRoot(b"/c", "not JSON")]

    async def scene(core: Core) -> None:
        assert [root.name for root in core.registry.all()] == ["same", "b", "c"]
        await core.roots.remove(b"same")
        assert [root.name for root in core.registry.all()] == ["b", "c"]

    play(scene)


async def ended_job(core: Core, job_id: int) -> Job:
    return [job async for job in core.jobs.follow(job_id)][-1]


ALL_SETTINGS = tuple(field.name for field in fields(RootSettings))
REPAIR = RootChange(
    hash=HashScope.ALL,
    algorithm=HashAlgorithm.BLAKE3,
    exclude=["raw/*"],
    replace_exclude=True,
    one_file_system=False,
    skip_hidden=True,
    watch=WatchMode.POLL,
    poll_s=60,
    replace_expect_unreadable=True,
)


@pytest.mark.parametrize(
    ("change", "settings"),
    [
        ("hash = 'nonsense'", ("hash",)),
        ("hash = x'ff', poll_s = -1", ("hash", "poll_s")),
        ("hash = CAST(x'ff' AS TEXT), created_ns = 'long ago'", ("hash",)),
        ("algorithm = 7, watch = ''", ("algorithm", "watch")),
        ("exclude = '[broken'", ("exclude",)),
        ("exclude = '[1]'", ("exclude",)),
        ("exclude = 'null', one_file_system = 2, skip_hidden = 'yes'", ("exclude", "one_file_system", "skip_hidden")),
        ("poll_s = 'often', expect_unreadable = 'relative'", ("poll_s", "expect_unreadable")),
    ],
)
def test_a_root_whose_row_cannot_be_read_is_left_alone_until_that_is_set_again(
    play: Play, tmp_path: Path, catalog: FakeCatalog, change: str, settings: tuple[str, ...]
) -> None:
    bad, good = folder(tmp_path / "bad"), folder(tmp_path / "good")

    async def before(core: Core) -> None:
        await core.roots.add(bytes(bad), "", RootSettings(exclude=("*.tmp",)), no_scan=True, request_id="")
        await add(core, good)

    play(before)
    with closing(sqlite3.connect(tmp_path / "home" / "state.db")) as state, state:
        state.execute(f"UPDATE root SET {change} WHERE id = 1")
    catalog.stored = [stored(bad, "bad", exclude=["*.tmp"]), stored(good, "good")]
    catalog.roots.clear()

    async def scene(core: Core) -> None:
        left, other = await core.roots.list_roots()
        assert (left.root.name, left.root.path) == ("bad", bytes(bad))
        assert left.root.unreadable is not None
        assert left.root.unreadable.settings == settings
        assert all(f"{name} is " in left.freshness.reason for name in settings)
        assert (other.root.unreadable, other.freshness.reason) == (None, "")
        # The catalog goes by what it has itself, and looks at nothing.
        assert catalog.roots[1].settings == RootSettings(exclude=("*.tmp",), watch=WatchMode.OFF)
        await core.registry.set_default_watch(WatchMode.POLL)
        assert [catalog.roots[root_id].settings.watch for root_id in (1, 2)] == [WatchMode.OFF, WatchMode.POLL]
        jobs = (await core.scans.start_all([], background=False, request_id="")).jobs
        ended = [await ended_job(core, job.id) for job in jobs]
        assert [job.state for job in ended] == [JobState.FAILED, JobState.DONE]
        assert left.root.left_alone() in ended[0].message
        assert [scan.root.id for scan in catalog.scans] == [2]
        with pytest.raises(ConfigInvalid, match="cannot be read"):
            await core.live.sync(b"bad")
        message = convert_root.from_view(left)
        assert tuple(message.unreadable_settings) == settings
        shown = cast(dict[str, object], documents.root(message)["settings"])
        assert [name for name, value in shown.items() if value is None] == list(settings)
        assert (await add(core, bad)).existed
        with pytest.raises(ConfigInvalid, match=f"Set .*{settings[0]}"):
            await core.roots.update(b"bad", RootChange(name="renamed"))
        assert catalog.roots[1].settings.watch is WatchMode.OFF
        mended = await core.roots.update(b"bad", REPAIR)
        assert mended.root.unreadable is None
        assert "cannot be read" not in mended.freshness.reason
        assert catalog.roots[1].settings == REPAIR.apply(RootSettings())

    play(scene)

    async def after(core: Core) -> None:
        assert [root.unreadable for root in core.registry.all()] == [None, None]
        assert (await RootStore(core.store).all())[0].settings == REPAIR.apply(RootSettings())

    play(after)


def test_a_root_that_the_catalog_does_not_know_is_not_cataloged_without_its_filters(
    play: Play, tmp_path: Path, catalog: FakeCatalog
) -> None:
    async def before(core: Core) -> None:
        await add(core, folder(tmp_path / "bad"))

    play(before)
    with closing(sqlite3.connect(tmp_path / "home" / "state.db")) as state, state:
        state.execute("UPDATE root SET skip_hidden = 'perhaps'")

    async def scene(core: Core) -> None:
        told = catalog.roots[1].settings
        assert (told.hash, told.exclude, told.watch) == (HashScope.NONE, ("*",), WatchMode.OFF)
        assert await core.registry.never_scanned() == []
        await core.roots.remove(b"bad")
        assert (await add(core, tmp_path / "bad")).view.freshness.reason == ""

    play(scene)


def test_rows_of_no_root_whose_settings_cannot_be_read_are_not_taken_up_by_defaults(
    play: Play, tmp_path: Path, catalog: FakeCatalog
) -> None:
    catalog.stored = [
        StoredRoot(bytes(folder(tmp_path / "a")), "not JSON"),
        stored(folder(tmp_path / "b"), "b", hash="some", exclude=["*.tmp"], expect_unreadable=[list(b"/b/x")]),
    ]

    async def scene(core: Core) -> None:
        first, second = core.registry.all()
        assert first.unreadable is not None
        assert second.unreadable is not None
        assert (first.unreadable.settings, second.unreadable.settings) == (ALL_SETTINGS, ("hash",))
        assert (second.settings.exclude, second.settings.expect_unreadable) == (("*.tmp",), (b"/b/x",))
        assert catalog.roots == {}  # the engine leaves alone by itself what it cannot read
        for name in "ab":
            with pytest.raises(ConfigInvalid, match="cannot be read"):
                await add(core, tmp_path / name)

    for _ in range(2):  # the second start goes by state.db
        play(scene)

    async def taken_up(core: Core) -> None:
        await core.roots.update(b"a", REPAIR)
        await core.roots.update(b"b", RootChange(hash=HashScope.NONE))
        for name in "ab":
            assert (await add(core, tmp_path / name)).view.root.claimed
        assert [root.settings.exclude for root in core.registry.all()] == [("raw/*",), ("*.tmp",)]

    play(taken_up)
