"""The engine's threads, as the daemon asks them."""

from __future__ import annotations

import asyncio
import threading

import pytest

from sanchayd.engine_port.pool import CatalogPool
from tests.support.daemon import PATIENCE_S


def test_what_nobody_waits_for_any_more_is_let_go() -> None:
    begun, gate, released = threading.Event(), threading.Event(), threading.Event()

    def make() -> str:
        begun.set()
        gate.wait(PATIENCE_S)
        return "handle"

    def release(handle: str) -> None:
        assert handle == "handle"
        released.set()

    async def scene() -> None:
        pool = CatalogPool(question_threads=1)
        try:
            asked = asyncio.ensure_future(pool.obtain(make, release))
            assert await asyncio.to_thread(begun.wait, PATIENCE_S)
            asked.cancel()
            with pytest.raises(asyncio.CancelledError):
                await asked
            gate.set()
            assert await asyncio.to_thread(released.wait, PATIENCE_S)
        finally:
            gate.set()
            pool.close()

    asyncio.run(scene())


def test_what_somebody_waits_for_is_theirs() -> None:
    released: list[str] = []

    async def scene() -> None:
        pool = CatalogPool(question_threads=1)
        try:
            assert await pool.obtain(lambda: "handle", released.append) == "handle"
            with pytest.raises(ZeroDivisionError):
                await pool.obtain(lambda: str(1 // 0), released.append)
        finally:
            pool.close()

    asyncio.run(scene())
    assert released == []
