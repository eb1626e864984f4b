"""Which events make which notice, and when one may be shown."""

from __future__ import annotations

from datetime import datetime, time
from pathlib import Path

import pytest

from sanchay.address import places
from sanchay.v1 import daemon_pb2, schedule_pb2
from sanchay_tray import model, own_acts
from sanchay_tray.model import State
from sanchay_tray.notices import rules
from sanchay_tray.notices.notice import Kind, Wanted, wanted
from tests.support.scripted_daemon import event, job, path, status

QUIET = State()


def next_s(of: rules.Rules) -> float | None:
    """Asked again each time, which a type checker does not expect of a property."""
    return of.next_s


def copy(number: int) -> object:
    return event("duplicate", path=path(f"/new/{number}"), other_path=path("/old"), size=100)


def test_copies_wait_until_none_has_come_for_a_minute() -> None:
    heard = rules.Rules(lambda _: False)
    for number in range(100):
        assert heard.hear(copy(number), QUIET, number * 50.0) == []  # type: ignore[arg-type]
        assert heard.due(QUIET, number * 50.0) == []
    assert next_s(heard) == 99 * 50 + rules.COPIES_REST_S
    (notice,) = heard.due(QUIET, next_s(heard) or 0)
    assert (notice.title, notice.key, notice.page) == ("100 copies arrived", "copies", "copies")
    assert next_s(heard) is None
    assert heard.due(QUIET, 1e9) == []


def test_what_an_undo_puts_back_has_not_arrived() -> None:
    heard = rules.Rules(lambda _: False)
    undoing = model.told(State(), model.Reached(status(), (job(1, "undo"),)))
    heard.hear(copy(1), undoing, 0.0)  # type: ignore[arg-type]
    assert next_s(heard) is None


def test_damage_names_the_healthy_copy_or_says_that_none_is_known() -> None:
    heard = rules.Rules(lambda _: False)
    heard.hear(event("damage", path=path("/a"), other_path=path("/b")), QUIET, 0.0)
    assert heard.due(QUIET, 5.0)[0].body == "/a: a healthy copy is /b"
    heard.hear(event("damage", path=path("/a")), QUIET, 10.0)
    heard.hear(event("damage", path=path("/c")), QUIET, 10.0)
    (notice,) = heard.due(QUIET, 12.0)
    assert (notice.title, notice.body) == ("2 damaged files were found", "/c: no healthy copy is known")
    assert notice.is_urgent


@pytest.mark.parametrize(
    ("what", "noticed"),
    [
        (event("job", job=job(1, state="done")), False),
        (event("job", job=job(1, state="cancelled")), False),
        (event("job", job=job(1, state="failed")), True),
        (event("job", job=job(1, "dedupe", "done", dedupe={"acted": 0, "run": 1})), False),
        (event("job", job=job(1, "dedupe", "partial", dedupe={"acted": 2, "skipped": 3, "run": 1})), True),
        (event("forecast", path=path("/disk"), full_on_ns=1), True),
        (event("degraded", root="a"), False),
        (event("status"), False),
    ],
)
def test_what_is_worth_a_notice(what: object, noticed: bool) -> None:
    assert bool(rules.Rules(lambda _: False).hear(what, QUIET, 0.0)) == noticed  # type: ignore[arg-type]


def test_a_run_is_told_with_its_figures_or_after_a_while_without() -> None:
    heard = rules.Rules(lambda _: False)
    ended = event("schedule", schedule_run={"schedule": "s", "run_id": 5, "state": "failed"})
    heard.hear(event("schedule", schedule_run={"schedule": "s", "run_id": 5, "state": "running"}), QUIET, 0.0)
    assert next_s(heard) is None
    heard.hear(ended, QUIET, 0.0)
    old = schedule_pb2.Run(id=4, state="done", ended_ns=1)
    before = model.told(State(), model.Reached(status(schedules=[schedule_pb2.Schedule(name="s", last_run=old)]), ()))
    assert heard.due(before, 1.0) == []
    (notice,) = heard.due(before, rules.FIGURES_WAIT_S)
    assert (notice.title, notice.body, notice.select) == ("s: failed", "", "s")
    heard.hear(ended, QUIET, 20.0)
    run = schedule_pb2.Run(id=5, state="failed", ended_ns=1, message="The disk is gone")
    after = model.told(State(), model.Reached(status(schedules=[schedule_pb2.Schedule(name="s", last_run=run)]), ()))
    assert heard.due(after, 20.0)[0].body == "The disk is gone"


def test_none_of_what_this_person_just_did(tmp_path: Path) -> None:
    where = places(tmp_path)
    where.run_folder.mkdir(parents=True)
    heard = rules.Rules(lambda what: own_acts.is_own(where, what, 1000.0))
    own_acts.note(where, "job 1", 990.0)
    own_acts.note(where, "root 2", 990.0 - own_acts.FRESH_S)
    assert heard.hear(event("job", job=job(1, state="failed")), QUIET, 0.0) == []
    assert heard.hear(event("root_offline", root="b", root_id=2), QUIET, 0.0)
    for number in range(own_acts.KEPT):
        own_acts.note(where, f"job {number + 10}", 995.0)
    assert heard.hear(event("job", job=job(1, state="failed")), QUIET, 0.0)


@pytest.mark.parametrize(
    ("begins", "ends", "now", "quiet"),
    [
        ("22:30", "07:00", "23:00", True),
        ("22:30", "07:00", "06:59", True),
        ("22:30", "07:00", "07:00", False),
        ("12:00", "13:00", "12:30", True),
        ("12:00", "13:00", "11:59", False),
        ("12:00", "12:00", "12:00", False),
        ("", "07:00", "03:00", False),
    ],
)
def test_quiet_hours(begins: str, ends: str, now: str, quiet: bool) -> None:
    asked = wanted(
        [
            daemon_pb2.Setting(key="notices.quiet_from", value=f'"{begins}"'),
            daemon_pb2.Setting(key="notices.quiet_until", value=f'"{ends}"'),
        ]
    )
    moment = datetime.combine(datetime(2026, 1, 1), time.fromisoformat(now))  # noqa: DTZ001 - local, as on a clock
    assert asked.allows(Kind.COPIES, moment) == (not quiet)
    assert asked.allows(Kind.ANSWER, moment)


def test_kinds_are_turned_off_one_by_one() -> None:
    asked = wanted([daemon_pb2.Setting(key="notices.off", value='["copies", "jobs"]')])
    noon = datetime(2026, 1, 1, 12)  # noqa: DTZ001 - local, as on a clock
    assert not asked.allows(Kind.COPIES, noon)
    assert asked.allows(Kind.ROOTS, noon)
    assert Wanted().allows(Kind.COPIES, noon)
