"""What icon and window know: a pure function of what they are told."""

from __future__ import annotations

from sanchay.v1 import daemon_pb2, schedule_pb2
from sanchay_tray import model
from sanchay_tray.model import Kind, Link, Look, State, causes, look, told
from tests.support.scripted_daemon import event, job, root, status


def reached(*jobs: object, **fields: object) -> State:
    roots = fields.pop("roots", ())
    return told(State(), model.Reached(status(*roots, **fields), tuple(jobs)))  # type: ignore[misc, arg-type]


def heard(state: State, kind: str, **fields: object) -> State:
    return told(state, model.Happened(event(kind, **fields)))


def test_nothing_is_known_before_the_daemon_answers() -> None:
    assert look(State()) is Look.ABSENT
    assert State().roots == ()
    assert causes(State()) == ()


def test_a_scan_that_someone_waits_for_is_work_and_one_in_the_background_is_not() -> None:
    assert look(reached(job(1))) is Look.WORKING
    assert look(reached(job(1, background=True))) is Look.WELL
    assert look(heard(reached(job(1)), "job", job=job(1, state="done"))) is Look.WELL


def test_a_pause_shows_unless_something_needs_attention() -> None:
    paused = daemon_pb2.BackgroundState(state="paused")
    assert look(reached(background=paused)) is Look.PAUSED
    assert look(reached(background=paused, damaged_files=1)) is Look.ATTENTION
    assert look(reached(background=daemon_pb2.BackgroundState(state="on_battery"))) is Look.PAUSED


def test_attention_stays_until_its_cause_is_gone() -> None:
    state = heard(reached(), "job", job=job(1, state="failed", message="no space"))
    assert causes(state) == (model.Cause(Kind.JOB_FAILED, "1", "no space"),)
    assert look(heard(state, "job", job=job(2, "verify", "done"))) is Look.ATTENTION
    assert look(heard(state, "job", job=job(3, state="done"))) is Look.WELL


def test_causes_are_the_worst_first() -> None:
    state = reached(
        job(9, state="failed"),
        roots=(root(1, "gone", "offline"), root(2, "odd", unreadable_settings=["hash"])),
        catalog=daemon_pb2.CatalogStatus(state="disk_full", message="full"),
        damaged_files=2,
        config_error="line 3",
        schedules=[
            schedule_pb2.Schedule(name="s", enabled=True, last_run=schedule_pb2.Run(state="failed")),
            schedule_pb2.Schedule(name="off", enabled=False, last_run=schedule_pb2.Run(state="failed")),
        ],
    )
    assert [cause.kind for cause in causes(state)] == [
        Kind.CATALOG,
        Kind.DAMAGE,
        Kind.ROOT_OFFLINE,
        Kind.ROOT_SETTINGS,
        Kind.CONFIG,
        Kind.JOB_FAILED,
        Kind.SCHEDULE_FAILED,
    ]


def test_a_lost_daemon_runs_no_jobs_and_what_it_knew_stays() -> None:
    state = told(reached(job(1), damaged_files=1), model.Lost(Link.ABSENT, "gone"))
    assert (state.jobs, look(state), causes(state)) == ((), Look.ABSENT, ())
    assert [each.name for each in state.roots] == ["Pictures"]
    assert look(told(state, model.Lost(Link.STARTING))) is Look.WORKING


def test_what_happened_is_kept_newest_first_and_bounded() -> None:
    state = reached()
    for number in range(model.HAPPENED_KEPT + 1):
        state = heard(state, "duplicate", size=number)
    state = heard(state, "job", job=job(1))  # it runs: it has not happened yet
    state = heard(state, "job", job=job(2, state="done", background=True))
    assert len(state.happened) == model.HAPPENED_KEPT
    assert [each.size for each in state.happened[:2]] == [model.HAPPENED_KEPT, model.HAPPENED_KEPT - 1]
    assert heard(state, "job", job=job(1, state="done")).happened[0].job.id == 1


def test_the_job_under_way_is_the_one_that_runs() -> None:
    running = reached(job(1, state="queued"), job(2)).running
    assert running is not None
    assert running.id == 2
    assert reached().running is None


def test_events_say_what_is_to_be_asked_again() -> None:
    assert model.needs_status(event("status"))
    assert model.needs_status(event("job", job=job(1, state="done")))
    assert not model.needs_status(event("job", job=job(1)))
    assert model.needs_copies(event("duplicate"))
    assert not model.needs_copies(event("damage"))
