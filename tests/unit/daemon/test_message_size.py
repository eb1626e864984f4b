"""An answer ends where a message does, and its page token goes on from there."""

from __future__ import annotations

import asyncio
import os
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from sanchay.v1 import catalog_pb2, common_pb2
from sanchayd.jobs.job import JobState
from sanchayd.roots.root import RootSettings
from sanchayd.rpc.catalog import CatalogServicer
from sanchayd.rpc.convert import catalog as convert
from sanchayd.rpc.fitting import PAGE_MAX_BYTES, ROWS_AT_ONCE
from tests.support.fake_catalog import FakeCatalog
from tests.unit.daemon.conftest import Core, until
from tests.unit.daemon.test_jobs import end_of

ROWS = 2000
CONTEXT: Any = None


@pytest.fixture
def long_paths(tmp_path: Path) -> Path:
    """A folder with files of one content, each near the longest path there is."""
    tree = tmp_path / "a"
    deep = tree.joinpath(*["x" * 250] * ((4000 - len(bytes(tree))) // 251))
    deep.mkdir(parents=True)
    folder = os.open(deep, os.O_RDONLY)
    try:
        for number in range(ROWS):
            file = os.open(f"{number:04d}", os.O_WRONLY | os.O_CREAT, dir_fd=folder)
            os.write(file, b"x")
            os.close(file)
    finally:
        os.close(folder)
    return tree


def test_pages_of_long_paths_fit_and_lose_no_row_and_many_rows_are_converted_beside_the_event_loop(
    play_with_engine: Callable[..., Any], long_paths: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    threads: list[bool] = []
    plain = convert.from_found

    def watched(answered: Any) -> catalog_pb2.FindResponse:
        threads.append(threading.current_thread() is threading.main_thread())
        return plain(answered)

    monkeypatch.setattr(convert, "from_found", watched)

    async def scene(core: Core) -> None:
        added = await core.roots.add(bytes(long_paths), "", RootSettings(), no_scan=False, request_id="")
        assert (await end_of(core, added.job_id)).state is JobState.DONE
        servicer = CatalogServicer(core.reads)
        seen, token = 0, ""
        while True:
            page = common_pb2.PageRequest(limit=ROWS, page_token=token)
            response = await servicer.Find(catalog_pb2.FindRequest(page=page), CONTEXT)
            assert response.ByteSize() <= PAGE_MAX_BYTES
            seen, token = seen + len(response.rows), response.next_page_token
            if not token:
                break
        assert seen == ROWS
        group = (await servicer.Duplicates(catalog_pb2.DuplicatesRequest(), CONTEXT)).groups[0]
        assert group.total_paths == ROWS
        assert 100 < len(group.paths) < ROWS
        threads.clear()
        for limit in (1, ROWS_AT_ONCE + 1):
            page = common_pb2.PageRequest(limit=limit)
            await servicer.Find(catalog_pb2.FindRequest(page=page), CONTEXT)
        assert threads == [True, False]

    play_with_engine(scene)


def test_an_export_that_nobody_reads_is_ended(play: Callable[..., Any], catalog: FakeCatalog) -> None:
    async def scene(core: Core) -> None:
        servicer = CatalogServicer(core.reads, export_stall_s=0.05)
        request = catalog_pb2.ExportRequest(format="csv")

        async def stuck() -> None:
            async for _ in servicer.Export(request, CONTEXT):
                await asyncio.sleep(60)

        (ended,) = await asyncio.gather(asyncio.ensure_future(stuck()), return_exceptions=True)
        assert isinstance(ended, asyncio.CancelledError)
        await until(lambda: catalog.open_exports == 0)

    play(scene)
