"""Answers carry how far they can be trusted; words that make no sense are refused."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from sanchay.errors import Busy, InvalidArgument, SanchayError, UnknownPath
from sanchay.sentences import Sentence
from sanchayd.catalog.freshness import Freshness, FreshnessState, overall
from sanchayd.catalog.service import EXPORTS_AT_ONCE, DuplicatesQuestion
from sanchayd.jobs.job import JobState
from sanchayd.roots.root import RootSettings, WatchMode
from tests.support import trees
from tests.support.fake_catalog import FakeCatalog
from tests.unit.daemon.conftest import Core, until
from tests.unit.daemon.test_jobs import end_of

Play = Callable[..., Any]


def test_the_least_fresh_root_decides() -> None:
    scanned = Freshness(FreshnessState.SCANNED, 9)
    assert overall([("a", scanned), ("b", Freshness(FreshnessState.SCANNED, 5))]) == Freshness(
        FreshnessState.SCANNED, 5
    )
    partial = overall([("a", scanned), ("b", Freshness(FreshnessState.PARTIAL, 7, Sentence.plain("2 errors")))])
    assert partial == Freshness(FreshnessState.PARTIAL, 7, Sentence.plain("b: 2 errors"))
    scanning = overall([("a", Freshness(FreshnessState.OFFLINE, 3)), ("b", Freshness(FreshnessState.SCANNING, 0))])
    assert scanning == Freshness(FreshnessState.SCANNING, 0, Sentence.plain("b"))
    assert overall([]).state is FreshnessState.NEVER_SCANNED


def test_an_answer_is_scanning_while_a_scan_runs_and_scanned_after_it(
    play: Play, tmp_path: Path, catalog: FakeCatalog
) -> None:
    tree = trees.build(tmp_path / "tree", {"a.txt": "same", "b.txt": "same"})

    async def scene(core: Core) -> None:
        assert (await core.reads.find("", sort="", limit=0, token="")).freshness.reason == "there is no root yet"
        catalog.gate.clear()
        added = await core.roots.add(bytes(tree), "", RootSettings(), no_scan=False, request_id="")
        await until(lambda: core.queue.get(added.job_id).job.state is JobState.RUNNING)  # type: ignore[union-attr]
        assert (await core.reads.summary("ext", [])).freshness.state is FreshnessState.SCANNING
        catalog.gate.set()
        await end_of(core, added.job_id)
        found = await core.reads.find("a", sort="", limit=0, token="")
        assert found.freshness.state is FreshnessState.SCANNED
        assert found.answer.total == 1

    play(scene)


async def scanned_root(core: Core, folder: Path) -> None:
    added = await core.roots.add(bytes(folder), "", RootSettings(watch=WatchMode.OFF), no_scan=False, request_id="")
    assert (await end_of(core, added.job_id)).state is JobState.DONE


def test_duplicates_come_with_the_freshness_of_their_roots(play_with_engine: Play, tmp_path: Path) -> None:
    tree = trees.build(tmp_path / "tree", {"a.txt": "same", "b.txt": "same"})

    async def scene(core: Core) -> None:
        await scanned_root(core, tree)
        duplicates = await core.reads.duplicates(DuplicatesQuestion(under=bytes(tree)))
        assert duplicates.answer.total_groups == 1
        assert duplicates.freshness.state is FreshnessState.SCANNED
        with pytest.raises(UnknownPath):
            await core.reads.duplicates(DuplicatesQuestion(under=b"/elsewhere"))

    play_with_engine(scene)


def test_words_that_make_no_sense_are_refused(play: Play) -> None:
    async def scene(core: Core) -> None:
        for question in (
            core.reads.summary("colour", []),
            core.reads.duplicates(DuplicatesQuestion(sort="beauty")),
            core.reads.export("", "pdf").__anext__(),
        ):
            with pytest.raises(InvalidArgument, match="is not a valid"):
                await question

    play(scene)


def test_usage_says_when_rows_were_left_out(play_with_engine: Play, tmp_path: Path) -> None:
    async def scene(core: Core) -> None:
        for name in ("a", "b"):
            await scanned_root(core, trees.build(tmp_path / name, {"x": "x"}))
        first = (await core.reads.usage(None, depth=1, limit=1)).answer
        assert (len(first.rows), bool(first.next_token)) == (1, True)
        second = (await core.reads.usage(None, depth=1, limit=1, token=first.next_token)).answer
        assert (len(second.rows), second.next_token) == (1, "")
        assert first.rows[0].path != second.rows[0].path
        whole = (await core.reads.usage(None, depth=1, limit=2)).answer
        assert (len(whole.rows), whole.next_token) == (2, "")
        with pytest.raises(SanchayError, match="page token"):
            await core.reads.usage(None, depth=1, limit=1, token="-1")

    play_with_engine(scene)


def test_exports_are_bounded_and_let_go(play: Play, catalog: FakeCatalog) -> None:
    async def scene(core: Core) -> None:
        exports = [core.reads.export("", "csv") for _ in range(EXPORTS_AT_ONCE)]
        for export in exports:
            await export.__anext__()
        with pytest.raises(Busy):
            await core.reads.export("", "csv").__anext__()
        for export in exports:
            await export.aclose()
        assert catalog.open_exports == 0
        pieces = [piece async for piece in core.reads.export("", "csv")]
        assert [piece.complete for piece in pieces] == [False, False, False, True]

    play(scene)


def test_the_status_tells_of_a_full_disk_and_of_a_damaged_and_a_rebuilt_catalog(
    play: Play, tmp_path: Path, catalog: FakeCatalog
) -> None:
    async def scene(core: Core) -> None:
        assert (await core.status.status()).catalog.state == "ok"
        catalog.rebuilt_from = b"/home/catalog.db.corrupt"
        status = await core.status.status()
        assert status.catalog.state == "rebuilt"
        assert "/home/catalog.db.corrupt" in status.notices[0]
        catalog.damage = "database disk image is malformed"
        status = await core.status.status()
        assert status.catalog.state == "damaged"
        assert "next start" in status.notices[0]
        catalog.damage = ""
        catalog.full = True
        status = await core.status.status()
        assert status.catalog.state == "disk_full"
        assert "go on by themselves" in status.notices[0]
        assert core.status.stop() == status.pid
        assert core.stops == [True]

    play(scene)
