"""Those who follow the status hear that it changed, and what of it; without followers no one looks."""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from sanchay import errors
from sanchay.errors import InputOutputError
from sanchayd.events import news as module
from sanchayd.events.event import EventKind, StatusTopic, Wanted
from sanchayd.events.hub import EventHub, EventSubscription
from sanchayd.events.news import Standing, StatusNews
from tests.support import trees
from tests.support.daemon import DaemonProcess
from tests.support.program import until as until_then
from tests.unit.daemon.conftest import until

STATUS = Wanted(frozenset({EventKind.STATUS}))


class Scene:
    """A status that the test sets, its news, and a follower of them."""

    def __init__(self) -> None:
        self.now: dict[StatusTopic, object] = dict.fromkeys(StatusTopic, 0)
        self.looks: list[bool] = []
        self.looked = asyncio.Event()
        self.fails = False
        self.hub = EventHub()
        self.news = StatusNews(self.hub, self.look)

    async def look(self, all_of_it: bool) -> Standing:
        self.looks.append(all_of_it)
        self.looked.set()
        if self.fails:
            raise InputOutputError("The disk fails.")
        return dict(self.now)

    @contextlib.asynccontextmanager
    async def follower(self) -> AsyncIterator[EventSubscription]:
        with self.hub.subscribe(STATUS, recent=False, follow=True) as heard:
            first = await self.news.begin()
            assert first.topics == tuple(StatusTopic)
            running = asyncio.create_task(self.news.run())
            yield heard
            running.cancel()


async def next_look(scene: Scene) -> None:
    scene.looked.clear()
    await scene.looked.wait()


async def next_topics(heard: EventSubscription) -> list[str]:
    async for event in heard:
        return [topic.value for topic in event.topics]
    raise AssertionError("no more events")


def test_several_changes_that_come_together_are_one_event() -> None:
    async def scene() -> None:
        scene = Scene()
        async with scene.follower() as heard:
            scene.now[StatusTopic.PLANS] = 1
            scene.news.stir()
            await asyncio.sleep(0)
            scene.now[StatusTopic.ROOTS] = 1
            scene.news.stir()
            assert await next_topics(heard) == ["roots", "plans"]
            scene.now[StatusTopic.ROOTS] = 2
            scene.news.call_ended("RootService/UpdateRoot")
            assert await next_topics(heard) == ["roots"]

    asyncio.run(scene())


def test_what_is_changed_and_changed_back_at_once_is_news_too() -> None:
    async def scene() -> None:
        scene = Scene()
        async with scene.follower() as heard:
            await next_look(scene)
            scene.now[StatusTopic.ROOTS] = 1
            scene.news.call_ended("RootService/AddRoot")
            await next_look(scene)  # a client that asks for the status now sees the root
            scene.now[StatusTopic.ROOTS] = 0
            scene.news.call_ended("RootService/RemoveRoot")
            assert await next_topics(heard) == ["roots"]

    asyncio.run(scene())


def test_what_changes_by_itself_is_found_without_being_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "LOOK_S", 0.01)

    async def scene() -> None:
        scene = Scene()
        async with scene.follower() as heard:
            scene.fails = True
            looks = len(scene.looks)
            await until(lambda: len(scene.looks) >= looks + 2)  # one that fails ends nothing
            scene.fails = False
            scene.now[StatusTopic.CATALOG] = "disk_full"
            assert await next_topics(heard) == ["catalog"]

    asyncio.run(scene())


def test_no_one_looks_for_no_one() -> None:
    async def scene() -> None:
        scene = Scene()
        scene.news.stir()
        await scene.news.tell()
        assert scene.looks == []
        with scene.hub.subscribe(Wanted(frozenset({EventKind.JOB})), recent=False, follow=True):
            scene.news.stir()
            await scene.news.tell()
        assert scene.looks == []
        with scene.hub.subscribe(Wanted(), recent=False, follow=True):
            await scene.news.begin()
            await scene.news.tell()
        assert scene.looks == [True, True]

    asyncio.run(scene())


@pytest.mark.parametrize(
    ("method", "changes"),
    [
        ("DaemonService/GetStatus", False),
        ("CatalogService/Find", False),
        ("DedupeService/ListPlans", False),
        ("CatalogService/ReadView", False),
        ("DedupeService/EditPlan", True),
    ],
)
def test_the_journal_is_asked_only_after_calls_that_may_change_something(method: str, changes: bool) -> None:
    async def scene() -> None:
        scene = Scene()
        with scene.hub.subscribe(STATUS, recent=False, follow=True):
            await scene.news.begin()
            await scene.news.tell()
            scene.news.call_ended(method)
            await scene.news.tell()
        assert scene.looks[-1] is changes

    asyncio.run(scene())


def test_a_client_hears_of_each_change_of_the_status(tmp_path: Path) -> None:
    with DaemonProcess(tmp_path / "home", fake=True) as daemon, daemon.client() as client:
        topics: list[set[str]] = []

        def listen() -> None:
            with contextlib.suppress(errors.ShuttingDown, errors.DaemonUnavailable):
                for event in client.events(kinds=["status"], follow=True):
                    assert event.kind == "status"
                    topics.append(set(event.topics))

        thread = threading.Thread(target=listen)
        thread.start()
        until_then(lambda: topics)
        assert topics == [{topic.value for topic in StatusTopic}]

        def told(topic: str, change: Callable[[], object]) -> None:
            topics.clear()
            change()
            until_then(lambda: any(topic in each for each in topics))

        tree = trees.build(tmp_path / "films", {"a": "a"})
        told("roots", lambda: client.add_root(tree, no_scan=True))
        told("roots", lambda: client.update_root("films", name="movies"))
        told("pause", lambda: client.pause_background(3600))
        told("pause", client.resume_background)
        told("schedules", lambda: client.add_schedule("nightly", "scan", cron="0 2 * * *"))
        told("schedules", lambda: client.disable_schedule("nightly"))
        told("plans", client.make_plan)
        told("settings", lambda: daemon.where.config_file.write_text("max_scans = 1\n"))
        told("roots", lambda: client.remove_root("movies"))
        told("notices", lambda: daemon.where.state_file.rename(tmp_path / "state.db"))
        daemon.process.terminate()
        thread.join()
