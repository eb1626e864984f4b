"""The inner publish and subscribe is bounded: a slow subscriber loses the oldest, and no one waits for it."""

from __future__ import annotations

import asyncio

from sanchayd.events.topic import Topic


def test_a_slow_subscriber_gets_the_latest_and_the_count_of_what_it_lost() -> None:
    async def scene() -> None:
        topic: Topic[int] = Topic()
        with topic.subscribe(capacity=2) as slow, topic.subscribe(capacity=10) as quick:
            assert len(topic) == 2
            for event in range(5):
                topic.publish(event)
            topic.close()
            assert [event async for event in slow] == [3, 4]
            assert [event async for event in quick] == [0, 1, 2, 3, 4]
            assert (slow.lost, quick.lost) == (3, 0)
        assert len(topic) == 0

    asyncio.run(scene())


def test_a_subscriber_waits_for_what_comes_and_ends_with_the_topic() -> None:
    async def scene() -> None:
        topic: Topic[str] = Topic()

        came = asyncio.Event()

        async def read() -> list[str]:
            events = []
            with topic.subscribe() as subscription:
                async for event in subscription:
                    events.append(event)
                    came.set()
            return events

        reading = asyncio.ensure_future(read())
        await asyncio.sleep(0)
        topic.publish("first")
        await came.wait()
        topic.publish("second")
        topic.close()
        assert await reading == ["first", "second"]
        assert await read() == []

    asyncio.run(scene())
