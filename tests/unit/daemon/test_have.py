"""Questions whether files are there: jobs as any other, whose rows are taken once they have ended."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from sanchay.errors import Busy, InvalidArgument, JobNotFound
from sanchayd.engine_port.have_values import HavePage
from sanchayd.have import kind as have_kind
from sanchayd.have.kind import ASK_AGAIN, HaveKind, HaveQuestion
from sanchayd.have.service import HaveService
from sanchayd.jobs.job import JobState
from tests.support.fake_catalog import FakeCatalog
from tests.unit.daemon.conftest import Core, until

Play = Callable[..., Any]


def service(core: Core, kind: HaveKind) -> HaveService:
    return HaveService(kind, core.pool, core.registry, core.jobs, core.queue, core.board)


async def taken(asked: HaveService, job_id: int, *, limit: int = 0, token: str = "") -> HavePage:
    return (await asked.rows(job_id, states=[], limit=limit, token=token, max_bytes=1000)).page


async def end_of(core: Core, job_id: int) -> Any:
    return [job async for job in core.jobs.follow(job_id)][-1]


def test_a_question_is_paused_goes_on_and_gives_its_rows_by_pages(play: Play, catalog: FakeCatalog) -> None:
    kind = HaveKind(catalog)

    async def scene(core: Core) -> None:
        asked = service(core, kind)
        catalog.gate.clear()
        job = await asked.start(HaveQuestion((b"/a", b"/b", b"/\xff")), request_id="r")
        await until(lambda: kind.answer(job.id) is not None)
        with pytest.raises(Busy):
            await taken(asked, job.id)
        assert (await core.jobs.pause(job.id)).state is JobState.PAUSED
        catalog.gate.set()
        assert (await core.jobs.get(job.id)).state is JobState.PAUSED
        await core.jobs.resume(job.id)
        assert (await end_of(core, job.id)).result.new == 3
        first = await taken(asked, job.id, limit=2)
        last = await taken(asked, job.id, limit=2, token=first.next_token)
        assert [row.path for page in (first, last) for row in page.rows] == [b"/a", b"/b", b"/\xff"]

    play(scene, other_kinds=[kind])


def test_two_questions_about_the_same_are_two_and_one_is_cancelled(play: Play, catalog: FakeCatalog) -> None:
    kind = HaveKind(catalog)

    async def scene(core: Core) -> None:
        asked = service(core, kind)
        catalog.gate.clear()
        one, other = [await asked.start(HaveQuestion((b"/a",)), request_id="r") for _ in range(2)]
        assert one.id != other.id
        await core.jobs.cancel(one.id)
        catalog.gate.set()
        assert (await end_of(core, one.id)).state is JobState.CANCELLED
        assert (await end_of(core, other.id)).state is JobState.DONE
        with pytest.raises(InvalidArgument):
            await asked.start(HaveQuestion((b"/a",), ((b"n", b"h" * 32, ""),)), request_id="r")

    play(scene, other_kinds=[kind])


def test_only_the_last_answers_are_kept(play: Play, catalog: FakeCatalog, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(have_kind, "ANSWERS_KEPT", 2)
    kind = HaveKind(catalog)

    async def scene(core: Core) -> None:
        asked = service(core, kind)
        jobs = []
        for _ in range(3):
            jobs.append(await asked.start(HaveQuestion((b"/a",)), request_id="r"))
            await end_of(core, jobs[-1].id)
        with pytest.raises(JobNotFound):
            await taken(asked, jobs[0].id)
        assert len((await taken(asked, jobs[1].id)).rows) == 1

    play(scene, other_kinds=[kind])


def test_a_question_ends_with_the_daemon_that_was_asked(play: Play, catalog: FakeCatalog) -> None:
    kind = HaveKind(catalog)

    async def before(core: Core) -> int:
        catalog.gate.clear()
        job = await service(core, kind).start(HaveQuestion((b"/a",)), request_id="r")
        await until(lambda: kind.answer(job.id) is not None)
        return job.id

    async def after(core: Core) -> Any:
        await core.jobs.restore()
        return [
            (job.state, job.message) for job in (await core.jobs.list_jobs(active_only=False, limit=9, token="")).jobs
        ]

    play(before, other_kinds=[kind])
    assert play(after, other_kinds=[HaveKind(catalog)]) == [(JobState.FAILED, ASK_AGAIN)]
