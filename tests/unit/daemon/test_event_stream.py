"""Events of a daemon in a process of its own: over the wire, in bounds, and to many who do not read."""

from __future__ import annotations

import contextlib
import os
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

from sanchay import errors
from sanchay._call import call_metadata
from sanchay._channel import OPTIONS, grpc
from sanchay.address import find_daemon
from sanchay.client import Client
from sanchay.v1 import event_pb2, event_pb2_grpc
from tests.support import trees
from tests.support.daemon import PATIENCE_S, DaemonProcess
from tests.support.program import until

#: What each of them would keep of two bursts without a bound is twice as much as all may have.
SUBSCRIBERS = int(os.environ.get("SANCHAY_TEST_SUBSCRIBERS", "100"))
BURST = 30_000


@pytest.fixture
def bursting(tmp_path: Path) -> Iterator[DaemonProcess]:
    """A daemon in whose only root BURST files change with each scan."""
    with DaemonProcess(tmp_path / "home", fake=True, env={"FAKE_EVENTS": str(BURST)}) as daemon:
        with daemon.client() as client:
            client.add_root(trees.build(tmp_path / "films", {"a": "a"}), no_scan=True)
        yield daemon


def subscribe(channel: grpc.Channel, daemon: DaemonProcess, *kinds: str) -> Any:
    """The bare call, of which as much is read as the test reads."""
    request = event_pb2.SubscribeRequest(kinds=kinds, follow=True)
    return event_pb2_grpc.EventServiceStub(channel).Subscribe(request, metadata=call_metadata(daemon.where))


def scan(client: Client) -> None:
    list(client.follow_job(client.start_scan(["films"]).jobs[0].id))


def test_events_are_remembered_followed_and_filtered(daemon: DaemonProcess, tmp_path: Path) -> None:
    with daemon.client() as client:
        client.add_root(trees.build(tmp_path / "films", {"a": "a"}), no_scan=True)
        assert list(client.events()) == []
        heard: list[event_pb2.Event] = []
        ended = threading.Event()

        def listen() -> None:
            with contextlib.suppress(errors.ShuttingDown, errors.DaemonUnavailable):
                heard.extend(client.events(kinds=["job"], roots=["films"], follow=True))
            ended.set()

        thread = threading.Thread(target=listen)
        thread.start()
        scan(client)
        until(lambda: heard and heard[-1].job.state == "done")
        assert heard[0].job.state in {"queued", "running"}
        assert {event.root for event in heard} == {"films"}
        assert [event.job.state for event in client.events()][-1] == "done"
        assert list(client.events(kinds=["file"])) == []
        with pytest.raises(errors.InvalidArgument, match="not a kind of event"):
            list(client.events(kinds=["weather"]))
        with pytest.raises(errors.RootNotFound):
            list(client.events(roots=["nothing"]))
        daemon.process.terminate()
        assert ended.wait(PATIENCE_S)
        thread.join()


def test_a_slow_reader_is_told_what_it_lost(bursting: DaemonProcess) -> None:
    with bursting.client() as other, grpc.insecure_channel(find_daemon(bursting.where).uri, options=OPTIONS) as channel:
        call = subscribe(channel, bursting, "file")
        assert not next(call).events  # the subscription stands; nothing of it is read while two bursts pass
        scan(other)
        until(lambda: list(other.events(kinds=["file"])))
        scan(other)
        counted = lost = last_size = 0
        while counted + lost < 2 * BURST:
            for event in next(call).events:
                counted += event.kind == "changed"
                lost += event.dropped
                last_size = event.size
        assert (counted + lost, last_size) == (2 * BURST, BURST - 1)
        assert lost > 0
        call.cancel()


def test_a_thousand_subscribers_that_read_nothing_cost_a_bounded_memory(bursting: DaemonProcess) -> None:
    process = psutil.Process(bursting.pid)
    with contextlib.ExitStack() as stack, bursting.client(timeout_s=60) as client:
        channels = [
            stack.enter_context(grpc.insecure_channel(find_daemon(bursting.where).uri, options=OPTIONS))
            for _ in range(10)
        ]
        calls = [subscribe(channels[number % len(channels)], bursting) for number in range(SUBSCRIBERS)]
        for call in calls:
            next(call)  # the first message says that the subscription stands; from here on no one reads
        scan(client)
        scan(client)
        before = process.memory_info().rss
        for _ in range(2):
            scan(client)
            assert client.status().pid == bursting.pid
        grown = process.memory_info().rss - before
        print(f"{SUBSCRIBERS} subscribers: {before >> 20} MiB, then {grown / 2**20:.1f} MiB more")
        assert grown < 24 << 20
        for call in calls:
            call.cancel()
    with bursting.client() as client:
        assert client.status().pid == bursting.pid
