"""The engine's threads, as the daemon asks them."""

from __future__ import annotations

import asyncio
import contextlib
import functools
import os
import threading
from pathlib import Path

import pytest

from sanchayd.engine_port.pool import CatalogPool, in_own_thread
from tests.support.daemon import PATIENCE_S, engine_missing


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


@pytest.mark.skipif(engine_missing(), reason="the engine is not built: make install")
@pytest.mark.parametrize("way", ["ask", "obtain", "in_own_thread"])
def test_what_is_asked_of_a_catalog_ends_when_its_asker_is_called_off(way: str, tmp_path: Path) -> None:
    import sanchay_engine

    begun, ended = threading.Event(), threading.Event()

    def ask_for_ever(catalog: sanchay_engine.Catalog) -> None:
        while True:
            catalog.summary("type")
            begun.set()

    def call(catalog: sanchay_engine.Catalog) -> None:
        with pytest.raises(sanchay_engine.EngineError, match="cancelled"):
            ask_for_ever(catalog)
        catalog.put_root(sanchay_engine.RootSpec(1, os.fsencode(tmp_path)))  # a change is made all the same
        ended.set()

    async def scene() -> None:
        pool = CatalogPool(question_threads=1)
        with contextlib.closing(sanchay_engine.Catalog.open(os.fsencode(tmp_path / "catalog.db"))) as catalog:
            endless = functools.partial(call, catalog)
            asking = {
                "ask": lambda: pool.ask(endless),
                "obtain": lambda: pool.obtain(endless, lambda _: None),
                "in_own_thread": lambda: in_own_thread(endless, "endless"),
            }
            try:
                asked = asyncio.ensure_future(asking[way]())
                assert await asyncio.to_thread(begun.wait, PATIENCE_S)
                asked.cancel()
                with pytest.raises(asyncio.CancelledError):
                    await asked
                assert await asyncio.to_thread(ended.wait, PATIENCE_S)
                assert await pool.ask(catalog.summary, "type") == []
            finally:
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
