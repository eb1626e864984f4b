"""When the icon starts a daemon."""

from __future__ import annotations

from sanchay_tray import model
from sanchay_tray.icon.starting import Starting
from sanchay_tray.model import Link
from tests.support.scripted_daemon import status

UP = model.Reached(status(), ())


def next_s(of: Starting) -> float | None:
    """Asked again each time, which a type checker does not expect of a property."""
    return of.next_s


def lost(link: Link) -> model.Lost:
    return model.Lost(link)


def test_none_runs_so_one_is_started_once() -> None:
    starting = Starting()
    assert next_s(starting) is None
    starting.hear(lost(Link.ABSENT), 10.0)
    assert next_s(starting) == 10.0
    starting.begins()
    starting.hear(lost(Link.ABSENT), 11.0)
    assert next_s(starting) is None  # that one is on its way
    starting.ended(12.0, refused=False)
    starting.hear(UP, 12.5)
    assert next_s(starting) is None


def test_crashes_in_a_row_are_met_with_patience_and_a_late_one_at_once() -> None:
    starting, now_s, waits = Starting(), 0.0, []
    for _ in range(5):
        starting.hear(lost(Link.ABSENT), now_s)
        due_s = next_s(starting)
        assert due_s is not None
        waits.append(due_s - now_s)
        starting.begins()
        starting.ended(due_s, refused=False)
        starting.hear(UP, due_s)
        now_s = due_s + 1
    assert waits == [0, 5, 30, 300, 300]
    starting.hear(lost(Link.ABSENT), now_s + 3600)
    assert next_s(starting) == now_s + 3600


def test_one_that_a_person_stopped_stays_stopped_until_asked_for() -> None:
    starting = Starting()
    starting.hear(UP, 0.0)
    starting.hear(lost(Link.ENDING), 5.0)
    starting.hear(lost(Link.ABSENT), 6.0)
    assert next_s(starting) is None
    starting.asked()
    assert next_s(starting) == 6.0


def test_one_that_someone_else_starts_again_is_followed_as_before() -> None:
    starting = Starting()
    starting.hear(UP, 0.0)
    starting.hear(lost(Link.ENDING), 5.0)
    starting.hear(UP, 7.0)
    starting.hear(lost(Link.ABSENT), 100.0)
    assert next_s(starting) == 100.0


def test_one_that_cannot_start_is_not_tried_again() -> None:
    starting = Starting()
    starting.hear(lost(Link.ABSENT), 0.0)
    starting.begins()
    starting.ended(1.0, refused=True)
    starting.hear(lost(Link.ABSENT), 2.0)
    assert next_s(starting) is None


def test_silence_is_no_absence() -> None:
    starting = Starting()
    for link in (Link.SILENT, Link.HELD, Link.STARTING, Link.REFUSED):
        starting.hear(lost(link), 0.0)
    assert next_s(starting) is None
