"""How roots are kept up to date: what the engine is told, what its events become, and how fresh answers are."""

from __future__ import annotations

import asyncio
import os
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from sanchay.errors import Busy, RootOffline, SanchayError, ShuttingDown
from sanchay.sentences import Sentence
from sanchayd.catalog.board import LOOK_S
from sanchayd.catalog.freshness import Freshness, FreshnessState, of_root, overall
from sanchayd.engine_port.values import LiveStatus, RootStatus
from sanchayd.events.event import Event, EventKind, Wanted
from sanchayd.events.service import JobNews
from sanchayd.jobs.job import Job, JobRoot, JobState
from sanchayd.live import SYNCS_AT_ONCE
from sanchayd.roots.root import RootSettings, WatchMode
from sanchayd.roots.service import RootChange
from sanchayd.roots.store import RootStore
from tests.support import trees
from tests.support.daemon import PATIENCE_S
from tests.support.fake_catalog import FakeCatalog
from tests.support.fake_live import LiveEvent
from tests.unit.daemon.conftest import Core, make_config, until
from tests.unit.daemon.test_jobs import end_of

Play = Callable[..., Any]
STATES = FreshnessState


async def add(core: Core, path: Path, settings: RootSettings | None = None, *, scan: bool = True) -> int:
    os.makedirs(path, exist_ok=True)
    added = await core.roots.add(bytes(path), "", settings or RootSettings(), no_scan=not scan, request_id="")
    if scan:
        await end_of(core, added.job_id)
    return added.view.root.id


async def next_batch(core: Core, wanted: Wanted) -> list[Event]:
    """What is remembered, once there is something."""
    await until(lambda: bool(core.hub.recent(wanted)))
    return core.hub.recent(wanted)


LIVE = LiveStatus(1, "events", "", "live", "", as_of_ns=50)
READY = RootStatus(1, "ready", 40, "", 1, 1, 1)


@pytest.mark.parametrize(
    ("status", "live", "scanning", "state", "as_of_ns"),
    [
        (READY, LIVE, False, STATES.LIVE, 99),
        (READY, replace(LIVE, pending=5), False, STATES.LIVE, 99),
        (READY, LIVE, True, STATES.LIVE, 99),
        (READY, replace(LIVE, state="reconciling"), False, STATES.RECONCILING, 50),
        (READY, replace(LIVE, state="reconciling"), True, STATES.SCANNING, 50),
        (READY, replace(LIVE, state="polled"), False, STATES.POLLED, 50),
        (READY, replace(LIVE, state="degraded", reason="no watches"), False, STATES.POLLED, 50),
        (READY, replace(LIVE, state="offline"), False, STATES.OFFLINE, 50),
        (READY, LiveStatus(1), False, STATES.SCANNED, 40),
        (READY, LiveStatus(1), True, STATES.SCANNING, 40),
        (replace(READY, state="partial", reason="2 folders"), LIVE, False, STATES.PARTIAL, 50),
        (replace(READY, state="offline"), LIVE, False, STATES.OFFLINE, 50),
        (replace(READY, state="offline"), LiveStatus(1), False, STATES.OFFLINE, 40),
        (replace(READY, state="new", scanned_ns=0), LIVE, False, STATES.NEVER_SCANNED, 0),
        (replace(READY, state="new", scanned_ns=0), LIVE, True, STATES.SCANNING, 0),
    ],
)
def test_the_freshness_of_a_root(
    status: RootStatus, live: LiveStatus, scanning: bool, state: FreshnessState, as_of_ns: int
) -> None:
    fresh = of_root(status, live, scanning=scanning, now_ns=99)
    assert (fresh.state, fresh.as_of_ns) == (state, as_of_ns)
    assert live.reason in fresh.reason


def test_nothing_is_live_while_the_catalogs_disk_is_full() -> None:
    fresh = of_root(READY, LIVE, scanning=False, now_ns=99, disk_full=True)
    assert (fresh.state, fresh.as_of_ns) == (STATES.RECONCILING, 50)
    assert "is full" in fresh.reason
    assert of_root(READY, LiveStatus(1), scanning=False, now_ns=99, disk_full=True).state is STATES.SCANNED
    beginning = LiveStatus(1, mode="events", state="")
    assert of_root(READY, beginning, scanning=False, now_ns=99).state is STATES.RECONCILING  # not "not watched"


