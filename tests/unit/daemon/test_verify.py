"""Verifications as jobs over a catalog that tells what it is to find: what is asked of it, and what is kept of it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from sanchay.errors import InvalidArgument, RootNotFound
from sanchayd.jobs.job import JobState
from sanchayd.roots.root import RootSettings
from sanchayd.rpc.convert import job as convert
from sanchayd.verify.kind import VERIFY, VerifyResult
from tests.support.fake_catalog import FakeCatalog
from tests.support.fake_verify import Damaged, Finding, Suspect
from tests.support.fake_verify import VerifyResult as Found
from tests.unit.daemon.conftest import Core

ROTTEN = b"/photos/\xff.jpg"


async def _with_roots(core: Core, home: Path, *names: str) -> None:
    for name in names:
        folder = home / name
        folder.mkdir()
        await core.registry.add(str(folder).encode(), "", RootSettings())


async def _ended(core: Core, **asked: Any) -> Any:
    words = asked.pop("words", [])
    arguments = {"budget_bytes": 0, "budget_s": 0.0, "background": False, "request_id": "r"}
    started = await core.verify.start(words, **{**arguments, **asked})
    async for job in core.jobs.follow(started.id):
        started = job
    return await core.jobs.get(started.id)


def _rotten() -> Found:
    return Found(
        checked=7,
        damaged_files=1,
        suspect_files=1,
        damaged=[Damaged(4, ROTTEN, [b"/copy"])],
        suspect=[Suspect(5, b"/photos/b")],
    )


def test_what_a_verification_found_is_in_its_job_and_after_a_restart_too(play: Any, tmp_path: Path) -> None:
    async def scenario(core: Core) -> None:
        await _with_roots(core, tmp_path, "photos", "films")
        assert isinstance(core.catalog, FakeCatalog)
        core.catalog.verified = _rotten()
        job = await _ended(core, words=[b"photos"], budget_bytes=5)
        assert (job.kind, job.state, job.root_names) == (VERIFY, JobState.DONE, "photos")
        (asked,) = core.catalog.verify_asked
        assert (asked["bytes"], asked["s"], asked["key"]) == (5, None, job.created_ns)
        assert asked["root_ids"] == job.root_ids
        stored = await core.job_store.job(job.id)
        assert stored is not None
        assert isinstance(stored.result, VerifyResult)
        message = convert.from_job(stored, with_errors=True).verify
        assert (message.checked, message.damaged_files, message.damaged[0].path.raw) == (7, 1, ROTTEN)
        assert [twin.raw for twin in message.damaged[0].twins] == [b"/copy"]
        assert (message.suspect[0].id, message.suspect[0].hash, message.suspect[0].found_hash) == (
            5,
            b"\xaa" * 32,
            b"\xbb" * 32,
        )
        assert not convert.from_job(stored).verify.damaged, "listings of jobs stay small"

        everything = await _ended(core)
        assert everything.root_names == "photos, films"
        assert core.catalog.verify_asked[-1]["root_ids"] == ()

    play(scenario)


def test_one_that_does_the_same_is_joined_and_one_without_roots_refused(play: Any, tmp_path: Path) -> None:
    async def scenario(core: Core) -> None:
        with pytest.raises(RootNotFound):
            await _ended(core)
        await _with_roots(core, tmp_path, "photos")
        assert isinstance(core.catalog, FakeCatalog)
        core.catalog.verify_gate.clear()
        asked: dict[str, Any] = {"budget_bytes": 0, "budget_s": 0.0, "background": True, "request_id": "r"}
        first = await core.verify.start([], **asked)
        assert (await core.verify.start([], **asked)).id == first.id
        other = await core.verify.start([b"photos"], **asked)
        assert (await core.jobs.get(other.id)).state is JobState.QUEUED, "one at a time"
        await core.jobs.cancel(first.id)
        assert (await core.jobs.get(first.id)).state is JobState.CANCELLED
        core.catalog.verify_gate.set()
        async for last in core.jobs.follow(other.id):
            other = last
        assert other.state is JobState.DONE

    play(scenario)


def test_findings_come_in_pages_are_counted_and_accepted(play: Any) -> None:
    async def scenario(core: Core) -> None:
        assert isinstance(core.catalog, FakeCatalog)
        core.catalog.found = [Finding(number, ROTTEN) for number in (1, 2, 3)]
        core.catalog.found.append(Finding(4, ROTTEN, kind="suspect"))
        first = await core.verify.findings(with_closed=False, limit=3, token="")
        rest = await core.verify.findings(with_closed=False, limit=3, token=first.next_token)
        assert [finding.id for finding in [*first.findings, *rest.findings]] == [4, 3, 2, 1]
        assert rest.next_token == ""
        assert (await core.status.status()).damaged_files == 3
        assert (await core.verify.accept(2)).state == "accepted"
        assert (await core.status.status()).damaged_files == 2
        with pytest.raises(InvalidArgument):
            await core.verify.findings(with_closed=False, limit=3, token="x")

    play(scenario)


def test_a_repair_is_a_job_in_the_root_of_its_file_and_one_that_was_dealt_with_refused(
    play: Any, tmp_path: Path
) -> None:
    async def scenario(core: Core) -> None:
        await _with_roots(core, tmp_path, "photos", "films")
        assert isinstance(core.catalog, FakeCatalog)
        rotten = str(tmp_path / "photos" / "a").encode()
        core.catalog.found = [
            Finding(1, rotten),
            Finding(2, rotten, state="repaired", repaired_by=7),
            Finding(3, ROTTEN),
        ]
        started = await core.verify.repair(1, request_id="r")
        assert started.arguments == {"finding": 1}
        async for job in core.jobs.follow(started.id):
            started = job
        assert (started.kind, started.state, started.root_names) == ("repair", JobState.DONE, "photos")
        stored = await core.job_store.job(started.id)
        assert stored is not None
        message = convert.from_job(stored).repair
        assert (message.finding, message.run, message.skipped) == (1, 1, 0)
        for finding, why in ((2, "repaired by run 7"), (3, "in no root"), (4, "no finding 4")):
            with pytest.raises(InvalidArgument, match=why):
                await core.verify.repair(finding, request_id="r")

    play(scenario)
