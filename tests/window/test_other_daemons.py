"""Daemons of another version, and those that tell too much or lose what they should have told."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from sanchay_tray import feed
from sanchay_tray.model import Link
from sanchay_tray.window import asking
from sanchay_tray.window.pages import ENTRIES
from tests.support.scripted_daemon import ScriptedDaemon, event, job, root, status
from tests.support.windows import settle, texts, until, window

PAGES = [entry.name for entry in ENTRIES]
OTHER_VERSION = "is of another version and does not know this call"
#: What only an answer can say.
NONE = ("All is well", "No damage is known.", "No file was changed yet.", "No copies", "Looking at")
#: What each page asks for, and asks for again.
ASKS = {
    "overview": "Summary",
    "folders": "GetStatus",
    "copies": "Duplicates",
    "space": "DiskUsage",
    "search": "Duplicates",
    "jobs": "ListJobs",
    "schedules": "GetStatus",
    "health": "ListFindings",
    "settings": "GetSettings",
}


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """What an event makes old is asked again at once."""
    monkeypatch.setattr(feed, "AGAIN_S", 0.01)
    monkeypatch.setattr(feed, "COPIES_AGAIN_S", 0.0)


@pytest.fixture
def daemon(tmp_path: Path) -> Iterator[ScriptedDaemon]:
    with ScriptedDaemon(tmp_path / "home") as each:
        yield each


@pytest.mark.parametrize("name", PAGES)
def test_a_newer_daemon_is_said_on_every_page(daemon: ScriptedDaemon, name: str) -> None:
    """It says what this window has no word for, and knows other calls."""
    del daemon.answers["GetSettings"], daemon.answers["Duplicates"]
    daemon.jobs = [job(7, "defragment", "meditating")]
    daemon.status = status(root(1, "Pictures", "hibernating"))
    daemon.status.catalog.state, daemon.status.catalog.message = "folded", "It is folded."
    with window(daemon.where, name, "beach" if name == "search" else "") as frame:
        until(lambda: frame.state.link is Link.UP and frame.is_idle)
        daemon.tell(event("teleported"), event("job", job=daemon.jobs[0]), event("status", topics=["weather"]))
        until(lambda: any(each.kind == "job" for each in frame.state.happened))
        until(lambda: frame.is_idle)
        settle()
        page = frame.page()
        assert page is not None
        assert [text for text in texts(page) if any(word in text for word in NONE)] == []
        first, *others = frame.banner_texts()
        assert first == "The catalog needs attention"
        if name not in ("folders", "jobs", "schedules"):  # whose rows are in what the daemon said
            assert any(OTHER_VERSION in text for text in [*others, *texts(page)])


@pytest.mark.parametrize("name", PAGES)
def test_events_that_were_lost_have_all_asked_again(daemon: ScriptedDaemon, name: str) -> None:
    with window(daemon.where, name, "beach" if name == "search" else "") as frame:
        until(lambda: frame.state.link is Link.UP and frame.is_idle)
        until(lambda: daemon.asked("Duplicates"))
        before = {method: len(daemon.asked(method)) for method in (ASKS[name], "GetStatus", "Duplicates")}
        daemon.tell(event("dropped", dropped=9))
        until(lambda: all(len(daemon.asked(method)) > n for method, n in before.items()))


def test_a_crowd_of_events_is_one_question_and_each_answer_is_taken(
    daemon: ScriptedDaemon, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(asking, "DOUBT_MS", 60_000)
    with window(daemon.where, "overview") as frame:
        until(lambda: frame.state.link is Link.UP and frame.is_idle)
        before = len(daemon.asked("Summary"))
        daemon.tell(*(event("duplicate", size=1) for _ in range(200)))
        until(lambda: len(frame.state.happened) == 200)
        until(lambda: len(daemon.asked("Summary")) > before and frame.is_idle)
        assert len(daemon.asked("Summary")) - before <= 3