def test_several_roots_are_as_fresh_as_the_least_of_them() -> None:
    live = of_root(READY, LIVE, scanning=False, now_ns=99)
    polled = of_root(READY, replace(LIVE, state="polled"), scanning=False, now_ns=99)
    gone = of_root(READY, replace(LIVE, state="offline", reason="not mounted"), scanning=False, now_ns=99)
    assert overall([("a", live), ("b", live)]) == live
    assert overall([("a", live), ("b", polled)]).reason == "b"
    fresh = overall([("a", live), ("b", polled), ("usb", gone)])
    assert (fresh.state, fresh.as_of_ns, fresh.reason) == (STATES.OFFLINE, 50, "usb: not mounted")


def test_what_cannot_be_read_hides_no_root_that_is_away() -> None:
    partial = replace(READY, state="partial", reason="/a could not be read")
    unread = of_root(partial, LIVE, scanning=False, now_ns=99)
    assert (unread.state, unread.rest) == (STATES.PARTIAL, STATES.LIVE)
    assert of_root(partial, LiveStatus(1), scanning=False, now_ns=99).rest is STATES.SCANNED
    held = of_root(replace(partial, holds=True), LIVE, scanning=False, now_ns=99)
    assert (held.state, held.rest) == (STATES.PARTIAL, None)
    gone = of_root(READY, replace(LIVE, state="offline", reason="not mounted"), scanning=False, now_ns=99)
    polled = of_root(READY, replace(LIVE, state="polled"), scanning=False, now_ns=99)
    assert overall([("a", unread), ("usb", gone)]) == Freshness(STATES.OFFLINE, 50, Sentence.plain("usb: not mounted"))
    fresh = overall([("a", unread), ("b", polled)])
    assert (fresh.state, fresh.rest, fresh.reason) == (STATES.PARTIAL, STATES.POLLED, "a: /a could not be read")
    assert overall([("a", unread), ("b", held)]).rest is None


def test_watching_starts_with_the_settings_and_follows_their_changes(
    play: Play, tmp_path: Path, catalog: FakeCatalog
) -> None:
    async def scene(core: Core) -> None:
        home = tmp_path / "home"
        first = await add(core, tmp_path / "a")
        second = await add(core, tmp_path / "b", RootSettings(watch=WatchMode.POLL, poll_s=7))
        await core.live.start(make_config(home, settle_ms="20", reconcile_minutes="3"))
        assert catalog.live.started == {"settle_ms": 20, "reconcile_s": 180}
        assert {live.root_id: live.mode for live in catalog.live.statuses.values()} == {first: "events", second: "poll"}
        await core.live.apply(make_config(home, settle_ms="30", reconcile_minutes="3", watch="off"))
        assert catalog.live.started == {"settle_ms": 30, "reconcile_s": 180}
        assert {live.root_id: live.mode for live in catalog.live.statuses.values()} == {first: "off", second: "poll"}
        third = await add(core, tmp_path / "c")
        assert catalog.live.statuses[third].mode == "off"
        await core.roots.update(b"c", RootChange(watch=WatchMode.EVENTS))
        await core.live.apply(make_config(home, settle_ms="30", reconcile_minutes="3"))
        assert {live.root_id: live.mode for live in catalog.live.statuses.values()} == {
            first: "events",
            second: "poll",
            third: "events",
        }
        # what was asked for stays what it was: the default is no choice of the root's
        assert [root.settings.watch for root in await RootStore(core.store).all()] == [
            WatchMode.AUTO,
            WatchMode.POLL,
            WatchMode.EVENTS,
        ]

    play(scene)


def test_how_a_root_is_watched_outlives_the_daemon(play: Play, tmp_path: Path, catalog: FakeCatalog) -> None:
    async def first(core: Core) -> None:
        await add(core, tmp_path / "a")
        await core.roots.update(b"a", RootChange(watch=WatchMode.POLL, poll_s=30))

    async def second(core: Core) -> None:
        (view,) = await core.roots.list_roots()
        assert (view.root.settings.watch, view.root.settings.poll_s) == (WatchMode.POLL, 30)
        assert catalog.roots[1].settings.watch is WatchMode.POLL

    play(first)
    catalog.roots.clear()
    play(second)


def test_what_the_engine_notices_becomes_events(play: Play, tmp_path: Path, catalog: FakeCatalog) -> None:
    async def scene(core: Core) -> None:
        root_id = await add(core, tmp_path / "films")
        await core.live.start(make_config(tmp_path / "home"))
        catalog.live.emit(
            LiveEvent("moved", root_id, b"/new", b"/old", 0, 9, at_ns=5),
            LiveEvent("root_offline", root_id, message="not mounted", at_ns=6),
            LiveEvent("added", 77, b"/of a root that went"),
            dropped=3,
        )
        lost, moved, offline = await next_batch(core, Wanted())
        assert (lost.kind, lost.dropped) == (EventKind.DROPPED, 3)
        assert (moved.kind, moved.at_ns, moved.path, moved.other_path) == (EventKind.MOVED, 5, b"/new", b"/old")
        assert (moved.root, moved.root_id, moved.size) == ("films", root_id, 9)
        assert (offline.kind, offline.path, offline.message) == (
            EventKind.ROOT_OFFLINE,
            bytes(tmp_path / "films"),
            "not mounted",
        )

    play(scene)


