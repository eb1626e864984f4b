"""An answer ends where a message does, and its page token goes on from there."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from sanchay.v1 import catalog_pb2, common_pb2
from sanchayd.roots.root import RootSettings
from sanchayd.rpc.catalog import CatalogServicer
from sanchayd.rpc.convert import catalog as convert
from sanchayd.rpc.fitting import PAGE_MAX_BYTES, ROWS_AT_ONCE
from tests.support.fake_answers import Row
from tests.support.fake_catalog import FakeCatalog
from tests.unit.daemon.conftest import Core, until

ROWS = 2000
CONTEXT: Any = None


def long_rows() -> list[Row]:
    """Names of one content, each near the longest path there is."""
    return [
        Row(f"/{number:04d}/".encode() + b"x" * 4000, 1, 1, 1, None, "other", "", b"h", "", "", 1, 0, 1, number)
        for number in range(ROWS)
    ]


def test_pages_of_long_paths_fit_and_lose_no_row(
    play: Callable[..., Any], tmp_path: Path, catalog: FakeCatalog
) -> None:
    (tmp_path / "a").mkdir()

    async def scene(core: Core) -> None:
        await core.roots.add(bytes(tmp_path / "a"), "", RootSettings(), no_scan=True, request_id="")
        catalog.rows[1] = long_rows()
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

    play(scene)


def test_a_page_of_many_rows_is_converted_beside_the_event_loop(
    play: Callable[..., Any], tmp_path: Path, catalog: FakeCatalog, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "a").mkdir()
    threads: list[bool] = []
    plain = convert.from_found

    def watched(answered: Any) -> catalog_pb2.FindResponse:
        threads.append(threading.current_thread() is threading.main_thread())
        return plain(answered)

    monkeypatch.setattr(convert, "from_found", watched)

    async def scene(core: Core) -> None:
        await core.roots.add(bytes(tmp_path / "a"), "", RootSettings(), no_scan=True, request_id="")
        catalog.rows[1] = long_rows()
        for limit in (1, ROWS_AT_ONCE + 1):
            page = common_pb2.PageRequest(limit=limit)
            await CatalogServicer(core.reads).Find(catalog_pb2.FindRequest(page=page), CONTEXT)

    play(scene)
    assert threads == [True, False]


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
