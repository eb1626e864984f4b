"""Notices on the bus: replaced and not stacked, clicked, with servers that go, and none of what was just done."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from sanchay.v1 import dedupe_pb2, event_pb2, schedule_pb2
from sanchay_tray import own_acts
from tests.support.desktop import Desktop, NoticeServer, Told
from tests.support.icon import IconProcess
from tests.support.program import until
from tests.support.scripted_daemon import ScriptedDaemon, event, job, path, root, status

pytestmark = pytest.mark.needs("Xvfb", "dbus-daemon")


@pytest.fixture
def desktop(tmp_path: Path) -> Iterator[Desktop]:
    with Desktop(tmp_path) as each:
        yield each


@pytest.fixture
def daemon(tmp_path: Path) -> Iterator[ScriptedDaemon]:
    with ScriptedDaemon(tmp_path / "home") as each:
        yield each


@pytest.fixture
def window(tmp_path: Path) -> Path:
    """A stand-in for the window: each start adds its arguments to a file."""
    calls = tmp_path / "calls"
    calls.touch()
    return calls


@pytest.fixture
def icon(desktop: Desktop, daemon: ScriptedDaemon, tmp_path: Path, window: Path) -> Iterator[IconProcess]:
    with IconProcess(desktop, tmp_path / "home", "--icon", "qt", "--no-start", window=window) as each:
        desktop.panel.wait_for_item()
        until(lambda: desktop.panel.tooltip().startswith("All is well"))
        yield each


@pytest.fixture
def server(desktop: Desktop) -> NoticeServer:
    return desktop.notices()


def gone() -> event_pb2.Event:
    return event("root_offline", root="A <b> & co", root_id=1, message="Its disk <x> is not there")


def tell_until_shown(daemon: ScriptedDaemon, server: NoticeServer) -> Told:
    """A root goes, and goes again, until a server that has just come has heard of it."""

    def shown() -> bool:
        daemon.tell(gone())
        return bool(server.told)

    until(shown)
    return server.told[0]


def test_one_of_a_kind_is_replaced_and_names_are_escaped(
    server: NoticeServer, icon: IconProcess, daemon: ScriptedDaemon
) -> None:
    daemon.tell(gone())
    first = server.wait_for(1)
    assert (first.title, first.body) == ("A <b> & co is gone", "Its disk &lt;x&gt; is not there")
    assert first.hints["desktop-entry"] == "sanchay-window"
    daemon.tell(event("root_offline", root="Other", root_id=2), event("root_online", root="A <b> & co", root_id=1))
    assert server.wait_for(2).replaced == 0
    third = server.wait_for(3)
    assert (third.replaced, third.title) == (first.number, "A <b> & co is back")


def test_a_click_opens_its_page_and_undo_asks_there(
    server: NoticeServer, icon: IconProcess, daemon: ScriptedDaemon, window: Path
) -> None:
    done = dedupe_pb2.DedupeResult(run=12, acted=1188, freed_bytes=7_900_000_000)
    daemon.tell(event("job", job=job(3, "dedupe", "done", dedupe=done)))
    cleaned = server.wait_for(1)
    assert cleaned.title == "Clean-up done: 1,188 files, 7.4G"
    assert cleaned.actions == ("default", "Open", "undo", "Undo")
    server.choose(cleaned, "undo")
    until(lambda: json.loads(window.read_text() or "[]") == ["--page", "health", "--select", "undo:12"])
    daemon.tell(event("job", job=job(4, "verify", "failed", message="The disk is gone")))
    failed = server.wait_for(2)
    assert (failed.title, failed.body) == ("Check of Pictures: failed", "The disk is gone")
    window.write_text("")
    server.choose(failed, "default")
    until(lambda: json.loads(window.read_text() or "[]") == ["--page", "jobs", "--select", "4"])


def test_a_scheduled_run_is_told_with_its_diff(server: NoticeServer, icon: IconProcess, daemon: ScriptedDaemon) -> None:
    counts = schedule_pb2.ReportCounts(rows=120, new=3, grown=2, gone=1, previous_run=4)
    last = schedule_pb2.Run(id=5, state="done", ended_ns=1, counts=counts)
    daemon.status = status(schedules=[schedule_pb2.Schedule(name="big logs", enabled=True, last_run=last)])
    daemon.tell(event("schedule", schedule_run={"schedule": "big logs", "run_id": 5, "state": "done"}))
    told = server.wait_for(1)
    assert (told.title, told.body) == ("big logs: done", "120 files: 3 new, 2 grown, 1 gone")


def test_none_of_what_was_just_done_or_is_turned_off(
    server: NoticeServer, icon: IconProcess, daemon: ScriptedDaemon
) -> None:
    def titles_of(*events: event_pb2.Event) -> list[str]:
        known = len(server.told)
        daemon.tell(*events)
        until(lambda: len(server.told) > known and server.told[-1].title == "A <b> & co is gone")
        return [told.title for told in server.told[known:]]

    own_acts.note(daemon.where, "job 3")
    assert titles_of(event("job", job=job(3, "verify", "failed")), gone()) == ["A <b> & co is gone"]
    failed = event("job", job=job(4, "verify", "failed"))
    assert titles_of(failed, gone()) == ["Check of Pictures: failed", "A <b> & co is gone"]
    daemon.settings = {"notices.off": '["jobs", "disk"]'}
    daemon.tell(event("status"))
    until(lambda: titles_of(failed, gone()) == ["A <b> & co is gone"])


def test_a_server_that_comes_later_or_again_shows_what_happens_then(
    icon: IconProcess, daemon: ScriptedDaemon, desktop: Desktop
) -> None:
    daemon.tell(event("root_offline", root="Lost", root_id=1))
    daemon.change(status(root(1, "Lost", "offline")))
    until(lambda: desktop.panel.tooltip() == "Lost is not there")
    until(lambda: any("Lost is gone" in line.label for line in desktop.panel.line("What happened").lines))
    first = desktop.notices()
    tell_until_shown(daemon, first)
    first.vanish()
    second = desktop.notices("body")
    told = tell_until_shown(daemon, second)
    # Another server: nothing to replace there, no markup and no buttons that it does not have.
    assert (told.replaced, told.actions, told.body) == (0, (), "Its disk <x> is not there")
    desktop.bus_process.kill()
    daemon.tell(gone(), event("status"))
    until(lambda: len(daemon.asked("GetStatus")) > 2)
    assert icon.process.poll() is None


def test_copies_that_arrive_in_crowds_are_one_notice(tmp_path: Path, desktop: Desktop, daemon: ScriptedDaemon) -> None:
    server = desktop.notices()
    flags = ("--icon", "qt", "--no-start")
    with IconProcess(desktop, tmp_path / "home", *flags, env={"FAKE_COPIES_REST_S": "0.2"}, window=tmp_path):
        desktop.panel.wait_for_item()
        until(lambda: desktop.panel.tooltip().startswith("All is well"))
        arrived = [
            event("duplicate", path=path(f"/data/Pictures/{n}.jpg"), other_path=path("/data/old.jpg"), size=1 << 20)
            for n in range(1000)
        ]
        daemon.tell(*arrived)
        told = server.wait_for(1)
    assert told.title == "1,000 copies arrived"
    assert told.body == "1.0G in all. The last: /data/Pictures/999.jpg is a copy of /data/old.jpg"
    assert len(server.told) == 1


@pytest.mark.needs("dunst", "xdotool")
def test_dunst_shows_them(icon: IconProcess, daemon: ScriptedDaemon, desktop: Desktop, tmp_path: Path) -> None:
    with desktop.dunst(), IconProcess(desktop, tmp_path / "home", "--check", "--json") as check:
        said = json.loads(check.ended()[1])["notifications"]
        assert said["server"].startswith("dunst")
        assert said["actions"]
        daemon.tell(gone())
        until(desktop.shows_notice)