def test_changes_that_follow_one_another_are_taken_together(
    play: Play, tmp_path: Path, catalog: FakeCatalog, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sanchayd.live.BATCH_EVERY_S", 1.0)
    batches: list[int] = []

    async def scene(core: Core) -> None:
        root_id = await add(core, tmp_path / "films")
        publish = core.hub.publish

        def count(events: Sequence[Event], **options: Any) -> None:
            batches.append(len(events))
            publish(events, **options)

        monkeypatch.setattr(core.hub, "publish", count)
        await core.live.start(make_config(tmp_path / "home"))
        catalog.live.emit(LiveEvent("added", root_id, b"/first"))
        await until(lambda: batches == [1])
        for number in range(50):
            catalog.live.emit(LiveEvent("added", root_id, b"/%d" % number))
        await until(lambda: sum(batches) == 51)
        assert batches == [1, 50]

    play(scene)


def test_an_answer_tells_of_the_roots_that_it_draws_on(play: Play, tmp_path: Path, catalog: FakeCatalog) -> None:
    async def scene(core: Core) -> None:
        first = await add(core, tmp_path / "a")
        await add(core, tmp_path / "b")
        await core.live.start(make_config(tmp_path / "home"))
        assert (await core.reads.summary("type", [])).freshness.state is STATES.LIVE
        gone = replace(catalog.live.statuses[first], state="offline", reason="not mounted", as_of_ns=4)
        catalog.live.statuses[first] = gone
        catalog.live.emit(LiveEvent("root_offline", first))
        await next_batch(core, Wanted())
        fresh = (await core.reads.find("x", sort="", limit=0, token="")).freshness
        assert (fresh.state, fresh.reason) == (STATES.OFFLINE, "a: not mounted")
        assert (await core.reads.summary("type", [b"b"])).freshness.state is STATES.LIVE
        assert (await core.reads.usage(bytes(tmp_path / "b"), depth=0, limit=0)).freshness.state is STATES.LIVE
        assert [view.state for view in await core.roots.list_roots()] == ["offline", "ready"]

    play(scene)


@pytest.mark.parametrize(("searched", "state"), [([1, 2], STATES.OFFLINE), ([2], STATES.LIVE), ([1], STATES.OFFLINE)])
def test_a_search_is_as_fresh_as_the_roots_that_the_engine_says_it_draws_on(
    play: Play, tmp_path: Path, catalog: FakeCatalog, searched: list[int], state: FreshnessState
) -> None:
    async def scene(core: Core) -> None:
        first = await add(core, tmp_path / "a")
        await add(core, tmp_path / "b")
        await core.live.start(make_config(tmp_path / "home"))
        catalog.live.statuses[first] = replace(catalog.live.statuses[first], state="offline")
        core.board.mark(first)
        catalog.searched_roots = searched
        assert (await core.reads.find("x", sort="", limit=0, token="")).freshness.state is state

    play(scene)


def test_an_answer_that_was_long_on_its_way_does_not_replace_a_newer_one(
    play: Play, tmp_path: Path, catalog: FakeCatalog, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def scene(core: Core) -> None:
        root_id = await add(core, tmp_path / "a", scan=False)
        answer, asked, let_go = catalog.root_status, threading.Event(), threading.Event()

        def slow(root_id: int) -> RootStatus:
            status = answer(root_id)
            asked.set()
            assert let_go.wait(PATIENCE_S)
            return status

        monkeypatch.setattr(catalog, "root_status", slow)
        early = asyncio.ensure_future(core.board.refresh([root_id]))
        assert await asyncio.to_thread(asked.wait, PATIENCE_S)
        monkeypatch.setattr(catalog, "root_status", answer)
        started = await core.scans.start_all([bytes(tmp_path / "a")], background=False, request_id="")
        await end_of(core, started.jobs[0].id)
        let_go.set()
        await early
        assert (await core.reads.summary("type", [])).freshness.state is STATES.SCANNED

    play(scene)


def test_many_questions_in_a_row_cost_few_looks(play: Play, tmp_path: Path, catalog: FakeCatalog) -> None:
    now_s = [time.monotonic() + 1000]

    async def scene(core: Core) -> None:
        await add(core, tmp_path / "a")
        await core.board.look()
        before = catalog.live.looks
        for _ in range(50):
            await core.reads.summary("type", [])
        assert catalog.live.looks == before
        now_s[0] += LOOK_S
        await core.reads.summary("type", [])
        await core.reads.summary("type", [])
        assert catalog.live.looks == before + 1

    play(scene, clock_s=lambda: now_s[0])


def test_a_sync_ends_with_what_was_written_before_it(play: Play, tmp_path: Path, catalog: FakeCatalog) -> None:
    async def scene(core: Core) -> None:
        await add(core, tmp_path / "films")
        await core.live.start(make_config(tmp_path / "home"))
        trees.build(tmp_path / "films", {"new.txt": "new"})
        synced = await core.live.sync(b"films")
        assert (synced.state, synced.freshness.state, synced.view.files) == ("done", STATES.LIVE, 1)
        assert (await core.reads.find("new", sort="", limit=0, token="")).answer.total == 1
        (tmp_path / "films" / "new.txt").unlink()
        (tmp_path / "films").rmdir()
        with pytest.raises(RootOffline, match="films could not be brought up to date"):
            await core.live.sync(b"films")
        with pytest.raises(SanchayError, match="No root is called"):
            await core.live.sync(b"nothing")

    play(scene)


def test_a_sync_that_nobody_waits_for_any_more_is_called_off(play: Play, tmp_path: Path, catalog: FakeCatalog) -> None:
    async def scene(core: Core) -> None:
        await add(core, tmp_path / "films")
        catalog.gate.clear()
        syncs = [asyncio.ensure_future(core.live.sync(b"films")) for _ in range(SYNCS_AT_ONCE)]
        await until(lambda: len(catalog.scans) == 1 + SYNCS_AT_ONCE)
        with pytest.raises(Busy, match="64 syncs are under way"):
            await core.live.sync(b"films")
        for sync in syncs:
            sync.cancel()
        await asyncio.wait(syncs)
        await until(lambda: all(scan.cancelled.is_set() for scan in catalog.scans[1:]))
        catalog.gate.set()
        assert (await core.live.sync(b"films")).state == "done"

    play(scene)


def test_new_states_of_jobs_are_told_at_once_and_progress_each_second(play: Play, tmp_path: Path) -> None:
    async def scene(core: Core) -> None:
        now_s = [0.0]
        news = JobNews(core.queue, core.hub, lambda: now_s[0])
        job = Job(5, "scan", (JobRoot(1, "films"),), JobState.QUEUED, True, 1)
        with core.hub.subscribe(Wanted(), recent=False, follow=True) as subscription:
            for seconds, state in (
                (0.0, JobState.QUEUED),
                (0.1, JobState.RUNNING),
                (0.2, JobState.RUNNING),
                (1.2, JobState.RUNNING),
                (1.3, JobState.DONE),
            ):
                now_s[0] = seconds
                news.tell(replace(job, state=state))
            core.hub.close()
            told = [
                event.job.state.value
                for batch in [b async for b in subscription.batches()]
                for event in batch
                if event.job
            ]
        assert told == ["queued", "running", "running", "done"]
        kept = [event.job.state.value for event in core.hub.recent(Wanted()) if event.job]
        assert kept == ["queued", "running", "done"]

    play(scene)


def test_a_scan_tells_of_itself(play: Play, tmp_path: Path) -> None:
    async def scene(core: Core) -> None:
        news = asyncio.ensure_future(JobNews(core.queue, core.hub).run())
        await asyncio.sleep(0)
        await add(core, tmp_path / "films")
        jobs = Wanted(frozenset({EventKind.JOB}))
        await until(lambda: any(event.job and event.job.state.ended for event in core.hub.recent(jobs)))
        states = [event.job.state.value for event in core.hub.recent(jobs) if event.job]
        assert (states[0], states[-1]) == ("queued", "done")
        news.cancel()

    play(scene)


def test_a_subscriber_hears_at_once_and_is_told_of_the_daemons_end(play: Play, tmp_path: Path) -> None:
    async def scene(core: Core) -> None:
        await add(core, tmp_path / "films")
        events = core.events.subscribe(["root"], [b"films"], recent=True, follow=True)
        assert await anext(events) == []
        core.hub.publish([Event(EventKind.DEGRADED, 1, 1), Event(EventKind.DEGRADED, 2, 2)])
        assert [event.at_ns for event in await anext(events)] == [1]
        core.hub.close()
        with pytest.raises(ShuttingDown):
            await anext(events)
        remembered = core.events.subscribe([], [], recent=True, follow=False)
        assert [len(batch) async for batch in remembered] == [0, 2]
        with pytest.raises(SanchayError, match="No root is called"):
            await anext(core.events.subscribe([], [b"x"], recent=True, follow=False))

    play(scene)
