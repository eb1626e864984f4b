"""Views as the daemon holds them: for as long as their call lives, bounded, and told of changes."""

from __future__ import annotations

import subprocess
import sys
import threading
from collections.abc import AsyncGenerator, Callable
from contextlib import AsyncExitStack, aclosing
from pathlib import Path
from typing import Any

import pytest

from sanchay.errors import InvalidArgument, ShuttingDown, TooManyViews, ViewNotFound
from sanchayd.views import store
from sanchayd.views.view import GroupRows, GroupsAsked, HitRows, HitsAsked, LetGo, MovedOn, News, Opened
from tests.support import trees
from tests.support.daemon import PATIENCE_S, DaemonProcess, environment
from tests.support.fake_catalog import FakeCatalog
from tests.support.program import until as until_now
from tests.unit.daemon.conftest import Core
from tests.unit.daemon.test_catalog import scanned_root

Play = Callable[..., Any]
ALL = HitsAsked("")


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    return trees.build(tmp_path / "tree", {"a": "same", "b": "same", "c": "other"})


async def first(news: AsyncGenerator[News, None]) -> Opened:
    opened = await anext(news)
    assert isinstance(opened, Opened)
    return opened


async def read(core: Core, view_id: int, position: int = 0, limit: int = 0) -> GroupRows | HitRows:
    return await core.views.read(view_id, position, limit=limit, paths_limit=0, max_bytes=1 << 20)


def test_a_view_is_read_by_position_until_its_call_ends(play: Play, tree: Path, catalog: FakeCatalog) -> None:
    async def scene(core: Core) -> None:
        await scanned_root(core, tree)
        async with aclosing(core.views.open(ALL)) as news:
            opened = await first(news)
            view_id, path = opened.view_id, bytes(tree / "b")
            position = await core.views.find(view_id, hash_bytes=b"", path=path)
            assert position is not None
            rows = await read(core, view_id, position, 1)
            assert isinstance(rows, HitRows)
            assert [row.path for row in rows.rows if row is not None] == [path]
            catalog.views[0].gone.add(path)
            rows = await read(core, view_id)
            assert [row is None for row in rows.rows] == [at == position for at in range(3)]
            with pytest.raises(InvalidArgument, match="in a view of groups"):
                await core.views.find(view_id, hash_bytes=b"h", path=b"")
        with pytest.raises(ViewNotFound):
            await read(core, view_id)
        assert len(core.views.store) == 0

    play(scene)


def test_groups_of_several_places_come_with_totals(play_with_engine: Play, tree: Path, tmp_path: Path) -> None:
    async def scene(core: Core) -> None:
        await scanned_root(core, tree)
        await scanned_root(core, trees.build(tmp_path / "more", {"a": "same", "d": "alike", "e": "alike"}))
        for asked, groups in (
            (GroupsAsked(), 2),
            (GroupsAsked(roots=(b"tree",)), 1),
            (GroupsAsked(roots=(b"more",), under=(bytes(tree),)), 2),
            (GroupsAsked(text="MORE/D"), 1),
        ):
            async with aclosing(core.views.open(asked)) as news:
                opened = await first(news)
                assert opened.view.kind == "groups"
                assert (len(opened.view), opened.view.total_groups) == (groups, groups)
                assert opened.not_compared is not None
                assert len((await read(core, opened.view_id)).rows) == groups
        with pytest.raises(InvalidArgument, match="not a valid order"):
            await anext(core.views.open(GroupsAsked(sort="colour")))

    play_with_engine(scene)


def test_changes_are_told_once_each_and_closing_ends_it(play: Play, catalog: FakeCatalog) -> None:
    async def scene(core: Core) -> None:
        async with aclosing(core.views.open(ALL)) as news:
            opened = await first(news)
            catalog.change()
            assert await anext(news) == MovedOn()
            assert (await read(core, opened.view_id)).moved_on
            core.views.close(opened.view_id)
            core.views.close(opened.view_id)
            assert [each async for each in news] == [LetGo("closed")]

    play(scene)


def test_a_view_that_is_not_read_is_let_go(play: Play, catalog: FakeCatalog) -> None:
    now_s = [0.0]

    async def scene(core: Core) -> None:
        async with aclosing(core.views.open(ALL)) as news:
            opened = await first(news)
            now_s[0] = store.IDLE_S - 1
            await read(core, opened.view_id)
            now_s[0] = store.IDLE_S + 1
            catalog.change()  # it wakes, and finds that it was read since
            assert await anext(news) == MovedOn()
            now_s[0] = 2 * store.IDLE_S
            assert [each async for each in news] == [LetGo("idle")]
            with pytest.raises(ViewNotFound, match="no longer held"):
                await read(core, opened.view_id)

    play(scene, clock_s=lambda: now_s[0])


def test_views_are_bounded_in_number_and_in_memory(play: Play, tree: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def scene(core: Core) -> None:
        await scanned_root(core, tree)
        async with AsyncExitStack() as stack:
            for _ in range(store.VIEWS_MOST):
                await first(await stack.enter_async_context(aclosing(core.views.open(ALL))))
            with pytest.raises(TooManyViews, match="16 views are open"):
                await anext(core.views.open(ALL))
        monkeypatch.setattr(store, "VIEWS_MOST_BYTES", 50)
        async with aclosing(core.views.open(ALL)) as news:
            await first(news)
            with pytest.raises(TooManyViews, match="as much as they may"):
                await anext(core.views.open(ALL))

    play(scene)


def test_views_end_with_the_daemon(play: Play) -> None:
    async def scene(core: Core) -> None:
        async with aclosing(core.views.open(ALL)) as news:
            await first(news)
            core.views.stop()
            with pytest.raises(ShuttingDown):
                await anext(news)

    play(scene)


def test_the_view_of_a_client_that_is_killed_is_let_go(daemon: DaemonProcess, tree: Path) -> None:
    with daemon.client() as client:
        client.add_root(tree, no_scan=True)
        code = (
            "from sanchay.client import Client\n"
            "views = [Client().open_hits('') for _ in range(16)]\nprint(views[0].id, flush=True)\ninput()\n"
        )
        with subprocess.Popen(
            [sys.executable, "-c", code],
            env=environment(daemon.home),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        ) as other:
            assert other.stdout is not None
            view = int(other.stdout.readline())
            assert client.read_view(view, 0).total == 0
            with pytest.raises(TooManyViews):
                client.open_hits("")
            other.kill()

        def is_gone() -> bool:
            try:
                client.read_view(view, 0)
            except ViewNotFound:
                return True
            return False

        until_now(is_gone)
        view_again = client.open_hits("")
        heard: list[str] = []

        def listen() -> None:
            heard.extend(each.let_go.reason for each in view_again.news() if each.HasField("let_go"))

        listener = threading.Thread(target=listen)
        listener.start()
        assert view_again.read(0).total == 0
        assert view_again.find(path=tree) is None
        view_again.close()
        listener.join(PATIENCE_S)
        assert heard == ["closed"]
        view_again.close()
