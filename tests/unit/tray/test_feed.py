"""The feed follows a daemon over its ends and its silences."""

from __future__ import annotations

import queue
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from sanchay.address import places
from sanchay.errors import PermissionDenied
from sanchay.v1 import catalog_pb2
from sanchay_tray import feed, model
from sanchay_tray.feed import Feed
from sanchay_tray.model import Link
from tests.support.daemon import PATIENCE_S
from tests.support.scripted_daemon import ScriptedDaemon, event, job

News = Callable[[Callable[[model.News], bool]], model.News]


@pytest.fixture
def news(tmp_path: Path) -> Iterator[News]:
    """Waits for a piece of news that fits; those before it are passed over."""
    told: queue.SimpleQueue[model.News] = queue.SimpleQueue()
    followed = Feed(places(tmp_path / "home"), told.put)
    followed.start()

    def wait_for(fits: Callable[[model.News], bool]) -> model.News:
        while True:
            each = told.get(timeout=PATIENCE_S)
            if fits(each):
                return each

    yield wait_for
    followed.close()


def lost(link: Link) -> Callable[[model.News], bool]:
    return lambda news: isinstance(news, model.Lost) and news.link is link


def happened(kind: str) -> Callable[[model.News], bool]:
    return lambda news: isinstance(news, model.Happened) and news.event.kind == kind


def test_it_follows_one_daemon_and_the_next(tmp_path: Path, news: News) -> None:
    news(lost(Link.ABSENT))
    home = tmp_path / "home"
    with ScriptedDaemon(home) as daemon:
        daemon.jobs = [job(1)]
        daemon.copies = catalog_pb2.DuplicatesResponse(total_groups=1, total_redundant_files=2, total_freed_bytes=3)
        news(lambda each: isinstance(each, model.Reached))
        assert news(lambda each: isinstance(each, model.Counted)) == model.Counted(model.Copies(1, 2, 3))
        daemon.tell(event("root_online", root="a"))
        told = news(happened("root_online"))
        assert isinstance(told, model.Happened)
        assert not told.remembered
    news(lost(Link.ABSENT))
    with ScriptedDaemon(home):
        news(lambda each: isinstance(each, model.Reached))


def test_what_was_before_is_remembered_and_told_once(tmp_path: Path, news: News) -> None:
    old = event("root_online", root="a", at_ns=1)
    with ScriptedDaemon(tmp_path / "home") as daemon:
        daemon.tell(old)
        told = news(happened("root_online"))
        assert isinstance(told, model.Happened)
        assert told.remembered
        daemon.tell(event("root_offline", root="a"))
        news(happened("root_offline"))
        kept = daemon.heard
    with ScriptedDaemon(tmp_path / "home") as daemon:  # it remembers the same, and something new
        daemon.tell(*kept, event("damage"))
        told = news(lambda each: isinstance(each, model.Happened))
        assert isinstance(told, model.Happened)
        assert told.event.kind == "damage"


def test_a_refusal_says_why(tmp_path: Path, news: News) -> None:
    with ScriptedDaemon(tmp_path / "home") as daemon:
        daemon.answers["GetStatus"] = PermissionDenied("It is not yours.")
        told = news(lost(Link.REFUSED))
        assert isinstance(told, model.Lost)
        assert told.why == "It is not yours."


def test_a_job_that_goes_on_in_silence_has_the_daemon_doubted(
    tmp_path: Path, news: News, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(feed, "QUIET_S", 0.01)
    with ScriptedDaemon(tmp_path / "home") as daemon:
        news(lambda each: isinstance(each, model.Reached))
        daemon.jobs = [job(1)]
        daemon.tell(event("job", job=daemon.jobs[0]))
        news(happened("job"))
        news(lambda each: isinstance(each, model.Reached) and bool(each.jobs))


@pytest.mark.parametrize("years", [-1, 1])
def test_what_happens_is_news_whatever_the_clock_is_set_to(
    tmp_path: Path, news: News, monkeypatch: pytest.MonkeyPatch, years: int
) -> None:
    with ScriptedDaemon(tmp_path / "home") as daemon:
        daemon.tell(event("root_online", root="a"))
        news(happened("root_online"))
        now, by_ns = time.time_ns, years * 365 * 86_400 * 10**9
        monkeypatch.setattr(time, "time_ns", lambda: now() + by_ns)
        daemon.tell(event("root_offline", root="a"))
        told = news(happened("root_offline"))
        assert isinstance(told, model.Happened)
        assert not told.remembered
        kept = daemon.heard
    with ScriptedDaemon(tmp_path / "home") as daemon:  # it remembers both, one of them of another clock
        daemon.tell(*kept, event("damage"))
        told = news(lambda each: isinstance(each, model.Happened))
        assert isinstance(told, model.Happened)
        assert told.event.kind == "damage"
        assert not told.remembered
