"""Events are kept and handed on in bounds: no one who listens can hold up the rest, and what is lost is said."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import replace

import pytest

from sanchay.errors import InvalidArgument, SanchayError
from sanchayd.events.event import FILE_KINDS, ROOT_KINDS, Event, EventKind, Wanted, kinds_of
from sanchayd.events.hub import BATCH_BYTES, BATCH_EVENTS, REMEMBERED, WAITING, EventHub
from sanchayd.jobs.job import Job, JobRoot, JobState


def changed(number: int, root_id: int = 1) -> Event:
    return Event(EventKind.CHANGED, number, root_id, "films", path=b"/films/%d" % number)


async def everything(hub: EventHub, wanted: Wanted | None = None, *, recent: bool = True) -> list[Event]:
    with hub.subscribe(wanted or Wanted(), recent=recent, follow=False) as subscription:
        return [event async for batch in subscription.batches() for event in batch]


def numbers(events: Sequence[Event]) -> list[int]:
    return [event.at_ns for event in events if event.kind is not EventKind.DROPPED]


def test_what_is_remembered_comes_first_and_then_what_happens() -> None:
    async def scene() -> None:
        hub = EventHub()
        hub.publish([changed(1), changed(2)])
        with hub.subscribe(Wanted(), recent=True, follow=True) as subscription:
            batches = subscription.batches()
            assert numbers(await anext(batches)) == [1, 2]
            waiting = asyncio.ensure_future(anext(batches))
            await asyncio.sleep(0)
            hub.publish([changed(3)])
            assert numbers(await waiting) == [3]
            hub.close()
            assert [batch async for batch in batches] == []
        assert len(hub) == 0
        assert numbers(await everything(hub)) == [1, 2, 3]

    asyncio.run(scene())


def test_a_slow_subscriber_loses_the_oldest_and_is_told_how_many_before_what_follows() -> None:
    async def scene() -> None:
        hub = EventHub()
        with hub.subscribe(Wanted(), recent=False, follow=True) as slow:
            hub.publish([changed(number) for number in range(WAITING)])
            hub.publish([changed(number) for number in range(WAITING, WAITING + 7)])
            hub.close()
            batches = [batch async for batch in slow.batches()]
        lost = batches[0][0]
        assert (lost.kind, lost.dropped) == (EventKind.DROPPED, 7)
        assert "7 events were lost" in lost.message
        assert [number for batch in batches for number in numbers(batch)] == list(range(7, WAITING + 7))
        assert sum(event.kind is EventKind.DROPPED for batch in batches for event in batch) == 1

    asyncio.run(scene())


def test_one_burst_larger_than_the_room_leaves_its_end() -> None:
    async def scene() -> None:
        hub = EventHub()
        with hub.subscribe(Wanted(), recent=False, follow=True) as slow:
            hub.publish([changed(number) for number in range(3 * WAITING)])
            hub.close()
            events = [event async for batch in slow.batches() for event in batch]
        assert events[0].dropped == 2 * WAITING
        assert numbers(events) == list(range(2 * WAITING, 3 * WAITING))

    asyncio.run(scene())


def test_batches_are_bounded_by_number_and_by_size() -> None:
    async def scene() -> None:
        hub = EventHub()
        hub.publish([changed(number) for number in range(200)])
        with hub.subscribe(Wanted(), recent=True, follow=False) as subscription:
            assert max([len(batch) async for batch in subscription.batches()]) == BATCH_EVENTS
        hub = EventHub()
        hub.publish([replace(changed(number), path=b"x" * 4096) for number in range(50)])
        with hub.subscribe(Wanted(), recent=True, follow=False) as subscription:
            sizes = [sum(len(event.path) for event in batch) async for batch in subscription.batches()]
        assert sum(sizes) == 50 * 4096
        assert max(sizes) <= BATCH_BYTES

    asyncio.run(scene())


def test_a_burst_of_files_does_not_push_out_what_happened_to_roots() -> None:
    async def scene() -> None:
        hub = EventHub()
        hub.publish([Event(EventKind.ROOT_OFFLINE, 1, 1)])
        hub.publish([changed(number) for number in range(2, 3 * REMEMBERED)])
        hub.publish([Event(EventKind.ROOT_ONLINE, 10**6, 1)])
        found = await everything(hub)
        assert len(found) == REMEMBERED + 2
        assert (found[0].kind, found[-1].kind) == (EventKind.ROOT_OFFLINE, EventKind.ROOT_ONLINE)
        assert numbers(found) == sorted(numbers(found))

    asyncio.run(scene())


def test_only_what_is_wanted_comes_and_takes_room() -> None:
    async def scene() -> None:
        hub = EventHub()
        duplicate = Wanted(frozenset({EventKind.DUPLICATE}), frozenset({2}))
        with hub.subscribe(duplicate, recent=False, follow=True) as subscription:
            hub.publish([changed(number) for number in range(2 * WAITING)])
            hub.publish([Event(EventKind.DUPLICATE, 1, 1), Event(EventKind.DUPLICATE, 2, 2)])
            hub.publish([Event(EventKind.DROPPED, 3, dropped=9)])
            hub.close()
            events = [event async for batch in subscription.batches() for event in batch]
        assert [(event.kind, event.at_ns) for event in events] == [(EventKind.DUPLICATE, 2), (EventKind.DROPPED, 3)]

    asyncio.run(scene())


def test_progress_is_told_and_not_remembered() -> None:
    async def scene() -> None:
        hub = EventHub()
        job = Event(EventKind.JOB, 1, job=Job(1, "scan", (JobRoot(1, "films"),), JobState.RUNNING, False, 1))
        with hub.subscribe(Wanted(), recent=False, follow=True) as subscription:
            hub.publish([job], remember=False)
            hub.close()
            assert [event async for batch in subscription.batches() for event in batch] == [job]
        assert await everything(hub) == []

    asyncio.run(scene())


def test_kinds_are_named_one_by_one_or_together() -> None:
    assert kinds_of([]) == frozenset()
    assert kinds_of(["file", "duplicate"]) == FILE_KINDS | {EventKind.DUPLICATE}
    assert kinds_of(["root"]) == ROOT_KINDS
    with pytest.raises(
        SanchayError, match="'weather' is not a kind of event; the kinds are file, root, added"
    ) as caught:
        kinds_of(["weather"])
    assert isinstance(caught.value, InvalidArgument)
