"""The icon's menu, its line and its pictures, without a display."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from typing import Any

import pytest

from sanchay.v1 import daemon_pb2
from sanchay_tray import model
from sanchay_tray.icon import menu as menus
from sanchay_tray.icon.menu import RULE, Act, Item
from sanchay_tray.icon.picture import picture
from sanchay_tray.icon.shapes import SIZES, Panel
from sanchay_tray.model import Link, Look, State, told
from tests.support.scripted_daemon import event, job, path, root, status

NOW = datetime(2026, 3, 1, 21, 30, tzinfo=timezone(timedelta(hours=5, minutes=30)))


def state(*jobs: Any, roots: tuple[Any, ...] = (), **fields: Any) -> State:
    return told(State(), model.Reached(status(*roots, **fields), jobs))


def menu(of: State, **how: Any) -> tuple[Item, ...]:
    return menus.menu(of, NOW, **{"starts_at_login": False, **how})


def texts(items: tuple[Item, ...]) -> list[str]:
    return [item.text or "-" for item in items]


def found(items: tuple[Item, ...], *beginnings: str) -> Item:
    item = next(item for item in items if item.text.startswith(beginnings[0]))
    return found(item.items, *beginnings[1:]) if len(beginnings) > 1 else item


def test_a_quiet_menu() -> None:
    assert texts(menu(state())) == [
        "All is well: 1,200 files",
        "-",
        "Scan now",
        "Pause background work",
        "-",
        "Open Sanchay",
        "-",
        "Start at login",
        "Quit",
    ]


def test_the_running_job_is_at_the_top_with_what_can_be_done() -> None:
    items = menu(state(job(7, percent=34.7)))
    assert items[0].text == "Scan of Pictures: 34 %"
    assert [item.act for item in items[0].items] == [Act("pause", "7"), Act("cancel", "7")]
    paused = menu(state(job(7, state="paused", percent=34)))
    assert found(paused, "Scan of Pictures: paused", "Go on").act == Act("resume", "7")


def test_only_roots_that_are_there_are_scanned() -> None:
    items = menu(state(roots=(root(1, "a"), root(2, "b", "offline"), root(3, "c"))))
    assert texts(found(items, "Scan now").items) == ["All folders", "-", "a", "c"]
    assert found(items, "Scan now", "c").act == Act("scan", "3")
    assert found(items, "b is not there").act == Act("open", "folders", "b")


def test_a_pause_is_for_an_hour_until_tomorrow_or_over() -> None:
    items = menu(state())
    assert found(items, "Pause", "For 1 hour").act == Act("hold", "hour")
    assert menus.seconds_of_hold("hour", NOW) == 3600
    assert menus.seconds_of_hold("tomorrow", NOW) == 2.5 * 3600
    until_ns = int((NOW + timedelta(hours=1)).timestamp() * 1e9)
    held = menu(state(background=daemon_pb2.BackgroundState(state="paused", until_ns=until_ns)))
    assert held[0].text == "Background work is paused until 22:30"
    assert found(held, "Go on with background work").act == Act("release")


def test_many_causes_are_listed_and_the_rest_counted() -> None:
    gone = tuple(root(number, f"r{number}", "offline") for number in range(1, 8))
    items = menu(state(roots=gone))
    assert texts(items)[:6] == ["7 things need attention", *(f"r{n} is not there" for n in range(1, 5)), "3 more"]


def test_copies_and_what_happened() -> None:
    of = told(state(), model.Counted(model.Copies(3, 1, 1 << 30)))
    for number in range(12):
        at_ns = int((NOW - timedelta(days=number)).timestamp() * 1e9)
        of = told(of, model.Happened(event("duplicate", path=path(b"/p/a\n\xff.jpg"), at_ns=at_ns)))
    of = told(of, model.Happened(event("root_online", root="Pictures", at_ns=int(NOW.timestamp() * 1e9))))
    items = menu(of)
    assert found(items, "1 copy, 1.0G could be free").act == Act("open", "copies")
    happened = found(items, "What happened").items
    assert len(happened) == menus.HAPPENED_SHOWN
    assert happened[0].text == "21:30  Pictures is back"
    assert happened[1].text.endswith("A copy arrived: $'a\\n\\xff.jpg'")
    assert happened[1].act == Act("open", "copies")


@pytest.mark.parametrize("link", [each for each in Link if each is not Link.UP])
def test_an_absent_daemon_can_be_started_and_not_asked(link: Link) -> None:
    items = menu(told(state(job(1)), model.Lost(link, "It is newer")))
    assert not any(item.text.startswith(("Scan", "Pause")) for item in items)
    assert any(item.act == Act("start") for item in items) == (link in (Link.ABSENT, Link.REFUSED))
    assert items[0].text
    assert (items[0].text == "It is newer") == (link is Link.REFUSED)


def test_without_a_window_nothing_opens_and_without_autostart_it_is_not_offered() -> None:
    items = menu(state(damaged_files=2), is_window_there=False, starts_at_login=None)
    assert not any(item.act is not None and item.act.verb == "open" for item in items)
    assert "Start at login" not in texts(items)
    assert items[-1] == Item("Quit", Act("quit"))
    assert RULE not in (items[0], items[-1])


def test_long_and_hostile_names_stay_in_a_line() -> None:
    name = "x" * 250 + "\u202e\n<b>"
    items = menu(state(roots=(root(1, name, "offline"),)))
    assert len(items[0].text) <= menus.LINE_MOST
    assert "\n" not in menus.line(state(roots=(root(1, name, "offline"),)), NOW)


def test_looks_are_told_apart_by_shape_at_every_size() -> None:
    for size_px in SIZES:
        for panel in Panel:
            shapes = {look: picture(look, panel, size_px).getchannel("A").tobytes() for look in Look}
            assert len(set(shapes.values())) == len(Look)
            for first in Look:
                for second in Look:
                    # By a pixel or two in a corner no one would tell them.
                    differ = sum(abs(a - b) > 100 for a, b in zip(shapes[first], shapes[second], strict=True))
                    assert first is second or differ >= size_px * size_px * 0.03, (first, second, size_px)
